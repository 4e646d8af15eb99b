"""Reading and writing other TAXII servers, also those that misbehave. The server is a real one on 127.0.0.1."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from feeds.errors import BadAnswer, EndlessPages, NotAuthenticated, PeerError, PeerRefused, TooMuch, Unreachable
from feeds.page_guard import RawPage
from feeds.peer import Peer, PeerCollection
from feeds.retries import Retries
from feeds.session import HttpSession, Limits
from feeds.timestamps import format_taxii
from support.rough_server import Manner, Plan, Rough, RoughServer, Seen, taxii

ID = "0d2fe6a4-1f9c-4f5b-9be2-21a9d0d3a7c1"
STATUS_ID = "2d086da7-4bdc-4f91-900e-d77486753710"
ROOT = "/live/"
INFO = {"id": ID, "title": "Regio", "can_read": True, "can_write": True}
HOME = f"{ROOT}collections/{ID}/"
OBJECTS = f"{HOME}objects/"
MICRO = 1_763_632_800_000_000
STATUS = {
    "id": STATUS_ID,
    "status": "complete",
    "total_count": 1,
    "success_count": 1,
    "failure_count": 0,
    "pending_count": 0,
}


@pytest.fixture
def server() -> Iterator[RoughServer]:
    """A TAXII server with one collection; its objects are each test's own affair."""
    with RoughServer() as running:
        running.on(HOME, taxii(INFO))
        yield running


@pytest.fixture
def session(server: RoughServer) -> Iterator[HttpSession]:
    """An impatient session that does not sleep."""
    limits = Limits(read_s=0.25, max_bytes=100_000)
    with HttpSession(server.address, limits=limits, retries=Retries(sleep=lambda _: None)) as opened:
        yield opened


@pytest.fixture
def collection(server: RoughServer, session: HttpSession) -> PeerCollection:
    """The collection, with at most 30 pages a run."""
    return PeerCollection(server.address + HOME, session, json.loads, max_pages=30)


def page(number: int, *, more: bool = True, token: str | None = "", objects: list[object] | None = None) -> Rough:
    """A page with one object; `next` is a token of its own unless given (None: absent)."""
    resource: dict[str, Any] = {"more": more}
    if more and token is not None:
        resource["next"] = token or f"token-{number}"
    if objects != []:
        resource["objects"] = objects or [{"id": f"tool--{number}"}]
    when = format_taxii(MICRO + number)
    return taxii(resource, X_TAXII_Date_Added_First=when, X_TAXII_Date_Added_Last=when)


def drained(pages: Iterator[RawPage]) -> tuple[list[str], PeerError | None]:
    """The ids of all objects that were given out, and the error that ended the run."""
    ids: list[str] = []
    try:
        for each in pages:
            ids.extend(one["id"] for one in each.objects)
    except PeerError as error:
        return ids, error
    return ids, None


def test_pages_follow_next_with_the_same_filters(server: RoughServer, collection: PeerCollection) -> None:
    """Row 192. Red if a filter, the limit or `added_after` is dropped on page two, or the limit is lowered."""
    server.on(OBJECTS, page(1), page(2), page(3, more=False))
    match = {"type": ["tool", "malware"], "version": "all"}
    assert drained(collection.pages(added_after=MICRO, match=match, limit=50)) == (
        ["tool--1", "tool--2", "tool--3"],
        None,
    )
    same = {
        "match[type]": "tool,malware",
        "match[version]": "all",
        "added_after": "2025-11-20T10:00:00.000000Z",
        "limit": "50",
    }
    assert [each.query for each in server.calls(OBJECTS)] == [
        same,
        same | {"next": "token-1"},
        same | {"next": "token-2"},
    ]
    assert {each.headers["accept"] for each in server.seen} == {"application/taxii+json;version=2.1"}


