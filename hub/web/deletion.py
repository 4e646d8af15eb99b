"""May an object be deleted? Never: a deletion would break the list its publisher signed (TAXII 2.1 §5.7)."""

from hub.access import Absent, find
from hub.running import Hub

from .answers import Answer, Environ
from .authentication import account_of


class RecallRequired(Exception):
    """A DELETE of something in a collection that the account knows."""


def delete(hub: Hub, environ: Environ, name: str, stix_id: str) -> Answer:
    """Refuse, alike for every id: 404 without any right in the collection, else 403 (TAXII 2.1 §5.7, its table)."""
    del stix_id
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        seen = find(registry, account, name, hub.clock())
    if not (seen.can_read or seen.can_write):
        raise Absent("no such object")
    raise RecallRequired("Publish a signed revocation of the object (`revoked`: true) instead of deleting it.")
