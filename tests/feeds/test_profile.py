"""The profile: STIX 2.1 at all, ids in one spelling, times that can be compared."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.errors import Finding
from feeds.profile import NEWEST, id_findings, not_stix, observable_kind, read_times
from support.stix_objects import AT, OTHER, UUID, indicator, observable, sdo

_LATEST = AT * 1_000 + NEWEST


def _times(**changes: Any) -> list[Finding]:
    findings: list[Finding] = []
    read_times(indicator(**changes), _LATEST, findings)
    return findings


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({}, "type"),
        ({"type": None, "id": "x"}, "type"),
        ({"type": ["indicator"], "id": "x"}, "type"),
        ({"type": "", "id": "x"}, "type"),
        ({"type": "x" * 251, "id": "x"}, "type"),
        ({"type": "bundle", "id": f"bundle--{UUID}", "objects": []}, "type"),
        ({"type": "ipv4-addr", "value": "192.0.2.1"}, "id"),
        ({key: held for key, held in indicator().items() if key != "spec_version"}, "spec_version"),
        (indicator(spec_version="2.0"), "spec_version"),
        (indicator(spec_version=None), "spec_version"),
        (indicator(spec_version=2.1), "spec_version"),
        (observable(spec_version="2.0"), "spec_version"),
    ],
)
def test_s13_not_stix(value: dict[str, Any], path: str) -> None:
    """S13. Red if a missing or older `spec_version`, a bundle, or an object without type or id is read on."""
    finding = not_stix(value, observable=observable_kind(value))
    assert finding is not None
    assert (finding.path, finding.code) == (path, "not-stix")


def test_stix_2_0_is_told_the_remedy() -> None:
    """Red if the sentence does not say which version is taken and what to do."""
    finding = not_stix(indicator(spec_version="2.0"), observable=False)
    assert finding is not None
    assert "only STIX 2.1 is taken: convert it" in finding.sentence


@pytest.mark.parametrize("value", [indicator(), observable(), observable(spec_version="2.1"), sdo("x-acme")])
def test_s13_stix(value: dict[str, Any]) -> None:
    """S13. Red if cyber-observable objects must carry `spec_version`."""
    assert not_stix(value, observable=observable_kind(value)) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (indicator(), False),
        (observable(), True),
        (observable("x-acme"), True),
        (sdo("x-acme"), False),
        (sdo("x-acme", extensions={f"extension-definition--{OTHER}": {"extension_type": "new-sco"}}), True),
        (observable("x-acme", extensions={f"extension-definition--{OTHER}": {"extension_type": "new-sdo"}}), False),
        ({"type": 7}, True),
    ],
)
def test_which_objects_are_observable(value: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table's column
    """Red if a custom type's extension is not asked before its times."""
    assert observable_kind(value) is expected


@pytest.mark.parametrize(
    "own",
    [
        f"indicator--{UUID.upper()}",
        f"malware--{UUID}",
        f"campaigns--{UUID}",
        f"indicator-x--{UUID}",
        f"indicator--x--{UUID}",
        None,
        1,
        "",
    ],
)
def test_t44_ids(own: object) -> None:
    """T-44. Red if the prefix need not be the type, or upper case passes."""
    assert [finding.path for finding in id_findings(indicator(id=own))] == ["id"]


@pytest.mark.parametrize("text", ["2026-11-20T09:58:11Z", "2026-11-20T09:58:11.1Z", "2026-11-20T09:58:11.123456789Z"])
def test_t45_digits_after_the_second(text: str) -> None:
    """T-45, S12. Red if fewer than three or more than six digits are refused, or the text is rewritten."""
    findings: list[Finding] = []
    times = read_times(indicator(created=text, modified=text), _LATEST, findings)
    assert findings == []
    assert (times.created, times.version) == (text, text)
    assert times.created_ns == times.version_ns


@pytest.mark.parametrize(
    "bad", [[], None, 0, {}, "", "2026-11-20", "2026-11-20T09:58:11+00:00", "1969-12-31T00:00:00Z"]
)
@pytest.mark.parametrize("name", ["created", "modified"])
def test_t45_times_that_are_none(name: str, bad: object) -> None:
    """T-45. Red if a value that is not a text, or an offset in place of `Z`, is taken or raises."""
    assert [(finding.path, finding.code) for finding in _times(**{name: bad})] == [(name, "malformed")]


def test_s4_modified_before_created() -> None:
    """S4. Red if instants are compared as texts: `.12Z` sorts after `.120000001Z`."""
    assert _times(created="2026-11-20T09:58:11.12Z", modified="2026-11-20T09:58:11.120000001Z") == []
    found = _times(created="2026-11-20T09:58:11.120000001Z", modified="2026-11-20T09:58:11.12Z")
    assert [(finding.path, finding.code) for finding in found] == [("modified", "malformed")]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("2026-11-21T10:30:00Z", []),
        ("2026-11-21T10:30:00.000000001Z", ["future"]),
        ("9999-12-31T23:59:59Z", ["future"]),
    ],
)
def test_no_version_from_the_future(text: str, codes: list[str]) -> None:
    """Red if the 24 hours are counted in other units, or left out."""
    assert [finding.code for finding in _times(modified=text)] == codes


def test_objects_without_times() -> None:
    """S8. Red if an observable object is given a version."""
    findings: list[Finding] = []
    times = read_times(observable(), _LATEST, findings)
    assert (times.version, times.version_ns, times.created, findings) == (None, None, None, [])


def test_s8_created_is_the_version_where_modified_is_absent() -> None:
    """S8. Red if a marking-definition has no version."""
    value = indicator()
    del value["modified"]
    assert read_times(value, _LATEST, []).version == value["created"]
