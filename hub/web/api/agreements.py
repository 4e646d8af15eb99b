"""What has the caller agreed to, or could? Its own agreements; no others exist for it."""

from hub import membership
from hub.running import Hub
from hub.web import answers
from hub.web.answers import Answer, Environ, Field
from hub.web.authentication import account_of
from hub.web.negotiation import pairs

TOML_TYPE = "application/toml; charset=utf-8"
NOT_TO_OPEN: Field = ("Content-Disposition", "attachment")


def agreements(hub: Hub, environ: Environ) -> Answer:
    """All of them, by alias."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        return answers.json({"agreements": membership.agreements_of(tx, registry, account, hub.clock())})


def agreement(hub: Hub, environ: Environ, name: str) -> Answer:
    """One, by id or alias, with its terms and parties."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        return answers.json(membership.agreement_of(tx, registry, account, name, hub.clock()))


def document(hub: Hub, environ: Environ, name: str) -> Answer:
    """The exact bytes that were approved, of the version of this `digest`, else of the newest shown."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        digest = next((value for key, value in pairs(environ) if key == "digest"), None)
        raw = membership.agreement_document(registry, account, name, hub.clock(), digest)
    return answers.document(raw, TOML_TYPE, [NOT_TO_OPEN])
