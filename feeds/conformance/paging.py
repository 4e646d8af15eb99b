"""Do the pages together make the whole? Rows on `more`, `next`, and going on from a date."""

from __future__ import annotations

from typing import Final

from feeds.conformance.contents import Key, keys_of
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
from feeds.conformance.survey import PAGE, STEP
from feeds.errors import shown

_FEW: Final = f"the collection has no more than {STEP} objects, or sends no `next`"


def more_is_told(notes: Notes) -> Judgement:
    """Row 190."""
    step, page = notes.get("walk 1"), notes.get("version all")
    if step is None or page is None or len(keys_of(page)) <= STEP or not step.ok:
        return unseen(_FEW)
    return ok(step) if step.more else broken(step, f"there are {len(keys_of(page))} objects, and `more` is not true")


def next_goes_on(notes: Notes) -> Judgement:
    """Row 192."""
    page, steps = notes.get("version all"), [notes.get(f"walk {n}") for n in (1, 2, 3)]
    walked = [each for each in steps if each is not None]
    if page is None or len(walked) < 2:  # noqa: PLR2004 - going on takes two
        return unseen(_FEW)
    return _compared(walked[-1], [key for each in walked for key in keys_of(each)], keys_of(page), walked[1])


def date_goes_on(notes: Notes) -> Judgement:
    """Row 193."""
    page, first, second = (notes.get(name) for name in ("version all", "walk 1", "walk by date"))
    if page is None or first is None or second is None:
        return unseen(_FEW)
    return _compared(second, keys_of(first) + keys_of(second), keys_of(page), second)


def _compared(asked: Exchange, walked: list[Key], whole: list[Key], second: Exchange) -> Judgement:
    if not second.ok:
        return broken(second, f"{second.came}; the following page belongs there")
    common = min(len(walked), len(whole), PAGE)
    if walked[:common] == whole[:common]:
        return ok(asked)
    lost = [key for key in whole[:common] if key not in walked]
    if lost:
        return broken(asked, f"{len(lost)} objects are left out, first {shown(lost[0][0])}")
    return broken(asked, "the pages together are not what one larger page is")


def token_is_input(notes: Notes) -> Judgement:
    """Row 194."""
    found = notes.get("token on manifest")
    if found is not None and any("date_added" not in each for each in found.dicts("objects")):
        return broken(found, "a token of the objects gives objects at the manifest")
    elsewhere, home, there = (notes.get(name) for name in ("token elsewhere", "version all", "elsewhere"))
    if elsewhere is not None and home is not None and there is not None:
        foreign = [key for key in keys_of(elsewhere) if key in keys_of(home) and key not in keys_of(there)]
        if foreign and not there.more:
            return broken(elsewhere, f"a token of another collection gives its objects, first {shown(foreign[0][0])}")
    seen = elsewhere or found
    return unseen(_FEW) if seen is None else judge_each([seen], _token_crash, "")


def _token_crash(exchange: Exchange) -> str | None:
    return exchange.came if (exchange.status or 0) >= 500 else None  # noqa: PLR2004 - RFC 9110 §15.6


def replayed(notes: Notes) -> Judgement:
    """Row 195."""
    second, again = notes.get("walk 2"), notes.get("walk 2 again")
    if second is None or again is None:
        return unseen(_FEW)
    if again.ok and keys_of(again) == keys_of(second):
        return ok(again)
    return broken(again, f"{again.came}: not the page that the same token gave before")


def token_alone(notes: Notes) -> Judgement:
    """Row 196."""
    found, second = notes.get("token alone"), notes.get("walk 2")
    if found is None or second is None:
        return unseen(_FEW)
    if found.ok and keys_of(found) == keys_of(second):
        return ok(found)
    return broken(found, f"{found.came}; the second page belongs there, with the filters that the token stands for")


_MUST, _SHOULD, _TRAP = Level.MUST, Level.SHOULD, Level.TRAP
ROWS: Final = (
    Row(
        190,
        _MUST,
        "TAXII 2.1 §3.4, §3.5",
        "more says that there is more",
        "Send `more: true` on every page that is not the last.",
        more_is_told,
    ),
    Row(
        192,
        _MUST,
        "TAXII 2.1 §3.5",
        "next gives the following page",
        "Let `next` go on exactly behind the last entry of the page.",
        next_goes_on,
    ),
    Row(
        193,
        _MUST,
        "TAXII 2.1 §3.5",
        "added_after of the last date gives the following page",
        "Give every entry a date of its own: what shares the last date of a page is never sent.",
        date_goes_on,
    ),
    Row(
        194,
        _MUST,
        "TAXII 2.1 appendix B",
        "a page token opens nothing else",
        "Bind tokens to account, collection, endpoint and filters, and check rights again each time.",
        token_is_input,
    ),
    Row(
        195,
        _TRAP,
        "TAXII 2.1 §3.5",
        "a page token works twice",
        "Let a token give the same page again: a client that lost the answer asks again.",
        replayed,
    ),
    Row(
        196,
        _TRAP,
        "TAXII 2.1 §3.5",
        "next works without added_after",
        "Take the filters from the token: OpenCTI's connector and Elastic send `next` alone.",
        token_alone,
    ),
)
