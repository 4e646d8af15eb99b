"""What does the hub know of the caller? Its member, keys, agreements, and how far behind it is."""

from hub import membership
from hub.running import Hub
from hub.web.answers import Answer, Environ, json
from hub.web.authentication import account_of


def me(hub: Hub, environ: Environ) -> Answer:
    """The caller's own standing; the one answer that a token whose key is not confirmed yet gets in full."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        return json(membership.me(tx, registry, account, hub.clock()))
