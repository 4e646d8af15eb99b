"""What became of a publication? The status resource, for those who posted it (TAXII 2.1 §4.3)."""

import re
from typing import Final

from hub.access import Absent
from hub.running import Hub
from hub.store.statuses import read

from .answers import Answer, Environ, taxii
from .authentication import account_of
from .negotiation import check_accept

_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def status(hub: Hub, environ: Environ, status_id: str) -> Answer:
    """The status that this member was given; another member's is not there, nor any for a token that redistributes."""
    with hub.database.reading() as tx:
        _, account = account_of(hub, tx, environ)
        known = _UUID.fullmatch(status_id) and not account.redistributes
        found = read(tx, status_id, account.member) if known else None
    if found is None:
        raise Absent("no such status")
    check_accept(environ)
    return taxii(found)
