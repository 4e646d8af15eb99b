"""How does a stand-in speak? HTTP with exactly the lines and headers it is given, in their order; every one is kept."""

import base64
import gzip
import http.client
import json
import socket
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

PATIENCE: Final = 40.0  # seconds for an answer on a busy machine
BUDGET: Final = 60  # turns of one loop after which a client is taken to go on for ever
MOST_REQUESTS: Final = 5_000  # of one client in all, the same
TAXII: Final = "application/taxii+json;version=2.1"

Header = tuple[str, str]


class Endless(Exception):
    """The client would go on for ever."""


class Failed(Exception):
    """The client gave up with an error that its user would see."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as a value."""
        return json.loads(self.body)


@dataclass(slots=True)
class Wire:
    """One client's way to one server. `sent` keeps the request lines and headers, without version and Host.

    `opened` gives each connection, where it is more than TCP to the address: TLS, with or without a certificate.
    """

    url: str
    budget: int = MOST_REQUESTS
    opened: Callable[[], socket.socket] | None = None
    sent: list[tuple[str, tuple[Header, ...]]] = field(default_factory=list)

    def get(self, target: str, headers: Sequence[Header]) -> Answer:
        """GET a target. Raises `Endless` once the budget is spent."""
        return self._ask("GET", target, headers, b"")

    def post(self, target: str, headers: Sequence[Header], body: bytes) -> Answer:
        """POST a body."""
        return self._ask("POST", target, headers, body)

    def _ask(self, method: str, target: str, headers: Sequence[Header], body: bytes) -> Answer:
        self.sent.append((f"{method} {target}", tuple(headers)))
        if len(self.sent) > self.budget:
            raise Endless(f"{self.budget} requests and no end; the last: {target}")
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        if self.opened is not None:
            connection.sock = self.opened()
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", parts.netloc)
            for name, value in headers:
                connection.putheader(name, value)
            if method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, got, unpacked(answer.read(), got.get("content-encoding")))
        finally:
            connection.close()


def unpacked(body: bytes, coding: str | None) -> bytes:
    """A body without its content coding, of those that the stand-ins ask for (RFC 9110 §8.4.1)."""
    known: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}
    return body if coding is None else known[coding](body)


def basic(user: str, password: str, scheme: str = "Basic") -> Header:
    """The header of RFC 7617."""
    return "Authorization", f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def path_of(address: str) -> str:
    """The path of an address."""
    return urlsplit(address).path


def ids(page: Mapping[str, Any]) -> list[str]:
    """The ids on a page that may have none."""
    return [each["id"] for each in page.get("objects", ())]
