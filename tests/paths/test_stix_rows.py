"""Does the hub keep what STIX 2.1 asks of one that stores and relays? Rows S1 to S29, through POST and poll, whole.

ALPHA publishes and receives up to amber+strict, ROMEO receives up to amber, BRAVO up to green.
"""

import hashlib
import json
from itertools import count
from typing import Any

import pytest
import stix2

from feeds.bundle import MAX_OBJECT
from feeds.markings import TLP_EXTENSION
from feeds.taxii_query import VersionFilter
from keys.envelope import item_of
from policies.labels import TLP2_EXTENSION
from support.stage import Stage, indicator, told
from support.stix_objects import OTHER, UUID

NUMBERS = count(100)
"""Objects that no other test has."""
READERS = ("alpha", "romeo", "bravo")
ALL, TO_AMBER, TO_STRICT = ["alpha", "romeo", "bravo"], ["alpha", "romeo"], ["alpha"]
MARKING = "marking-definition--"
VENDOR, OTHERS_IDENTITY = f"identity--{UUID}", f"identity--{OTHER}"
"""Members of nothing."""
THEIRS = f"extension-definition--{OTHER}"


def fresh_object(kind: str = "indicator", **changes: Any) -> dict[str, Any]:
    """An object with an id of its own; of another type only what every type has."""
    value = indicator(next(NUMBERS))
    if kind != "indicator":
        common = ("spec_version", "created", "modified")
        value = {name: value[name] for name in common} | {"id": value["id"].replace("indicator", kind), "type": kind}
    return value | changes


def received(stage: Stage, who: str, stix_id: str) -> list[bytes]:
    """All versions of an id that a member is sent, as bytes."""
    return stage.world.cirts[who].poll(stage.first.id, match_id=(stix_id,), match_version=VersionFilter(all=True))


def readers(stage: Stage, stix_id: str) -> list[str]:
    """Who is sent anything under the id, changed or not."""
    return [who for who in READERS if received(stage, who, stix_id)]


def refused(stage: Stage, value: dict[str, Any], tlp: str = "green") -> str:
    """The code with which an object is refused."""
    failed = told(stage.post(stage.objects(), stage.envelope("alpha", [value], tlp)))["failures"]
    return str(next(each["message"] for each in failed if each["id"] == value["id"]).partition(":")[0])


def relayed(stage: Stage, value: dict[str, Any], tlp: str = "green") -> bool:
    """Publish it; whether a reader then has exactly these bytes."""
    stage.publish("alpha", [value], tlp)
    return received(stage, "romeo", value["id"]) == [item_of(value).canonical]


def test_s1_one_version_is_the_same_bytes_everywhere(lasting: Stage) -> None:
    """Red if an endpoint, a reader or a repeated publication gives a version in another representation.

    A property at its default (`revoked`) stays as it was written: left out, it would be other bytes, so a conflict.
    """
    value = fresh_object(revoked=False, x_acme="")
    lasting.publish("alpha", [value])
    lasting.publish("alpha", [value], "amber")
    body = item_of(value).canonical
    for path in (f"objects/{value['id']}/", f"objects/?match[id]={value['id']}&match[version]=all"):
        for who in READERS:
            answer = lasting.call(lasting.objects(path=path), who)
            assert body in answer.data
            assert told(answer)["objects"] == [value]
    assert refused(lasting, {name: held for name, held in value.items() if name != "revoked"}) == "conflicting-content"


def test_s2_a_property_above_ones_clearance_withholds_the_whole_object(lasting: Stage) -> None:
    """Red if an object goes out under its id without the properties that a granular marking restricts."""
    amber = f"{MARKING}55d920b0-5e8b-4f79-9ee9-91f868d9b421"
    value = fresh_object(granular_markings=[{"marking_ref": amber, "selectors": ["name"]}])
    assert relayed(lasting, value, "amber")
    assert readers(lasting, value["id"]) == TO_AMBER


