"""What becomes of requests that two servers could read in two ways? H-1 (T-52), through the shipped stack."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from support.proxy import NAME, Proxy
from support.served import Serving
from support.world import TAXII

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
PATIENCE = 5.0  # seconds: a connection that is open after the answers stays open

#: Framing that is wrong or doubtful → the fields and the body of a POST; a second request follows each at once.
DOUBTFUL = {
    "both lengths": ("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nX"),
    "both lengths, each right": ("Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    "an unknown coding": ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
    "chunked twice": ("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
    "two codings": ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    "a blank before the colon": ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
    "two lengths": ("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"),
    "the same length twice": ("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
    "a length with a sign": ("Content-Length: +2\r\n", "{}"),
    "a list of lengths": ("Content-Length: 2, 2\r\n", "{}"),
    "a folded line": ("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
    "a chunk's length in hex notation": ("Transfer-Encoding: chunked\r\n", "0x2\r\n{}\r\n0\r\n\r\n"),
    "a bare CR": ("X-A: b\rContent-Length: 2\r\n", "{}"),
    "a NUL": ("X-A: b\0c\r\n", ""),
}
#: Those of which the hub's own server reads a sound length, so that the second request is one, and answered as such.
SOUND_ENOUGH = {"chunked twice", "two codings", "the same length twice"}


@pytest.fixture(scope="module")
def proxy(served: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Give nginx in front of the served hub."""
    server = Proxy(tmp_path_factory.mktemp("proxy"), served.url.removeprefix("http://"))
    yield server
    server.stop()


def heard(connection: socket.socket, raw: str) -> tuple[list[int], bool, bytes]:
    """Send bytes; the statuses of all answers, whether the connection was closed, and all that came."""
    connection.settimeout(PATIENCE)
    got, closed = b"", True
    with connection:
        try:
            connection.sendall(raw.encode())
            while data := connection.recv(65_536):
                got += data
        except TimeoutError:
            closed = False
        except ConnectionError:
            pass
    return [int(each) for each in STATUS.findall(got)], closed, got


def plain(served: Serving) -> socket.socket:
    """A connection to the hub's own server."""
    place = urlsplit(served.url)
    return socket.create_connection((place.hostname or "", place.port or 0))


def requests_of(served: Serving, fields: str, body: str) -> str:
    """A POST of one member, and at once a GET of another."""
    a, b, group = served.pair()
    first = f"POST /live/collections/{group.id}/objects/ HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {TAXII}\r\n"
    second = f"GET /api/v1/me HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {b.token}\r\n\r\n"
    return f"{first}Authorization: Bearer {a.token}\r\n{fields}\r\n{body}{second}"


@pytest.mark.parametrize("name", DOUBTFUL)
def test_h1_doubtful_framing_ends_the_connection(served: Serving, proxy: Proxy, name: str) -> None:
    """T-52: 400 or 501, closed, and the second request is not served. Red if the proxy lets it through or goes on."""
    statuses, closed, _ = heard(proxy.connect(), requests_of(served, *DOUBTFUL[name]))
    assert (len(statuses), closed) == (1, True)
    assert statuses[0] in {400, 501}


@pytest.mark.parametrize("name", sorted(DOUBTFUL.keys() - SOUND_ENOUGH))
def test_h1_doubtful_framing_without_a_proxy(served: Serving, name: str) -> None:
    """T-52: the hub's own server too. Red if the bytes after a doubtful body are served as a request."""
    statuses, closed, _ = heard(plain(served), requests_of(served, *DOUBTFUL[name]))
    assert (len(statuses), closed) == (1, True)
    assert statuses[0] in {400, 422, 501}


def test_h1_a_chunked_body_in_http_1_0(served: Serving, proxy: Proxy) -> None:
    """RFC 9112 §6.1: the framing is faulty. Red if it is read as chunked, or the rest as a request."""
    raw = requests_of(served, "Transfer-Encoding: chunked\r\n", "0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0", 1)
    for connection in (proxy.connect(), plain(served)):
        statuses, closed, _ = heard(connection, raw)
        assert (statuses, closed) == ([400], True)


def test_h1_host_must_be_there_once(served: Serving, proxy: Proxy) -> None:
    """RFC 9112 §3.2. Red if the proxy guesses which of two it was."""
    a, _, _ = served.pair()
    for hosts in ("", f"Host: {NAME}\r\nHost: evil.example\r\n"):
        raw = f"GET /taxii2/ HTTP/1.1\r\n{hosts}Authorization: Bearer {a.token}\r\n\r\n"
        statuses, closed, _ = heard(proxy.connect(), raw)
        assert (statuses, closed) == ([400], True)


def test_h1_absolute_form_does_not_name_the_hub(served: Serving, proxy: Proxy) -> None:
    """RFC 9112 §3.2.2 wants it answered. Red if its host comes into a link."""
    a, _, _ = served.pair()
    line, last = "GET http://evil.example/taxii2/ HTTP/1.1", "Connection: close\r\n\r\n"
    raw = f"{line}\r\nHost: {NAME}\r\nAuthorization: Bearer {a.token}\r\n{last}"
    for connection in (proxy.connect(), plain(served)):
        statuses, _, got = heard(connection, raw)
        assert statuses == [200]
        assert b"evil" not in got


def test_h1_pipelined_requests_are_each_their_own_callers(served: Serving, proxy: Proxy) -> None:
    """Red if a request is served with the credentials of the one before it, also where those lines end in LF alone."""
    a, b, _ = served.pair()
    callers = [a.token, b.token, "nobody", a.token]
    raw = "".join(
        f"GET /api/v1/me HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {each}\r\n\r\n" for each in callers
    )
    bare = ("GET /api/v1/me HTTP/1.1", f"Host: {NAME}", f"Authorization: Bearer {b.token}", "Connection: close", "", "")
    raw += "\n".join(bare)  # RFC 9112 §2.2 lets it be read
    for connection in (proxy.connect(), plain(served)):
        statuses, _, got = heard(connection, raw)
        assert statuses == [200, 200, 401, 200, 200]
        assert re.findall(rb"identity--[0-9a-f-]{36}", got) == [each.id.encode() for each in (a, b, a, b)]


def test_h1_a_body_where_none_is_expected(served: Serving, proxy: Proxy) -> None:
    """Red if the body of a GET is served as the next request."""
    a, b, _ = served.pair()
    inner = f"GET /api/v1/me HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {b.token}\r\n\r\n"
    head = f"GET /api/v1/me HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {a.token}\r\n"
    head += "Connection: close\r\n"
    for connection in (proxy.connect(), plain(served)):
        statuses, _, got = heard(connection, f"{head}Content-Length: {len(inner)}\r\n\r\n{inner}")
        assert statuses == [200]
        assert b.id.encode() not in got
