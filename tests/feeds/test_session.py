"""Calling servers that misbehave: limits, retries, redirects. The server is a real one on 127.0.0.1."""

from __future__ import annotations

import contextlib
import gzip
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from feeds.errors import BadAnswer, PeerError, PeerRefused, TooMuch, Unreachable
from feeds.retries import Retries, seconds
from feeds.session import Bearer, HttpSession, Limits, http_session
from support.rough_server import Manner, Rough, RoughServer, taxii

GONE_BY = "Wed, 19 Nov 2025 10:00:09 GMT"
OK = taxii({"title": "ok"})
BUSY = taxii({"title": "busy"}, 503)


@pytest.fixture
def server() -> Iterator[RoughServer]:
    """A server that does as it is told."""
    with RoughServer() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that the session would have slept."""
    return []


@pytest.fixture
def session(server: RoughServer, pauses: list[float]) -> Iterator[HttpSession]:
    """An impatient session whose pauses are only written down."""
    retries = Retries(attempts=4, sleep=pauses.append, jitter=lambda: 1.0, now=lambda: 1_763_632_800.0)
    limits = Limits(connect_s=2, read_s=0.25, max_bytes=20_000)
    with HttpSession(server.address, auth=Bearer("secret"), limits=limits, retries=retries) as opened:
        yield opened


def closed_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_credentials_and_body_are_sent(server: RoughServer, session: HttpSession) -> None:
    """Red if the token, a header, a parameter or the body does not arrive, or the answer's bytes change."""
    server.on("/x", OK)
    answer = session.request("POST", f"{server.address}/x", params={"a": "b c"}, headers={"X-One": "1"}, body=b"{}")
    assert (answer.status, answer.body, answer.ok) == (200, OK.body, True)
    (seen,) = server.seen
    assert (seen.method, seen.query, seen.body) == ("POST", {"a": "b c"}, b"{}")
    assert (seen.headers["authorization"], seen.headers["x-one"]) == ("Bearer secret", "1")
    assert "secret" not in repr(session)


def test_a_busy_server_is_asked_again_after_growing_pauses(
    server: RoughServer, session: HttpSession, pauses: list[float]
) -> None:
    """Red if 429, 502, 503 or 504 is taken for the last word, or the pauses do not double."""
    server.on("/x", BUSY, replace(BUSY, status=502), replace(BUSY, status=504), OK)
    assert session.request("GET", f"{server.address}/x").status == 200
    assert pauses == [0.5, 1.0, 2.0]


def test_the_retries_end(server: RoughServer, session: HttpSession, pauses: list[float]) -> None:
    """Red if a server that stays busy is asked for ever, or its last answer is lost."""
    server.on("/x", BUSY)
    assert session.request("GET", f"{server.address}/x").status == 503
    assert (len(server.seen), len(pauses)) == (4, 3)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500])
def test_other_errors_are_not_asked_again(server: RoughServer, session: HttpSession, status: int) -> None:
    """Red if an error that will not pass is asked again: 401 in a loop locks accounts."""
    server.on("/x", taxii({}, status))
    assert session.request("GET", f"{server.address}/x").status == status
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("asked", "slept"),
    [
        ("7", 7.0),
        ("0", 0.5),
        ("Thu, 20 Nov 2025 10:00:09 GMT", 9.0),
        (GONE_BY, 0.5),
        ("soon", 0.5),
    ],
)
def test_retry_after_is_honoured(
    server: RoughServer, session: HttpSession, pauses: list[float], asked: str, slept: float
) -> None:
    """Red if `Retry-After` in seconds or as a date is passed over, or a date gone by makes no pause at all."""
    server.on("/x", taxii({}, 429, Retry_After=asked), OK)
    assert session.request("GET", f"{server.address}/x").status == 200
    assert pauses == [slept]


def test_a_server_that_asks_for_an_hour_is_left_alone(
    server: RoughServer, session: HttpSession, pauses: list[float]
) -> None:
    """Red if we sleep for as long as a server likes, or come back earlier than it asked."""
    server.on("/x", taxii({}, 429, Retry_After="3600"), OK)
    assert session.request("GET", f"{server.address}/x").status == 429
    assert pauses == []


