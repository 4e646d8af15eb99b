"""Which server does an address name? Scheme, host and port decide (RFC 6454 §4)."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from feeds.errors import Unreachable, shown

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def is_local(address: str) -> bool:
    """Whether the address is this machine's own loopback. Raises `Unreachable` for what is no address."""
    return _split(address).hostname in _LOOPBACK


def is_plain(address: str) -> bool:
    """Whether the address is without TLS. Raises `Unreachable` for what is no address."""
    return _split(address).scheme == "http"


def joined(address: str, location: str) -> str:
    """The absolute address that a `Location` means (RFC 9110 §10.2.2). Raises `Unreachable` for what is none."""
    try:
        return urljoin(address, location)
    except ValueError as error:
        raise Unreachable(f"{shown(address)} sends us on to {shown(location)}, which is no address.") from error


def same_server(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common. Raises `Unreachable` for what is no address."""
    return _origin(one) == _origin(other)


def _split(address: str) -> SplitResult:
    """The parts of an absolute http address."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise Unreachable(f"{shown(address)} is no address; it must look like https://hub.example.")
    return parts


def _origin(address: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454 §4)."""
    parts = _split(address)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS[parts.scheme]