def test_a_run_goes_on_from_a_token(server: RoughServer, collection: PeerCollection) -> None:
    """Red if a stored token is not sent with the first request."""
    server.on(OBJECTS, page(3, more=False))
    assert drained(collection.pages(next="token-2"))[0] == ["tool--3"]
    assert server.calls(OBJECTS)[0].query["next"] == "token-2"


def test_a_page_is_its_bytes(server: RoughServer, session: HttpSession) -> None:
    """Red if the bytes are decoded and encoded again, or another parser than the caller's reads them."""
    raw = b'{ "more":false , "objects":[{"id":"x","n":1.00,"u":"\\u00e9"}] }'
    server.on(OBJECTS, Rough(raw))
    read: list[bytes] = []

    def parse(body: bytes) -> Any:
        read.append(body)
        return json.loads(body)

    (only,) = PeerCollection(server.address + HOME, session, parse).pages()
    assert (only.body, read[-1]) == (raw, raw)
    assert (only.first, only.last, only.more, only.next) == (None, None, False, None)


def test_an_empty_collection_has_one_empty_page(server: RoughServer, collection: PeerCollection) -> None:
    """Rows 112, 162. Red if `{}` without headers is an error."""
    server.on(OBJECTS, taxii({}))
    (only,) = collection.pages()
    assert only.objects == []


def test_the_headers_are_positions(server: RoughServer, collection: PeerCollection) -> None:
    """Row 161. Red if finer digits are rounded up (objects would be skipped)."""
    server.on(
        OBJECTS, replace(page(1, more=False), headers={"X-TAXII-Date-Added-Last": "2025-11-20T10:00:00.0000019Z"})
    )
    (only,) = collection.pages()
    assert only.last == MICRO + 1


def test_a_header_that_is_no_time_is_a_bad_answer(server: RoughServer, collection: PeerCollection) -> None:
    """Row 162: `undefined` was seen. Red if it escapes as another error, or is taken for absent."""
    server.on(OBJECTS, replace(page(1, more=False), headers={"X-TAXII-Date-Added-Last": "undefined"}))
    assert isinstance(drained(collection.pages())[1], BadAnswer)


def endless(**changes: Any) -> Callable[[Seen], Rough]:
    """Pages without end, each with a new token."""
    numbers = itertools.count(1)
    return lambda _: page(next(numbers), **changes)


@pytest.mark.parametrize(
    ("plans", "given_out", "words"),
    [
        ([page(1, token=None)], 1, "without saying where"),
        ([page(1), page(2, token="token-1")], 2, "a second time"),
        ([page(1), page(2), page(3, token="token-1")], 3, "a second time"),
        ([page(1), page(2, objects=[])], 1, "after an empty page"),
        ([page(2), page(1)], 1, "go back in time"),
        ([page(1), page(2, objects=[{"id": "tool--1"}])], 1, "same page again"),
        ([endless()], 30, "more pages than are read"),
    ],
    ids=["no next", "same next", "circle", "empty page", "backwards", "same page", "endless"],
)
def test_row_191_pages_that_would_never_end_do(
    server: RoughServer, collection: PeerCollection, plans: list[Plan], given_out: int, words: str
) -> None:
    """Rows 104, 191. Red if a server can keep us for ever, or a good page before its faulty promise is lost."""
    server.on(OBJECTS, *plans)
    ids, error = drained(collection.pages())
    assert len(ids) == given_out
    assert isinstance(error, EndlessPages)
    assert words in error.sentence


