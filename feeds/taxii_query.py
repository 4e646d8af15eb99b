"""What does a TAXII query ask for? Query parameters in, one frozen `Query` out, or a sentence that says what is wrong.

TAXII 2.1 §3.4 and §3.5. Decided here, where the standard is silent: a `limit` of any size is read (the caller clamps
it), `added_after` may have 0 to 9 fraction digits, an empty `next=` is absent, a parameter given twice and a
`match[...]` field that the endpoint does not know are refused, any other unknown parameter is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from feeds.errors import BadQuery, BadTimestamp, shown
from feeds.timestamps import parse_stix, parse_taxii

OBJECTS_MATCH: Final = frozenset({"id", "type", "version", "spec_version"})
"""`match[...]` fields of objects and manifest (TAXII 2.1 §5.3, §5.4)."""
OBJECT_MATCH: Final = frozenset({"version", "spec_version"})
"""`match[...]` fields of one object by its id (TAXII 2.1 §5.6, its table)."""
VERSIONS_MATCH: Final = frozenset({"spec_version"})
"""`match[...]` fields of an object's versions (TAXII 2.1 §5.8)."""

MAX_VALUES: Final = 100
"""Most values of one `match[...]` field: keeps a query cheap and its `next` short enough for a URL (App. B)."""
MAX_VALUE: Final = 300
"""Longest `match[...]` value in characters; a STIX id has at most 288 (a 250-character type, `--`, a UUID)."""
MAX_NEXT: Final = 32_768
"""Longest `next` in characters that is looked at."""
MAX_LIMIT_DIGITS: Final = 18
"""Digits of the largest `limit` that is told from a larger one; SQL integers hold it."""
_LATEST_NS: Final = 2**63 - 1
"""Later instants (after April 2262) stand for this one: SQL integers hold it, and no row has it."""


@dataclass(frozen=True, slots=True)
class VersionFilter:
    """`match[version]`: the union of what it names (TAXII 2.1 §3.4.1).

    Attributes:
        first: The earliest version of each object.
        last: The latest version of each object, which is also the default of an absent filter.
        all: Every version.
        instants_ns: Versions by their instant, in nanoseconds since the epoch, ascending, without repetition.
    """

    first: bool = False
    last: bool = False
    all: bool = False
    instants_ns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What a request asks for. A `match_*` of None was not asked for; a tuple is a non-empty union, sorted.

    Attributes:
        added_after: Position in microseconds since the epoch: only rows strictly later; None for the beginning.
        limit: Most rows wanted, at least 1; None for the server's own page size.
        next: The page token as received, unopened (`feeds.cursor` opens it).
        match_id: STIX ids.
        match_type: STIX types.
        match_spec_version: STIX versions.
        match_version: Versions; None means `last` where versions are chosen at all.
    """

    added_after: int | None = None
    limit: int | None = None
    next: str | None = None
    match_id: tuple[str, ...] | None = None
    match_type: tuple[str, ...] | None = None
    match_spec_version: tuple[str, ...] | None = None
    match_version: VersionFilter | None = None


def parse_query(pairs: Iterable[tuple[str, str]], allowed: frozenset[str]) -> Query:
    """Read the query parameters of one request.

    Args:
        pairs: Names and values after percent-decoding, every one, in order (so that repetitions show).
        allowed: The `match[...]` fields that the endpoint knows, such as `OBJECTS_MATCH`.

    Raises:
        BadQuery: says which parameter is wrong and what it may be.
    """
    given = _once(pairs, allowed)
    version = given.get("match[version]")
    return Query(
        added_after=_added_after(given.get("added_after")),
        limit=_limit(given.get("limit")),
        next=_next(given.get("next")),
        match_id=_values("match[id]", given.get("match[id]")),
        match_type=_values("match[type]", given.get("match[type]")),
        match_spec_version=_values("match[spec_version]", given.get("match[spec_version]")),
        match_version=None if version is None else _version(version),
    )


def _once(pairs: Iterable[tuple[str, str]], allowed: frozenset[str]) -> dict[str, str]:
    """The parameters that mean something here, each once; an unknown `match[...]` is refused, other names are not."""
    known = {"added_after", "limit", "next", *(f"match[{field}]" for field in allowed)}
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            if name.startswith("match["):
                told = ", ".join(f"match[{field}]" for field in sorted(allowed)) or "none"
                raise BadQuery(f"The filter {shown(name)} is not known here; known ones: {told}.")
            continue
        if name in given:
            raise BadQuery(f"`{name}` is given twice; give it once, several values of a match joined by commas.")
        given[name] = value
    return given


def _added_after(text: str | None) -> int | None:
    """The position after which to start, in microseconds, truncated down; an empty value counts as absent."""
    if not text:
        return None
    try:
        return parse_taxii(text)
    except BadTimestamp as error:
        raise BadQuery(
            f"`added_after` is {shown(text)}; give one UTC time such as `2026-11-20T10:00:00.000000Z`."
        ) from error


def _limit(text: str | None) -> int | None:
    """The number of rows wanted; absurdly large ones become a large one, for the caller to clamp."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise BadQuery(f"`limit` is {shown(text)}; give a whole number of at least 1.")
    digits = text.lstrip("0")
    return int(digits) if len(digits) <= MAX_LIMIT_DIGITS else 10**MAX_LIMIT_DIGITS - 1


