"""Does the shipped nginx configuration keep what the hub relies on? A real nginx, run with it, answers."""

import contextlib
import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.proxy import NAME, ROOT, Answer, Proxy, free_port
from support.tools import need
from support.upstream import Upstream

HOST = f"Host: {NAME}\r\n".encode()
MIB = 1024 * 1024
AEAD = ("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305")
# listed in RFC 7540 Appendix A: CBC, static RSA, finite-field Diffie-Hellman with CBC
OLD = ("ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA", "AES128-GCM-SHA256", "AES256-SHA", "DHE-RSA-AES128-SHA256")
ALERTS = ("alert protocol version", "alert handshake failure")
FORGED = (
    b"X-Forwarded-For: 192.0.2.66\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: evil.example\r\n"
    b"X-Real-IP: 192.0.2.66\r\nX-Forwarded-Prefix: /evil\r\nX-Forwarded-Port: 1\r\nForwarded: for=192.0.2.66\r\n"
    b"X-SSL-Client-Verify: SUCCESS\r\nX-SSL-Client-DN: CN=evil\r\nX-SSL-Client-Cert: evil\r\nProxy: http://evil.example\r\n"
    b"X_Forwarded_For: 192.0.2.66\r\nX_SSL_Client_Verify: SUCCESS\r\n"
)
AMBIGUOUS = {
    "both lengths": b"POST /live/ HTTP/1.1\r\n%bContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": b"POST /live/ HTTP/1.1\r\n%bTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": b"POST / HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /live/ HTTP/1.1\r\n%bContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "signed length": b"POST /live/ HTTP/1.1\r\n%bContent-Length: +5\r\n\r\nabcde",
    "folded header": b"GET /live/ HTTP/1.1\r\n%bX-A: a\r\n b\r\n\r\n",
    "coding on 1.0": b"POST /live/ HTTP/1.0\r\n%bTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"GET /live/ HTTP/1.1\r\n%bHost: evil.example\r\n\r\n",
}
#: Status → a request that nginx answers so; 200 is the hub's.
OWN_ANSWERS = {
    200: b"GET /live/ HTTP/1.1\r\n%bConnection: close\r\n\r\n" % HOST,
    400: b"GET / HTTP/1.1\r\n\r\n",
    404: b"GET /metrics HTTP/1.1\r\n%b\r\n" % HOST,
    405: b"TRACE /live/ HTTP/1.1\r\n%b\r\n" % HOST,
    413: b"POST /live/ HTTP/1.1\r\n%bContent-Length: 99999999\r\n\r\n" % HOST,
    414: b"GET /live/?%b HTTP/1.1\r\n%b\r\n" % (b"x" * 40_000, HOST),
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """Give what stands behind the proxy: it tells what reached it."""
    server = Upstream()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proxy(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Give a running nginx with the shipped configuration."""
    server = Proxy(tmp_path_factory.mktemp("nginx"), upstream.address)
    yield server
    server.stop()


def handshake(proxy: Proxy, *options: str, request: bytes = b"") -> tuple[bool, str]:
    """Try a TLS handshake, every old algorithm of the client's allowed; whether it succeeded, and all that was said."""
    where = ["-connect", f"127.0.0.1:{proxy.https}", "-servername", NAME, "-CAfile", str(proxy.certificate)]
    command = [need("openssl"), "s_client", "-verify_return_error", "-ign_eof", *where, *options]
    done = subprocess.run(command, check=False, input=request, capture_output=True, timeout=30)
    return done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


def get(path: str, headers: bytes = HOST) -> bytes:
    """Return the bytes of a GET that asks for the connection to be closed."""
    return b"GET " + path.encode() + b" HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n"


def post(size: int) -> bytes:
    """Return the bytes of a POST of so many bytes."""
    return b"POST /live/ HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size + b"x" * size


@pytest.mark.parametrize("suite", AEAD)
def test_tls_1_2_is_accepted_with_ephemeral_aead(proxy: Proxy, suite: str) -> None:
    """Taxii row 2: TLS 1.2 succeeds. Red if TLSv1.2 or the suite is struck from the configuration."""
    succeeded, said = handshake(proxy, "-tls1_2", "-cipher", suite, request=get("/live/"))
    assert succeeded, said
    assert f"Cipher    : {suite}" in said


def test_tls_1_3_is_accepted(proxy: Proxy) -> None:
    """Taxii row 3: TLS 1.3 succeeds. Red if TLSv1.3 is struck from ssl_protocols."""
    succeeded, said = handshake(proxy, "-tls1_3", request=get("/live/"))
    assert succeeded, said
    assert "New, TLSv1.3" in said


@pytest.mark.parametrize("suite", OLD)
def test_old_suites_are_refused(proxy: Proxy, suite: str) -> None:
    """Taxii row 5: no suite of RFC 7540 Appendix A. Red if ssl_ciphers is left at nginx's default."""
    succeeded, said = handshake(proxy, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0", request=get("/live/"))
    assert not succeeded
    assert any(alert in said for alert in ALERTS), said


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_tls_is_refused(proxy: Proxy, version: str) -> None:
    """Taxii row 5, decided: nothing below 1.2. Red if TLSv1.1 is added to ssl_protocols, with old suites."""
    succeeded, said = handshake(proxy, version, "-cipher", "ALL:@SECLEVEL=0", request=get("/live/"))
    assert not succeeded
    assert any(alert in said for alert in ALERTS), said


def test_every_configured_suite_is_ephemeral_and_authenticated() -> None:
    """Taxii row 5, for both kinds of certificate. Red if any other suite is added to ssl_ciphers."""
    text = ROOT.joinpath("deploy", "nginx.conf").read_text(encoding="utf-8")
    suites = re.findall(r"ssl_ciphers\s+(\S+);", text)
    assert len(suites) == 1
    done = subprocess.run(
        [need("openssl"), "ciphers", "-v", "-s", "-tls1_2", suites[0]], check=True, capture_output=True
    )
    rows = done.stdout.decode().splitlines()
    assert len(rows) == 6
    assert [row for row in rows if "Kx=ECDH " not in row or "Mac=AEAD" not in row] == []


def test_early_data_is_never_used(proxy: Proxy, tmp_path: Path) -> None:
    """Taxii row 4: max_early_data is 0 in the ticket, so nothing may be sent. Red with ssl_early_data on."""
    session, early = tmp_path / "session", tmp_path / "early"
    early.write_bytes(get("/live/early/"))
    _, said = handshake(proxy, "-tls1_3", "-sess_out", str(session), request=get("/live/"))
    assert "Max Early Data: 0" in said
    resumed = ("-tls1_3", "-sess_in", str(session), "-early_data", str(early))
    _, said = handshake(proxy, *resumed, request=get("/live/"))
    assert "Early data was accepted" not in said
    assert "Early data was" in said


def test_a_body_a_little_too_large_reaches_the_hub(proxy: Proxy) -> None:
    """T-50: the hub says 413 itself, in TAXII and with its own limit. Red if client_max_body_size is 10m."""
    answer = proxy.answer(post(10 * MIB + 1))
    assert (answer.status, json.loads(answer.body)["length"]) == (200, 10 * MIB + 1)


def test_a_far_too_large_body_is_refused_at_once(proxy: Proxy, upstream: Upstream) -> None:
    """T-50: told as a TAXII error, before the body is read. Red if client_max_body_size 11m is raised to 20m."""
    before = len(upstream.seen)
    answer = proxy.answer(b"POST /live/ HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (12 * MIB))
    assert (answer.status, json.loads(answer.body)["http_status"]) == (413, "413")
    assert answer.headers["Content-Type"] == "application/taxii+json;version=2.1"
    assert len(upstream.seen) == before


def test_forwarded_headers_come_from_the_proxy_alone(proxy: Proxy) -> None:
    """T-30, H-6: what a client forges is dropped. Red if one proxy_set_header is removed."""
    request = get("/live/", b"Host: evil.example\r\nAuthorization: Bearer a\r\n" + FORGED)
    assert json.loads(proxy.answer(request).body)["headers"] == {
        "host": NAME,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "https",
        "authorization": "Bearer a",
    }


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_an_ambiguous_request_goes_no_further(proxy: Proxy, upstream: Upstream, name: str) -> None:
    """H-1: 400 or 501, closed, and nothing behind it reached. Red if the hub's own port is asked instead."""
    before = len(upstream.seen)
    hidden = get("/live/hidden/")
    answer = proxy.answer(AMBIGUOUS[name] % HOST + hidden)
    assert answer.status in {400, 501}
    assert answer.closes
    assert len(upstream.seen) == before


@pytest.mark.parametrize(
    "request_line",
    [b"GET /live/ HTTP/1.1\n%b\n", b"GET http://evil.example/live/ HTTP/1.1\r\n%b\r\n"],
    ids=["bare LF", "absolute"],
)
def test_an_odd_but_clear_request_is_put_straight(proxy: Proxy, upstream: Upstream, request_line: bytes) -> None:
    """H-1: one request in, one well-formed request out, for our own host. Red if Host is set to $host."""
    before = len(upstream.seen)
    answer = proxy.answer(request_line % HOST.replace(b"\r", b"" if b"\r" not in request_line else b"\r"))
    assert json.loads(answer.body)["headers"]["host"] == NAME
    assert upstream.seen[before:] == ["GET /live/"]


def test_a_slow_body_keeps_no_worker_waiting(proxy: Proxy, upstream: Upstream) -> None:
    """H-2: an unfinished body does not reach the hub. Red with proxy_request_buffering off."""
    before = len(upstream.seen)
    slow = [proxy.connect() for _ in range(20)]
    for connection in slow:
        connection.sendall(b"POST /live/slow/ HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n" + b"x" * 50_000)
    assert proxy.answer(get("/live/")).status == 200
    assert upstream.seen[before:] == ["GET /live/"]
    for connection in slow:
        connection.close()


@pytest.mark.long
def test_a_head_that_drips_is_cut_off(proxy: Proxy, upstream: Upstream) -> None:
    """T-53: ten seconds for a whole head. Red if client_header_timeout is struck, and a minute is the limit again."""
    before, begun = len(upstream.seen), time.monotonic()
    with proxy.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET /live/ HTTP/1.1\r\n" + HOST)
        connection.settimeout(1)
        while time.monotonic() - begun < 20:
            connection.sendall(b"X: y\r\n")
            with contextlib.suppress(TimeoutError):
                assert connection.recv(1) == b""
                break
    assert 9 < time.monotonic() - begun < 20
    assert len(upstream.seen) == before


def test_only_people_are_led_from_http_to_https(proxy: Proxy) -> None:
    """A token in the clear fails loudly. Red if the redirect is widened to `location /`."""
    assert plain(proxy, "/live/").status == 403
    console = plain(proxy, "/console/x?y=1")
    assert (console.status, console.headers["Location"]) == (308, f"https://{NAME}/console/x?y=1")


def plain(proxy: Proxy, path: str) -> Answer:
    """Ask the plain HTTP port."""
    return proxy.answer(get(path, b"Host: evil.example\r\n"), tls=False)


@pytest.mark.parametrize(("status", "request_line"), OWN_ANSWERS.items(), ids=map(str, OWN_ANSWERS))
def test_every_answer_asks_for_https_hereafter(proxy: Proxy, status: int, request_line: bytes) -> None:
    """One Strict-Transport-Security, the proxy's, on its own answers too. Red if one add_header lacks `always`, a
    location with another add_header does not repeat it, or the hub's own is not hidden.
    """
    answer = proxy.answer(request_line)
    assert answer.status == status
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]


def test_no_answer_tells_which_nginx_it_is(proxy: Proxy) -> None:
    """T-20. Red if server_tokens is struck from one of the two servers."""
    for tls in (True, False):
        answer = proxy.answer(get("/metrics"), tls=tls)
        assert answer.headers["Server"] == "nginx"
        assert b"nginx/" not in answer.body


def test_requests_share_the_connections_to_the_hub(proxy: Proxy, upstream: Upstream) -> None:
    """Red if `keepalive`, HTTP 1.1 or the empty `Connection` is struck: a handshake for each request, ports run out."""
    proxy.answer(get("/live/"))
    before = upstream.connections
    for _ in range(5):
        assert proxy.answer(get("/live/")).status == 200
    assert upstream.connections == before


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics?x", "//metrics", "/x/../metrics", "/%6detrics"])
def test_metrics_are_not_public(proxy: Proxy, upstream: Upstream, path: str) -> None:
    """Red if `location /metrics` is removed, or is one exact spelling: the hub would be asked."""
    before = len(upstream.seen)
    assert proxy.answer(get(path)).status == 404
    assert len(upstream.seen) == before


def test_a_hub_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    """503 with Retry-After, as TAXII clients expect. Red if error_page 502 is left out."""
    proxy = Proxy(tmp_path, f"127.0.0.1:{free_port()}")
    answer = proxy.answer(get("/live/"))
    proxy.stop()
    assert_away(answer)


@pytest.mark.long
def test_a_hub_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    """The same after five seconds. Red if error_page 504 is left out, or proxy_connect_timeout at its minute."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        address = deaf.getsockname()
        with contextlib.closing(socket.create_connection(address)):  # its queue is full now: no other gets in
            proxy = Proxy(tmp_path, f"127.0.0.1:{address[1]}")
            try:
                assert_away(proxy.answer(get("/live/")))
            finally:
                proxy.stop()


def assert_away(answer: Answer) -> None:
    """See that an answer says, in TAXII, when to come back."""
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/taxii+json;version=2.1"
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]
    assert json.loads(answer.body)["http_status"] == "503"
