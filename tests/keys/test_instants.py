"""Times as signed data spells them (RFC 3339), and what they compare as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import Malformed
from keys.instants import format_ms, parse_ms, version_ns


@given(st.integers(0, 253_402_300_799_999))
def test_milliseconds_come_back(ms: int) -> None:
    """Red if writing and reading differ anywhere between 1970 and 9999."""
    assert parse_ms(format_ms(ms * 1000)) == ms * 1000


def test_what_is_below_a_millisecond_is_cut() -> None:
    """Red if the writer rounds up: a signed time would lie in the future."""
    assert format_ms(1_795_170_600_999_999) == "2026-11-20T10:30:00.999Z"


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-20T10:00:00Z", "2026-11-20T10:00:00.00Z", "2026-11-20T10:00:00.0000Z", "2026-11-20t10:00:00.000z"),
        *("2026-11-20T10:00:00.000+00:00", "2026-11-20 10:00:00.000Z", " 2026-11-20T10:00:00.000Z", "", None, 1),
        *(
            "2026-11-20T10:00:00.000Z\n",
            "2026-02-30T10:00:00.000Z",
            "2026-11-20T24:00:00.000Z",
            "0000-01-01T00:00:00.000Z",
        ),
        *("2026-11-20T10:00:60.000Z", "1969-12-31T23:59:59.999Z", "\uff12026-11-20T10:00:00.000Z", True),
    ],
)
def test_other_spellings_of_a_signed_time(text: object) -> None:
    """Red if a second spelling of one time is taken, or a date of no calendar."""
    with pytest.raises(Malformed) as refused:
        parse_ms(text, path="$.iat")
    assert refused.value.path == "$.iat"


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.1Z", 100_000_000),
        ("1970-01-01T00:00:00.100Z", 100_000_000),
        ("2000-02-29T00:00:00.012345678Z", 951_782_400_012_345_678),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999_999),
    ],
)
def test_instant_of_a_version(text: str, nanoseconds: int) -> None:
    """T-43. Red if digits of a second are lost or misplaced."""
    assert version_ns(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-20T10:00:00.Z", "2026-11-20T10:00:00.1234567890Z", "2026-11-20T10:00:00+00:00", "2026-11-20", None),
        *(
            "1969-12-31T23:59:59.999999999Z",
            "2026-13-01T00:00:00Z",
            "2026-11-20T10:00:00z",
            "2026-11-20T10:00:00.\uff11Z",
        ),
    ],
)
def test_what_is_no_version(text: object) -> None:
    """Red if a version is taken whose instant readers could take differently."""
    with pytest.raises(Malformed):
        version_ns(text)
