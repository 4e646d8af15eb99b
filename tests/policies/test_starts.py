"""Starts: what an acceptance opens, and that nothing opens behind a cursor."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from policies.agreement import Agreement
from policies.entitlement import entitlement, open_from, readers_from, starts_on_acceptance
from policies.group import Group
from policies.labels import Label
from policies.life import State
from support.agreements import FROM, A, B, C, agreement, group_of, micros
from support.marked import Caller

CLEAR, GREEN, AMBER = Label.CLEAR, Label.GREEN, Label.AMBER
MARCH, MAY, JULY = (FROM.replace(month=month) for month in (3, 5, 7))
LAST = 5  # the group's last position


def version(number: int, begin: datetime = FROM, c: str | None = "green", **more: Any) -> Agreement:
    """A version in which A and B publish, and C receives up to ``c`` (None: is no party)."""
    parties = [{"member": A}, {"member": B}]
    if c == "observer":
        parties.append({"member": C, "role": "observer"})
    elif c is not None:
        parties.append({"member": C, "role": "receiver", "clearance": c})
    return agreement(version=number, validity={"from": begin}, parties=parties, **more)


def group(
    *versions: Agreement,
    accepted: Mapping[str, tuple[Agreement, ...]] | None = None,
    recorded: Mapping[Label, int] | None = None,
) -> Group:
    """A group in which A and B have accepted everything; C what is said, with its recorded starts."""
    by_member = {A: versions, B: versions, C: ()} | dict(accepted or {})
    return replace(
        group_of(*versions),
        acceptances={member: {v.digest: v.validity.from_ for v in held} for member, held in by_member.items()},
        starts={C: dict(recorded)} if recorded else {},
    )


def starts(
    to: Agreement,
    world: Group,
    *,
    published: tuple[str, ...] = (A, B),
    position: int = LAST,
    at: datetime | None = None,
) -> dict[Label, int]:
    """C's starts after accepting ``to``; by default at its first instant."""
    instant = to.validity.from_ if at is None else micros(at)
    return dict(starts_on_acceptance(world, to, C, published, position, instant))


V1 = version(1)
SHY = version(1, terms={"history": "from-joining"})


@pytest.mark.parametrize(
    ("agreement_", "accepted", "published", "expected"),
    [
        (V1, {}, (A, B), 0),
        (V1, {}, (), 0),
        (V1, {B: ()}, (A, B), LAST + 1),
        (V1, {B: ()}, (A,), 0),
        (V1, {}, (A, "identity--dddddddd-dddd-4ddd-8ddd-dddddddddddd"), LAST + 1),
        (SHY, {}, (A, B), LAST + 1),
        (SHY, {}, (), LAST + 1),
    ],
    ids=[
        "all history, all accepted",
        "nothing published",
        "a publisher has not accepted",
        "only a party that never published has not accepted",
        "a publisher that has left cannot accept",
        "from joining",
        "from joining, nothing published",
    ],
)
def test_first_acceptance(
    agreement_: Agreement, accepted: Mapping[str, tuple[Agreement, ...]], published: tuple[str, ...], expected: int
) -> None:
    """Red if a joining party is shown what its publishers never shared with it, or the object at the last position."""
    world = group(agreement_, accepted=accepted)
    assert starts(agreement_, world, published=published) == {CLEAR: expected, GREEN: expected}


def test_a_publisher_does_not_wait_for_itself() -> None:
    """Red if the joining party's own publications need its own earlier acceptance."""
    assert starts(V1, group(V1), published=(A, B, C)) == {CLEAR: 0, GREEN: 0}


V2_UP, V2_SAME, V2_DOWN, V2_OUT = (version(2, MARCH, c) for c in ("amber", "green", "clear", None))
V2_OBSERVER = version(2, MARCH, "observer")
V3_UP = version(3, MAY, "amber")
V3_SAME = version(3, MAY, "green")
V1_OUT = version(1, FROM, None)
FROM_START = {CLEAR: 0, GREEN: 0}
LATER = {CLEAR: 3, GREEN: 3}


