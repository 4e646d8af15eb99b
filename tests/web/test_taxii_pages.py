"""Do collections, pages and filters keep the rows of TAXII 2.1? What shows in one answer; tests bear their numbers."""

import re
from typing import Any

import pytest

from support.stage import NOWHERE, Stage, told
from support.world import TAXII

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
LURE = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001"
TWICE = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000000"


def test_90_no_collections_leave_the_list_out(stage: Stage) -> None:
    """Red if a member without groups is sent an empty list (TAXII 2.1 §2)."""
    assert told(stage.call("/live/collections/", "oscar")) == {}
    assert told(stage.call("/live/collections/", "pending")) == {}


def test_62_91_to_96_i8_collections_as_this_requester_sees_them(stage: Stage) -> None:
    """T-19. Red if the order is not by id, a flag is somebody else's, or a foreign group shows."""
    seen = {who: told(stage.call("/live/collections/", who))["collections"] for who in ("alpha", "papa", "romeo")}
    assert [len(each) for each in seen.values()] == [4, 2, 2]
    for listed in seen.values():
        assert [each["id"] for each in listed] == sorted(each["id"] for each in listed)
        assert all(UUID4.fullmatch(each["id"]) for each in listed)
    flags = {
        who: {each["alias"]: (each["can_read"], each["can_write"]) for each in listed} for who, listed in seen.items()
    }
    assert flags["alpha"]["first-group"] == (True, True)
    assert flags["alpha"]["first-group-proofs"] == (True, False)
    assert flags["papa"] == {"first-group": (False, True), "first-group-proofs": (False, False)}
    assert flags["romeo"] == {"first-group": (True, False), "first-group-proofs": (True, False)}
    assert len({each["title"] for each in seen["alpha"]}) == 4
    assert seen["alpha"][0]["media_types"] == ["application/stix+json;version=2.1"]


def test_92_the_description_says_how_to_label_unmarked_objects(stage: Stage) -> None:
    """Red if stock clients, who see no manifest, are not told the ceiling in words."""
    described = told(stage.call(stage.objects(path="")))["description"]
    assert "TLP:AMBER+STRICT" in described


def test_95_an_alias_works_wherever_an_id_does(stage: Stage) -> None:
    """Red if the alias is not looked up, or comes back as the id."""
    for path in ("", "objects/", "manifest/", f"objects/{LURE}/", f"objects/{LURE}/versions/"):
        by_id, by_alias = (stage.call(stage.objects(name, path)) for name in (stage.first.id, "first-group"))
        assert (by_alias.status_code, by_alias.data) == (200, by_id.data)
    assert told(stage.call(stage.objects("first-group", "")))["id"] == stage.first.id


@pytest.mark.parametrize(
    ("who", "flags"),
    [("papa", (False, True)), ("alpha", (True, True)), ("romeo", (True, False))],
)
def test_i9_to_i11_97_a_visible_collection(stage: Stage, who: str, flags: tuple[bool, bool]) -> None:
    """Red if the flags of one collection differ from what the endpoints do."""
    body = told(stage.call(stage.objects(path=""), who))
    assert (body["can_read"], body["can_write"]) == flags
    reads = stage.call(stage.objects(), who).status_code
    writes = stage.call(stage.objects(), who, "POST").status_code
    assert (reads, writes) == (200 if flags[0] else 403, 415 if flags[1] else 403)


def test_i12_97_neither_right_is_still_a_visible_collection(stage: Stage) -> None:
    """Red if a collection with both flags false is hidden from its publisher (the proofs, for who only publishes)."""
    answer = stage.call(stage.objects(stage.first.proofs, ""), "papa")
    assert answer.status_code == 200
    assert (told(answer)["can_read"], told(answer)["can_write"]) == (False, False)


@pytest.mark.parametrize("path", ["objects/", "manifest/", f"objects/{LURE}/", f"objects/{LURE}/versions/"])
def test_i13_105_113_147_reading_what_one_may_only_write_is_403(stage: Stage, path: str) -> None:
    """Red if `can_read` is not asked, or a known collection pretends not to be there."""
    assert stage.call(stage.objects(path=path), "papa").status_code == 403