@pytest.mark.parametrize(
    ("rough", "leaf"),
    [
        (Rough(manner=Manner.STALL), Unreachable),
        (replace(page(1), manner=Manner.CUT), Unreachable),
        (replace(page(1), content_type="application/json"), BadAnswer),
        (replace(page(1), content_type="text/html"), BadAnswer),
        (replace(page(1), content_type="application/taxii+json;version=2.0"), BadAnswer),
        (replace(page(1), content_type=None), BadAnswer),
        (Rough(b'{"more": fal'), BadAnswer),
        (Rough(b"[]"), BadAnswer),
        (Rough(b'{"objects": {}}'), BadAnswer),
        (Rough(b" " * 100_001), TooMuch),
        (taxii({"title": "Unauthorized"}, 401), NotAuthenticated),
        (taxii({"title": "Bad cursor"}, 400), PeerRefused),
        (taxii({"title": "busy"}, 503), PeerRefused),
    ],
    ids=["stall", "cut", "json", "html", "2.0", "no type", "half json", "list", "objects", "huge", "401", "400", "503"],
)
def test_a_bad_page_is_an_error_of_ours(
    server: RoughServer, collection: PeerCollection, rough: Rough, leaf: type[PeerError]
) -> None:
    """Rows 42, 52. Red if a fault of the server escapes as an error of a library, or half a page is given out."""
    server.on(OBJECTS, page(1), rough)
    ids, error = drained(collection.pages())
    assert (ids, type(error)) == (["tool--1"], leaf)


def test_a_passing_fault_does_not_break_the_run(server: RoughServer, collection: PeerCollection) -> None:
    """Red if one 503, stall, lost connection or cut page in the middle loses the run, or gives a page out twice."""
    server.on(
        OBJECTS,
        page(1),
        taxii({}, 503),
        Rough(manner=Manner.HANG_UP),
        page(2),
        replace(page(3), manner=Manner.CUT),
        Rough(manner=Manner.STALL),
        page(3, more=False),
    )
    assert drained(collection.pages()) == (["tool--1", "tool--2", "tool--3"], None)


@pytest.mark.parametrize("stated", ["Application/TAXII+JSON; Version=2.1", 'application/taxii+json;version="2.1"'])
def test_a_content_type_is_compared_as_http_asks(server: RoughServer, collection: PeerCollection, stated: str) -> None:
    """Row 34. Red if the library's own comparison, by letter, is back."""
    server.on(OBJECTS, replace(page(1, more=False), content_type=stated))
    assert drained(collection.pages()) == (["tool--1"], None)


def test_manifest_pages(server: RoughServer, collection: PeerCollection) -> None:
    """Row 104. Red if the manifest is read at another place, or not beyond its first page."""
    server.on(f"{HOME}manifest/", page(1), page(2, more=False))
    assert drained(collection.manifest_pages())[0] == ["tool--1", "tool--2"]


def test_a_post_sends_the_bytes_and_gives_the_status(server: RoughServer, collection: PeerCollection) -> None:
    """Rows 83, 121. Red if signed bytes change on their way, or the receipts (custom properties) are dropped."""
    raw = b'{ "objects" : [ ] }'
    server.on(OBJECTS, taxii({}, 503), taxii(STATUS | {"x_cirt_hub_receipts": ["a.b.c"]}, 202))
    assert collection.post(raw) == STATUS | {"x_cirt_hub_receipts": ["a.b.c"]}
    seen = server.calls(OBJECTS)[-1]
    assert (seen.method, seen.body, seen.headers["content-type"]) == ("POST", raw, "application/taxii+json;version=2.1")


@pytest.mark.parametrize(
    "status",
    [STATUS | {"total_count": 5}, STATUS | {"failures": [{}]}, {}, STATUS | {"self": 1}, STATUS | {"id": None}, []],
    ids=["sum", "list", "empty", "a name of Python's", "no id", "a list"],
)
def test_row_83_a_status_that_does_not_add_up_is_a_bad_answer(
    server: RoughServer, collection: PeerCollection, status: object
) -> None:
    """Row 83. Red if an odd status escapes as KeyError or TypeError, or is believed."""
    server.on(OBJECTS, taxii(status, 202))
    with pytest.raises(BadAnswer):
        collection.post(b"{}")


def test_rights_that_are_not_there_are_a_refusal(server: RoughServer, collection: PeerCollection) -> None:
    """Row 93. Red if the library's own error escapes."""
    server.on(HOME, taxii(INFO | {"can_write": False, "can_read": False}))
    with pytest.raises(PeerRefused):
        collection.post(b"{}")
    with pytest.raises(PeerRefused):
        next(collection.pages())


