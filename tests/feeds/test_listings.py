"""Pages: rows 63, 100-112, 145, 160-163, 191 of the checklist."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.listings import Record, date_added_headers, envelope, manifest, versions

MICRO = 1_763_632_800_000_000
"""2025-11-20T10:00:00Z."""
BODIES = [b'{"id":"a","x":1.0}', b'{ "id" : "b" }', b'{"id":"\xc3\xa9"}']


def test_row_115_an_envelope_is_the_stored_bytes() -> None:
    """Row 115. Red if a byte of a body changes, or a comma is lost: what was signed is what is sent."""
    assert envelope(BODIES) == b'{"more":false,"objects":[' + b",".join(BODIES) + b"]}"
    assert envelope(BODIES[:1]) == b'{"more":false,"objects":[' + BODIES[0] + b"]}"


def test_row_191_more_and_next_come_together() -> None:
    """Row 191. Red if `next` is missing beside `more: true`, or present beside `more: false` (Elastic follows it)."""
    page = json.loads(envelope(BODIES[:2], next_token='t"k'))
    assert (page["more"], page["next"]) == (True, 't"k')
    assert b'"next"' not in envelope(BODIES)


@pytest.mark.parametrize("build", [envelope, manifest, versions])
def test_rows_63_112_an_empty_page_is_more_false_and_never_promises(build: type) -> None:
    """Rows 63, 100, 112, 144. Red if an empty list is sent, `more` is left out, or an empty page promises more."""
    assert build([]) == b'{"more":false}'
    with pytest.raises(ValueError, match="empty page"):
        build([], next_token="abc")


def test_rows_100_104_a_manifest_page() -> None:
    """Rows 101-104, 146. Red if a version is reformatted, an unversioned row has none, or `next` is missing."""
    records = [
        Record("tool--1", MICRO, "2025-11-20T09:00:00.12Z"),
        Record("ipv4-addr--2", MICRO + 1, None),
    ]
    assert json.loads(manifest(iter(records), next_token="abc")) == {
        "more": True,
        "next": "abc",
        "objects": [
            {
                "id": "tool--1",
                "date_added": "2025-11-20T10:00:00.000000Z",
                "media_type": "application/stix+json;version=2.1",
                "version": "2025-11-20T09:00:00.12Z",
            },
            {
                "id": "ipv4-addr--2",
                "date_added": "2025-11-20T10:00:00.000001Z",
                "media_type": "application/stix+json;version=2.1",
                "version": "2025-11-20T10:00:00.000001Z",
            },
        ],
    }


def test_rows_61_145_versions_are_texts_in_order() -> None:
    """Rows 61, 145-146. Red if versions are sorted, reformatted, or `next` is missing."""
    texts = ["2025-11-20T09:00:00.12Z", "2025-11-19T09:00:00Z"]
    assert json.loads(versions(iter(texts), next_token="abc")) == {"more": True, "next": "abc", "versions": texts}


def test_rows_60_160_162_date_added_headers() -> None:
    """Rows 60, 160-162, I29. Red if a digit is dropped, or an empty page gets a header that is no timestamp."""
    assert date_added_headers(MICRO, MICRO + 120_000) == {
        "X-TAXII-Date-Added-First": "2025-11-20T10:00:00.000000Z",
        "X-TAXII-Date-Added-Last": "2025-11-20T10:00:00.120000Z",
    }
    assert date_added_headers(None, None) == {}


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), max_size=6), st.text(min_size=1))
def test_a_page_is_json_whatever_is_in_it(objects: list[dict[str, str]], token: str) -> None:
    """Red if joining breaks JSON for some number of bodies, or a token is not escaped."""
    bodies = [json.dumps(each).encode() for each in objects]
    page = json.loads(envelope(bodies, next_token=token if bodies and token.isprintable() else None))
    assert page.get("objects", []) == objects
