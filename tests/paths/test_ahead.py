"""Versions accepted before their first day: what they open then, to whom, and what the reader is owed (T-21)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from keys.acceptance import Action
from policies.agreement import Agreement, read_agreement
from support.agreements import agreement_toml
from support.clock import DAY, SECOND
from support.stage import indicator
from support.stix_objects import AT
from support.world import Cirt, World

SECOND_DAY, THIRD_DAY = AT + DAY, AT + 2 * DAY
ONE, TWO, THREE = (indicator(number)["id"] for number in (1, 2, 3))


def place(cirt: Cirt, role: str, clearance: str = "amber") -> Mapping[str, Any]:
    """A party."""
    return {"member": cirt.id, "role": role, "clearance": clearance}


def version(of: Agreement, number: int, begin: int, *parties: Mapping[str, Any]) -> Agreement:
    """A later version of an agreement, in force from that instant."""
    dates = {"from": datetime.fromtimestamp(begin / SECOND, UTC)}
    names = {"id": of.id, "proofs": of.proofs, "alias": of.alias}
    return read_agreement(agreement_toml(**names, version=number, validity=dates, parties=parties))


def approve(world: World, agreement: Agreement, *accepting: Cirt) -> None:
    """Approve a version, a second later, and let these accept it."""
    world.clock.advance(SECOND)
    world.approve(agreement)
    for cirt in accepting:
        world.accept(cirt, agreement)
    world.clock.advance(SECOND)


def test_t21_a_publisher_that_turns_back_is_not_shared(world: World) -> None:
    """T-21. Red if an acceptance ahead grants the beginning: A then publishes under the text that has no C."""
    a, c = world.cirt("a"), world.cirt("c")
    first = world.agreement([(a, "both", "amber")])
    second = version(first, 2, SECOND_DAY, place(a, "both"), place(c, "receiver"))
    approve(world, second, a, c)
    world.accept(a, second, action=Action.WITHDRAW)
    world.accept(a, first)
    world.clock.advance(SECOND)
    assert a.publish(first, [indicator(1)], "amber")["failure_count"] == 0
    world.clock.now = SECOND_DAY + SECOND
    assert c.ids(first.id) == []


def test_t21_a_version_approved_later_may_come_between(world: World) -> None:
    """T-21. Red if an acceptance ahead grants the beginning: P joins under a text approved since, which has no C."""
    a, p, c = world.cirt("a"), world.cirt("p"), world.cirt("c")
    first = world.agreement([(a, "both", "amber")])
    third = version(first, 3, SECOND_DAY, place(a, "both"), place(p, "both"), place(c, "receiver"))
    second = version(first, 2, AT, place(a, "both"), place(p, "both"))
    approve(world, third, a, c)
    approve(world, second, p)
    assert p.publish(second, [indicator(1)], "amber")["failure_count"] == 0
    world.clock.now = SECOND_DAY + SECOND
    assert c.ids(first.id) == []


def test_t21_lowered_and_raised_ahead_opens_from_there_on(world: World) -> None:
    """T-21. Red if `open_from` is not asked: a row that C's cursor has passed would be there at once."""
    a, c = world.cirt("a"), world.cirt("c")
    first = world.agreement([(a, "both", "amber"), (c, "receiver", "amber")])
    lowered = version(first, 2, SECOND_DAY, place(a, "both"), place(c, "receiver", "green"))
    raised = version(first, 3, THIRD_DAY, place(a, "both"), place(c, "receiver"))
    approve(world, lowered, a, c)
    approve(world, raised, a, c)
    a.publish(first, [indicator(1)], "amber")
    assert c.ids(first.id) == [ONE], "what is in force grants it still"
    world.clock.now = SECOND_DAY + SECOND
    a.publish(lowered, [indicator(2)], "amber")
    world.clock.advance(SECOND)
    a.publish(lowered, [indicator(3)], "green")
    assert c.ids(first.id) == [THREE]
    cursor = world.clock() + SECOND
    world.clock.now = THIRD_DAY + SECOND
    assert (c.ids(first.id), c.ids(first.id, added_after=cursor)) == ([THREE], [])
    a.publish(raised, [indicator(2)], "amber")
    assert c.ids(first.id, added_after=cursor) == [TWO], "published again, it is written again"
