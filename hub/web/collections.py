"""Which collections are there for this account? TAXII 2.1 §5.1, §5.2."""

from typing import Any

from feeds.resources import collections as collections_resource
from feeds.resources import data_collection, proofs_collection, to_bytes
from hub.access import Seen, find, listed
from hub.running import Hub
from policies.group import in_force

from .answers import Answer, Environ, taxii
from .authentication import account_of
from .negotiation import check_accept


def collections(hub: Hub, environ: Environ) -> Answer:
    """All that the account may know of, ascending by id; none of the others."""
    at = hub.clock()
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        seen = listed(registry, account, at)
    check_accept(environ)
    return taxii(to_bytes(collections_resource(_resource(each, at) for each in seen)))


def collection(hub: Hub, environ: Environ, name: str) -> Answer:
    """One of them, by id or alias."""
    at = hub.clock()
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        seen = find(registry, account, name, at)
    check_accept(environ)
    return taxii(to_bytes(_resource(seen, at)))


def _resource(seen: Seen, at: int) -> dict[str, Any]:
    group = seen.collection.group
    agreement = in_force(group, at)  # or the collection would not have been found
    if seen.collection.kind == "proofs":
        return proofs_collection(group.proofs, title=agreement.title, can_read=seen.can_read, alias=group.alias)
    resource = data_collection(
        group.id, title=agreement.title, can_read=seen.can_read, can_write=seen.can_write, alias=group.alias
    )
    return resource | {"description": f"{resource['description']} {agreement.handling}"}