@pytest.mark.parametrize("named", [OTHERS_IDENTITY, None], ids=["another", "nobody"])
@pytest.mark.parametrize("change", [{}, {"revoked": True}], ids=["new version", "revocation"])
@pytest.mark.parametrize("together", [False, True], ids=["later", "in one envelope"])
def test_s3_a_new_version_names_the_creator_of_the_first(
    lasting: Stage,
    named: str | None,
    change: dict[str, Any],
    together: bool,  # noqa: FBT001
) -> None:
    """Red if a version is judged by its own author alone: whoever passes an object on could revoke it in its name."""
    first = fresh_object(created_by_ref=VENDOR)
    other = {**first, "modified": "2026-11-19T10:00:00.000Z", **change, "created_by_ref": named}
    other = {name: value for name, value in other.items() if value is not None}
    if not together:
        lasting.publish("alpha", [first])
    listed = [other, first] if together else [other]
    failed = told(lasting.post(lasting.objects(), lasting.envelope("alpha", listed, "green")))["failures"]
    assert [each["version"] for each in failed if each["message"].startswith("not-author")] == [other["modified"]]
    lasting.publish("alpha", [{**other, "created_by_ref": VENDOR}])
    anonymous = fresh_object()
    lasting.publish("alpha", [anonymous])
    lasting.publish("alpha", [{**anonymous, "modified": "2026-11-19T10:00:00.000Z", "created_by_ref": VENDOR}])
    team = fresh_object("identity", name="A team", created_by_ref=VENDOR)
    lasting.publish("alpha", [team])
    lasting.publish("alpha", [{**team, "modified": "2026-11-19T10:00:00.000Z"}])


def test_s7_an_earlier_version_after_the_end_is_history(lasting: Stage) -> None:
    """Red if a version older than the revocation is refused, or takes its place."""
    ended = fresh_object(modified="2026-11-20T03:00:00.000Z", revoked=True)
    lasting.publish("alpha", [ended])
    lasting.publish("alpha", [ended | {"modified": "2026-11-20T01:00:00.000Z", "revoked": False}])
    assert len(received(lasting, "bravo", ended["id"])) == 2
    (last,) = lasting.world.cirts["bravo"].poll(lasting.first.id, match_id=(ended["id"],))
    assert last == item_of(ended).canonical


def test_s10_one_uuid_under_two_types_is_two_objects(lasting: Stage) -> None:
    """No producer may do so, but a hub that relays must not mix them. Red if anything is looked up by UUID alone."""
    one = fresh_object()
    other = fresh_object("campaign", id=one["id"].replace("indicator", "campaign"), name="another")
    lasting.publish("alpha", [one, other])
    lasting.publish("alpha", [one | {"modified": "2026-11-20T01:00:00.000Z", "revoked": True}])
    lasting.publish("alpha", [other | {"modified": "2026-11-20T02:00:00.000Z"}])
    assert [len(received(lasting, "romeo", value["id"])) for value in (one, other)] == [2, 2]


S14: dict[str, dict[str, Any]] = {
    "empty list": {"x_acme": []},
    "empty list of its type": {"indicator_types": []},
    "empty dictionary": {"extensions": {}},
    "name in capitals": {"x_Acme": 1},
    "name of two letters": {"xy": 1},
    "severity": {"severity": "high"},
    "username": {"username": "x"},
    "action": {"action": "x"},
}


@pytest.mark.parametrize("changes", S14.values(), ids=S14)
def test_s14_lists_and_names_as_far_as_the_schemas_check(lasting: Stage, changes: dict[str, Any]) -> None:
    """Red if the schemas are not asked, or asked about the properties of the type alone."""
    assert refused(lasting, fresh_object(**changes)) == "not-stix"


TEN: dict[str, tuple[str, list[str]]] = {
    # STIX 2.1 §7.2.1.4
    "TLP:WHITE": ("613f2e26-407d-48c7-9eca-b8e91df99dc9", ALL),
    "TLP:GREEN of 1.0": ("34098fce-860f-48ae-8e50-ebd3cc5e41da", ALL),
    "TLP:AMBER of 1.0": ("f88d31f6-486f-44da-b317-01333bde0b82", TO_AMBER),
    "TLP:RED of 1.0": ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", []),
    # OASIS cti-stix-common-objects, extension-definition-specifications/tlp-2.0
    "TLP:CLEAR": ("94868c89-83c2-464b-929b-a1a8aa3c8487", ALL),
    "TLP:GREEN": ("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", ALL),
    "TLP:AMBER": ("55d920b0-5e8b-4f79-9ee9-91f868d9b421", TO_AMBER),
    "TLP:AMBER+STRICT": ("939a9414-2ddd-4d32-a0cd-375ea402b003", TO_STRICT),
    "TLP:RED": ("e828b379-4e03-4974-9ac4-e53a884c97c1", []),
}
TENTH = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


