"""Who is enrolled? Only members that were approved: what is under review, or was rejected, is told to nobody."""

from typing import Any

import pytest

from hub.dry_run import rehearse
from hub.moves import move_member
from hub.review import reject
from keys.envelope import item_of
from policies.life import Verb
from support.papers import ALICE, SHELL, A, imported, member, member_toml
from support.stix_objects import indicator
from support.world import Cirt, World, envelope_of


def codes(world: World, cirt: Cirt, group: str, author: str) -> list[Any]:
    """What a dry run says of an object of that author."""
    body = envelope_of([item_of(indicator(created_by_ref=author))])
    return [failure["code"] for failure in rehearse(world.hub, cirt.account, group, body)["failures"]]


@pytest.mark.parametrize("state", ["nobody", "proposed", "rejected", "approved", "suspended"])
def test_a_member_counts_once_it_was_approved(world: World, state: str) -> None:
    """Red if the state is not asked: a publisher would learn, by its refusals, who has applied."""
    a = world.cirt("a")
    group = world.agreement([(a, "both", "amber")])
    if state in {"approved", "suspended"}:
        member(world)
    elif state != "nobody":
        imported(world, member_toml())
    with world.hub.database.writing() as tx:
        if state == "rejected":
            reject(tx, "member", A, ALICE, at=world.clock(), reason="unknown")
        if state == "suspended":
            move_member(tx, A, Verb.SUSPEND, SHELL, at=world.clock())
    assert codes(world, a, group.id, A) == (["not-author"] if state in {"approved", "suspended"} else [])
