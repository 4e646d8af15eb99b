"""Do two collections ever bear one title? Some clients choose a collection by its title, and by nothing else."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from hub.acts import Refused
from hub.moves import move_agreement
from hub.review import reject
from hub.store import agreements
from policies.agreement import read_agreement
from policies.life import State, Verb
from support.agreements import UNTIL
from support.clock import DAY
from support.papers import ALICE, SHELL, agreement, approved, brought_in, imported
from support.world import World

TITLE = "Rapid response"
SAME = (
    "Rapid response",
    "RAPID  response",
    "Rapid respon\uff53e",
    "Rapid response (proofs)",
    "Rapid Response (Proofs)",
)
ENDING = {"until": UNTIL - timedelta(days=700), "review_by": UNTIL - timedelta(days=700)}


def text(**changes: Any) -> bytes:
    """The text of an agreement of its own, with that title unless told otherwise."""
    names = {"id": str(uuid.uuid4()), "proofs": str(uuid.uuid4()), "alias": f"group-{uuid.uuid4().hex[:8]}"}
    return agreement(**{**names, "title": TITLE, **changes})


@pytest.mark.parametrize("title", SAME)
def test_a_title_is_one_agreements(world: World, title: str) -> None:
    """Red if an agreement is taken in under the title of one that is approved, or of one that waits for it."""
    imported(world, text(alias="other", title=title))
    for step in ("waits", "approved", "suspended"):
        with pytest.raises(Refused, match=r"'other' is called .*; write another `title`"):
            imported(world, text())
        if step == "waits":
            for operator in ("alice", "bob"):
                approved(world, "agreement", "other", by=operator)
        elif step == "approved":
            moved(world, "other", Verb.SUSPEND)
    assert imported(world, text(title=f"{TITLE} 2"))["state"] == "proposed"


def moved(world: World, name: str, verb: Verb) -> None:
    """Suspend or end an agreement."""
    with world.hub.database.writing() as tx:
        move_agreement(tx, world.hub.registries.of(tx), name, verb, SHELL, at=world.clock())


def test_a_later_version_does_not_take_another_title_either(world: World) -> None:
    """Red if only the first version of an agreement is looked at; its own title it may keep."""
    brought_in(world, text(alias="other", title="Early warning"))
    names = {"id": str(uuid.uuid4()), "proofs": str(uuid.uuid4()), "alias": "own"}
    brought_in(world, text(**names))
    with pytest.raises(Refused, match="'other'"):
        imported(world, text(**names, version=2, title="Early warning"))
    assert imported(world, text(**names, version=2))["state"] == "proposed"


def test_what_can_govern_no_more_keeps_no_title(world: World) -> None:
    """Red if a title is lost for good with an agreement that was rejected, has ended or expired, or was renamed."""
    imported(world, text(alias="rejected"))
    with world.hub.database.writing() as tx:
        reject(tx, "agreement", "rejected", ALICE, at=world.clock(), reason="no")
    brought_in(world, text(alias="ended"))
    moved(world, "ended", Verb.END)
    brought_in(world, text(alias="expired", validity=ENDING))
    world.clock.advance(600 * DAY)
    names = {"id": str(uuid.uuid4()), "proofs": str(uuid.uuid4()), "alias": "renamed"}
    brought_in(world, text(**names))
    brought_in(world, text(**names, version=2, title="Early warning"))
    assert imported(world, text())["state"] == "proposed"


def test_two_imports_at_once_are_not_both_approved(world: World) -> None:
    """Red if the title is not looked at again by the last approval: two imports may not have seen each other."""
    imported(world, text(alias="one"))
    with world.hub.database.writing() as tx:
        agreements.add(tx, read_agreement(text(alias="two")), state=State.PROPOSED, at=world.clock())
    approved(world, "agreement", "one", by="alice")
    with pytest.raises(Refused, match="'two'"):
        approved(world, "agreement", "one", by="bob")
    with world.hub.database.writing() as tx:
        reject(tx, "agreement", "two", ALICE, at=world.clock(), reason="the same title")
    assert approved(world, "agreement", "one", by="bob")["state"] == "approved"
