"""The door of the publish walk: a TAXII envelope comes in (TAXII 2.1 §5.5).

Checks come in one order: 401, 404, 403, 406, 415, 413, then the walk's own 400 and 422. Nothing of the body
is read before the caller is known to hold the right to publish, and no transaction is open meanwhile.
"""

from feeds.resources import to_bytes
from hub.access import find, require
from hub.publish import accept
from hub.running import Hub

from .answers import Answer, Environ, taxii
from .authentication import account_of
from .body import check_encoding
from .negotiation import check_accept, check_taxii_body
from .room import ROOM


def publish(hub: Hub, environ: Environ, name: str) -> Answer:
    """Take a publication in: 202 with its status, which tells whether it was taken or why not."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        group = require(find(registry, account, name, hub.clock()), "write").collection.group.id
    check_accept(environ)
    check_taxii_body(environ)
    check_encoding(environ)
    with ROOM.body(environ, hub.settings.max_content_length, group) as raw:
        return taxii(to_bytes(accept(hub, account, name, raw)), 202)