def test_jitter_spreads_the_pauses() -> None:
    """Red if all clients come back at the same moment."""
    slept: list[float] = []
    for share in (0.0, 0.5, 1.0):
        Retries(sleep=slept.append, jitter=lambda share=share: share).pause(2, None)  # type: ignore[misc]  # a default that binds
    assert slept == [0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("text", "expected"), [(None, None), ("", None), ("-5", None), ("9" * 40, 999_999_999.0), (GONE_BY, 0.0)]
)
def test_an_odd_retry_after_is_no_error(text: str | None, expected: float | None) -> None:
    """Red if a header that cannot be read raises, or a date gone by becomes a negative wait."""
    assert seconds(text, 1_763_632_800.0) == expected


def test_a_stall_ends(server: RoughServer, session: HttpSession) -> None:
    """Red if there is no time limit between bytes: requests alone waits for ever."""
    server.on("/x", Rough(manner=Manner.STALL))
    with pytest.raises(Unreachable, match="fell silent"):
        session.request("GET", f"{server.address}/x")
    assert len(server.seen) == 4


def test_a_trickle_ends(server: RoughServer, session: HttpSession) -> None:
    """Red if only the time between bytes is limited, so that a dripping server holds us for ever."""
    ticks = iter(range(0, 10_000, 1_000))
    session.monotonic = lambda: float(next(ticks))
    server.on("/x", Rough(b"a" * 10_000))
    with pytest.raises(Unreachable, match="longer than 600 s"):
        session.request("GET", f"{server.address}/x")
    assert len(server.seen) == 1


@pytest.mark.parametrize("manner", [Manner.CUT, Manner.HANG_UP])
def test_a_broken_answer_is_asked_for_again(server: RoughServer, session: HttpSession, manner: Manner) -> None:
    """Red if half an answer is taken for a whole one, or a lost connection ends the run at once."""
    server.on("/x", replace(OK, manner=manner), OK)
    assert session.request("GET", f"{server.address}/x").body == OK.body
    server.on("/x", replace(OK, manner=manner))
    with pytest.raises(Unreachable, match="broke off"):
        session.request("GET", f"{server.address}/x")


def test_nobody_there(pauses: list[float]) -> None:
    """Red if a refused connection escapes as an error of requests, or says nothing about what to do."""
    address = f"http://127.0.0.1:{closed_port()}"
    with (
        HttpSession(address, retries=Retries(sleep=pauses.append)) as session,
        pytest.raises(Unreachable, match="Check the address"),
    ):
        session.request("POST", f"{address}/x", body=b"{}", repeatable=False)
    assert len(pauses) == 3


@pytest.mark.parametrize("rough", [Rough(manner=Manner.STALL), Rough(manner=Manner.HANG_UP), taxii({}, 502)])
def test_what_must_not_be_done_twice_is_not(server: RoughServer, session: HttpSession, rough: Rough) -> None:
    """Red if a request that may have been worked on, and must not be repeated, is sent again."""
    server.on("/x", rough)
    with contextlib.suppress(Unreachable):
        assert session.request("POST", f"{server.address}/x", body=b"{}", repeatable=False).status == 502
    assert len(server.seen) == 1


def test_what_surely_was_not_done_is_asked_again(server: RoughServer, session: HttpSession) -> None:
    """Red if even a request that the server declined to work on is given up."""
    server.on("/x", BUSY, replace(BUSY, status=429), OK)
    assert session.request("POST", f"{server.address}/x", body=b"{}", repeatable=False).status == 200


def test_a_huge_answer_is_not_held(server: RoughServer, session: HttpSession) -> None:
    """Red if an answer is read whatever its size."""
    server.on("/x", Rough(b"a" * 20_001), Rough(b"a" * 20_000))
    with pytest.raises(TooMuch, match="20000 bytes"):
        session.request("GET", f"{server.address}/x")
    assert len(session.request("GET", f"{server.address}/x").body) == 20_000


