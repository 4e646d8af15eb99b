"""Reading a publication's objects: everything the other rooms need, or every fault."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.bundle import MAX_OBJECT, read_bundle
from feeds.errors import Fault, Unreadable
from support.stix_objects import AT, CLEAR, OTHER, UUID, indicator, observable, piece, sdo


def _faults(*values: dict[str, Any]) -> tuple[Fault, ...]:
    with pytest.raises(Unreadable) as caught:
        read_bundle([piece(value) for value in values], AT)
    return caught.value.faults


def test_what_is_read_of_an_indicator() -> None:
    """Red if any field is taken from elsewhere, or the bytes are made anew."""
    item = piece(indicator(labels=["TLP:Green"], description=f"see malware--{OTHER}"))
    (read,) = read_bundle([item], AT).objects
    assert (read.id, read.type, read.author) == (f"indicator--{UUID}", "indicator", f"identity--{OTHER}")
    assert read.version == read.created == "2026-11-20T09:58:11.120Z"
    assert read.version_ns == 1_795_168_691_120_000_000
    assert (read.markings, read.tlp_labels, read.revoked) == ((CLEAR,), ("tlp:green",), False)
    assert set(read.mentions) == {CLEAR, f"identity--{OTHER}", f"malware--{OTHER}"}
    assert (read.claims_tlp, read.marking_kind) == (False, None)
    assert read.canonical is item.canonical
    assert read.sha256 == item.sha256


def test_what_is_read_of_an_observable() -> None:
    """S8. Red if an observable object needs, or is given, times or an author."""
    (read,) = read_bundle([piece(observable())], AT).objects
    assert (read.version, read.version_ns, read.created, read.author) == (None, None, None, None)


def test_an_identity_is_its_own_author() -> None:
    """Red if whoever is named in `created_by_ref` of an identity counts as its author."""
    (read,) = read_bundle([piece(sdo("identity", name="A", created_by_ref=f"identity--{OTHER}"))], AT).objects
    assert read.author == f"identity--{UUID}"


def test_order_and_revocation() -> None:
    """Red if objects change places, or a revocation is lost."""
    bundle = read_bundle([piece(indicator(revoked=True)), piece(observable())], AT)
    assert [read.type for read in bundle] == ["indicator", "ipv4-addr"]
    assert [read.revoked for read in bundle] == [True, False]
    assert len(bundle) == 2


def test_no_objects() -> None:
    """Red if an envelope of manifests alone is an error of this room."""
    assert read_bundle([], AT).objects == ()


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ({"type": "indicator"}, "not-stix", "id"),
        (indicator(spec_version="2.0"), "not-stix", "spec_version"),
        (indicator(id=f"indicator--{UUID.upper()}"), "malformed", "id"),
        (indicator(created=[]), "malformed", "created"),
        (indicator(modified="2026-11-20T09:58:11.119Z"), "malformed", "modified"),
        (indicator(modified="2027-01-01T00:00:00Z"), "future", "modified"),
        (indicator(created_by_ref="someone"), "malformed", "created_by_ref"),
        (indicator(object_marking_refs=CLEAR), "malformed", "object_marking_refs"),
        (indicator(object_marking_refs=[CLEAR.upper()]), "malformed", "object_marking_refs[0]"),
        (indicator(labels="tlp:red"), "malformed", "labels"),
        (observable(labels="tlp:red"), "malformed", "labels"),
        (observable(revoked="yes"), "malformed", "revoked"),
        (
            indicator(granular_markings=[{"selectors": ["no"], "lang": "fr"}]),
            "malformed",
            "granular_markings[0].selectors[0]",
        ),
        (indicator(pattern="[a:b = 1"), "not-stix", "pattern"),
        (indicator(pattern="[a:b = '" + "x" * 65_536 + "']"), "too-large", "pattern"),
        (indicator(name=7), "not-stix", "name"),
        (indicator(valid_from="2026"), "not-stix", "valid_from"),
        (sdo("extension-definition", name="x", schema="y", version="1"), "not-stix", ""),
        (sdo("x-acme", x_acme_ref="nobody"), "malformed", "x_acme_ref"),
    ],
)
def test_one_fault(value: dict[str, Any], code: str, path: str) -> None:
    """T-44, T-45, T-16. Red if a fault passes, has another code, or is told twice by profile and schema."""
    (fault,) = _faults(value)
    place = value.get("id", "objects[0]")
    assert fault.code == code
    assert fault.sentence.startswith(f"{place}: {path}: " if path else f"{place}: ")
    assert fault.object_id == value.get("id")


def test_size_of_an_object() -> None:
    """S29. Red if only the envelope's parser guards the size."""
    (fault,) = _faults(indicator(description="x" * MAX_OBJECT))
    assert fault.code == "too-large"


