"""Where is what? The discovery resource and the one API root (TAXII 2.1 §4.1, §4.2)."""

from typing import Final

from feeds.resources import api_root, to_bytes
from feeds.resources import discovery as discovery_resource
from hub.running import Hub

from .answers import Answer, Environ, taxii
from .authentication import account_of
from .negotiation import check_accept

DESCRIPTION: Final = (
    "Signed STIX 2.1 publications of national CIRTs, relayed to the parties of their sharing agreements. "
    "Each collection is a sharing group; its companion collection of proofs holds the signed manifests."
)


def _checked(hub: Hub, environ: Environ) -> None:
    """See that an account asks. Raises `Unauthenticated`, `NotAcceptable`."""
    with hub.database.reading() as tx:
        account_of(hub, tx, environ)
    check_accept(environ)


def discovery(hub: Hub, environ: Environ) -> Answer:
    """Every account may know the one root; addresses come from the settings, never from the request."""
    _checked(hub, environ)
    settings = hub.settings
    return taxii(
        to_bytes(
            discovery_resource(
                settings.public_url, title=settings.title, description=DESCRIPTION, contact=settings.contact or None
            )
        )
    )


def root(hub: Hub, environ: Environ) -> Answer:
    """The API root."""
    _checked(hub, environ)
    settings = hub.settings
    return taxii(
        to_bytes(
            api_root(title=settings.title, max_content_length=settings.max_content_length, description=DESCRIPTION)
        )
    )
