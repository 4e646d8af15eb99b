"""Who would receive it, and what would be refused? A publication judged without being taken in."""

from collections.abc import Sequence

from feeds.errors import BadQuery
from hub.access import find, require
from hub.dry_run import rehearse
from hub.running import Hub
from hub.web.answers import JSON_TYPE, Answer, Environ, json
from hub.web.authentication import account_of
from hub.web.body import check_encoding
from hub.web.negotiation import TAXII_TYPE, check_body, pairs
from hub.web.room import ROOM
from policies.labels import Label, UnknownLabel


def dry_run(hub: Hub, environ: Environ, name: str) -> Answer:
    """The judgement on an envelope, signed or not; needs the right to publish in the group."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        group = require(find(registry, account, name, hub.clock()), "write").collection.group.id
    check_body(environ, TAXII_TYPE, JSON_TYPE)
    check_encoding(environ)
    label = _label([value for key, value in pairs(environ) if key == "tlp"])
    with ROOM.body(environ, hub.settings.max_content_length, group) as raw:
        return json(rehearse(hub, account, name, raw, label))


def _label(values: Sequence[str]) -> Label | None:
    """The label for an unsigned envelope, as `tlp=` gives it; a `+` in a query arrives as a blank."""
    if not values:
        return None
    try:
        return Label.of(values[-1].replace(" ", "+"))
    except UnknownLabel as error:
        raise BadQuery("`tlp` is one of clear, green, amber, amber+strict.") from error
