"""Can a client go on from what it was sent? Rows on dates, headers and the flags for what follows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from feeds.conformance.contents import FIRST, LAST, NO_PAGE, dates
from feeds.conformance.exchanges import Exchange, Notes
from feeds.conformance.rows import (
    Judgement,
    Level,
    Row,
    broken,
    judge_each,
    ok,
    unseen,
)
from feeds.errors import shown

_TAXII: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_PAGES: Final = ("objects", "manifest", "object", "versions", "walk 1", "walk 2", "manifest walk 1")


def _full(notes: Notes) -> list[Exchange]:
    """The pages that carry something."""
    found = (notes.get(name) for name in _PAGES)
    return [each for each in found if each and (each.listed("objects") or each.listed("versions"))]


def dated(notes: Notes) -> Judgement:
    """Rows 160 and 163."""
    return judge_each(_full(notes), _undated, NO_PAGE)


def _undated(exchange: Exchange) -> str | None:
    missing = [name for name in (FIRST, LAST) if not exchange.headers.get(name)]
    return f"200 without {missing[0]}" if missing else None


def timestamps(notes: Notes) -> Judgement:
    """Row 60."""
    return judge_each(_full(notes), _odd_stamp, NO_PAGE)


def _odd_stamp(exchange: Exchange) -> str | None:
    texts = [exchange.headers[name] for name in (FIRST, LAST) if name in exchange.headers]
    return next((f"{shown(each)} is not UTC with six digits" for each in _odd([*texts, *dates(exchange)])), None)


def _odd(texts: Iterable[str]) -> list[str]:
    return [each for each in texts if not _TAXII.fullmatch(each)]


def headers_fit(notes: Notes) -> Judgement:
    """Row 161."""
    found = (notes.get(name) for name in ("manifest", "manifest walk 1"))
    return judge_each((each for each in found if each and dates(each)), _other_dates, NO_PAGE)


def _other_dates(exchange: Exchange) -> str | None:
    added = dates(exchange)
    for name, expected in ((FIRST, added[0]), (LAST, added[-1])):
        if (said := exchange.headers.get(name)) is not None and said != expected:
            return f"{name} is {shown(said)}, the record says {shown(expected)}"
    return None


def empty_page_headers(notes: Notes) -> Judgement:
    """Row 162."""
    return judge_each([notes.get("future")], _odd_stamp, NO_PAGE)


def ascending(notes: Notes) -> Judgement:
    """Row 170."""
    found = notes.get("manifest")
    if found is None or not dates(found):
        return unseen(NO_PAGE)
    return ok(found) if dates(found) == sorted(dates(found)) else broken(found, "the records are not in order of date")


def no_ties(notes: Notes) -> Judgement:
    """Row 171."""
    found = notes.get("manifest")
    if found is None or len(dates(found)) < 2:  # noqa: PLR2004 - a tie takes two
        return unseen("there are fewer than two records")
    twice = [each for each in dates(found) if dates(found).count(each) > 1]
    return broken(found, f"{dates(found).count(twice[0])} records share {shown(twice[0])}") if twice else ok(found)


def exact_flags(notes: Notes) -> Judgement:
    """Row 191: `next` exactly where there is more, so that no client loops and none goes on past the end."""
    return judge_each((notes.get(name) for name in ("objects", "walk 1", "walk 2", "future")), _next_fits, NO_PAGE)


def manifest_flags(notes: Notes) -> Judgement:
    """Row 104."""
    return judge_each((notes.get(name) for name in ("manifest", "manifest walk 1")), _next_fits, NO_PAGE)


def _next_fits(exchange: Exchange) -> str | None:
    if exchange.more and exchange.next is None:
        return "`more` without `next`: clients ask for the first page for ever"
    if exchange.more and not exchange.listed("objects"):
        return "`more` with an empty page: clients ask again for ever"
    if exchange.next is not None and not exchange.more:
        return "`next` without `more`: Elastic goes on asking"
    return None


_MUST, _SHOULD, _TRAP = Level.MUST, Level.SHOULD, Level.TRAP
ROWS: Final = (
    Row(
        60,
        _MUST,
        "TAXII 2.1 §2",
        "timestamps are UTC with six digits",
        "Write dates as `2026-11-20T09:58:11.120345Z`, always with six digits.",
        timestamps,
    ),
    Row(
        104,
        _TRAP,
        "TAXII 2.1 §5.3.1",
        "a manifest with more has next",
        "Send `next` with `more` on the manifest too: taxii2-client loops for ever without it.",
        manifest_flags,
    ),
    Row(
        160,
        _MUST,
        "TAXII 2.1 §3.2",
        "pages carry both X-TAXII-Date-Added headers",
        "Send both headers with every page of objects, manifest and versions that holds something.",
        dated,
    ),
    Row(
        161,
        _MUST,
        "TAXII 2.1 §3.2",
        "the headers are those of this page",
        "Take the headers from the first and the last entry of the very page.",
        headers_fit,
    ),
    Row(
        162,
        _TRAP,
        "TAXII 2.1 §3.2",
        "an empty page has no odd dates",
        "Leave the headers out on an empty page: `undefined` broke EclecticIQ.",
        empty_page_headers,
    ),
    Row(
        170,
        _MUST,
        "TAXII 2.1 §3.3",
        "entries ascend by date added",
        "Order by the date added to the collection, oldest first.",
        ascending,
    ),
    Row(
        171,
        _TRAP,
        "TAXII 2.1 §3.3, §3.5",
        "no two entries share a date",
        "Give every entry a date of its own, in the order of commits: pollers that go on from a date lose the rest.",
        no_ties,
    ),
    Row(
        191,
        _TRAP,
        "TAXII 2.1 §3.5, §3.7",
        "next comes exactly with more",
        "Send `next` whenever `more` is true and never else; never `more` with an empty page.",
        exact_flags,
    ),
)
