"""Ids and references: one spelling, and every mention found."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.references import id_fault, is_id, mentions, reference_findings
from support.stix_objects import OTHER, UUID

_OWN = f"indicator--{UUID}"
_TARGET = f"malware--{OTHER}"


def _canonical(text: str) -> bytes:
    return json.dumps({"description": text, "id": _OWN}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        f"indicator--{UUID.upper()}",
        f"Indicator--{UUID}",
        f"indicator--{{{UUID}}}",
        f"indicator--{UUID}\n",
        f"indicator--{UUID}/../x",
        f"indicator-{UUID}",
        f"--{UUID}",
        UUID,
        "indicator--00000000-0000-0000-0000-000000000000",
        "indicator--" + "8e2e2d2b17d44cbf938f98ee46b3cd3f",
        "a" * 300 + f"--{UUID}",
        "",
        None,
        7,
        ["indicator"],
    ],
)
def test_t44_not_an_id(text: object) -> None:
    """T-44. Red if `fullmatch` becomes `match`, or upper case is accepted."""
    assert not is_id(text)
    assert id_fault(text)


@pytest.mark.parametrize("text", [_OWN, f"x-acme-thing--{OTHER}", "ipv4-addr--efcd5e80-570d-5131-b213-62cb18eaa6a8"])
def test_s9_ids_of_any_type_and_version(text: str) -> None:
    """S9. Red if only version 4 or only known types are accepted."""
    assert is_id(text)


def test_upper_case_id_is_told_its_right_spelling() -> None:
    """Red if the remedy does not name the spelling to write."""
    assert f"`indicator--{UUID}`" in id_fault(f"indicator--{UUID.upper()}")


def test_own_references() -> None:
    """Red if a property ending in `_refs` is not looked into, or an empty custom reference is refused."""
    value = {
        "created_by_ref": "identity--1",
        "object_refs": [_TARGET, f"malware--{OTHER.upper()}"],
        "sighting_of_ref": None,
        "where_sighted_refs": _TARGET,
        "x_acme_source_ref": "",
        "x_acme_parent_ref": "none",
        "resolves_to_refs": [],
    }
    assert [finding.path for finding in reference_findings(value)] == [
        "created_by_ref",
        "object_refs[1]",
        "sighting_of_ref",
        "where_sighted_refs",
        "x_acme_parent_ref",
        "resolves_to_refs",
    ]


@pytest.mark.parametrize(
    "text",
    [
        _TARGET,
        f"see {_TARGET} for more",
        f"see{_TARGET}",
        f"\n{_TARGET}",
        f"\u0001{_TARGET}",
        f"é{_TARGET}é",
        f"{_OWN}-{_TARGET}",
        f"{_OWN}{_TARGET}",
        _TARGET.upper(),
        '"' + _TARGET + '"',
        "x" * 600 + _TARGET,
    ],
)
def test_mention_wherever_it_stands(text: str) -> None:
    """Red if only whole strings count, or upper case, an escape or a prefix hides a mention."""
    found = mentions(_canonical(text), _OWN)
    assert _TARGET in found
    assert _OWN not in found


@pytest.mark.parametrize("text", ["\n", "\t", "\u001f", "", " "])
def test_mention_of_a_custom_type_after_an_escape(text: str) -> None:
    """Red if the letter of a JSON escape is taken for a letter of the type."""
    assert f"x-acme--{OTHER}" in mentions(_canonical(f"{text}x-acme--{OTHER}"), _OWN)


def test_mention_after_other_hyphens() -> None:
    """Red if the look back for the type runs across another `--`."""
    assert mentions(_canonical(f"a--x-acme--{OTHER}"), _OWN) == (f"x-acme--{OTHER}",)


def test_nothing_mentioned() -> None:
    """Red if a UUID without a type before it counts."""
    assert mentions(_canonical(f"--{OTHER} and {OTHER} and a--b"), _OWN) == ()


@given(st.text(), st.text())
def test_mention_survives_any_surroundings(before: str, after: str) -> None:
    """Red if what stands around an id can hide it."""
    text = before + _TARGET + after
    if _TARGET in text:
        assert _TARGET in mentions(json.dumps(text).encode(errors="surrogatepass"), _OWN)
