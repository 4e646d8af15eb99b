"""Which hub is this, and by which key does it sign receipts? The only answer that needs no token."""

from feeds.accept import MEDIA_TYPE
from hub.receipt_key import ReceiptKey
from hub.release import VERSION
from hub.running import Hub
from hub.web.answers import Answer, Environ, json


def about(hub: Hub, environ: Environ) -> Answer:
    """Name, version, receipt key, limits, and where TAXII begins."""
    del environ
    settings = hub.settings
    public = settings.public_url
    return json(
        {
            "name": settings.title,
            "version": VERSION,
            "contact": settings.contact,
            "public_url": public,
            "receipt_key": _receipt_key(hub.receipts),
            "limits": {
                "max_content_length": settings.max_content_length,
                "page_objects": settings.page_objects,
                "page_bytes": settings.page_bytes,
                "status_days": settings.status_days,
            },
            "taxii": {
                "discovery": f"{public}/taxii2/",
                "api_root": f"{public}/live/",
                "media_type": MEDIA_TYPE,
            },
        }
    )


def _receipt_key(key: ReceiptKey) -> dict[str, str] | None:
    """The public key with its name; None while it cannot be read."""
    return {**key.jwk, "kid": key.kid, "alg": key.alg} if key.fault() is None else None
