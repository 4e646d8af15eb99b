"""Suspending, resuming, ending: at once, by the version meant, and only where the state allows it."""

from datetime import UTC, datetime

import pytest

from hub.access import Absent, find
from hub.acts import Actor, Unknown
from hub.moves import move_agreement, move_member
from policies.agreement import Agreement
from policies.group import in_force
from policies.life import IllegalMove, Verb
from policies.reasons import NotInForce
from support.clock import DAY, SECOND
from support.papers import SHELL, agreement, brought_in
from support.stix_objects import indicator
from support.world import World

LATER = datetime(2027, 6, 1, tzinfo=UTC)
OPERATOR = Actor("alice", "root")


def moved(world: World, name: str, verb: Verb, version: int | None = None) -> dict[str, object]:
    with world.hub.database.writing() as tx:
        registry = world.hub.registries.of(tx)
        return move_agreement(tx, registry, name, verb, OPERATOR, at=world.clock(), version=version)


def test_t21_a_suspension_binds_at_once_and_resuming_goes_on(world: World) -> None:
    """T-21. Red if the registry is not bumped: the next poll would still be answered."""
    a, b = world.cirt("a"), world.cirt("b")
    held = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    assert b.poll(held.id) == []
    assert moved(world, held.alias, Verb.SUSPEND)["state"] == "suspended"
    with pytest.raises(Absent):
        b.poll(held.id)
    assert moved(world, held.id, Verb.RESUME)["state"] == "approved"
    assert b.poll(held.id) == []


def test_an_illegal_move_says_what_is_open(world: World) -> None:
    """Red if a move is written without asking the table."""
    brought_in(world, agreement())
    moved(world, "example-rapid", Verb.END)
    with pytest.raises(IllegalMove, match="ended"):
        moved(world, "example-rapid", Verb.RESUME)


def test_the_version_that_governs_is_meant(world: World) -> None:
    """Red if the newest version is suspended while an older one still governs."""
    brought_in(world, agreement())
    later = agreement(version=2, validity={"from": LATER})
    brought_in(world, later)
    assert moved(world, "example-rapid", Verb.SUSPEND)["version"] == 1
    assert moved(world, "example-rapid", Verb.RESUME)["version"] == 1
    assert moved(world, "example-rapid", Verb.END, version=2)["version"] == 2
    with pytest.raises(Unknown, match="no version 7"):
        moved(world, "example-rapid", Verb.END, version=7)


def test_a_version_ended_before_its_first_day_never_ends_the_one_before(world: World) -> None:
    """Red if the instant of the end is not kept: from its `from` on, nothing would be in force."""
    a = world.cirt("a")
    held = world.agreement([(a, "both", "amber")])
    text = agreement(
        id=held.id,
        proofs=held.proofs,
        alias=held.alias,
        version=2,
        parties=[{"member": a.id}],
        validity={"from": LATER},
    )
    brought_in(world, text)
    moved(world, held.id, Verb.END, version=2)
    world.clock.now = 1_830_000_000_000_000  # 2027-12-28
    assert a.poll(held.id) == []


def test_an_end_lies_after_what_was_published_before_it(world: World) -> None:
    """Red if the end is stamped with an instant from before a wait: a version that governed would never have."""
    a = world.cirt("a")
    held = world.agreement([(a, "both", "amber")])
    begin = world.clock() // SECOND * SECOND + DAY
    dates = {"from": datetime.fromtimestamp(begin // SECOND, UTC)}
    names = {"id": held.id, "proofs": held.proofs, "alias": held.alias}
    text = agreement(**names, version=2, parties=[{"member": a.id}], validity=dates)
    second = brought_in(world, text)
    assert isinstance(second, Agreement)
    before = begin - SECOND
    world.clock.now = begin + SECOND
    world.accept(a, second)
    a.publish(second, [indicator()])
    with world.hub.database.writing() as tx:
        move_agreement(tx, world.hub.registries.of(tx), held.id, Verb.END, OPERATOR, at=before, version=2)
    world.clock.advance(SECOND)
    with world.hub.database.reading() as tx, pytest.raises(NotInForce):
        in_force(world.hub.registries.of(tx).groups[held.id], world.clock())


def test_a_suspended_member_is_nobody_until_it_is_resumed(world: World) -> None:
    """Red if a suspended member's tokens still open a door."""
    a = world.cirt("a")
    held = world.agreement([(a, "both", "amber")])
    with world.hub.database.writing() as tx:
        assert move_member(tx, "a", Verb.SUSPEND, SHELL, at=world.clock())["state"] == "suspended"
    with world.hub.database.reading() as tx:
        assert world.hub.registries.of(tx).accounts == {}
    with world.hub.database.writing() as tx:
        move_member(tx, a.id, Verb.RESUME, SHELL, at=world.clock())
    with world.hub.database.reading() as tx:
        registry = world.hub.registries.of(tx)
        assert len(registry.accounts) == 1
        assert find(registry, a.account, held.id, world.clock()).can_read