@pytest.mark.parametrize(
    ("world", "to", "expected"),
    [
        (group(V1, V2_UP, accepted={C: (V1,)}, recorded=FROM_START), V2_UP, {CLEAR: 0, GREEN: 0, AMBER: 6}),
        (group(V1, V2_UP, accepted={C: (V1,)}, recorded=LATER), V2_UP, {CLEAR: 3, GREEN: 3, AMBER: 6}),
        (group(V1, V2_DOWN, accepted={C: (V1,)}, recorded=FROM_START), V2_DOWN, {CLEAR: 0}),
        (group(V1, V2_SAME, accepted={C: (V1,)}, recorded=LATER), V2_SAME, LATER),
        (group(V1, accepted={C: ()}, recorded=LATER), V1, LATER),
        (group(V1, V2_OUT, accepted={C: (V1,)}, recorded=FROM_START), V2_OUT, {}),
        (group(V1, V2_OBSERVER, accepted={C: (V1,)}, recorded=FROM_START), V2_OBSERVER, {}),
    ],
    ids=[
        "raised: only the new label, forward only",
        "raised: others keep a later start",
        "lowered: dropped",
        "a new version",
        "withdrawn and accepted again",
        "no party any more",
        "observer now",
    ],
)
def test_t21_next_acceptances(world: Group, to: Agreement, expected: Mapping[Label, int]) -> None:
    """T-21. Red if a raised label opens behind a cursor, a lowered one stays, or a kept one jumps forward."""
    assert starts(to, world) == expected


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        (group(V1, V2_DOWN, V3_SAME, accepted={C: (V1, V2_DOWN)}, recorded={CLEAR: 0}), {CLEAR: 0, GREEN: 6}),
        (group(V1, V2_DOWN, V3_SAME, accepted={C: (V1,)}, recorded=FROM_START), {CLEAR: 0, GREEN: 6}),
        (group(V1, V2_DOWN, V3_SAME, accepted={C: ()}, recorded=FROM_START), {CLEAR: 0, GREEN: 6}),
        (group(V1, V2_SAME, V3_SAME, accepted={C: (V1,)}, recorded=LATER), LATER),
        (group(V1, V2_OUT, V3_SAME, accepted={C: (V1,)}, recorded=FROM_START), FROM_START),
        (group(V1, V2_OUT, V3_SAME, accepted={B: (V1,), C: (V1,)}, recorded=FROM_START), {CLEAR: 6, GREEN: 6}),
        (group(V1_OUT, V2_SAME, V3_SAME, accepted={B: (V2_SAME,), C: (V2_SAME,)}, recorded=FROM_START), FROM_START),
    ],
    ids=[
        "lowered and raised again",
        "lowered while paused",
        "lowered, all withdrawn",
        "paused over an equal version",
        "out and in again, history shared",
        "out and in again, a publisher has not accepted",
        "out before it joined, which its acceptance settled",
    ],
)
def test_what_was_closed_meanwhile(world: Group, expected: Mapping[Label, int]) -> None:
    """T-21. Red if a party gets what was published while the version in force did not grant it."""
    assert starts(V3_SAME, world) == expected


def test_a_later_joiner_that_withdraws_and_returns_keeps_its_starts() -> None:
    """Red if a version that ended before the member joined counts as a time when its labels were closed."""
    without, joined = version(1, FROM, None), version(2, MARCH)
    start = joined.validity.from_ + 10
    recorded = {CLEAR: start, GREEN: start}
    world = group(without, joined, accepted={B: (without,)}, recorded=recorded)
    assert starts(joined, world, position=start + 100, at=MAY) == recorded


