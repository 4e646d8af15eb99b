"""Markings: all of them seen, none half-seen."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.markings import TLP_EXTENSION, claims_tlp, marking_findings, marking_kind, markings, tlp_labels
from support.stix_objects import CLEAR, OTHER, UUID, indicator, sdo

_RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"


@pytest.mark.parametrize("refs", [CLEAR, None, [], [[CLEAR]], [7], {CLEAR: 1}, [f"identity--{OTHER}"], [CLEAR.upper()]])
def test_t16_marking_refs_are_a_list_of_ids(refs: object) -> None:
    """T-16. Red if a bare text, null, an empty or a nested list passes as "no marking"."""
    findings = marking_findings(indicator(object_marking_refs=refs))
    assert [finding.path.partition("[")[0] for finding in findings] == ["object_marking_refs"]
    assert findings[0].code == "malformed"


def test_all_markings_are_named() -> None:
    """Red if granular markings, or those of embedded observables, are left out."""
    value = indicator(granular_markings=[{"selectors": ["name"], "marking_ref": _RED}])
    assert markings(value) == (CLEAR, _RED)
    observed = sdo("observed-data", objects={"0": {"type": "file", "object_marking_refs": [_RED]}})
    assert markings(observed) == (_RED,)
    assert markings(sdo("malware")) == ()


def test_t16_embedded_observable_with_a_bare_marking() -> None:
    """T-16. Red if only the outer object's markings are looked at."""
    observed = sdo("observed-data", objects={"0": {"type": "file", "object_marking_refs": _RED}})
    assert [finding.path for finding in marking_findings(observed)] == ["objects.0.object_marking_refs"]


def test_marking_of_itself() -> None:
    """S15. Red if a marking-definition may mark itself."""
    own = f"marking-definition--{UUID}"
    assert marking_findings(sdo("marking-definition", object_marking_refs=[own]))


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"selectors": ["name"]},
        {"selectors": ["name"], "marking_ref": _RED, "lang": "en"},
        {"selectors": "name", "marking_ref": _RED},
        {"selectors": [], "marking_ref": _RED},
        {"selectors": [1], "marking_ref": _RED},
        {"selectors": ["absent"], "marking_ref": _RED},
        {"selectors": ["labels.[1]"], "marking_ref": _RED},
        {"selectors": ["labels.[-1]"], "marking_ref": _RED},
        {"selectors": ["labels.[²]"], "marking_ref": _RED},
        {"selectors": ["labels[0]"], "marking_ref": _RED},
        {"selectors": ["name.x"], "marking_ref": _RED},
        {"selectors": [""], "marking_ref": _RED},
        {"selectors": ["name"], "marking_ref": _RED.upper()},
        {"selectors": ["name"], "marking_ref": f"identity--{OTHER}"},
    ],
)
def test_s20_granular_markings_that_mark_nothing(entry: object) -> None:
    """S20. Red if a selector need not resolve, or both or neither of `marking_ref` and `lang` pass."""
    findings = marking_findings(indicator(granular_markings=[entry]))
    assert findings
    assert all(finding.path.startswith("granular_markings[0]") for finding in findings)


@pytest.mark.parametrize(
    "selector", ["id", "name", "labels", "labels.[0]", "hashes.SHA-256", "external_references.[0].url"]
)
def test_s20_selectors_that_resolve(selector: str) -> None:
    """S20. Red if dictionary keys with capitals, or lists, cannot be selected."""
    value = indicator(
        hashes={"SHA-256": "ab"},
        external_references=[{"source_name": "example", "url": "https://example.org/"}],
        granular_markings=[{"selectors": [selector], "lang": "fr"}],
    )
    assert marking_findings(value) == []


@pytest.mark.parametrize("value", ["tlp:red", None, {"tlp:red": 1}, ["tlp:red", 1]])
def test_labels_are_a_list_of_texts(value: object) -> None:
    """Red if a bare `tlp:red` passes and is then seen as no label."""
    assert [finding.path for finding in marking_findings(indicator(labels=value))] == ["labels"]


def test_tlp_labels_in_any_case() -> None:
    """Red if case or blanks hide a label."""
    assert tlp_labels(indicator(labels=["phishing", "TLP:Amber+Strict", " tlp:red ", "xtlp:red"])) == (
        "tlp:amber+strict",
        "tlp:red",
    )


@pytest.mark.parametrize(
    ("changes", "claims", "kind"),
    [
        ({"definition_type": "TLP", "definition": {"tlp": "clear"}}, True, "tlp"),
        ({"extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "clear"}}}, True, "tlp"),
        ({"definition_type": "statement", "definition": {"statement": "TLP:RED"}}, False, "statement"),
        ({"definition_type": "x-acme", "definition": {}}, False, "x-acme"),
        ({"extensions": {f"extension-definition--{OTHER}": {}}}, False, "extension"),
    ],
)
def test_kind_of_a_marking_definition(changes: dict[str, Any], claims: bool, kind: str) -> None:  # noqa: FBT001 - a table's column
    """Red if a claim is missed because of its case or its encoding."""
    value = sdo("marking-definition", **changes)
    assert (claims_tlp(value), marking_kind(value)) == (claims, kind)


def test_other_objects_are_no_markings() -> None:
    """Red if an indicator with a `definition_type` counts as a marking."""
    value = indicator(definition_type="tlp")
    assert not claims_tlp(value)
    assert marking_kind(value) is None
