"""Do answers keep the rows of TAXII 2.1 that no single page shows? Names, filters left out, order, deletion, rights."""

import base64
import re
from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from support.clock import SECOND
from support.stage import PARTIES, Stage, indicator, told
from support.world import TAXII, envelope_of

LURE = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001"
CUSTOM = re.compile(r"x_[a-z0-9]+_[a-z0-9_]+")
"""Row 205: TAXII 2.1 §7.1.1, with its `x_<source>_`."""
COLLECTION = ({"id", "title", "can_read", "can_write"}, {"description", "alias", "media_types"})
RECORD = ({"id", "date_added", "version"}, {"media_type"})
DETAILS = ({"id", "version"}, {"message"})
COUNTS = {f"{name}_count" for name in ("total", "success", "failure", "pending")}
STATUS = ({"id", "status", *COUNTS}, {"request_timestamp", "successes", "failures", "pendings"})
ERROR = ({"title"}, {"description", "error_id", "error_code", "http_status", "external_details", "details"})
Names = tuple[set[str], set[str]]
RESOURCES: dict[str, tuple[str, Names]] = {
    "discovery": ("/taxii2/", ({"title"}, {"description", "contact", "default", "api_roots"})),
    "API root": ("/live/", ({"title", "versions", "max_content_length"}, {"description"})),
    "collections": ("/live/collections/", (set(), {"collections"})),
    "collection": ("{c}", COLLECTION),
    "manifest": ("{c}manifest/?limit=1", (set(), {"more", "next", "objects"})),
    "objects": ("{c}objects/?limit=1", (set(), {"more", "next", "objects"})),
    "object": (f"{{c}}objects/{LURE}/", (set(), {"more", "next", "objects"})),
    "versions": (f"{{c}}objects/{LURE}/versions/", (set(), {"more", "next", "versions"})),
    "error": ("/live/status/x/", ERROR),
    "bad query": ("{c}objects/?limit=0", ERROR),
}


def keeps(resource: dict[str, Any], names: Names) -> None:
    """See that a resource has its required properties, and no others but optional and custom ones; none is null."""
    required, optional = names
    assert required <= set(resource)
    assert [name for name in set(resource) - required - optional if not CUSTOM.fullmatch(name)] == []
    assert max(map(len, resource)) <= 250
    assert None not in resource.values()


@pytest.mark.parametrize(("path", "names"), RESOURCES.values(), ids=RESOURCES)
def test_65_205_207_resources_have_their_properties_and_no_others(stage: Stage, path: str, names: Names) -> None:
    """Red if a required property is left out, is null or in another case, or one is added that is no `x_<source>_…`."""
    body = told(stage.call(path.replace("{c}", stage.objects(path=""))))
    keeps(body, names)
    for each in body.get("collections", ()):
        keeps(each, COLLECTION)
    for each in body.get("objects", ()) if "manifest" in path else ():
        keeps(each, RECORD)


def test_65_205_207_a_status_has_its_properties_and_no_others(fresh: Stage) -> None:
    """Red if a status of a publication taken in, refused, or answered again has a name that is not the standard's."""
    raw = fresh.envelope("alpha", [indicator(1)])
    taken, again = (told(fresh.post(fresh.objects(), raw)) for _ in range(2))
    refused = told(fresh.post(fresh.objects(), fresh.envelope("alpha", [indicator(2, spec_version="2.0")])))
    for status in (taken, again, refused):
        keeps(status, STATUS)
        for entry in (*status.get("successes", ()), *status.get("failures", ())):
            keeps(entry, DETAILS)
    assert (taken["success_count"], refused["success_count"]) == (2, 0)


@pytest.mark.parametrize("turned", [False, True], ids=["as password", "as user"])
def test_i4_http_basic_opens_discovery(stage: Stage, turned: bool) -> None:  # noqa: FBT001 - a table's column
    """Row 6. Red if discovery asks for anything but what the other doors take."""
    token = stage.credentials["alpha"]
    pair = f"{token}:" if turned else f"alpha:{token}"
    header = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    answer = stage.call("/taxii2/", None, headers=header)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TAXII)
    assert told(answer)["api_roots"]


TIERS = """
account_type confidence context data_type dst_port encryption_algorithm identity_class name number opinion pattern
pattern_type primary_motivation region relationship_type resource_level result revoked src_port sophistication subject
value aliases architecture_execution_envs capabilities extension_types implementation_languages indicator_types
infrastructure_types labels malware_types personal_motivations report_types roles secondary_motivations sectors
threat_actor_types tool_types address_family external_id MD5 SHA-1 SHA-256 SHA-512 SHA3-256 SHA3-512 SSDEEP TLSH
integrity_level pe_type phase_name service_status service_type socket_type source_name start_type tlp relationships-all
confidence-gte confidence-lte modified-gte modified-lte number-gte number-lte src_port-gte src_port-lte dst_port-gte
dst_port-lte valid_until-gte valid_from-lte
"""
ID, TYPE, SPEC, VERSION = (f"match[{name}]" for name in ("id", "type", "spec_version", "version"))


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("objects/", [ID, SPEC, TYPE, VERSION]),
        ("manifest/", [ID, SPEC, TYPE, VERSION]),
        (f"objects/{LURE}/", [SPEC, VERSION]),
        (f"objects/{LURE}/versions/", [SPEC]),
    ],
)
def test_i31_optional_filters_are_refused_by_naming_the_known_ones(stage: Stage, path: str, known: list[str]) -> None:
    """Row 179. Red if an optional filter is ignored, which would widen the answer, or the refusal names no way on."""
    for name in TIERS.split():
        answer = stage.call(stage.objects(path=f"{path}?match[{name}]=x"))
        assert (name, answer.status_code) == (name, 400)
        assert told(answer)["description"].endswith(f"known ones: {', '.join(known)}.")


