"""Which instant does this text name? STIX timestamps as nanoseconds, TAXII timestamps as microseconds.

Texts are never rewritten: they are part of what was signed. Only the instants compared are integers.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from feeds.errors import BadTimestamp, shown

_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - both operands are UTC by the grammar; aware ones cost twice
_STIX: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9])(?:\.([0-9]{1,9}))?Z")
_TAXII: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-5][0-9])(?:\.([0-9]{1,9}))?(?:[Zz]|[-+ ]00:00)"
)
_NANOSECONDS: Final = 1_000_000_000
_MICROSECONDS: Final = 1_000_000


@lru_cache(maxsize=4096)  # the objects of a publication share most of their times
def parse_stix(text: str) -> int:
    """A STIX timestamp (STIX 2.1 §2.16) in nanoseconds since the epoch; never before 1970.

    The zone is `Z`, the seconds run from 00 to 59, and 0 to 9 digits may follow them. Years beyond 2262 do not fit
    64 bits of nanoseconds: whoever stores the answer checks it against the clock first.

    Raises:
        BadTimestamp: The text has another form, is no day of the calendar, or lies before 1970.
    """
    match = _STIX.fullmatch(text)
    if match is None:
        raise BadTimestamp(f"{shown(text)} is not a time in UTC: write it such as `2026-11-20T09:58:11.120Z`")
    seconds = _seconds(match[1], text)
    if seconds < 0:
        raise BadTimestamp(f"{shown(text)} lies before 1970: write the instant at which this version was made")
    digits = match[2]
    return seconds * _NANOSECONDS + (int(digits.ljust(9, "0")) if digits else 0)


def parse_taxii(text: str) -> int:
    """A timestamp of a TAXII query in microseconds since the epoch, finer digits cut off (TAXII 2.1 §3.2, §3.4).

    Wider than the letter, since real clients are: 0 to 9 digits after the second, `Z` or `z` or an offset of zero,
    whose `+` may arrive as the blank that form decoding makes of it. Instants before 1970 are negative.

    Raises:
        BadTimestamp: The text has another form or is no day of the calendar.
    """
    match = _TAXII.fullmatch(text)
    if match is None:
        raise BadTimestamp(f"{shown(text)} is not a time in UTC: write it such as `2026-11-20T09:58:11.120345Z`")
    seconds = _seconds(f"{match[1]}T{match[2]}", text)
    digits = match[3]
    return seconds * _MICROSECONDS + (int(digits[:6].ljust(6, "0")) if digits else 0)


def format_taxii(instant: int) -> str:
    """Microseconds since the epoch as a TAXII timestamp: always six digits and `Z` (TAXII 2.1 §3.2).

    Raises:
        BadTimestamp: The instant lies outside the years 1 to 9999.
    """
    try:
        moment = _NAIVE_EPOCH + timedelta(microseconds=instant)
    except OverflowError as error:
        raise BadTimestamp(f"{instant} microseconds lie outside the years 1 to 9999") from error
    return moment.isoformat(timespec="microseconds") + "Z"


def _seconds(stamp: str, text: str) -> int:
    """Whole seconds since the epoch of `YYYY-MM-DDThh:mm:ss`; `text` is what the error shows."""
    try:
        passed = datetime.fromisoformat(stamp) - _NAIVE_EPOCH
    except ValueError as error:
        raise BadTimestamp(f"{shown(text)} is not in the calendar (years 0001 to 9999, seconds 00 to 59)") from error
    return passed.days * 86_400 + passed.seconds