class TestBeforeItIsInForce:
    """A version may be accepted before its first instant."""

    def test_a_raise_opens_at_its_first_instant(self) -> None:
        """Red if a label raised in advance opens at the acceptance, behind what a cursor passed since."""
        world = group(V1, V2_UP, accepted={C: (V1,)}, recorded=FROM_START)
        assert starts(V2_UP, world, at=FROM) == {CLEAR: 0, GREEN: 0, AMBER: micros(MARCH)}

    def test_a_lowered_label_stays_until_then(self) -> None:
        """Red if accepting the next version in advance takes what the present one still grants."""
        world = group(V1, V2_DOWN, accepted={C: (V1,)}, recorded=FROM_START)
        assert starts(V2_DOWN, world, at=FROM) == FROM_START

    def test_a_label_kept_so_is_closed_when_raised_again(self) -> None:
        """Red if a start left over from such an acceptance opens a label behind a cursor."""
        world = group(V1, V2_DOWN, V3_SAME, accepted={C: (V1, V2_DOWN)}, recorded=FROM_START)
        assert starts(V3_SAME, world) == {CLEAR: 0, GREEN: 6}

    def test_joining_the_first_version(self) -> None:
        """Red if parties that accept before the first day lose the beginning."""
        assert starts(V2_UP, group(V2_UP), published=(), at=FROM) == {CLEAR: 0, GREEN: 0, AMBER: 0}

    def test_joining_later_opens_nothing_before(self) -> None:
        """Red if history is shared ahead: A may withdraw, return to the present version, and publish without C."""
        without = version(1, FROM, None)
        assert starts(V2_UP, group(without, V2_UP), published=(A,), at=FROM)[AMBER] == micros(MARCH)

    def test_a_version_approved_later_may_come_between(self) -> None:
        """Red if the versions known at the acceptance are taken for all that can govern before."""
        alone, late, joined = agreement(parties=[{"member": A}]), version(2, MARCH, None), version(3, JULY)
        world = group(alone, late, joined)
        proposed = replace(world.versions[1], state=State.PROPOSED)
        for between in (proposed, replace(proposed, state=State.APPROVED)):
            world = replace(world, versions=(world.versions[0], between, world.versions[2]))
            assert starts(joined, world, published=(A,), at=FROM)[GREEN] == micros(JULY)

    def test_before_a_rejected_version_nobody_can_publish(self) -> None:
        """Red if a text that was never approved makes the first version's readers read from its first day."""
        world = group(version(1, FROM, None), V2_UP)
        rejected = replace(world.versions[0], state=State.REJECTED)
        world = replace(world, versions=(rejected, world.versions[1]))
        assert starts(V2_UP, world, published=(), at=FROM) == {CLEAR: 0, GREEN: 0, AMBER: 0}

    def test_lowered_and_raised_ahead(self) -> None:
        """Red if `open_from` is not asked: what V2 closed to C would open at V3 behind its cursor, or close at once."""
        first, lowered, raised = version(1, FROM, "amber"), V2_DOWN, V3_UP
        all_three = (first, lowered, raised)
        kept = {CLEAR: 0, GREEN: 0, AMBER: 0}
        world = group(*all_three, accepted={C: (first, lowered)}, recorded=kept)
        assert starts(raised, world, at=FROM) == kept, "V1 grants amber still"
        accepted = {C: {v.digest: micros(FROM) for v in all_three}}
        world = replace(world, acceptances={**world.acceptances, **accepted})
        opened = {CLEAR: 0, GREEN: micros(MAY), AMBER: micros(MAY)}
        for at, expected in ((FROM, kept), (MARCH, kept), (MAY, opened)):
            assert open_from(world, C, micros(at)) == expected
        granted = entitlement(world, Caller(C), micros(MAY))
        assert granted is not None
        assert dict(granted.starts) == opened
        assert readers_from(replace(world, starts={C: kept}), micros(MAY))[AMBER][AMBER] == micros(MAY)
        again = version(4, JULY, "amber")
        later = replace(world, versions=(*world.versions, replace(world.versions[-1], agreement=again)))
        assert starts(again, later, at=JULY) == opened, "the next acceptance begins with what counts"


def test_a_party_that_redistributes_is_capped() -> None:
    """Red if the starts of a redistributing party are recorded above its cap, and open behind it when lifted."""
    parties = [{"member": A}, {"member": C, "clearance": "amber", "redistributes": True}]
    capped = agreement(parties=parties)
    lifted = agreement(version=2, parties=parties, terms={"onward": "clients"}, validity={"from": MARCH})
    first = starts(capped, group(capped), published=(A,))
    assert first == {CLEAR: 0}
    world = group(capped, lifted, accepted={C: (capped,)}, recorded=first)
    assert starts(lifted, world, published=(A,)) == {CLEAR: 0, GREEN: 6, AMBER: 6}


def test_never_below_the_laxer_label() -> None:
    """Red if a stricter label can start before a laxer one."""
    recorded = {CLEAR: 0, GREEN: micros(MAY) + 1}
    world = group(V1, V2_OUT, V3_UP, accepted={B: (V1,), C: ()}, recorded=recorded)
    result = starts(V3_UP, world, position=micros(MAY) + 5)
    assert set(result.values()) == {micros(MAY) + 6}
