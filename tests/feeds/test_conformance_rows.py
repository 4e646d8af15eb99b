"""Is each row of the check judged as it must be? The notes of a good server, spoiled in one place a row.

The notes are taken over HTTP from a hub, so what is spoiled is what a real server answers.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from feeds.conformance.asking import Caller, Stated
from feeds.conformance.exchanges import Exchange, Notes
from feeds.conformance.rows import Level, Verdict, counts
from feeds.conformance.survey import survey
from feeds.conformance.table import ROWS, judge
from support.members import neighbourhood
from support.stage import indicator

Spoil = Callable[[Notes], None]
Value = Callable[[dict[str, Any]], None]
HTML = {"content-type": "text/html"}
TIE = "2026-11-20T10:00:00.000000Z"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notes]:
    """What was noted of a good server."""
    folder = tmp_path_factory.mktemp("good")
    with neighbourhood(folder, f"sqlite:///{folder / 'hub.db'}") as hood:
        a, b = (hood.world.cirt(name) for name in ("alpha", "bravo"))
        group = hood.world.agreement([(a, "both", "amber"), (b, "both", "amber")])
        a.publish(group, [indicator(number) for number in range(8)])
        a.publish(group, [indicator(0, modified="2026-11-19T10:58:11.120345Z")])
        with Caller(hood.doors.url, Stated(f"Bearer {b.token}")) as caller:
            yield survey(caller, hood.doors.url)


@pytest.fixture
def notes(good: Notes) -> Notes:
    """The same, to be spoiled."""
    exchanges = {name: replace(each, value=copy.deepcopy(each.value)) for name, each in good.exchanges.items()}
    return replace(good, exchanges=exchanges, handshakes={"1.2": None, "1.3": None})


def came(name: str, **fields: Any) -> Spoil:
    """Another answer to one question."""

    def spoil(notes: Notes) -> None:
        notes.exchanges[name] = replace(notes.exchanges[name], **fields)

    return spoil


def value(name: str, change: Value) -> Spoil:
    """Another resource in one answer."""

    def spoil(notes: Notes) -> None:
        change(notes.exchanges[name].value)

    return spoil


def header(name: str, key: str, text: str | None) -> Spoil:
    """Another header in one answer; None: left out."""

    def spoil(notes: Notes) -> None:
        headers = {k: v for k, v in notes.exchanges[name].headers.items() if k != key}
        changed = headers if text is None else headers | {key: text}
        notes.exchanges[name] = replace(notes.exchanges[name], headers=changed)

    return spoil


def put(**changes: Any) -> Value:
    """Properties set in a resource."""
    return lambda resource: resource.update(changes)


def drop(name: str) -> Value:
    """A property left out of a resource."""
    return lambda resource: resource.pop(name)


def entry(listed: str, **changes: Any) -> Value:
    """Properties set in the first entry of a list."""
    return lambda resource: resource[listed][0].update(changes)


def shuffled(listed: str) -> Value:
    """A list turned round."""
    return lambda resource: resource[listed].reverse()


def each_entry(**changes: Any) -> Value:
    """Properties set in every object or record."""

    def change(resource: dict[str, Any]) -> None:
        for one in resource["objects"]:
            one.update(changes)

    return change


def anonymous_500(notes: Notes) -> None:
    """Whoever is not known gets an internal error."""
    came("collections stranger", status=500)(notes)


def to_http(notes: Notes) -> None:
    """The server is somewhere else, in clear, as its roots say."""
    notes.local = False


def renamed(notes: Notes) -> None:
    """Two collections of one alias."""
    for one in notes.exchanges["collections"].value["collections"]:
        one["alias"] = "same"


def one_page_of_all(name: str) -> Spoil:
    """A page that holds what another one holds."""
    return lambda notes: came(name, value=copy.deepcopy(notes.exchanges["version all"].value))(notes)


def short(name: str) -> Spoil:
    """A page that begins one object too late."""
    return value(name, lambda page: page["objects"].pop(0) and None)


SPOILS: list[tuple[int, str, Spoil]] = [
    (2, "no 1.2", lambda notes: notes.handshakes.update({"1.2": "it fails"})),
    (3, "no 1.3", lambda notes: notes.handshakes.update({"1.3": "it fails"})),
    (8, "no challenge", header("collections nobody", "www-authenticate", None)),
    (9, "500", anonymous_500),
    (9, "403", came("collections nobody", status=403)),
    (10, "401", came("collections lower", status=401)),
    (12, "403", came("no agent", status=403)),
    (20, "404", came("discovery", status=404)),
    (21, "none", value("discovery", drop("api_roots"))),
    (23, "404", came("no slash", status=404)),
    (25, "500", came("head", status=500)),
    (27, "html", came("nowhere", headers=HTML, value=None)),
    (30, "html", header("no collection", "content-type", "text/html")),
    (30, "no version", header("objects", "content-type", "application/taxii+json")),
    (30, "no type", header("no status", "content-type", None)),
    (32, "406", came("accept plain", status=406)),
    (34, "406", came("accept quoted", status=406)),
    (34, "415", came("accept case", status=415)),
    (39, "406", came("accept both", status=406)),
    (41, "400", came("typed", status=400)),
    (42, "case", header("objects", "content-type", 'application/TAXII+JSON;version="2.1"')),
    (43, "twice", came("objects", garbled="the name `id` stands twice")),
    (50, "206", came("objects", status=206)),
    (50, "302", came("manifest", status=302)),
    (51, "page", came("after word", value=None, status=400)),
    (52, "no title", value("no status", drop("title"))),
    (52, "number", value("no status", put(error_id=5))),
    (53, "number", value("no status", put(http_status=404))),
    (53, "other", value("no status", put(http_status="400"))),
    (60, "milliseconds", header("objects", "x-taxii-date-added-last", "2026-11-20T10:00:00.000Z")),
    (60, "offset", value("manifest", entry("objects", date_added="2026-11-20T10:00:00.000000+00:00"))),
    (61, "six digits", value("manifest", entry("objects", version="2026-11-19T09:58:11.120000Z"))),
    (61, "versions", value("versions", put(versions=["2026-11-19T10:58:11.120000Z"]))),
    (62, "slug", value("collections", entry("collections", id="my-collection"))),
    (62, "v1", value("collections", entry("collections", id="472c94ae-3113-1e3e-a4dd-a9f4ac7471d4"))),
    (63, "objects", value("future", put(objects=[]))),
    (63, "media types", value("collections", entry("collections", media_types=[]))),
    (64, "text", value("walk 1", put(more="true"))),
    (64, "number", value("collections", entry("collections", can_read=1))),
    (65, "next", value("future", put(next=None))),
    (70, "no title", value("discovery", drop("title"))),
    (71, "other", value("discovery", put(default="https://hub.example/other/"))),
    (72, "double slash", value("discovery", put(api_roots=["//hub.example/root/"]))),
    (72, "query", value("discovery", put(api_roots=["https://hub.example/root/?a=b"]))),
    (72, "clear", to_http),
    (74, "relative", value("discovery", put(default="/live/", api_roots=["/live/"]))),
    (74, "no slash", value("discovery", put(api_roots=["https://hub.example/live"]))),
    (74, "no default", value("discovery", drop("default"))),
    (75, "no length", value("root", drop("max_content_length"))),
    (76, "number alone", value("root", put(versions=["2.1"]))),
    (76, "2.0 alone", value("root", put(versions=["application/taxii+json;version=2.0"]))),
    (77, "zero", value("root", put(max_content_length=0))),
    (77, "text", value("root", put(max_content_length="1000"))),
    (89, "500", came("bad status", status=500)),
    (89, "200", came("no status", status=200)),
    (91, "turned", value("collections again", shuffled("collections"))),
    (92, "no title", value("collections", lambda resource: resource["collections"][0].pop("title"))),
    (92, "null", value("collection", put(can_write=None))),
    (93, "forbidden", came("objects", status=403)),
    (93, "open", lambda notes: notes.exchanges.update(closed=notes.exchanges["objects"])),
    (94, "twice", renamed),
    (95, "404", came("alias", status=404)),
    (96, "text", value("collection", put(media_types="application/stix+json"))),
    (97, "200", came("no collection objects", status=200)),
    (97, "403", came("no collection", status=403)),
    (100, "404", came("manifest", status=404)),
    (100, "list", came("manifest", value=[])),
    (101, "no version", value("manifest", lambda resource: resource["objects"][0].pop("version"))),
    (101, "other type", value("manifest", entry("objects", media_type="application/stix+json;version=2.0"))),
    (102, "order", value("manifest", shuffled("objects"))),
    (104, "no next", value("manifest walk 1", drop("next"))),
    (110, "bundle", value("objects", put(type="bundle"))),
    (110, "items", value("objects", put(items=[]))),
    (110, "list", came("objects", value=[])),
    (111, "bundle", value("objects", entry("objects", type="bundle"))),
    (111, "other id", value("bare", entry("objects", id="malware--8e2e2d2b-17d4-4cbf-938f-000000000000"))),
    (112, "404", came("future", status=404)),
    (112, "empty list", value("future", put(objects=[]))),
    (114, "400", came("bare", status=400)),
    (140, "two", one_page_of_all("object")),
    (140, "404", came("object", status=404)),
    (142, "500", came("no object", status=500)),
    (144, "objects", value("versions", put(versions=[{}]))),
    (145, "turned", value("versions", shuffled("versions"))),
    (160, "no last", header("walk 1", "x-taxii-date-added-last", None)),
    (160, "versions", header("versions", "x-taxii-date-added-first", None)),
    (161, "other", header("manifest", "x-taxii-date-added-last", TIE)),
    (162, "undefined", header("future", "x-taxii-date-added-last", "undefined")),
    (170, "turned", value("manifest", shuffled("objects"))),
    (171, "tie", value("manifest", each_entry(date_added=TIE))),
    (172, "500", came("after word", status=500)),
    (172, "200", came("version word", status=200)),
    (173, "itself", lambda notes: came("after first", value=notes.exchanges["manifest"].value)(notes)),
    (173, "400", came("after first", status=400)),
    (174, "400", came("after seconds", status=400)),
    (176, "zero is served", came("limit 0", status=200)),
    (176, "all of it", one_page_of_all("walk 1")),
    (177, "another", one_page_of_all("id one")),
    (177, "nothing", value("type two", drop("objects"))),
    (178, "served", came("after twice", status=200)),
    (180, "404", came("type absent", status=404)),
    (181, "2.0", one_page_of_all("spec 2.0")),
    (182, "400", came("version first,last", status=400)),
    (182, "not found", value("version exact", drop("objects"))),
    (182, "empty", value("version first", drop("objects"))),
    (190, "false", value("walk 1", put(more=False))),
    (191, "no next", value("walk 1", drop("next"))),
    (191, "empty page", value("walk 1", drop("objects"))),
    (191, "at the end", value("future", put(next="token"))),
    (192, "left out", short("walk 2")),
    (192, "first page again", lambda notes: came("walk 2", value=notes.exchanges["walk 1"].value)(notes)),
    (192, "400", came("walk 2", status=400)),
    (193, "left out", short("walk by date")),
    (194, "objects", lambda notes: came("token on manifest", **answer_of(notes, "walk 2"))(notes)),
    (194, "elsewhere", lambda notes: came("token elsewhere", **answer_of(notes, "walk 2"))(notes)),
    (194, "500", came("token elsewhere", status=500)),
    (195, "goes on", lambda notes: came("walk 2 again", value=notes.exchanges["walk 3"].value)(notes)),
    (195, "400", came("walk 2 again", status=400)),
    (196, "400", came("token alone", status=400)),
    (199, "too much", came("bare", status=None, failure="it answers with more than 9 bytes")),
    (207, "type", value("objects", each_entry(spec_version="indicator"))),
]


def answer_of(notes: Notes, name: str) -> dict[str, Any]:
    """The fields of another answer."""
    found = notes.exchanges[name]
    return {"status": found.status, "value": found.value, "headers": found.headers}


def test_a_good_server_is_good(notes: Notes) -> None:
    """Red if a judge accuses what is right, or leaves a row unseen for which there was occasion."""
    other = {each.row.number: each.judgement for each in judge(notes) if each.judgement.verdict is not Verdict.OK}
    assert [*other] == [1], other


@pytest.mark.parametrize(
    ("number", "spoil"), [each[::2] for each in SPOILS], ids=[f"{number}-{what}" for number, what, _ in SPOILS]
)
def test_a_spoiled_row_is_broken(notes: Notes, number: int, spoil: Spoil) -> None:
    """Red if the row's judge looks away: the one fault in the notes must break the row of that number."""
    before = {each.row.number: each.judgement.verdict for each in judge(notes)}
    assert before[number] is Verdict.OK or (number, before[number]) == (1, Verdict.UNSEEN)
    spoil(notes)
    found = next(each for each in judge(notes) if each.row.number == number)
    assert found.judgement.verdict is Verdict.BROKEN, found.judgement
    assert found.breach is (found.row.level is Level.MUST)
    assert found.view()["mend"] == found.row.mend


def test_every_row_can_be_broken() -> None:
    """Red if a row is added without a fault that breaks it: a judge that cannot fail judges nothing."""
    assert {number for number, _, _ in SPOILS} | {1} == {row.number for row in ROWS}
    assert len({row.number for row in ROWS}) == len(ROWS)


def test_1_https_is_seen_from_the_address(notes: Notes) -> None:
    """Red if a server on https is not told to be on it."""
    notes.origin = "https://hub.example"
    assert judge(notes)[0].judgement.verdict is Verdict.OK


def test_what_did_not_come_is_not_judged(notes: Notes) -> None:
    """Red if a lost answer breaks a row, or counts as a good one."""
    notes.exchanges = {
        name: Exchange(each.method, each.target, failure="silence", lost=True) for name, each in notes.exchanges.items()
    }
    told = counts(judge(notes))
    assert (told["broken"], told["ok"], notes.lost) == (0, 2, True)  # the two handshakes
    assert counts(judge(Notes("https://hub.example", local=False, given=False, basic=False)))["broken"] == 0
