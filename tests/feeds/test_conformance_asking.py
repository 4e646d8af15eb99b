"""Does the check come to an end, whatever the server sends, and does it only ever read?"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from feeds.conformance.asking import MAX_REQUESTS, Caller, Stated
from feeds.conformance.exchanges import Notes, NotIJson, read
from feeds.conformance.rows import Verdict
from feeds.conformance.survey import survey
from feeds.conformance.table import judge
from feeds.errors import NotAuthenticated, Unreachable
from feeds.retries import Retries
from feeds.session import Limits
from support.rough_server import Manner, Rough, RoughServer, Seen, taxii

HASTY = Limits(connect_s=1.0, read_s=0.3, whole_s=1.0, max_bytes=20_000)
ONCE = Retries(attempts=1)
GROUP = "472c94ae-3113-4e3e-a4dd-a9f4ac7471d4"
COLLECTION = {"id": GROUP, "title": "One", "can_read": True, "can_write": False}
STUMBLED = "stumbled"
ODD: list[Any] = [
    None,
    5,
    "text",
    [],
    [None],
    {},
    {"objects": 5, "collections": {"a": 1}, "api_roots": "x", "versions": 7, "title": [], "more": "yes", "next": {}},
    {"objects": [None, 1, "x", [], {}], "collections": [None, 5, {"id": 7, "can_read": True}], "versions": [None, {}]},
    {"objects": [{"id": 5, "type": {}, "modified": [], "date_added": {}, "version": 1}], "more": True, "next": ""},
    {"objects": [{"id": "\u202e\u0007--x", "type": "a&b=c", "modified": "\r\nx"}], "more": True, "next": "\r\nA: b"},
    {
        "collections": [COLLECTION | {"alias": "../\u0000?#", "media_types": [None]}],
        "http_status": {},
        "title": "\x1b[2J",
    },
]


@contextmanager
def asked(server: RoughServer, **changes: Any) -> Iterator[Notes]:
    """The notes on a rough server, taken in haste."""
    with Caller(server.address, limits=HASTY, retries=ONCE, **changes) as caller:
        yield survey(caller, server.address)


def rough(server: RoughServer, *, objects: Any) -> None:
    """A server with one collection whose every endpoint answers the same."""
    server.on("/taxii2/", taxii({"title": "Rough", "default": f"{server.address}/r/"}))
    server.on("/r/", taxii({"title": "Root", "versions": ["2.1"], "max_content_length": 1}))
    server.on("/r/collections/", taxii({"collections": [COLLECTION]}))
    for end in ("", "manifest/", "objects/"):
        plan = objects if callable(objects) or isinstance(objects, Rough) else taxii(objects)
        server.on(f"/r/collections/{GROUP}/{end}", plan)


@pytest.fixture
def server() -> Iterator[RoughServer]:
    """Give a rough server."""
    with RoughServer() as server:
        yield server


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_resources_break_rows_and_never_the_check(server: RoughServer, odd: Any) -> None:
    """Red if a judge or the survey trusts the type of anything received."""
    rough(server, objects=odd)
    for path in ("/taxii2/", "/r/", "/r/collections/"):
        server.on(path, taxii(odd))
        with asked(server) as notes:
            results = judge(notes)
        assert [each for each in results if STUMBLED in each.judgement.came] == []
        assert any(each.judgement.verdict is Verdict.BROKEN for each in results)
        rough(server, objects=odd)
    with asked(server) as notes:
        assert [each for each in judge(notes) if STUMBLED in each.judgement.came] == []


def test_pages_without_end_are_left_after_three(server: RoughServer) -> None:
    """Red if pages are followed to their end: this server has none. All is asked by GET, or a HEAD that it refuses."""

    def page(seen: Seen) -> Rough:
        number = len(server.seen)
        entry = {"id": f"indicator--{number}", "date_added": "x", "version": "y"}
        return taxii({"more": True, "next": f"token-{number}", "objects": [entry] * 3, "of": seen.path})

    rough(server, objects=page)
    with asked(server) as notes:
        assert len(server.seen) < MAX_REQUESTS
        assert notes.exchanges["walk 3"].ok
    assert {each.method for each in server.seen} == {"GET"}
    assert {each.method for each in notes.exchanges.values()} == {"GET", "HEAD"}
    assert {each.body for each in server.seen} == {b""}


def test_a_huge_answer_is_left_at_the_limit(server: RoughServer) -> None:
    """Row 199. Red if an answer is read to its end whatever its size."""
    rough(server, objects=lambda _: Rough(b"[" + b"1," * HASTY.max_bytes + b"1]"))
    with asked(server) as notes:
        found = {each.row.number: each.judgement for each in judge(notes)}
    assert found[199].verdict is Verdict.BROKEN
    assert "more than 20000 bytes" in found[199].came


def test_silence_ends_the_questions(server: RoughServer) -> None:
    """Red if a server that takes requests and says nothing is asked ninety times, or is said to be good."""
    rough(server, objects=Rough(manner=Manner.STALL))
    server.on("/r/collections/", Rough(manner=Manner.STALL))
    with asked(server) as notes:
        results = judge(notes)
    assert notes.lost
    assert len(server.seen) < 10
    seen = [each.row.number for each in results if each.judgement.verdict is Verdict.OK]
    assert not {92, 97, 110, 192} & {*seen}


def test_a_broken_off_answer_is_no_answer(server: RoughServer) -> None:
    """Red if what came of a cut body is judged."""
    rough(server, objects=Rough(b'{"objects": [', manner=Manner.CUT))
    with asked(server) as notes:
        assert notes.exchanges["objects"].status is None
        assert notes.lost


def test_nobody_there_is_unreachable() -> None:
    """Red if a check of a server that is not there ends with rows."""
    with RoughServer() as server:
        address = server.address
    with Caller(address, limits=HASTY, retries=ONCE) as caller, pytest.raises(Unreachable, match="nothing answers"):
        survey(caller, address)


@pytest.mark.parametrize("path", ["/taxii2/", "/r/", "/r/collections/"])
def test_401_is_not_authenticated(server: RoughServer, path: str) -> None:
    """Red if a check without the right credentials reports rows of what it could not see."""
    rough(server, objects={})
    server.on(path, taxii({"title": "Unauthorized"}, 401))
    with pytest.raises(NotAuthenticated, match="--token-file"), asked(server):
        pass


def test_credentials_go_to_the_one_server(server: RoughServer) -> None:
    """Red if a root elsewhere, or a redirect there, is followed with the token."""
    with RoughServer() as other:
        rough(server, objects=Rough(b"", 302, {"Location": f"{other.address}/r/"}))
        server.on("/taxii2/", taxii({"title": "R", "default": f"{other.address}/r/", "api_roots": ["/r/"]}))
        with asked(server, credentials=Stated("Bearer a-secret")) as notes:
            assert "not followed" in str(notes.exchanges["objects"].failure)
        assert other.seen == []
    told = {each.headers.get("authorization") for each in server.seen}
    assert told == {None, "Bearer a-secret", "bearer a-secret", "Basic Y2lydC1jaGVjazpub2JvZHktaGFzLXRoaXM="}
    assert "a-secret" not in repr(Stated("Bearer a-secret"))


def test_no_agent_is_sent_where_none_is_to_be(server: RoughServer) -> None:
    """Row 12. Red if the HTTP library adds its own name."""
    rough(server, objects={})
    with asked(server) as notes:
        assert notes.exchanges["no agent"].ok
    assert sum("user-agent" not in each.headers for each in server.seen) == 1


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
        (b'{"a":1,"a":1}', "`a` stands twice"),
        (b'{"a":NaN}', "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b'"\xff"', "UTF-8"),
        (rb'"\ud800"', "surrogate"),
        (b"{", "not JSON"),
        (b"[" * 200_000, "too deeply"),
        (b"9" * 10_000, "not JSON"),
    ],
)
def test_43_what_is_not_i_json_is_told(raw: bytes, fault: str) -> None:
    """Red if a body that two readers could read differently passes, or breaks the reader."""
    with pytest.raises(NotIJson, match=fault):
        read(raw)


def test_43_what_is_i_json_passes() -> None:
    """Red if a good body is accused."""
    assert read(json.dumps({"a": [1, 2.5, True, None, "\U0001f600"]}).encode()) == {
        "a": [1, 2.5, True, None, "\U0001f600"]
    }
