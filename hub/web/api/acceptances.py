"""Does a party accept this text, or withdraw? Its signed word comes in; the hub's signed baseline goes out."""

from hub.acts import Actor, perform
from hub.onboarding import accept_agreement
from hub.parties import group_of
from hub.running import Hub
from hub.store.engine import Tx
from hub.web.answers import Answer, Environ, json
from hub.web.authentication import account_of

from .statement import read_statement


def accept(hub: Hub, environ: Environ, name: str) -> Answer:
    """Take in an `accept+jws`. Nothing is read of the body before the agreement is known to exist for the caller."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        group = group_of(registry, account, name, hub.clock())
    jws = read_statement(environ, "acceptance")

    def act(tx: Tx) -> str:
        registry, account = account_of(hub, tx, environ)  # the token may have ended meanwhile
        return accept_agreement(hub, tx, registry, account, group.id, jws, hub.clock())

    actor = Actor(account.member, account.token)
    return json({"baseline": perform(hub.database, actor, "acceptance", group.id, at=hub.clock(), act=act)})
