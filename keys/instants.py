"""When? Times as they are written in signed data, and the integers they are compared as.

Two spellings occur: the hub's and the signers' own times have exactly three digits of a second (RFC 3339, `Z`);
versions of STIX objects are text chosen by their author, with up to nine digits, and are compared as nanoseconds.
"""

import datetime as dt
import re
from functools import lru_cache

from keys.errors import Malformed

MICROSECONDS = 1_000_000
"""Microseconds in a second."""

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - all arithmetic here is on naive UTC; nothing naive leaves this file
_MICROSECOND = dt.timedelta(microseconds=1)
_NO_VERSION = "a time is written as 2026-11-20T10:00:00.000Z: UTC, up to nine digits of a second"
_MS_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_VERSION_TEXT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")


def parse_ms(text: object, *, path: str = "") -> int:
    """Read a signer's time, `2026-11-20T10:00:00.000Z` and nothing else (RFC 3339 §5.6).

    Args:
        text: the value as it stood in the JSON; anything that is not such a string is refused.
        path: where it stood, for the error.

    Returns:
        Microseconds since the epoch, a multiple of 1,000.

    Raises:
        Malformed: not that spelling, no such date, or before 1970.
    """
    if type(text) is not str or not _MS_TEXT.fullmatch(text):
        raise Malformed("a time is written as 2026-11-20T10:00:00.000Z: UTC, three digits of a second", path=path)
    return _seconds(text[:19], path) * MICROSECONDS + int(text[20:23]) * 1000


def format_ms(at: int) -> str:
    """Write a time as signed data spells it; what is below a millisecond is cut off.

    Args:
        at: microseconds since the epoch.
    """
    return (_EPOCH + at * _MICROSECOND).isoformat(timespec="milliseconds") + "Z"


def version_ns(text: object, *, path: str = "") -> int:
    """The instant of a STIX version text, by which versions compare (STIX 2.1 §2.10, §3.6).

    Args:
        text: an object's `modified` or `created` as written: `Z`, and 0 to 9 digits after the point.
        path: where it stood, for the error.

    Returns:
        Nanoseconds since the epoch.

    Raises:
        Malformed: not that spelling, no such date, or before 1970.
    """
    if type(text) is not str:
        raise Malformed(_NO_VERSION, path=path)
    try:
        return _version_ns(text)
    except Malformed as error:
        error.path = path
        raise


@lru_cache(maxsize=4096)  # the entries of a manifest share most of their times; what is refused is not remembered
def _version_ns(text: str) -> int:
    match = _VERSION_TEXT.fullmatch(text)
    if match is None:
        raise Malformed(_NO_VERSION)
    seconds, fraction = match.groups()
    return _seconds(seconds, "") * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def _seconds(text: str, path: str) -> int:
    """Whole seconds since the epoch of `2026-11-20T10:00:00`, a shape already checked."""
    try:
        since = dt.datetime.fromisoformat(text) - _EPOCH
    except ValueError as error:
        raise Malformed(f"{text} is no date and time of the calendar: {error}", path=path) from error
    if since.days < 0:
        raise Malformed("a time before 1970 is not accepted", path=path)
    return since.days * 86_400 + since.seconds
