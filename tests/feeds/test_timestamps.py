"""STIX and TAXII timestamps: which texts are instants, and which instant each names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import BadTimestamp
from feeds.timestamps import format_taxii, parse_stix, parse_taxii

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANTS = st.integers(min_value=0, max_value=253_402_300_799_999_999)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
        ("2026-11-20T09:58:11.120Z", 1_795_168_691_120_000_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999_999),
    ],
)
def test_s12_instant_of_a_stix_text(text: str, expected: int) -> None:
    """Red if digits are counted from the right, or nanoseconds pass through a float."""
    assert parse_stix(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "0000-01-01T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-11-20T09:58:11+00:00",
        "2026-11-20T09:58:11+02:00",
        "2026-11-20T09:58:11",
        "2026-11-20T09:58:11.Z",
        "2026-11-20T09:58:11.1234567890Z",
        "2026-11-20t09:58:11z",
        "2026-11-20 09:58:11Z",
        "2026-11-20T24:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-20T09:58:11Z\n",
        "٢٠٢٦-11-20T09:58:11Z",
        "2026-11-20T09:58:11.٢Z",
        "1969-12-31T23:59:59.999Z",
        "",
    ],
)
def test_t45_texts_that_are_no_stix_instant(text: str) -> None:
    """T-45. Red if `fullmatch` becomes `match`, `[0-9]` becomes `\\d`, or years before 1970 pass."""
    with pytest.raises(BadTimestamp) as caught:
        parse_stix(text)
    assert caught.value.sentence.isprintable()


@given(_INSTANTS)
def test_stix_order_of_texts_is_order_of_instants(instant: int) -> None:
    """Red if the fraction is not padded to nine digits before it is added."""
    text = format_taxii(instant)
    assert parse_stix(text) == instant * 1_000
    assert parse_stix(text[:-1] + "001Z") == instant * 1_000 + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.12Z", 120_000),
        ("1970-01-01T00:00:00.123456999Z", 123_456),
        ("1970-01-01t00:00:01z", 1_000_000),
        ("1970-01-01T00:00:01+00:00", 1_000_000),
        ("1970-01-01T00:00:01-00:00", 1_000_000),
        ("1970-01-01T00:00:01 00:00", 1_000_000),
        ("1969-12-31T23:59:59.5Z", -500_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
    ],
)
def test_174_taxii_texts_of_real_clients(text: str, expected: int) -> None:
    """Row 174. Red if digits beyond six are rounded up, or the zero offset of a form-decoded `+` is refused."""
    assert parse_taxii(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-11-20", "2026-11-20T09:58:11", "2026-11-20T09:58:11+01:00", "2026-13-01T00:00:00Z"],
)
def test_174_taxii_texts_refused(text: str) -> None:
    """Row 174. Red if an offset other than zero or a missing zone is taken for UTC."""
    with pytest.raises(BadTimestamp):
        parse_taxii(text)


@given(st.integers(min_value=-62_135_596_800_000_000, max_value=253_402_300_799_999_999))
def test_taxii_round_trip(instant: int) -> None:
    """Red if formatting drops trailing zeros or parsing goes through a float."""
    text = format_taxii(instant)
    assert len(text) == len("2026-11-20T09:58:11.120345Z")
    assert parse_taxii(text) == instant
    assert datetime.fromisoformat(text) == _EPOCH + timedelta(microseconds=instant)


def test_format_outside_the_calendar() -> None:
    """Red if OverflowError escapes in place of an error of this room."""
    with pytest.raises(BadTimestamp):
        format_taxii(10**18)
