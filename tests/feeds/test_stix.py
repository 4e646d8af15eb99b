"""The second opinion of stix2: its errors become sentences, whatever they are."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.stix import second_opinion
from support.stix_objects import indicator, observable


@pytest.mark.parametrize("value", [indicator(), observable(), indicator(x_acme="custom")])
def test_no_findings(value: dict[str, Any]) -> None:
    """Red if custom properties are held against an object."""
    assert second_opinion(value) == []


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"type": ["indicator"]},
        indicator(extensions="x"),
        indicator(pattern="[" + " OR ".join(["a:b = 1"] * 1_500) + "]"),
        indicator(name=None, valid_from="never"),
    ],
)
def test_t42_wild_exceptions(value: dict[str, Any]) -> None:
    """T-42. Red if only STIXError is caught."""
    sentences = second_opinion(value)
    assert len(sentences) == 1
    assert sentences[0].isprintable()
    assert sentences[0].startswith("the library stix2, with which many receivers read,")


def test_the_value_is_not_touched() -> None:
    """S27. Red if asking for an opinion changes what is asked about."""
    value = indicator(revoked=False, external_references=[{"source_name": "a", "url": "https://example.org/"}])
    before = repr(value)
    second_opinion(value)
    assert repr(value) == before
