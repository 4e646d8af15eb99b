"""Media types: TAXII 2.1 §3.1 rows 30-43 of the checklist, and T-63."""

from __future__ import annotations

import pytest

from feeds.accept import MEDIA_TYPE, acceptable, check_content_type, content_type_ok
from feeds.errors import NotAcceptable, WrongContentType

SERVED = {
    "none": None,
    "empty": "",
    "blank": "  ",
    "exact": "application/taxii+json;version=2.1",
    "no version (row 32)": "application/taxii+json",
    "space": "application/taxii+json; version=2.1",
    "spaces": "application/taxii+json ; version = 2.1",
    "quoted": 'application/taxii+json;version="2.1"',
    "quoted with a backslash": 'application/taxii+json;version="2\\.1"',
    "upper case": "Application/TAXII+JSON;Version=2.1",
    "json first, q": "application/json, application/taxii+json;version=2.1;q=0.9",
    "2.0 first": "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
    "manifest (row 39)": "application/taxii+json;version=2.1,application/stix+json;version=2.1",
    "charset": "application/taxii+json;version=2.1;charset=utf-8",
    "anything": "*/*",
    "any application": "application/*",
    "old Java": "text/html, image/gif, *; q=.2, */*; q=.2",
    "small q": "application/taxii+json;version=2.1;q=0.001",
    "unreadable q": "application/taxii+json;version=2.1;q=much",
    "comma inside quotes": 'text/plain;note="a,b;c", application/taxii+json',
    "closer range allows": "*/*;q=0, application/taxii+json",
    "kindest of equals": "application/taxii+json;q=0, application/taxii+json;q=0.5",
    "empty elements": ", ,application/taxii+json;,",
}

REFUSED = {
    "2.0": "application/taxii+json;version=2.0",
    "2.0 of 2.1 in a comment": 'text/html;note="application/taxii+json;version=2.1"',
    "json": "application/json",
    "html": "text/html",
    "xml": "text/xml, application/xml",
    "stix": "application/stix+json;version=2.1",
    "q=0": "application/taxii+json;version=2.1;q=0",
    "q=0.000": "application/taxii+json;version=2.1;q=0.000",
    "closer range forbids": "*/*, application/taxii+json;version=2.1;q=0",
    "two versions": "application/taxii+json;version=2.0;version=2.1",
    "no media type": "taxii",
    "quote left open": 'text/html;a=", application/taxii+json',
}


@pytest.mark.parametrize("header", SERVED.values(), ids=SERVED)
def test_row_31_a_defined_type_is_never_refused(header: str | None) -> None:
    """Rows 31-34, 37-39, T-63. Red if ranges are compared as text, unquoted badly, or the first range alone is read."""
    acceptable(header)


@pytest.mark.parametrize("header", REFUSED.values(), ids=REFUSED)
def test_row_36_only_other_types_are_refused_with_a_remedy(header: str) -> None:
    """Rows 36-37, T-63. Red if `version` or `q=0` is ignored, or quotes do not hide commas."""
    with pytest.raises(NotAcceptable) as caught:
        acceptable(header)
    assert MEDIA_TYPE in caught.value.sentence


TAXII_BODIES = {
    "exact": "application/taxii+json;version=2.1",
    "no version (row 33)": "application/taxii+json",
    "space (row 35)": "application/taxii+json; version=2.1",
    "charset (row 35)": "application/taxii+json;version=2.1;charset=utf-8",
    "quoted": 'application/taxii+json;version="2.1"',
    "case": "APPLICATION/TAXII+JSON;VERSION=2.1",
}
OTHER_BODIES = {
    "none (row 40)": None,
    "empty": "",
    "json": "application/json",
    "stix": "application/stix+json;version=2.1",
    "2.0 (row 36)": "application/taxii+json;version=2.0",
    "two": "application/taxii+json, application/json",
    "any": "*/*",
    "form": "application/x-www-form-urlencoded",
}


@pytest.mark.parametrize("header", TAXII_BODIES.values(), ids=TAXII_BODIES)
def test_row_33_a_taxii_body_is_taken(header: str) -> None:
    """Rows 33, 35. Red if the version becomes required or a further parameter refuses."""
    check_content_type(header)
    assert content_type_ok(header)


@pytest.mark.parametrize("header", OTHER_BODIES.values(), ids=OTHER_BODIES)
def test_row_40_another_body_is_not(header: str | None) -> None:
    """Rows 36, 40. Red if an absent type or a wildcard passes."""
    assert not content_type_ok(header)
    with pytest.raises(WrongContentType, match="send `Content-Type"):
        check_content_type(header)


def test_row_42_the_answers_type_is_this_text() -> None:
    """Row 42: taxii2-client compares tokens. Red if a space, quote or letter changes."""
    assert MEDIA_TYPE == "application/taxii+json;version=2.1"


def test_a_hostile_header_costs_little() -> None:
    """Red if an endless header is read to its end, or a control character reaches the sentence."""
    with pytest.raises(NotAcceptable) as caught:
        acceptable("\x1b[31m" + 'a/b;"' * 100_000)
    assert len(caught.value.sentence) < 500
    assert "\x1b" not in caught.value.sentence
    with pytest.raises(NotAcceptable):
        acceptable("text/html," * 1_000 + MEDIA_TYPE)