@pytest.mark.parametrize(("uuid", "expected"), TEN.values(), ids=TEN)
def test_s18_nine_of_the_ten_ids_mean_their_label(lasting: Stage, uuid: str, expected: list[str]) -> None:
    """Red if a digit of a pinned id is wrong, or an id with the right first block and an invented rest is believed."""
    tlp = {3: "green", 2: "amber"}.get(len(expected), "amber+strict")
    value = fresh_object(object_marking_refs=[MARKING + uuid])
    if expected:
        lasting.publish("alpha", [value], tlp)
        assert tlp == "green" or refused(lasting, fresh_object(object_marking_refs=[MARKING + uuid])) == (
            "stricter-than-manifest"
        )
    else:
        assert refused(lasting, value, tlp) == "red"
    assert readers(lasting, value["id"]) == expected
    invented = f"{MARKING}{uuid[:8]}-0000-4000-8000-000000000000"
    assert refused(lasting, fresh_object(object_marking_refs=[invented])) == "unknown-marking"


def test_s18_the_tenth_id_is_that_of_the_extension(lasting: Stage) -> None:
    """Red if the extension is looked for under another id, so that a forged definition passes as a statement."""
    assert TENTH == TLP_EXTENSION == TLP2_EXTENSION
    forged = fresh_object("marking-definition", name="TLP:CLEAR")
    forged["extensions"] = {TENTH: {"extension_type": "property-extension", "tlp_2_0": "clear"}}
    del forged["modified"]
    assert refused(lasting, forged) == "forged-marking"


def test_s18_the_four_of_tlp_1_are_those_of_stix2() -> None:
    """Red if a digit of them is wrong here."""
    theirs = [each.id for each in (stix2.TLP_WHITE, stix2.TLP_GREEN, stix2.TLP_AMBER, stix2.TLP_RED)]
    assert [MARKING + uuid for uuid, _ in list(TEN.values())[:4]] == theirs


def test_s19_pap_is_another_matter(lasting: Stage) -> None:
    """Red if any extension of a marking-definition is taken for TLP, or a marking that is none for an unknown one."""
    extension = "extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b"
    pap = fresh_object("marking-definition", name="PAP:RED")
    pap["extensions"] = {extension: {"extension_type": "property-extension", "pap": "red"}}
    del pap["modified"]
    lasting.publish("alpha", [pap])
    value = fresh_object(object_marking_refs=[pap["id"]])
    assert relayed(lasting, value)
    assert readers(lasting, value["id"]) == ALL


def test_s21_keys_with_dots_hide_no_marking(lasting: Stage) -> None:
    """Red if a granular marking counts only where its selector resolves, or is split at the wrong dot."""
    strict = f"{MARKING}939a9414-2ddd-4d32-a0cd-375ea402b003"
    dotted: dict[str, Any] = {
        "granular_markings": [{"marking_ref": strict, "selectors": ["x_acme.a.b"]}],
        "x_acme": {"a.b": 1},
    }
    assert refused(lasting, fresh_object(**dotted), "amber+strict") == "malformed"
    whole: dict[str, Any] = {
        "granular_markings": [{"marking_ref": strict, "selectors": ["x_acme"]}],
        "x_acme": {"a.b": 1},
    }
    value = fresh_object(**whole)
    assert refused(lasting, value) == "stricter-than-manifest"
    lasting.publish("alpha", [value], "amber+strict")
    assert readers(lasting, value["id"]) == TO_STRICT


def translation(of: str, **changes: Any) -> dict[str, Any]:
    """Language content for an object."""
    return fresh_object("language-content", object_ref=of, contents={"fr": {"name": "Leurre"}}) | changes


def test_s22_language_content(lasting: Stage) -> None:
    """Red if it needs no `object_ref`, or keys for unknown properties and empty translations are refused or changed."""
    target = fresh_object()
    lasting.publish("alpha", [target])
    texts = {"fr": {"name": "Leurre", "nothing": "?", "labels": [""]}, "pt-BR": {"name": "Isca"}}
    assert relayed(lasting, translation(target["id"], object_modified=target["modified"], contents=texts))
    without = translation(target["id"])
    del without["object_ref"]
    assert refused(lasting, without) == "not-stix"
    assert refused(lasting, translation(target["id"], contents={})) == "not-stix"


def quotations(of: str) -> dict[str, dict[str, Any]]:
    """Objects that point at, or quote, another."""
    refs = {"object_refs": [of]}
    return {
        "language content": translation(of),
        "note": fresh_object("note", content="x", **refs),
        "opinion": fresh_object("opinion", opinion="agree", **refs),
        "report": fresh_object("report", name="x", published="2026-11-20T00:00:00Z", **refs),
        "grouping": fresh_object("grouping", context="unspecified", **refs),
        "relationship": fresh_object(
            "relationship", relationship_type="indicates", source_ref=of, target_ref=f"malware--{UUID}"
        ),
        "sighting": fresh_object("sighting", sighting_of_ref=of),
        "a text that names it": fresh_object(description=f"see {of}"),
    }


