"""Who asks? Clients so lean that they hardly cost: bytes over a kept-alive socket, each in a process of its own.

Requests are made beforehand; answers are looked at as far as must be: status, length, and the cursor of the next page.
"""

import gc
import re
import selectors
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson

TAXII = "application/taxii+json;version=2.1"
PATIENCE = 60.0  # seconds for one answer
FIRST_ROOM = 4 * 1024 * 1024  # bytes: a page fits

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_NEXT = re.compile(rb'\{"more":true,"next":"([^"]+)"')


class Unexpected(Exception):
    """The server did not answer what a measurement is about."""


def get(path: str, token: str) -> bytes:
    """The request for a path."""
    return f"GET {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\nAccept: {TAXII}\r\n\r\n".encode()


def post(path: str, token: str, body: bytes) -> bytes:
    """The request that posts an envelope."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\nAccept: {TAXII}\r\n"
        f"Content-Type: {TAXII}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Wire:
    """One kept-alive connection."""

    def __init__(self, port: int, patience: float = PATIENCE) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._room = bytearray(FIRST_ROOM)
        self.total = 0  # bytes of the last answer, head and body

    def ask(self, request: bytes) -> tuple[int, memoryview]:
        """Send a request; the status and the body, which is valid until the next one."""
        self.socket.sendall(request)
        filled, end = 0, -1
        while end < 0:
            filled += self._more(filled)
            end = self._room.find(b"\r\n\r\n", 0, filled)
        length = _LENGTH.search(self._room, 0, end)
        if length is None:
            raise Unexpected(f"an answer without length: {bytes(self._room[:end])!r}")
        total = end + 4 + int(length[1])
        if total > len(self._room):
            self._room.extend(bytes(total - len(self._room)))
        while filled < total:
            filled += self._more(filled)
        self.total = total
        return int(self._room[9:12]), memoryview(self._room)[end + 4 : total]

    def _more(self, filled: int) -> int:
        got = self.socket.recv_into(memoryview(self._room)[filled:])
        if not got:
            raise Unexpected("the server closed the connection")
        return got

    def close(self) -> None:
        """End the connection."""
        self.socket.close()


@dataclass(frozen=True, slots=True)
class Drained:
    """One drain: seconds a page, and what came."""

    seconds: float
    pages: tuple[float, ...]
    size: int
    tokens: tuple[str, ...]


def publish(port: int, requests: Sequence[bytes]) -> tuple[float, ...]:
    """Post envelopes one after the other; seconds each. Raises `Unexpected` for one that is not taken whole."""
    wire, times = Wire(port), list[float]()
    gc.disable()
    for request in requests:
        begun = time.perf_counter()
        status, body = wire.ask(request)
        times.append(time.perf_counter() - begun)
        told = bytes(body)
        if status != 202 or b'"failure_count":0' not in told or b"x_cirt_hub_repeated" in told:
            raise Unexpected(f"{status}: {_reasons(told)}")
    gc.enable()
    wire.close()
    return tuple(times)


def publish_together(port: int, publishers: Sequence[Sequence[bytes]]) -> float:
    """Post the envelopes of several publishers, each over its own connection, all at once; seconds until the last."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(publishers)) as threads:
        for done in [threads.submit(publish, port, requests) for requests in publishers]:
            done.result()
    return time.perf_counter() - begun


def _reasons(told: bytes) -> str:
    messages = [each.get("message", "") for each in orjson.loads(told).get("failures", [])]
    return "; ".join([each for each in messages if not each.startswith("with-its-envelope")][:3]) or repr(told[:600])