def test_a_small_answer_that_unfolds_is_not_held_either(server: RoughServer, session: HttpSession) -> None:
    """Red if the size is counted before decompression."""
    server.on("/x", Rough(gzip.compress(b"a" * 5_000_000), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(TooMuch):
        session.request("GET", f"{server.address}/x")


def test_of_an_error_only_the_beginning_is_kept(server: RoughServer, session: HttpSession) -> None:
    """Red if the size of an error's body hides its status."""
    server.on("/x", Rough(b"a" * 1_000_000, status=403))
    answer = session.request("GET", f"{server.address}/x")
    assert (answer.status, len(answer.body)) == (403, 65_536)


def test_a_redirect_on_the_same_server_is_followed(server: RoughServer, session: HttpSession) -> None:
    """Red if a server that wants the final slash cannot be used, or the parameters are added to those it names."""
    server.on("/x", Rough(status=308, headers={"Location": "/x/?c=d"}))
    server.on("/x/", OK)
    answer = session.request("POST", f"{server.address}/x", params={"a": "b"}, body=b"{}")
    assert (answer.status, answer.url) == (200, f"{server.address}/x/?c=d")
    assert (server.calls("/x/")[0].body, server.calls("/x/")[0].query) == (b"{}", {"c": "d"})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_elsewhere_is_not_followed(server: RoughServer, session: HttpSession, method: str) -> None:
    """Red if credentials or content go to a server that they were not meant for."""
    with RoughServer() as thief:
        thief.on("/x", OK)
        server.on("/x", Rough(status=307, headers={"Location": f"{thief.address}/x"}))
        with pytest.raises(PeerRefused, match="not followed") as caught:
            session.request(method, f"{server.address}/x", body=b"{}" if method == "POST" else None)
        assert thief.seen == []
    assert caught.value.status == 307


@pytest.mark.parametrize(
    "target", ["//evil.example/x", "https:///x", "ftp://evil.example/", "http://[::1/", "http://a:b/"]
)
def test_an_odd_redirect_is_an_error_of_ours(server: RoughServer, session: HttpSession, target: str) -> None:
    """Red if an odd Location escapes as an error of a library, or leads off the server."""
    server.on("/x", Rough(status=302, headers={"Location": target}))
    with pytest.raises(PeerError):
        session.request("GET", f"{server.address}/x")
    assert all(each.headers["host"] == server.address.removeprefix("http://") for each in server.seen)


def test_a_redirects_body_is_bounded_too(server: RoughServer, session: HttpSession) -> None:
    """Red if requests reads the whole body of a redirect by itself, before any limit."""
    server.on("/x", Rough(b"a" * 1_000_000, status=302))
    assert len(session.request("GET", f"{server.address}/x").body) == 65_536
    server.on("/x", Rough(b"a" * 1_000_000, status=302, headers={"Location": "/y"}))
    server.on("/y", OK)
    assert session.request("GET", f"{server.address}/x").body == OK.body


def test_a_post_that_would_become_a_get_is_not_followed(server: RoughServer, session: HttpSession) -> None:
    """Row 23. Red if a POST answered with 301 or 302 is lost in a GET."""
    server.on("/x", Rough(status=302, headers={"Location": "/y"}))
    with pytest.raises(PeerRefused):
        session.request("POST", f"{server.address}/x", body=b"{}")
    assert server.calls("/y") == []


def test_redirects_in_a_circle_end(server: RoughServer, session: HttpSession) -> None:
    """Red if a redirect to itself is followed for ever."""
    server.on("/x", Rough(status=302, headers={"Location": "/x"}))
    with pytest.raises(BadAnswer, match="circles"):
        session.request("GET", f"{server.address}/x")


@pytest.mark.parametrize("url", ["http://127.0.0.2/x", "https://127.0.0.1/x", "http://127.0.0.1@evil.example/", "/x"])
def test_another_server_is_not_called(session: HttpSession, url: str) -> None:
    """Red if a session can be talked into calling another origin, as an API root list may try."""
    with pytest.raises(PeerError):
        session.request("GET", url)


@pytest.mark.parametrize(
    "address", ["hub.example", "http://hub.example", "ftp://hub.example", "https://", "http://a:b"]
)
def test_an_address_that_cannot_be_trusted_is_refused(address: str) -> None:
    """Red if a token would cross the network in clear, or nonsense is found out only when calling."""
    with pytest.raises(Unreachable):
        http_session(address, token="secret")


def test_this_machine_may_be_plain() -> None:
    """Red if the demo on 127.0.0.1 is shut out, or a proxy stands before the loopback and not before the rest."""
    with http_session("http://127.0.0.1:8480") as local, http_session("https://hub.example") as other:
        assert (local._session.trust_env, other._session.trust_env) == (False, True)
