"""Who asks the sides? One lean client for all of them, which reads of an answer no more than it needs."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import orjson
from bench.clients import TAXII, Unexpected, Wire

LIMIT = 1000
ALL = "&match[version]=all"  # superseded ones too: to leave them out, OpenTAXII compares every row with every other
LONG = 90.0  # seconds of a drain, after which no further page is asked for
PATIENCE = 400.0  # seconds for one answer: OpenTAXII on SQLite takes two minutes for a poll among 10,000 objects
ENOUGH = 20.0  # seconds of polls
EDGE = 600  # bytes at either end of a page in which `more` and `next` stand

_NEXT = re.compile(rb'"next": ?"([^"]+)"')
_LAST = re.compile(rb"\r\nx-taxii-date-added-last: ([^\r]+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Read:
    """A drain: seconds, objects, the date of the last one, whether it came to the end, seconds of the first page."""

    seconds: float
    objects: int
    cursor: str
    whole: bool
    first: float


def head(method: str, path: str, authorization: str, body: bytes = b"") -> bytes:
    """A request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {authorization}", f"Accept: {TAXII}"]
    if body:
        lines += [f"Content-Type: {TAXII}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Line:
    """One client: a connection that is opened again where the server closed it between two requests."""

    def __init__(self, port: int, authorization: str) -> None:
        self._port, self._authorization = port, authorization
        self._wire: Wire | None = None

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, memoryview]:
        """Send a request; status and body, valid until the next one. Raises `Unexpected`, `OSError`."""
        request = head(method, path, self._authorization, body)
        kept = self._wire
        try:
            self._wire = kept or Wire(self._port, PATIENCE)
            return self._wire.ask(request)
        except (Unexpected, OSError):
            self.close()
            if kept is None or method != "GET":
                raise
        return self.ask(method, path, body)

    def last(self) -> str | None:
        """X-TAXII-Date-Added-Last of the last answer."""
        assert self._wire is not None
        found = _LAST.search(bytes(self._wire._room[:4096]).partition(b"\r\n\r\n")[0] + b"\r\n")
        return found[1].decode() if found else None

    def close(self) -> None:
        """End the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def publish(port: int, authorization: str, path: str, bodies: Sequence[bytes]) -> float:
    """Post envelopes one after the other; seconds. Raises `Unexpected` for one that is not taken whole."""
    line = Line(port, authorization)
    begun = time.perf_counter()
    for body in bodies:
        line.close()  # no server is asked on a connection that it may just be closing
        status, told = line.ask("POST", path, body)
        if status != 202 or orjson.loads(bytes(told)).get("failure_count") != 0:
            raise Unexpected(f"{status}: {bytes(told[:600])!r}")
    seconds = time.perf_counter() - begun
    line.close()
    return seconds


def drain(port: int, authorization: str, path: str, query: str) -> Read:
    """Read a collection to its end by `next`, or for `LONG` seconds; the objects are counted afterwards."""
    asked = f"?limit={LIMIT}{query}"
    line, pages, cursor, following = Line(port, authorization), list[bytes](), "", asked
    begun, whole, first = time.perf_counter(), False, 0.0
    while not whole and time.perf_counter() - begun < LONG:
        status, body = line.ask("GET", path + following)
        if status != 200:
            raise Unexpected(f"{status}: {bytes(body[:600])!r}")
        pages.append(bytes(body))
        first = first or time.perf_counter() - begun
        cursor = line.last() or cursor
        found = _NEXT.search(pages[-1][:EDGE]) or _NEXT.search(pages[-1][-EDGE:])
        whole = found is None
        following = f"{asked}&next={quote(found[1].decode(), safe='')}" if found else ""
    seconds = time.perf_counter() - begun
    line.close()
    ids = [each["id"] for page in pages for each in orjson.loads(page).get("objects", [])]
    if len(set(ids)) != len(ids):
        raise Unexpected(f"{len(ids)} objects came, but only {len(set(ids))} different ones")
    return Read(seconds, len(ids), cursor, whole, first)


def poll(port: int, authorization: str, path: str, cursor: str, times: int, expected: int) -> list[float]:
    """Ask for what is new so many times, fewer where it takes longer than `ENOUGH`; seconds each."""
    line, taken = Line(port, authorization), list[float]()
    asked = f"{path}?limit={LIMIT}&added_after={quote(cursor, safe='')}"
    while len(taken) < times and sum(taken) < ENOUGH:
        begun = time.perf_counter()
        status, body = line.ask("GET", asked)
        taken.append(time.perf_counter() - begun)
        if status != 200 or bytes(body).count(b'"id"') < expected:
            raise Unexpected(f"{status}: {bytes(body[:600])!r}")
    line.close()
    return taken