def _next(text: str | None) -> str | None:
    """The page token; empty counts as absent (MISP sends `next=` with its first request)."""
    if not text:
        return None
    if len(text) > MAX_NEXT:
        raise BadQuery(f"`next` is longer than {MAX_NEXT} characters; send the value of the previous page unchanged.")
    return text


def _values(name: str, text: str | None) -> tuple[str, ...] | None:
    """The values of one filter, sorted, without repetition; they are compared as they are, never interpreted."""
    if text is None:
        return None
    return tuple(sorted({_value(name, each) for each in _listed(name, text)}))


def _listed(name: str, text: str) -> Sequence[str]:
    """The values between the commas."""
    if text.count(",") >= MAX_VALUES:
        raise BadQuery(f"`{name}` has more than {MAX_VALUES} values; ask in several requests.")
    return text.split(",")


def _value(name: str, value: str) -> str:
    """One value: not empty, no blanks round it, and text that any database can be asked for."""
    if not value:
        raise BadQuery(f"`{name}` has an empty value; leave the filter out, or name what to match.")
    if len(value) > MAX_VALUE:
        raise BadQuery(f"A value of `{name}` is longer than {MAX_VALUE} characters, more than any STIX name has.")
    if value != value.strip() or not value.isprintable():
        raise BadQuery(f"`{name}` has {shown(value)}; join values by commas, without blanks or control characters.")
    return value


def _version(text: str) -> VersionFilter:
    """`match[version]`: `all` alone, or a union of `first`, `last` and STIX timestamps (TAXII 2.1 §3.4.1)."""
    values = [_value("match[version]", each) for each in _listed("match[version]", text)]
    if len(set(values)) < len(values):
        raise BadQuery("`match[version]` names a version twice; name each once.")
    if "all" in values and len(values) > 1:
        raise BadQuery("`match[version]` has `all` beside other values; `all` stands alone.")
    times = [each for each in values if each not in {"first", "last", "all"}]
    return VersionFilter(
        first="first" in values,
        last="last" in values,
        all="all" in values,
        instants_ns=tuple(sorted({_instant(each) for each in times})),
    )


def _instant(text: str) -> int:
    """A version's instant in nanoseconds: `…00Z` and `…00.000Z` are the same version."""
    try:
        return min(parse_stix(text), _LATEST_NS)
    except BadTimestamp as error:
        raise BadQuery(
            f"`match[version]` has {shown(text)}; give `first`, `last`, `all`, or times such as "
            "`2026-11-20T10:00:00.000Z`."
        ) from error