def test_i14_127_writing_what_one_may_only_read_is_403(stage: Stage) -> None:
    """Red if `can_write` is not asked before the body is looked at."""
    assert stage.post(stage.objects(), b"{}", "romeo").status_code == 403
    assert stage.post(stage.objects(stage.first.proofs), b"{}", "alpha").status_code == 403


@pytest.mark.parametrize("name", ["", NOWHERE, "not-a-uuid", "%00", "'", "first-group%0a", "FIRST-GROUP"])
def test_i17_97_an_unknown_collection_is_404(stage: Stage, name: str) -> None:
    """Red if an odd name is anything but a 404, on either engine."""
    for path in ("", "objects/", "manifest/", f"objects/{LURE}/", f"objects/{LURE}/versions/"):
        answer = stage.call(f"/live/collections/{name or NOWHERE}/{path}")
        assert (answer.status_code, told(answer)["title"]) == (404, "Not found")


def test_i7_an_unknown_root_is_404(stage: Stage) -> None:
    """Red if another root is answered."""
    assert stage.call("/api1/").status_code == 404
    assert stage.call(f"/api1/collections/{stage.first.id}/").status_code == 404


def test_60_100_to_104_160_161_i18_the_manifest(stage: Stage) -> None:
    """Red if a record lacks its time or type, an order differs from the objects', or `next` is left out."""
    objects = told(stage.call(stage.objects()))["objects"]
    answer = stage.call(stage.objects(path="manifest/"))
    records = told(answer)["objects"]
    assert [each["id"] for each in records] == [each["id"] for each in objects]
    assert [each["version"] for each in records] == [each["modified"] for each in objects]
    assert {each["media_type"] for each in records} == {"application/stix+json;version=2.1"}
    assert all(STAMP.fullmatch(each["date_added"]) for each in records)
    assert answer.headers["X-TAXII-Date-Added-First"] == records[0]["date_added"]
    assert answer.headers["X-TAXII-Date-Added-Last"] == records[-1]["date_added"]
    page = told(stage.call(stage.objects(path="manifest/?limit=1")))
    assert page["more"] is True
    assert page["next"]


def test_110_to_112_i19_i20_objects_and_an_empty_page(stage: Stage) -> None:
    """Red if an empty page has an `objects` list, `next`, or a date header that moves a poller."""
    full, empty = stage.call(stage.objects()), stage.call(stage.objects(path="objects/?match[type]=malware"))
    assert set(told(full)) == {"more", "objects"}
    assert told(empty) == {"more": False}
    assert (empty.status_code, "X-TAXII-Date-Added-Last" in empty.headers) == (200, False)
    assert {"X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"} <= set(full.headers.keys())


def test_140_142_i21_one_object_and_none(stage: Stage) -> None:
    """Row 143. Red if an object comes bare or not the latest, a filter makes a 404, or an unknown version does not."""
    body = told(stage.call(stage.objects(path=f"objects/{TWICE}/")))
    assert [each["name"] for each in body["objects"]] == ["Lure 0, seen again"]
    assert stage.call(stage.objects(path="objects/indicator--00000000-0000-4000-8000-000000000000/")).status_code == 404
    for odd in ("%00", "%0a", "x" * 5000, f"{LURE}%00"):
        assert stage.call(stage.objects(path=f"objects/{odd}/")).status_code == 404
        assert stage.call(stage.objects(path=f"objects/{odd}/versions/")).status_code == 404
    excluded = stage.call(stage.objects(path=f"objects/{LURE}/?match[spec_version]=2.0"))
    assert (excluded.status_code, told(excluded)) == (200, {"more": False})
    unknown = stage.call(stage.objects(path=f"objects/{LURE}/?match[version]=2001-01-01T00:00:00Z"))
    assert unknown.status_code == 404


def test_61_144_145_163_i22_versions(stage: Stage) -> None:
    """Red if a version's text is reformatted, or the order is not that of addition."""
    answer = stage.call(stage.objects(path=f"objects/{TWICE}/versions/"))
    assert told(answer) == {"more": False, "versions": ["2026-11-19T09:58:11.120Z", "2026-11-20T08:00:00.000Z"]}
    assert STAMP.fullmatch(answer.headers["X-TAXII-Date-Added-First"])


