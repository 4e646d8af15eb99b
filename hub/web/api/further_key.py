"""How is a further key enrolled? By a proof that the caller holds it; it signs nothing until it is confirmed."""

from hub.acts import Actor, perform
from hub.rotation import enrol_further, prove_further
from hub.running import Hub
from hub.store.engine import Tx
from hub.web.answers import Answer, Environ, json
from hub.web.authentication import account_of

from .statement import read_statement


def enrol(hub: Hub, environ: Environ) -> Answer:
    """Take in an `enrol+jws` whose nonce is the public id of the caller's token; gives a token for the key, once."""
    with hub.database.reading() as tx:
        _, account = account_of(hub, tx, environ)
    proven = prove_further(hub, account, read_statement(environ, "enrolment"))

    def act(tx: Tx) -> dict[str, object]:
        _, caller = account_of(hub, tx, environ)  # the token may have ended meanwhile
        return enrol_further(hub, tx, caller, proven, hub.clock())

    actor = Actor(account.member, account.token)
    done = perform(hub.database, actor, "key-enrol", account.member, at=hub.clock(), act=act)
    return json(done, 201)
