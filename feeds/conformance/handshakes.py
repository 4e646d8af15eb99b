"""Which versions of TLS does a server speak? A handshake a version, and nothing after it (TAXII 2.1 §8.2.2)."""

from __future__ import annotations

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from feeds.errors import shown

VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_PATIENCE: Final = 10.0
_HTTPS: Final = 443


def handshakes(origin: str, authorities: str | None) -> dict[str, str | None]:
    """Why the handshake of each version failed, None where it went well; empty where there is no TLS or no way.

    Args:
        origin: Such as `https://hub.example`.
        authorities: Path of the certificate authorities' file; None for the usual ones.
    """
    parts = urlsplit(origin)
    if parts.scheme != "https" or parts.hostname is None:
        return {}
    found: dict[str, str | None] = {}
    for name, version in VERSIONS.items():
        try:
            context = ssl.create_default_context(cafile=authorities)
            context.minimum_version = context.maximum_version = version
            found[name] = _shake(context, parts.hostname, parts.port or _HTTPS)
        except OSError:
            continue  # no way there but through a proxy, perhaps
    return found


def _shake(context: ssl.SSLContext, host: str, port: int) -> str | None:
    """Why one handshake failed; raises `OSError` where no connection stands."""
    with socket.create_connection((host, port), timeout=_PATIENCE) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host):
                return None
        except ssl.SSLError as error:
            return f"the handshake fails ({shown(error.reason or 'no reason given')})"
