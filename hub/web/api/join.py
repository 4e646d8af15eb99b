"""How does a member come in? An invitation and a proof that it holds its key, for a token that sleeps."""

from hub import onboarding
from hub.running import Hub
from hub.web.answers import Answer, Environ, json

from .statement import read_texts


def join(hub: Hub, environ: Environ) -> Answer:
    """Enrol a key: JSON with `invitation` and `enrolment` (the `enrol+jws`); needs no token, gives one, once."""
    invitation, enrolment = read_texts(environ, "invitation", "enrolment")
    with hub.database.reading() as tx:
        offer = onboarding.prove(hub, tx, invitation, enrolment, hub.clock())
    with hub.database.writing() as tx:
        welcome = onboarding.join(hub, tx, offer, hub.clock())
    return json(welcome, 201)
