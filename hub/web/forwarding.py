"""Who stands behind the proxy? A trusted address is believed what it says of its caller; nobody else is.

That is whatever the spelling: a server makes one name of `X-A` and `X_A`. So the proxy must drop the second one itself.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import unquote

from hub.config import Network

from .answers import Environ

#: The certificate of the proxy's caller: PEM, percent-encoded (nginx: `$ssl_client_escaped_cert`).
CERTIFICATE: Final = "HTTP_X_SSL_CLIENT_CERT"
CALLERS: Final = "HTTP_X_FORWARDED_FOR"

_PEM: Final = re.compile(r"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*", re.ASCII)


class NoCertificate(Exception):
    """What the proxy passed on is not one certificate."""


class Proxies:
    """The addresses whose word about a caller counts."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = trusted

    def admit(self, environ: Environ) -> None:
        """Put the caller's own address in the place of the trusted proxy's; drop what nobody trusted said."""
        callers = environ.pop(CALLERS, "")
        trusted = self._trusts(environ.get("REMOTE_ADDR", ""))
        if trusted:
            environ["REMOTE_ADDR"] = self._first_stranger(callers.split(","), environ["REMOTE_ADDR"])
        if not (trusted and environ.get(CERTIFICATE)):  # an empty one: the caller has shown none
            environ.pop(CERTIFICATE, None)

    def _first_stranger(self, callers: Iterable[str], nearest: str) -> str:
        """The last address of the list that is not a proxy's of ours; what stands before it anybody may have written.

        Where the list cannot be read, the last address that could.
        """
        for caller in reversed([each.strip() for each in callers]):
            try:
                nearest = str(_address(caller))
            except ValueError:
                return nearest
            if not self._trusts(nearest):
                return nearest
        return nearest

    def _trusts(self, text: str) -> bool:
        if not self._trusted:
            return False
        try:
            address = _address(text)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; one of IPv4 that a socket of both kinds has dressed up, as itself (RFC 4291 §2.5.5.2)."""
    address = ipaddress.ip_address(text)
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address


def certificate_of(environ: Environ) -> bytes:
    """The DER form of the certificate that the trusted proxy passed on. Raises `NoCertificate`."""
    found = _PEM.fullmatch(unquote(environ[CERTIFICATE]))
    try:
        return base64.b64decode("".join(found[1].split()) if found else "", validate=True)
    except binascii.Error as fault:
        raise NoCertificate("the certificate that the proxy passed on cannot be read") from fault