def test_i29_193_paging_versions_by_added_after(stage: Stage) -> None:
    """Red if the header of a page of versions is not the date of its last version."""
    first = stage.call(stage.objects(path=f"objects/{TWICE}/versions/?limit=1"))
    assert told(first)["more"] is True
    after = first.headers["X-TAXII-Date-Added-Last"]
    second = stage.call(stage.objects(path=f"objects/{TWICE}/versions/?added_after={after}"))
    assert told(second) == {"more": False, "versions": ["2026-11-20T08:00:00.000Z"]}


def ids(answer: Any) -> list[str]:
    """The last digits of each id, in order."""
    return [each["id"][-2:] for each in told(answer).get("objects", [])]


GREEN = [f"{number:02x}" for number in range(1, 10)]
AMBER = ["14", "15", "16"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [*GREEN, *AMBER, "00"]),
        ("match[type]=indicator", [*GREEN, *AMBER, "00"]),
        ("match%5Btype%5D=indicator", [*GREEN, *AMBER, "00"]),
        ("match[type]=malware,tool", []),
        (f"match[id]={LURE}", ["01"]),
        (f"match[id]={LURE},{TWICE}", ["01", "00"]),
        (f"match[id]={LURE},{TWICE}&match[type]=malware", []),
        ("match[spec_version]=2.1&limit=2", GREEN[:2]),
        ("match[spec_version]=2.0", []),
        (f"match[id]={TWICE}&match[version]=first", ["00"]),
        (f"match[id]={TWICE}&match[version]=all", ["00", "00"]),
        (f"match[id]={TWICE}&match[version]=first,last", ["00", "00"]),
        (f"match[id]={TWICE}&match[version]=2026-11-20T08:00:00Z", ["00"]),
        ("limit=999999999999999999999", [*GREEN, *AMBER, "00"]),
        ("unknown=1&utm_source=x", [*GREEN, *AMBER, "00"]),
        ("next=", [*GREEN, *AMBER, "00"]),
    ],
)
def test_28_102_114_173_to_188_i26_i27_filters(stage: Stage, query: str, expected: list[str]) -> None:
    """T-62. Red if a filter is not applied, or objects and manifest differ."""
    assert ids(stage.call(stage.objects(path=f"objects/?{query}"))) == expected
    assert ids(stage.call(stage.objects(path=f"manifest/?{query}"))) == expected


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=abc", "limit=10.5", "limit=", "limit=%2B5", "limit=1&limit=2",
        "added_after=yesterday", "added_after=2026-11-20T10:00:00%2B02:00", "added_after=2026-13-01T00:00:00Z",
        "added_after=2026-11-20T10:00:00Z&added_after=2026-11-20T10:00:00Z",
        "added_after=2026-11-20T10:00:00Z,2026-11-20T11:00:00Z",
        "match[type]=a&match[type]=b", "match[version]=all,first", "match[version]=last,last", "match[version]=x",
        "match[confidence-gte]=5", "match[nonsense]=1", "match[type]=", "match[type]=a%00b",
        "next=tampered", "next=a&next=b", "next=AAAA", "next=%00",
    ],
)  # fmt: skip
def test_172_178_179_184_195_i28_a_malformed_query_is_400(stage: Stage, query: str) -> None:
    """T-62. Red if a bad parameter is guessed at, silently dropped, or becomes a 500 on either engine."""
    for path in ("objects/", "manifest/"):
        answer = stage.call(stage.objects(path=f"{path}?{query}"))
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, TAXII)
        assert told(answer)["description"]


@pytest.mark.parametrize("text", ["2026-11-20T10:30:00Z", "2026-11-20T10:30:00.1Z", "2026-11-20T10:30:00.123456789Z"])
@pytest.mark.parametrize("zone", ["Z", "z", "+00:00", "%2B00:00", " 00:00"])
def test_174_t61_added_after_in_the_spellings_of_real_clients(stage: Stage, text: str, zone: str) -> None:
    """Red if fewer or more than six digits, a small z, or a raw plus sign is refused."""
    answer = stage.call(stage.objects(path=f"objects/?added_after={text.replace('Z', zone)}"))
    assert answer.status_code == 200
    assert ids(answer)[-1:] == ["00"]
