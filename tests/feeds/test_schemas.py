"""The OASIS schemas: found offline, one a type, and errors in words."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.schemas import checker, is_known, is_observable, known_types
from support.stix_objects import UUID, indicator, observable, sdo


def _sentences(value: dict[str, Any]) -> dict[str, str]:
    return {finding.path: finding.sentence for finding in checker(value["type"]).findings(value)}


def test_every_type_has_a_checker_that_needs_no_network() -> None:
    """Red if a reference between schema files cannot be resolved to the files installed."""
    assert len(known_types()) == 42
    for stix_type in known_types():
        assert not checker(stix_type).is_valid({"type": stix_type})


def test_which_types_are_known() -> None:
    """Red if a file name such as `core` or `bundle` counts as a type."""
    assert is_known("indicator")
    assert not any(is_known(name) for name in ("bundle", "core", "dictionary", "cyber-observable-core", "../x"))
    assert is_observable("ipv4-addr")
    assert not is_observable("indicator")


def test_valid_objects() -> None:
    """Red if the registry resolves a reference to the wrong schema."""
    assert checker("indicator").is_valid(indicator())
    assert checker("ipv4-addr").is_valid(observable())


def test_unknown_types_have_the_common_properties_checked() -> None:
    """Red if an unknown type is not checked at all, or by the wrong core."""
    assert checker("x-acme").is_valid(sdo("x-acme", anything={"a": [1]}))
    assert not checker("x-acme").is_valid(sdo("x-acme", labels=[]))
    assert not checker("x-acme").is_valid(observable("x-acme"))
    assert checker("x-acme", observable=True).is_valid(observable("x-acme"))


def test_texts_signed_with_few_digits_are_taken() -> None:
    """Red if the schema's rule of three digits comes back for `created` and `modified`."""
    assert checker("indicator").is_valid(indicator(created="2026-11-20T09:58:11Z", modified="2026-11-20T09:58:11Z"))


def test_s20_language_as_granular_marking() -> None:
    """S20. Red if the schema asks for `marking_ref` beside `lang`."""
    assert checker("indicator").is_valid(indicator(granular_markings=[{"selectors": ["name"], "lang": "fr"}]))


@pytest.mark.parametrize(
    ("value", "path", "part"),
    [
        (indicator(pattern=None), "pattern", "must not be null"),
        (indicator(name=3), "name", "must be a text"),
        (indicator(labels=[]), "labels", "must not be empty"),
        (indicator(Name="x"), "", "`Name`"),
        (indicator(severity="x"), "", "reserved property name"),
        (indicator(confidence=101), "confidence", "at most 100"),
        (indicator(valid_from="now"), "valid_from", "2026-11-20T09:58:11.120Z"),
        (indicator(extensions={"acme": {"a": 1}}), "extensions", "-ext"),
        (indicator(external_references=[{"source_name": "a"}]), "external_references[0]", "`description`"),
        (
            indicator(external_references=[{"source_name": "cve", "external_id": "x"}]),
            "external_references[0].external_id",
            "CVE-",
        ),
        (sdo("malware"), "", "lacks the property `is_family`"),
        (sdo("malware", is_family=True), "", "lacks the property `name`"),
        ({"type": "file", "id": f"file--{UUID}"}, "", "one of `hashes`, `name`"),
        (observable(value="999.0.0.1"), "value", "must have the form"),
        (sdo("opinion", opinion="maybe", object_refs=[f"file--{UUID}"]), "opinion", "one of `strongly-disagree`"),
    ],
)
def test_errors_in_words(value: dict[str, Any], path: str, part: str) -> None:
    """S14. Red if a sentence names the wrong place or leaves out what is expected."""
    sentences = _sentences(value)
    assert part in sentences[path] if path else any(part in sentence for sentence in sentences.values())


def test_sentences_are_short_and_printable() -> None:
    """Red if received text is echoed whole, or with its control characters."""
    value = indicator(**{"\u001b[31m" + "X" * 5_000: 1}, confidence="\u0007" * 5_000, lang=["\n" * 5_000])
    findings = checker("indicator").findings(value)
    assert len(findings) >= 3
    for finding in findings:
        assert finding.sentence.isprintable()
        assert finding.path.isprintable()
        assert len(finding.sentence) + len(finding.path) <= 660


def test_findings_are_bounded() -> None:
    """Red if ten thousand faults make ten thousand sentences."""
    value = indicator(**{f"x_{n}_bin": "?" for n in range(10_000)})
    assert len(checker("indicator").findings(value)) == 10