def drain(port: int, path: str, token: str, limit: int = 1000) -> Drained:
    """Read a collection to its end by `next`."""
    wire, times, size, tokens = Wire(port), list[float](), 0, list[str]()
    request = get(f"{path}?limit={limit}", token)
    gc.disable()
    begun = time.perf_counter()
    while True:
        asked = time.perf_counter()
        status, body = wire.ask(request)
        times.append(time.perf_counter() - asked)
        size += len(body)
        found = _NEXT.match(body[:4096])
        if status != 200:
            raise Unexpected(f"{status}: {bytes(body[:600])!r}")
        if found is None:
            break
        tokens.append(found[1].decode())
        request = get(f"{path}?limit={limit}&next={tokens[-1]}", token)
    seconds = time.perf_counter() - begun
    gc.enable()
    wire.close()
    return Drained(seconds, tuple(times), size, tuple(tokens))


def count(port: int, path: str, token: str, tokens: Sequence[str], limit: int = 1000) -> int:
    """How many objects those pages hold; raises `Unexpected` if an object comes twice."""
    wire, seen, total = Wire(port), set[str](), 0
    for asked in ("", *(f"&next={each}" for each in tokens)):
        _, body = wire.ask(get(f"{path}?limit={limit}{asked}", token))
        objects = orjson.loads(bytes(body)).get("objects", [])
        total += len(objects)
        seen.update(each["id"] for each in objects)
    wire.close()
    if len(seen) != total:
        raise Unexpected(f"{total} objects came, but only {len(seen)} different ones")
    return total


def ask(port: int, requests: Sequence[bytes], status: int = 200) -> tuple[float, ...]:
    """Requests one after the other on one connection; seconds each. Raises `Unexpected` at another status."""
    wire, times = Wire(port), list[float]()
    gc.disable()
    for request in requests:
        begun = time.perf_counter()
        answered, body = wire.ask(request)
        times.append(time.perf_counter() - begun)
        if answered != status:
            raise Unexpected(f"{answered} to {request[:200]!r}: {bytes(body[:300])!r}")
    gc.enable()
    wire.close()
    return tuple(times)


def body(port: int, request: bytes) -> Any:
    """The JSON of one answer."""
    wire = Wire(port)
    _, text = wire.ask(request)
    value = orjson.loads(bytes(text))
    wire.close()
    return value


def poll(port: int, requests: Sequence[bytes], seconds: float) -> tuple[float, tuple[float, ...]]:
    """One poller a request, all at once, each asking again as soon as it is answered.

    Returns:
        Seconds in all, and seconds of each answer. An answer is known to be whole by the length of the poller's first.
    """
    pollers, wires = selectors.DefaultSelector(), [Wire(port) for _ in requests]
    for wire, request in zip(wires, requests, strict=True):
        wire.ask(request)
        pollers.register(wire.socket, selectors.EVENT_READ, _Poller(wire.socket, request, wire.total))
    gc.disable()
    begun = time.perf_counter()
    times = _polling(pollers, begun + seconds)
    taken = time.perf_counter() - begun
    gc.enable()
    for wire in wires:
        wire.close()
    return taken, tuple(times)


@dataclass(slots=True)
class _Poller:
    socket: socket.socket
    request: bytes
    length: int
    asked: float = 0.0
    left: int = 0

    def send(self) -> None:
        self.asked, self.left = time.perf_counter(), self.length
        self.socket.sendall(self.request)


def _polling(pollers: selectors.BaseSelector, until: float) -> list[float]:
    times: list[float] = []
    waiting = [key.data for key in pollers.get_map().values()]
    for poller in waiting:
        poller.send()
    open_requests = len(waiting)
    while open_requests:
        ready = pollers.select(PATIENCE)
        if not ready:
            raise Unexpected("an answer differs in length from the one before, or does not come")
        for key, _ in ready:
            poller = key.data
            got = poller.socket.recv(65536)
            if poller.left == poller.length and not got.startswith(b"HTTP/1.1 200"):
                raise Unexpected(f"not an answer: {got[:300]!r}")
            poller.left -= len(got)
            if poller.left > 0:
                continue
            now = time.perf_counter()
            times.append(now - poller.asked)
            if now < until:
                poller.send()
            else:
                open_requests -= 1
    return times
