"""Do slow clients stand in the way of others? H-2 (T-53): alone and behind nginx, 200 that send or read slowly."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from policies.agreement import Agreement
from support.proxy import NAME, Proxy
from support.served import PATIENCE, Serving, accepted, post
from support.stage import indicator
from support.world import TAXII, Cirt

SLOW = 200
READERS = 20
SOON = 1.0  # seconds for a normal poll
LARGE = "x" * 1_000_000

Open = Callable[[], socket.socket]


@pytest.fixture(params=["alone", "behind nginx"])
def connect(request: pytest.FixtureRequest, served: Serving, tmp_path: Path) -> Iterator[Open]:
    """Give how to connect to the hub, directly and through the proxy."""
    if request.param == "alone":
        place = urlsplit(served.url)
        yield lambda: socket.create_connection((place.hostname or "", place.port or 0))
        return
    proxy = Proxy(tmp_path, served.url.removeprefix("http://"))
    yield proxy.connect
    proxy.stop()


def head(cirt: Cirt, group: Agreement, method: str, *fields: str, query: str = "") -> bytes:
    """The head of a request for the group's objects, but for the empty line at its end."""
    line = f"{method} /live/collections/{group.id}/objects/{query} HTTP/1.1"
    return "\r\n".join([line, f"Host: {NAME}", f"Authorization: Bearer {cirt.token}", *fields, ""]).encode()


def poll(connect: Open, cirt: Cirt, group: Agreement) -> float:
    """Seconds that a normal poll takes over a connection of its own; the best of three: others use this machine too."""
    taken = []
    for _ in range(3):
        begun = time.monotonic()
        with connect() as connection:
            connection.settimeout(PATIENCE)
            connection.sendall(head(cirt, group, "GET", "Connection: close", query="?limit=1") + b"\r\n")
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
        taken.append(time.monotonic() - begun)
    return min(taken)


@pytest.mark.long
@pytest.mark.parametrize("slow", ["heads", "bodies", "chunks"])
def test_h2_slow_senders_do_not_hold_up_others(served: Serving, connect: Open, slow: str) -> None:
    """T-53, 200 of them. Red if a sender holds a process, a turn or the room for bodies while it does not send."""
    a, b, group = served.pair()
    typed = f"Content-Type: {TAXII}"
    begun = {
        "heads": head(a, group, "GET", "X-A: b"),
        "bodies": head(a, group, "POST", typed, "Content-Length: 9000000") + b"\r\n" + b" " * 1000,
        "chunks": head(a, group, "POST", typed, "Transfer-Encoding: chunked") + b"\r\n4\r\n    \r\n",
    }[slow]
    with ExitStack() as stack:
        for _ in range(SLOW):
            stack.enter_context(connect()).sendall(begun)
        assert poll(connect, b, group) < SOON
        accepted(post(served.url, b, group, b.envelope(group, [indicator(1)])))
        assert poll(connect, a, group) < SOON


@pytest.mark.long
def test_h2_slow_readers_do_not_hold_up_others(served: Serving, connect: Open) -> None:
    """T-53: large pages that nobody takes. Red if sending one holds the turn of the readers, or a process."""
    a, b, group = served.pair()
    accepted(post(served.url, a, group, a.envelope(group, [indicator(n, description=LARGE) for n in range(9)])))
    with ExitStack() as stack:
        for _ in range(READERS):
            reader = stack.enter_context(connect())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(head(b, group, "GET") + b"\r\n")
            reader.settimeout(PATIENCE)
            assert reader.recv(1) == b"H"
        other = served.pair()
        assert poll(connect, other[1], other[2]) < SOON