BUNDLE = {"type": "bundle", "id": "bundle--8e2e2d2b-17d4-4cbf-938f-000000000001", "objects": [indicator(3)]}
OLD = {name: value for name, value in indicator(2).items() if name != "spec_version"}


@pytest.mark.parametrize(
    "bad", [indicator(2, spec_version="2.0"), OLD, BUNDLE], ids=["2.0", "no spec_version", "a bundle inside"]
)
def test_128_what_is_no_stix_2_1_object_is_a_failure(fresh: Stage, bad: dict[str, Any]) -> None:
    """Red if an older object, or a bundle among the objects, is taken, or is a fault of the whole request."""
    alpha = fresh.world.cirts["alpha"]
    manifest, items = alpha.manifest(fresh.first, [indicator(1), bad])
    answer = fresh.post(fresh.objects(), envelope_of([*items, manifest]))
    failed = {each["id"]: each["message"] for each in told(answer)["failures"]}
    assert (answer.status_code, told(answer)["success_count"]) == (202, 0)
    assert failed[bad["id"]].startswith("not-stix: ")
    assert told(fresh.call(fresh.objects())) == {"more": False}


def named(answers: Iterable[Any]) -> list[str]:
    """The names of the objects of these answers."""
    return [each["name"] for answer in answers for each in told(answer).get("objects", ())]


def test_156_posting_again_after_a_delete_brings_nothing_back(fresh: Stage) -> None:
    """Red if a refused DELETE leaves a mark, or what was revoked, which is how one recalls, becomes current again."""
    value = indicator(1)
    fresh.publish("alpha", [value])
    before = fresh.call(fresh.objects(path="manifest/?match[version]=all")).data
    for _ in range(2):
        assert fresh.call(fresh.objects(path=f"objects/{LURE}/"), method="DELETE").status_code == 403
        fresh.publish("alpha", [value])
        assert fresh.call(fresh.objects(path="manifest/?match[version]=all")).data == before
    fresh.publish("alpha", [indicator(1, modified="2026-11-20T08:00:00.000Z", revoked=True, name="recalled")])
    fresh.publish("alpha", [value])
    answers = [fresh.call(fresh.objects(path=path), "bravo") for path in ("objects/", f"objects/{LURE}/")]
    assert named(answers) == ["recalled"] * 2
    later = fresh.envelope("alpha", [indicator(1, modified="2026-11-20T09:00:00.000Z")])
    assert told(fresh.post(fresh.objects(), later))["failures"][0]["message"].startswith("already-revoked: ")


def test_170_objects_and_manifest_are_in_the_order_of_addition(fresh: Stage) -> None:
    """Red if `created`, `modified` or the id decides the order."""
    late = {"modified": "2026-11-20T08:00:00.000Z"}
    early = {"created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z"}
    for value in (indicator(5, **late), indicator(3, **early), indicator(9), indicator(1, **late)):
        fresh.publish("alpha", [value])
    records = told(fresh.call(fresh.objects(path="manifest/")))["objects"]
    dates = [each["date_added"] for each in records]
    assert dates == sorted(set(dates))
    assert [each["id"][-1] for each in records] == ["5", "3", "9", "1"]
    assert [each["id"][-1] for each in told(fresh.call(fresh.objects()))["objects"]] == ["5", "3", "9", "1"]


def test_197_what_is_no_longer_there_after_a_page_is_an_empty_page(fresh: Stage) -> None:
    """Nothing is deleted here, but rights may shrink between two pages, as if it were.

    Red if a page with `more` is empty, or an open `next` is an error once nothing more may be read.
    """
    fresh.publish("alpha", [indicator(number) for number in range(4)], "amber")
    page = told(fresh.call(fresh.objects(path="objects/?limit=2"), "romeo"))
    assert (page["more"], len(page["objects"])) == (True, 2)
    parties = [(fresh.world.cirts[name], PARTIES[name][0], "green") for name in ("alpha", "romeo")]
    same: dict[str, Any] = {
        "id": fresh.first.id,
        "proofs": fresh.first.proofs,
        "alias": fresh.first.alias,
        "version": 2,
    }
    fresh.world.clock.advance(SECOND)
    fresh.world.agreement(parties, **same)
    for path in ("objects/", "manifest/"):
        answer = fresh.call(fresh.objects(path=f"{path}?limit=2"), "romeo")
        assert (answer.status_code, told(answer)) == (200, {"more": False})
    following = fresh.call(fresh.objects(path=f"objects/?limit=2&next={page['next']}"), "romeo")
    assert (following.status_code, orjson.loads(following.data)) == (200, {"more": False})
    assert "X-TAXII-Date-Added-Last" not in following.headers