def test_all_faults_of_all_objects_and_the_rest() -> None:
    """Red if reading stops at the first fault, or drops the objects that have none."""
    values = [
        indicator(created=[], name=7, created_by_ref="x"),
        observable(),
        {"type": "x\u0007", "id": "\u0007"},
        sdo("malware", is_family="no"),
    ]
    with pytest.raises(Unreadable) as caught:
        read_bundle([piece(value) for value in values], AT)
    places = [fault.sentence.split(": ")[:2] for fault in caught.value.faults]
    assert places == [
        [f"indicator--{UUID}", "created"],
        [f"indicator--{UUID}", "created_by_ref"],
        [f"indicator--{UUID}", "name"],
        ["objects[2]", "id"],
        ["objects[2]", "type"],
        [f"malware--{UUID}", "is_family"],
    ]
    assert [read.type for read in caught.value.rest] == ["ipv4-addr"]
    assert "more faults" in caught.value.sentence


def test_the_object_is_named_by_place_where_its_id_is_useless() -> None:
    """Red if control characters or a monstrous id are echoed."""
    for own in ("\u0007", "x" * 5_000, 7, ["a"]):
        for fault in _faults(observable(), sdo("malware", id=own, is_family=False)):
            assert fault.object_id is None
            assert fault.sentence.startswith("objects[1]: id: ")
            assert fault.sentence.isprintable()
            assert len(fault.sentence) <= 500


def test_faults_of_one_object_are_bounded() -> None:
    """Red if one object can fill the answer."""
    assert len(_faults(indicator(**{f"x_{n}_ref": "?" for n in range(10_000)}))) == 10


def test_t47_opaque_pattern() -> None:
    """T-47. Red if a pattern of another language is held against STIX patterning."""
    read_bundle([piece(indicator(pattern="rule r { condition: (true }", pattern_type="yara"))], AT)


def test_t46_a_thousand_terms_pass() -> None:
    """T-46. Red if the door parses patterns: the parser gives up at a thousand terms, which are legitimate."""
    pattern = "[" + " OR ".join(f"ipv4-addr:value = '198.51.100.{n % 256}'" for n in range(1_000)) + "]"
    read_bundle([piece(indicator(pattern=pattern))], AT)


def test_a_pattern_of_a_custom_object_is_its_own_matter() -> None:
    """Red if any property named `pattern` is taken for a STIX pattern."""
    read_bundle([piece(sdo("x-acme", pattern="((", pattern_type="stix"))], AT)


def test_s26_references_may_dangle() -> None:
    """S26. Red if a reference to an object outside the envelope is refused."""
    value = sdo("relationship", relationship_type="uses", source_ref=f"malware--{OTHER}", target_ref=f"tool--{OTHER}")
    read_bundle([piece(value)], AT)


@pytest.mark.parametrize(
    "changes",
    [
        {"definition_type": "tlp", "definition": {"tlp": "clear"}, "name": "TLP:CLEAR"},
        {"definition_type": "TLP", "definition": {}},
    ],
)
def test_a_claim_of_tlp_reaches_the_policy(changes: dict[str, Any]) -> None:
    """S16, S17. Red if the schema refuses it first, with a sentence that does not speak of forgery."""
    value = sdo("marking-definition", **changes)
    del value["modified"]
    (read,) = read_bundle([piece(value)], AT).objects
    assert (read.claims_tlp, read.marking_kind) == (True, "tlp")