def test_a_status_is_read_again(server: RoughServer, session: HttpSession) -> None:
    """Row 87. Red if an earlier publication's status cannot be asked for."""
    server.on(f"{ROOT}status/{STATUS_ID}/", taxii(STATUS))
    assert Peer(session, json.loads).status(server.address + ROOT, STATUS_ID) == STATUS


def test_discovery_root_and_collections(server: RoughServer, session: HttpSession) -> None:
    """Rows 70-96. Red if a relative root is not made absolute, or a property is lost."""
    server.on("/taxii2/", taxii({"title": "Hub", "default": ROOT, "api_roots": [ROOT, "https://other.example/x/"]}))
    server.on(
        ROOT, taxii({"title": "Live", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 9})
    )
    server.on(f"{ROOT}collections/", taxii({"collections": [INFO | {"alias": "regio", "description": "words"}]}))
    peer = Peer(session, json.loads)
    discovery = peer.discovery()
    assert (discovery.title, discovery.default) == ("Hub", server.address + ROOT)
    assert discovery.api_roots == (server.address + ROOT, "https://other.example/x/")
    assert peer.root(server.address + ROOT).max_content_length == 9
    (info,) = peer.collections(server.address + ROOT)
    assert (info.id, info.alias, info.can_read, info.media_types) == (ID, "regio", True, ())
    assert peer.collection(server.address + ROOT, ID).info().title == "Regio"


def test_an_api_root_elsewhere_gets_no_credentials(server: RoughServer, session: HttpSession) -> None:
    """Row 73. Red if a discovery resource can send our credentials to another server."""
    with RoughServer() as thief:
        with pytest.raises(PeerError, match="another server"):
            Peer(session, json.loads).collections(thief.address + ROOT)
        assert thief.seen == []


@pytest.mark.parametrize(
    "info",
    [
        {},
        [],
        INFO | {"id": "../../admin"},
        INFO | {"id": 5},
        INFO | {"can_read": "yes"},
        INFO | {"can_read": None},
        INFO | {"title": ["x"]},
        INFO | {"id": STATUS_ID},
    ],
    ids=["empty", "list", "path", "number", "word", "null", "title", "another"],
)
def test_a_collection_that_is_none_is_a_bad_answer(
    server: RoughServer, collection: PeerCollection, info: object
) -> None:
    """Rows 62, 92-93. Red if an odd collection escapes as an error of a library, or is believed."""
    server.on(HOME, taxii(info))
    with pytest.raises(BadAnswer):
        collection.info()


@pytest.mark.parametrize(
    "resource", [{"collections": "x"}, {"collections": [5]}, {"collections": [{}]}, {"collections": None}]
)
def test_collections_that_are_none_are_a_bad_answer(
    server: RoughServer, session: HttpSession, resource: dict[str, object]
) -> None:
    """Rows 63, 90. Red if an odd list escapes as an error of a library."""
    server.on(f"{ROOT}collections/", taxii(resource))
    with pytest.raises(BadAnswer):
        Peer(session, json.loads).collections(server.address + ROOT)


@pytest.mark.parametrize("length", [0, -1, "9", True, None, 1.5])
def test_row_77_an_unusable_length_is_a_bad_answer(server: RoughServer, session: HttpSession, length: object) -> None:
    """Row 77. Red if we would split publications by a length that is none."""
    server.on(ROOT, taxii({"title": "Live", "versions": ["v"], "max_content_length": length}))
    with pytest.raises(BadAnswer):
        Peer(session, json.loads).root(server.address + ROOT)


def test_a_collections_name_from_outside_is_no_path(session: HttpSession) -> None:
    """Row 62. Red if an id can lead to another place of the server."""
    with pytest.raises(BadAnswer, match="no TAXII identifier"):
        Peer(session, json.loads).collection(session.address + ROOT, "../../x")
