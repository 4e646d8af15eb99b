"""Generated groups: agreements of several versions, histories of acceptances, and the publications among them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from policies.agreement import Agreement
from policies.entitlement import open_from, starts_on_acceptance
from policies.group import Group, Version, may_accept, rights
from policies.labels import Label
from policies.life import State
from policies.reasons import Refusal
from support.agreements import FROM, A, B, C, agreement, micros
from support.clock import HOUR
from support.marked import Caller, Stored

MEMBERS = (A, B, C)
LABELS = ("clear", "green", "amber", "amber+strict")
FIRST = micros(FROM)

parties = st.lists(
    st.fixed_dictionaries(
        {
            "member": st.sampled_from(MEMBERS[1:]),
            "role": st.sampled_from(["receiver", "both", "both", "receiver", "publisher", "observer"]),
            "clearance": st.sampled_from(LABELS),
            "redistributes": st.sampled_from([False, False, False, True]),
        }
    ),
    unique_by=lambda party: str(party["member"]),
    min_size=1,
    max_size=2,
)
"""Parties beside A, which publishes and receives in every version."""


@st.composite
def agreements(draw: Callable[[st.SearchStrategy[Any]], Any], number: int, begin_day: int) -> Agreement:
    """One version of an agreement, in force from that day."""
    return agreement(
        version=number,
        validity={"from": FROM + timedelta(days=begin_day)},
        parties=[{"member": A}, *draw(parties)],
        terms={
            "history": draw(st.sampled_from(["all", "from-joining"])),
            "onward": draw(st.sampled_from(["none", "community", "clients"])),
        },
    )


@dataclass(slots=True)
class World:
    """A group over time: what happened, and the rows published so far."""

    group: Group
    at: int = FIRST
    rows: list[Stored] = field(default_factory=list)

    @property
    def position(self) -> int:
        """The last position; positions follow the clock, as the sequencer's do."""
        return max((row.position for row in self.rows), default=0)

    def accept(self, member: str, digest: str) -> None:
        """The member accepts that version, if it may."""
        try:
            version = may_accept(self.group, member, digest, self.at)
        except Refusal:
            return
        published = {row.publisher for row in self.rows}
        starts = starts_on_acceptance(self.group, version, member, published, self.position, self.at)
        accepted = {**self.group.acceptances.get(member, {}), digest: self.at}
        self.group = replace(
            self.group,
            acceptances={**self.group.acceptances, member: accepted},
            starts={**self.group.starts, member: starts},
        )

    def withdraw(self, member: str) -> None:
        """The member withdraws whatever it accepted; its starts are kept as they count now."""
        starts = {**self.group.starts, member: open_from(self.group, member, self.at)}
        others = {other: held for other, held in self.group.acceptances.items() if other != member}
        self.group = replace(self.group, acceptances=others, starts=starts)

    def approve(self, number: int) -> None:
        """The version of that number, from 0, is approved now, if it was not."""
        versions = list(self.group.versions)
        if versions[number].state is State.PROPOSED:
            versions[number] = replace(versions[number], state=State.APPROVED, approved_at=self.at)
            self.group = replace(self.group, versions=tuple(versions))

    def publish(self, member: str, label: Label) -> None:
        """The member publishes a row, if it may write."""
        if rights(self.group, Caller(member), self.at).can_write:
            self.rows.append(Stored(label, max(self.position + 1, self.at), member))


History = tuple[tuple[str, str, int], ...]
"""What happens, an hour apart: (verb, member, number of a version from 0, or rank of a label)."""


def _phase(number: int) -> st.SearchStrategy[History]:
    """What happens while that version (from 0) is in force: A and perhaps others accept it, then anything."""
    publish = st.tuples(st.just("publish"), st.sampled_from((A, A, B)), st.sampled_from((2, 1, 3, 0)))
    some = st.one_of(
        publish,
        publish,
        st.tuples(st.just("accept"), st.sampled_from((B, C)), st.just(number)),
        st.tuples(st.just("accept"), st.sampled_from(MEMBERS), st.just(min(number + 1, 2))),
        st.tuples(st.just("withdraw"), st.sampled_from((B, C)), st.just(0)),
    )
    joining = st.lists(st.tuples(st.just("accept"), st.sampled_from((B, C)), st.just(number)), max_size=2)
    first = (("wait", A, number), ("accept", A, number))
    return st.tuples(joining, st.lists(some, min_size=3, max_size=8)).map(lambda told: (*first, *told[0], *told[1]))


histories = st.tuples(*(_phase(number) for number in range(3))).map(lambda phases: sum(phases, ()))
"""Three versions live through, one after the other."""


places = st.sampled_from((None, ("both", "amber"), ("receiver", "amber"), ("both", "green")))


