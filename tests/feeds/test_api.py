"""The JSON interface of a hub, called by the members' command, and what its refusals say."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from feeds.api import ApiClient
from feeds.errors import BadAnswer, NotAuthenticated, PeerRefused, Unreachable
from feeds.refusals import told
from feeds.retries import Retries
from feeds.session import HttpSession, Limits
from support.rough_server import Manner, Rough, RoughServer

JSON = "application/json"


def answer(value: object, status: int = 200, content_type: str = JSON) -> Rough:
    """A JSON answer."""
    return Rough(json.dumps(value).encode(), status, content_type=content_type)


@pytest.fixture
def server() -> Iterator[RoughServer]:
    """A server that does as it is told."""
    with RoughServer() as running:
        yield running


@pytest.fixture
def api(server: RoughServer) -> Iterator[ApiClient]:
    """A client of its /api/v1."""
    retries = Retries(sleep=lambda _: None)
    with HttpSession(server.address, retries=retries, limits=Limits(read_s=0.25)) as session:
        yield ApiClient(session, json.loads)


def test_get_gives_the_parsed_value(server: RoughServer, api: ApiClient) -> None:
    """Red if path, parameters or Accept are wrong, or the value is not the parser's."""
    server.on("/api/v1/me", answer({"alias": "a"}))
    reply = api.get("/me", {"group": "regio"})
    assert (reply.status, reply.value, reply.body) == (200, {"alias": "a"}, b'{"alias": "a"}')
    assert (server.seen[0].query, server.seen[0].headers["accept"]) == ({"group": "regio"}, JSON)


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "application/problem+json"])
def test_json_in_all_its_names_is_taken(server: RoughServer, api: ApiClient, content_type: str) -> None:
    """Red if a charset or a `+json` type is refused."""
    server.on("/api/v1/me", answer({}, content_type=content_type))
    assert api.get("/me").value == {}


@pytest.mark.parametrize(
    "rough",
    [Rough(b"<html>", content_type="text/html"), Rough(b"{", content_type=JSON), Rough(b"{}", content_type=None)],
    ids=["a captive portal", "cut json", "no type"],
)
def test_what_is_no_json_is_a_bad_answer(server: RoughServer, api: ApiClient, rough: Rough) -> None:
    """Red if a page of HTML is parsed, or the parser's own error escapes."""
    server.on("/api/v1/me", rough)
    with pytest.raises(BadAnswer):
        api.get("/me")


def test_an_empty_success_has_no_value(server: RoughServer, api: ApiClient) -> None:
    """Red if 204 is taken for broken JSON."""
    server.on("/api/v1/acceptances", Rough(status=204, content_type=None))
    assert api.post("/acceptances", b"{}").value is None


def test_post_sends_the_bytes_and_their_type(server: RoughServer, api: ApiClient) -> None:
    """Red if signed bytes are changed on their way, or their type is lost."""
    server.on("/api/v1/join", answer({"token": "t"}))
    assert api.post("/join", b"a.b.c", content_type="application/jose").value == {"token": "t"}
    assert (server.seen[0].body, server.seen[0].headers["content-type"]) == (b"a.b.c", "application/jose")


def test_a_post_is_not_repeated_unless_harmless(server: RoughServer, api: ApiClient) -> None:
    """Red if a one-time invitation is spent twice, or a harmless call is given up after one broken connection."""
    server.on("/api/v1/join", Rough(manner=Manner.HANG_UP))
    with pytest.raises(Unreachable):
        api.post("/join", b"{}")
    assert len(server.seen) == 1
    server.on("/api/v1/dry-run/x", Rough(manner=Manner.HANG_UP), answer({}))
    assert api.post("/dry-run/x", b"{}", repeatable=True).status == 200


def test_a_document_comes_byte_for_byte(server: RoughServer, api: ApiClient) -> None:
    """Red if a document is parsed, decoded, or refused for its type: its digest is what was agreed to."""
    raw = b'kind = "agreement"\r\n# \xff\n'
    server.on("/api/v1/agreements/x/document", Rough(raw, content_type="application/toml"))
    assert api.get_bytes("/agreements/x/document") == raw
    with pytest.raises(PeerRefused):
        api.get_bytes("/agreements/y/document")


@pytest.mark.parametrize(
    ("status", "leaf", "words"),
    [
        (400, PeerRefused, "does not understand"),
        (401, NotAuthenticated, "mistyped, expired or revoked"),
        (403, PeerRefused, "may not do that"),
        (404, PeerRefused, "has nothing there"),
        (409, PeerRefused, "refuses"),
        (413, PeerRefused, "split it"),
        (422, PeerRefused, "not act on it"),
        (500, PeerRefused, "fault of its own"),
        (503, PeerRefused, "fault of its own"),
    ],
)
def test_a_refusal_says_what_to_do(
    server: RoughServer, api: ApiClient, status: int, leaf: type[PeerRefused], words: str
) -> None:
    """Red if a status becomes another leaf, or the sentence loses the meaning or the server's own words."""
    server.on("/api/v1/me", answer({"title": "Sorry", "detail": "Ask \x1b[31mAnna.", "code": "why"}, status))
    with pytest.raises(leaf) as caught:
        api.get("/me")
    error = caught.value
    assert type(error) is leaf
    assert error.status == status
    assert words in error.sentence
    assert "Sorry: Ask  [31mAnna." in error.sentence
    assert told(error.body).code == "why"


def test_the_wait_asked_for_is_told(server: RoughServer, api: ApiClient) -> None:
    """Red if a `Retry-After` that is too long to sit out is lost."""
    server.on("/api/v1/me", Rough(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(PeerRefused, match="wait 3600 s") as caught:
        api.get("/me")
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b'{"title":"T","description":"D","error_code":"c","http_status":"403"}', "c", "T: D"),
        (b'{"title":"T","detail":"D","code":"c"}', "c", "T: D"),
        (b'{"error":{"message":"D","code":"c"}}', "c", "D"),
        (b'{"error":"D"}', "", ""),
        (b'{"title":"a\\u001b[31mb"}', "", "a [31mb"),
        (b'{"title":5,"detail":["x"],"code":null}', "", ""),
        (b"<html>", "", ""),
        (b"[]", "", ""),
        (b"", "", ""),
        (b"[" * 100_000, "", ""),
    ],
)
def test_a_body_of_any_kind_is_read(body: bytes, code: str, words: str) -> None:
    """Red if an odd error body raises, or another server's way of saying it is missed."""
    assert (told(body).code, told(body).words) == (code, words)


def test_details_are_handed_on() -> None:
    """Red if the facts for programs (such as the agreement in force) are lost."""
    assert told(b'{"title":"T","details":{"agreement":"ab"}}').details == {"agreement": "ab"}
