"""What is a row of the check? A number, what the standard asks, how it is judged, and what mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from feeds.conformance.exchanges import Exchange, Notes


class Verdict(StrEnum):
    """What a row comes to."""

    OK = "ok"
    BROKEN = "broken"
    UNSEEN = "cannot be seen"
    NOT_APPLICABLE = "not applicable"


class Level(StrEnum):
    """How binding a row is."""

    MUST = "must"
    SHOULD = "should"
    TRAP = "trap"
    """No clause forbids it, and real clients fail on it, loop or lose data."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was seen of a row.

    Attributes:
        verdict: What it comes to.
        asked: The request that shows it.
        came: What came, in words; received text is fit to be shown.
    """

    verdict: Verdict
    asked: str
    came: str


Judge = Callable[[Notes], Judgement]
Fault = Callable[[Exchange], str | None]
"""What is wrong with one exchange; None for nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        number: Stable, as in `docs/check.md`.
        level: How binding.
        clause: Where it stands.
        claim: What is asked of the server.
        mend: What to do where it is broken.
        judge: Looks at the notes and says what they show.
    """

    number: int
    level: Level
    clause: str
    claim: str
    mend: str
    judge: Judge


@dataclass(frozen=True, slots=True)
class Result:
    """A row and what it came to."""

    row: Row
    judgement: Judgement

    @property
    def breach(self) -> bool:
        """Whether a MUST is broken."""
        return self.row.level is Level.MUST and self.judgement.verdict is Verdict.BROKEN

    def view(self) -> dict[str, object]:
        """The result as JSON."""
        row, found = self.row, self.judgement
        mend = row.mend if found.verdict is Verdict.BROKEN else None
        told: dict[str, object] = {"row": row.number, "level": row.level.value, "clause": row.clause}
        told |= {"claim": row.claim, "asked": found.asked, "came": found.came}
        return told | {"verdict": found.verdict.value, "mend": mend}


_NOTHING: Final = "—"


def ok(exchange: Exchange, came: str | None = None) -> Judgement:
    """The row holds."""
    return Judgement(Verdict.OK, exchange.asked, came or exchange.came)


def broken(exchange: Exchange, came: str) -> Judgement:
    """The row does not hold."""
    return Judgement(Verdict.BROKEN, exchange.asked, came)


def unseen(why: str) -> Judgement:
    """What would show it did not come about."""
    return Judgement(Verdict.UNSEEN, _NOTHING, why)


def not_applicable(why: str) -> Judgement:
    """The row asks nothing of this server."""
    return Judgement(Verdict.NOT_APPLICABLE, _NOTHING, why)


def judge_each(found: Iterable[Exchange | None], fault: Fault, otherwise: str) -> Judgement:
    """The first exchange at fault, else the last one looked at.

    Args:
        found: Those to look at; None for one that did not take place.
        fault: What is wrong with one.
        otherwise: Why nothing can be said where none took place.
    """
    seen: Exchange | None = None
    refused: Exchange | None = None
    for each in found:
        if each is None:
            continue
        if each.status is None:
            refused = refused or (None if each.lost else each)
            continue
        seen = each
        if (wrong := fault(each)) is not None:
            return broken(each, wrong)
    if refused is not None:
        return broken(refused, refused.came)
    return unseen(otherwise) if seen is None else ok(seen)


def named(names: Iterable[str], fault: Fault, otherwise: str) -> Judge:
    """A judge that looks at the exchanges of these names, see `judge_each`."""
    wanted = tuple(names)

    def judge(notes: Notes) -> Judgement:
        return judge_each((notes.exchanges.get(name) for name in wanted), fault, _why(notes, wanted, otherwise))

    return judge


def _why(notes: Notes, names: Iterable[str], otherwise: str) -> str:
    """Why nothing came of these questions: what kept the answers away, if something did."""
    failures = [each.failure for name in names if (each := notes.exchanges.get(name)) and each.failure]
    return failures[0] if failures else otherwise


def like_plain(names: Iterable[str], fault: Fault) -> Judge:
    """A judge of questions that only differ in their spelling from one that is answered with 200 (the collections)."""
    judge = named(names, fault, "nothing was asked")

    def compared(notes: Notes) -> Judgement:
        plain = notes.get("collections")
        if plain is None or not plain.ok:
            return unseen("the same question in its plain spelling is not answered with 200 either")
        return judge(notes)

    return compared


def status_in(*allowed: int) -> Fault:
    """A fault for any other status than these."""

    def fault(exchange: Exchange) -> str | None:
        if exchange.status in allowed:
            return None
        return f"{exchange.came}; {' or '.join(map(str, allowed))} belongs there"

    return fault


def judged(rows: Iterable[Row], notes: Notes) -> list[Result]:
    """Every row judged, in their order. No row can end the check: one that cannot be judged cannot be seen."""
    return [Result(row, _judgement(row, notes)) for row in rows]


def _judgement(row: Row, notes: Notes) -> Judgement:
    try:
        return row.judge(notes)
    except Exception as error:  # noqa: BLE001 - an answer so odd that a judge stumbles is not taken for a good one
        return unseen(f"the answers are so odd that this check stumbled over them ({type(error).__name__})")


def counts(results: Iterable[Result]) -> Mapping[str, int]:
    """How many rows came to which verdict, and how many MUSTs are broken."""
    listed = list(results)
    told = {verdict.value: sum(each.judgement.verdict is verdict for each in listed) for verdict in Verdict}
    return told | {"broken must": sum(each.breach for each in listed)}