@pytest.mark.parametrize("kind", quotations("indicator--x"), ids=str)
def test_s22_what_points_at_a_restricted_object_goes_no_further_than_it(lasting: Stage, kind: str) -> None:
    """Red if the type, or the property that points at it, is one that the reference rule does not look at."""
    target = fresh_object()
    lasting.publish("alpha", [target], "amber")
    value = quotations(target["id"])[kind]
    assert refused(lasting, value) == "leaks-reference"
    assert relayed(lasting, value, "amber")
    assert readers(lasting, value["id"]) == TO_AMBER


EXTENDED: dict[str, dict[str, Any]] = {
    "nested": fresh_object(extensions={THEIRS: {"extension_type": "property-extension", "rank": 5}}),
    "top level": fresh_object(extensions={THEIRS: {"extension_type": "toplevel-property-extension"}}, toxicity=8),
    "new object": fresh_object("my-thing", extensions={THEIRS: {"extension_type": "new-sdo"}}, rank=1),
    "new relationship": fresh_object("my-bond", extensions={THEIRS: {"extension_type": "new-sro"}}, rank=1),
    "new observable": {
        "type": "my-seen", "id": f"my-seen--{UUID}", "rank": 1, "extensions": {THEIRS: {"extension_type": "new-sco"}},
    },
    "S24 custom property": fresh_object(x_acme_rank=1, x_acme_more={"a": [None, ""]}),
    "S24 custom object": fresh_object("x-acme-thing", x_acme_rank=1),
    "S24 old extension": {
        "type": "file", "id": f"file--{UUID}", "name": "a", "extensions": {"x-acme-ext": {"rank": 1}},
    },
}  # fmt: skip


@pytest.mark.parametrize("value", EXTENDED.values(), ids=EXTENDED)
def test_s23_s24_extensions_known_to_nobody_are_relayed_as_they_are(lasting: Stage, value: dict[str, Any]) -> None:
    """Red if an extension or a custom property is refused, dropped or added to, or `match[type]` knows no such type."""
    assert relayed(lasting, value)
    answer = lasting.call(lasting.objects(path=f"objects/?match[type]={value['type']}&match[id]={value['id']}"))
    assert told(answer)["objects"] == [value]


@pytest.mark.parametrize("body", [{"rank": 5}, {"extension_type": "nonsense"}], ids=["none", "unknown"])
def test_s23_an_extension_says_its_kind(lasting: Stage, body: dict[str, Any]) -> None:
    """Red if an extension without one of the five `extension_type`s is taken."""
    assert refused(lasting, fresh_object(extensions={THEIRS: body})) == "not-stix"


def test_s25_the_bundle_is_left_behind_and_the_signature_is_not(lasting: Stage) -> None:
    """Red if anything of the posted bundle comes out again, or what is signed is not each object's own bytes."""
    value, alpha = fresh_object(), lasting.world.cirts["alpha"]
    manifest, items = alpha.manifest(lasting.first, [value])
    bundle = {"type": "bundle", "id": f"bundle--{UUID}", "x_acme": 1, "objects": [value, manifest.value]}
    assert told(lasting.post(lasting.objects(), json.dumps(bundle).encode()))["failure_count"] == 0
    alpha.remember(lasting.first)
    page = lasting.call(lasting.objects(path=f"objects/?match[id]={value['id']}"), "romeo")
    assert set(told(page)) == {"more", "objects"}
    assert b"bundle" not in page.data
    proof = json.loads(lasting.world.cirts["romeo"].poll(lasting.first.proofs)[-1])
    (body,) = received(lasting, "romeo", value["id"])
    listed = {"id": value["id"], "version": value["modified"], "sha256": hashlib.sha256(body).hexdigest()}
    assert proof["entries"] == [listed]
    assert items[0].canonical == body


def test_s29_a_large_object_passes_whole(lasting: Stage) -> None:
    """STIX has no limit; the hub's own is 1 MiB an object. Red if one just as large is refused, cut, or not paged."""
    value = fresh_object(description="")
    value["description"] = "x" * (MAX_OBJECT - len(item_of(value).canonical))
    assert relayed(lasting, value)
