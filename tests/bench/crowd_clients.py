"""Who stands in the way? A storm of pollers, clients that stop in the middle, and large publications, all at once.

Beside them the calm poller: one connection, a question every so often, and how long each answer took.
"""

import heapq
import random
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.clients import PATIENCE, Unexpected, Wire

AGAIN = 1.0  # seconds until a poller of the storm asks again, half of it more or less
REFUSED = {429, 503}


def calm(port: int, request: bytes, gap: float, going: Callable[[], bool]) -> tuple[tuple[float, ...], int]:
    """Ask every `gap` seconds as long as `going` says so.

    Returns:
        Seconds of each answer, and how many different answers came. Raises `Unexpected` for one that is not 200.
    """
    wire, times, seen = Wire(port), list[float](), set[bytes]()
    while going():
        asked = time.perf_counter()
        status, body = wire.ask(request)
        times.append(time.perf_counter() - asked)
        if status != 200:
            raise Unexpected(f"{status}: {bytes(body[:300])!r}")
        seen.add(bytes(body))
        time.sleep(max(0.0, gap - times[-1]))
    wire.close()
    return tuple(times), len(seen)


@dataclass(slots=True)
class _Poller:
    socket: socket.socket
    request: bytes
    got: bytes = b""


def storm(port: int, requests: Sequence[bytes], seconds: float) -> tuple[int, int]:
    """One poller a request: all ask at the same moment, then each again a while after its answer.

    Returns:
        How many answers came, and how many different bodies were among them. Raises `Unexpected` for another than 200.
    """
    chance, wires = random.Random(1), [Wire(port) for _ in requests]
    pollers = [_Poller(wire.socket, request) for wire, request in zip(wires, requests, strict=True)]
    selector = selectors.DefaultSelector()
    due = [(time.perf_counter(), number) for number in range(len(pollers))]
    for number, poller in enumerate(pollers):
        selector.register(poller.socket, selectors.EVENT_READ, number)
    until, answers, waiting, seen = time.perf_counter() + seconds, 0, 0, set[bytes]()
    while waiting or time.perf_counter() < until:
        now = time.perf_counter()
        while due and due[0][0] <= now < until:
            _, number = heapq.heappop(due)
            pollers[number].socket.sendall(pollers[number].request)
            waiting += 1
        rest = min(due[0][0], until) - now if due else PATIENCE
        for key, _ in selector.select(max(rest, 0) if now < until else PATIENCE):
            body = _taken(pollers[key.data])
            if body is None:
                continue
            seen.add(body)
            answers, waiting = answers + 1, waiting - 1
            heapq.heappush(due, (time.perf_counter() + AGAIN * chance.uniform(0.5, 1.5), key.data))
    for wire in wires:
        wire.close()
    return answers, len(seen)


def _taken(poller: _Poller) -> bytes | None:
    """The body of an answer, once it is whole."""
    more = poller.socket.recv(65536)
    poller.got += more
    head, end, body = poller.got.partition(b"\r\n\r\n")
    if not more or (end and not head.startswith(b"HTTP/1.1 200")):
        raise Unexpected(f"not an answer: {poller.got[:300]!r}")
    if not end or len(body) < int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]):
        return None
    poller.got = b""
    return body


def slow(port: int, begun: Sequence[bytes], seconds: float) -> int:
    """Send the beginning of each request and then a byte a second; how many connections stood until the end."""
    connections = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in begun]
    for connection, first in zip(connections, begun, strict=True):
        connection.sendall(first)
    until, standing = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        time.sleep(1)
        standing = sum(_sent(connection) for connection in connections)
    for connection in connections:
        connection.close()
    return standing


def _sent(connection: socket.socket) -> bool:
    try:
        connection.sendall(b" ")
    except OSError:
        return False
    return True


def insist(port: int, requests: Sequence[bytes]) -> tuple[int, float]:
    """Post envelopes all at once, each over its own connection, until each is taken whole.

    Returns:
        How often one was told to come back, and seconds in all. Raises `Unexpected` for another answer.
    """
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(requests)) as threads:
        told = sum(threads.map(lambda request: _insist(port, request), requests))
    return told, time.perf_counter() - begun


def _insist(port: int, request: bytes) -> int:
    told = 0
    while True:
        wire = Wire(port)
        status, body = wire.ask(request)
        text = bytes(body)
        wire.close()
        if status == 202 and b'"failure_count":0' in text:
            return told
        if status not in REFUSED:
            raise Unexpected(f"{status}: {text[:300]!r}")
        told += 1
        time.sleep(1)
