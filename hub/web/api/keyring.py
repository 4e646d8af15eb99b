"""By which keys do the parties of a group sign? To compare with what was read over another channel, not to believe."""

from feeds.errors import BadQuery
from hub import membership
from hub.running import Hub
from hub.web.answers import Answer, Environ, json
from hub.web.authentication import account_of
from hub.web.negotiation import pairs


def keys(hub: Hub, environ: Environ) -> Answer:
    """The public keys of the parties of `group=` (id or alias)."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        names = [value for key, value in pairs(environ) if key == "group"]
        if len(names) != 1:
            raise BadQuery("Name one group: `?group=` with its id or alias.")
        return json({"keys": membership.keys_of_group(registry, account, names[0], hub.clock())})