@st.composite
def plain_versions(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[Agreement, ...]:
    """Three versions, ten days apart, all history shared: B and C have a place or none, and receive up to a label."""
    return plain(*(tuple(draw(places) for _ in (B, C)) for _ in range(3)))


def plain(*placed: tuple[tuple[str, str] | None, ...]) -> tuple[Agreement, ...]:
    """Such versions, by the places of B and C."""
    return tuple(
        agreement(
            version=number + 1,
            validity={"from": FROM + timedelta(days=10 * number)},
            parties=[
                {"member": A},
                *({"member": m, "role": p[0], "clearance": p[1]} for m, p in zip((B, C), pair, strict=True) if p),
            ],
        )
        for number, pair in enumerate(placed)
    )


def _turned_back(member: str, number: int) -> History:
    return (("withdraw", member, 0), ("accept", member, number), ("publish", member, 2))


def _steps(now: int, *numbers: int) -> st.SearchStrategy[History]:
    """While version `now` governs: publications, acceptances of these, by one or by all, and a turn back to `now`."""
    who, which = st.sampled_from(MEMBERS), st.sampled_from(numbers)
    publish = st.tuples(st.tuples(st.just("publish"), who, st.sampled_from((2, 1, 3))))
    accept = st.tuples(st.tuples(st.just("accept"), who, which))
    every = which.map(lambda number: tuple(("accept", member, number) for member in MEMBERS))
    back = who.map(lambda member: _turned_back(member, now))
    return st.lists(st.one_of(publish, accept, every, back), max_size=5).map(lambda told: sum(told, ()))


disorder = st.tuples(
    st.just(tuple(("accept", member, 0) for member in MEMBERS)),
    st.lists(st.tuples(st.just("approve"), st.just(A), st.sampled_from((2, 2, 1))), max_size=2).map(tuple),
    _steps(0, 0, 1, 2, 2),
    st.just((("approve", A, 1), ("approve", A, 2))),
    _steps(0, 1, 2),
    st.just((("wait", A, 1),)),
    _steps(1, 1, 1, 2),
    st.just((("wait", A, 2),)),
    _steps(2, 2),
).map(lambda phases: sum(phases, ()))
"""Two later versions approved in either order, accepted long ahead, withdrawn from: whatever the rules allow."""

_AMBER, _GREEN = ("both", "amber"), ("both", "green")
_BOTH: History = (("accept", A, 0), ("accept", C, 0), ("approve", A, 1), ("approve", A, 2))
RETURNED = (
    plain((None, None), (None, _AMBER), (None, _AMBER)),
    (*_BOTH, ("accept", A, 1), ("accept", C, 1), *_turned_back(A, 0), ("wait", A, 1)),
)
"""A lets C in ahead, goes back to the version that does not, and publishes."""
_UNDER_V2: History = (("approve", A, 1), ("wait", A, 1), ("accept", B, 1), ("publish", B, 2), ("wait", A, 2))
BETWEEN = (
    plain((None, None), (_AMBER, None), (None, _AMBER)),
    (("accept", A, 0), ("approve", A, 2), ("accept", A, 2), ("accept", C, 2), *_UNDER_V2),
)
"""A version approved later comes between, and B publishes under it."""
_AMBER_PASSED: History = (("wait", A, 1), ("accept", A, 1), ("publish", A, 2), ("publish", A, 1), ("wait", A, 2))
LOWERED = (
    plain((None, _AMBER), (None, _GREEN), (None, _AMBER)),
    (*_BOTH, ("accept", C, 1), ("accept", C, 2), *_AMBER_PASSED),
)
"""C accepts ahead that it is lowered, and raised again."""
_PASSED_BY: History = (("wait", A, 1), ("accept", A, 1), ("publish", A, 2), ("wait", A, 2), ("accept", A, 2))
LEFT_OUT = (
    plain((None, _AMBER), (None, None), (None, _AMBER)),
    (*_BOTH, ("accept", C, 2), *_PASSED_BY, ("publish", A, 2), ("withdraw", C, 0), ("accept", C, 2)),
)
"""C is left out of a version in between, accepted the next one ahead, and withdraws and returns once it is in."""


@st.composite
def versions(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[Agreement, ...]:
    """Three versions, ten days apart."""
    return tuple(draw(agreements(number, 10 * (number - 1))) for number in (1, 2, 3))


def world_of(reviewed: tuple[Agreement, ...], proposed: int = 0) -> World:
    """A group in which these versions are approved, save for the last ones, and nobody has accepted anything."""
    approved = [Version(version, State.APPROVED, FIRST) for version in reviewed[: len(reviewed) - proposed]]
    waiting = [Version(version, State.PROPOSED) for version in reviewed[len(approved) :]]
    newest = reviewed[-1]
    return World(Group(newest.id, newest.proofs, newest.alias, (*approved, *waiting), {}, {}))


def play(world: World, history: History) -> Iterator[None]:
    """Live through a history, with a stop after each step."""
    for verb, member, number in history:
        world.at += HOUR
        match verb:
            case "accept":
                world.accept(member, world.group.versions[number].agreement.digest)
            case "withdraw":
                world.withdraw(member)
            case "publish":
                world.publish(member, Label(number))
            case "approve":
                world.approve(number)
            case _:
                world.at = max(world.at, world.group.versions[number].agreement.validity.from_)
        yield
