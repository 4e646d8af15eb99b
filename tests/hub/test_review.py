"""Import, approval, rejection: whose approval counts, for which words, and who wins of two at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from hub.acts import ActError, Actor, BadText, Overtaken, Refused, Unknown, perform
from hub.documents import read_document
from hub.review import approve, reject
from hub.store.engine import Tx
from policies.agreement import read_agreement
from policies.life import IllegalMove
from support.clock import SECOND
from support.papers import ALICE, A, agreement, approved, brought_in, imported, member, member_toml
from support.stage import indicator as stage_indicator
from support.world import World

GROUP = "11111111-1111-4111-8111-111111111111"


def state_of(world: World, name: str = "aa") -> str:
    with world.hub.database.reading() as tx:
        return world.hub.registries.of(tx).member_aliases[name].state


def trail(world: World, subject: str) -> list[object]:
    with world.hub.database.reading() as tx:
        return [row[0] for row in tx.rows("SELECT action FROM audit WHERE subject = :it ORDER BY id", it=subject)]


def test_two_different_operators_approve(world: World) -> None:
    """Red if one approval is enough: `needed` not handed on."""
    assert imported(world, member_toml())["state"] == "proposed"
    first = approved(world, "member", "aa", by="alice")
    assert (first["state"], first["approvals"], state_of(world)) == ("proposed", 1, "proposed")
    second = approved(world, "member", A, by="bob")
    assert (second["state"], second["approvals"], state_of(world)) == ("approved", 2, "approved")
    assert trail(world, A) == ["import", "approve", "approve"]


def test_one_operator_does_not_approve_twice(world: World) -> None:
    """Red if approvals are counted and not compared."""
    imported(world, member_toml())
    approved(world, "member", "aa", by="alice")
    with pytest.raises(IllegalMove, match="alice has approved"):
        approved(world, "member", "aa", by="alice")
    assert state_of(world) == "proposed"


def test_one_approval_is_enough_where_the_settings_say_so(world: World) -> None:
    """HUB_APPROVALS=1. Red if `needed` is ignored."""
    imported(world, member_toml())
    assert approved(world, "member", "aa", by="alice", needed=1)["state"] == "approved"


def test_an_unknown_operator_approves_nothing(world: World) -> None:
    """Red if `--by` is taken for a name that exists."""
    imported(world, member_toml())
    with pytest.raises(Unknown, match="no operator 'mallory'"):
        approved(world, "member", "aa", by="mallory", needed=1)


def test_approvals_do_not_outlive_the_words(world: World) -> None:
    """Red if approvals are kept by id instead of by digest."""
    imported(world, member_toml(name="CERT AA"))
    approved(world, "member", "aa", by="alice")
    imported(world, member_toml(name="CERT BB"))
    answer = approved(world, "member", "aa", by="bob")
    assert (answer["state"], answer["approvals"]) == ("proposed", 1)


def test_a_pinned_digest_that_is_gone_is_refused(world: World) -> None:
    """What was read was replaced meanwhile. Red if `digest` is not compared."""
    read = imported(world, agreement())["digest"]
    imported(world, agreement(title="Another title"))
    with pytest.raises(Overtaken):
        approved(world, "agreement", GROUP, by="alice", digest=read)


def test_an_approved_member_keeps_its_text_until_the_new_one_is_approved(world: World) -> None:
    """Red if importing a change takes the member out of service or shows the new name at once."""
    member(world)
    assert imported(world, member_toml(name="CERT Renamed"))["state"] == "proposed"
    approved(world, "member", "aa", by="alice")
    with world.hub.database.reading() as tx:
        now = world.hub.registries.of(tx).members[A]
    assert (now.name, now.state) == ("CERT AA", "approved")
    assert approved(world, "member", "aa", by="bob")["state"] == "approved"
    with world.hub.database.reading() as tx:
        assert world.hub.registries.of(tx).members[A].name == "CERT Renamed"


def test_a_rejected_change_leaves_the_member_as_it_is(world: World) -> None:
    """Red if rejecting a change rejects the member."""
    member(world)
    imported(world, member_toml(name="CERT Renamed"))
    with world.hub.database.writing() as tx:
        reject(tx, "member", "aa", ALICE, at=world.clock(), reason="no")
    assert state_of(world) == "approved"
    with pytest.raises(IllegalMove):
        approved(world, "member", "aa", by="bob")


def test_the_same_text_again_is_there_already(world: World) -> None:
    """Red if a second import starts the review anew."""
    imported(world, agreement())
    approved(world, "agreement", "example-rapid", by="alice")
    again = imported(world, agreement())
    assert (again["already"], again["state"]) == (True, "proposed")
    assert approved(world, "agreement", "example-rapid", by="bob")["state"] == "approved"
    assert (imported(world, agreement())["already"], imported(world, agreement())["state"]) == (True, "approved")


def test_versions_follow_each_other(world: World) -> None:
    """Red if version n+2, or n again after its approval, is taken in."""
    brought_in(world, agreement())
    for version in (1, 3):
        with pytest.raises(Refused, match="write `version = 2`"):
            imported(world, agreement(version=version, title="Other"))
    assert imported(world, agreement(version=2))["version"] == 2


def test_a_rejected_version_is_followed_by_the_next_one(world: World) -> None:
    """Red if a rejected text can be approved after all."""
    imported(world, agreement())
    with world.hub.database.writing() as tx:
        reject(tx, "agreement", GROUP, ALICE, at=world.clock(), reason="typo")
    with pytest.raises(IllegalMove, match="rejected"):
        approved(world, "agreement", GROUP, by="bob")
    assert imported(world, agreement(version=2))["state"] == "proposed"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "33333333-3333-4333-8333-333333333333"},
        {"id": "33333333-3333-4333-8333-333333333333", "alias": "other"},
        {"id": "22222222-2222-4222-8222-222222222222", "proofs": "44444444-4444-4444-8444-444444444444", "alias": "x"},
        {"version": 2, "alias": "renamed"},
        {"version": 2, "proofs": "44444444-4444-4444-8444-444444444444"},
    ],
    ids=["alias", "proofs", "id-is-the-others-proofs", "renamed", "proofs-changed"],
)
def test_names_of_groups_are_nobody_elses(world: World, changes: dict[str, Any]) -> None:
    """Red if two groups could share an address, or one change its own."""
    brought_in(world, agreement())
    with pytest.raises(Refused):
        imported(world, agreement(**changes))


def test_an_alias_of_another_member_is_refused(world: World) -> None:
    """Red if the alias of an approved member can be taken by importing."""
    member(world)
    with pytest.raises(Refused, match="another member's"):
        imported(world, member_toml("identity--bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"))


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (agreement().replace(b"[terms]", b"colour = 1\n[terms]"), "paper.toml: line 13, `colour`: unknown key"),
        (member_toml() + b'colour = "red"\n', "paper.toml: line 5, colour: unknown key"),
        (b'kind = "feed"\n', "paper.toml: line 1, `kind`: 'feed' cannot be imported"),
        (b"kind = \n", "paper.toml: line 1"),
        (b"\xff\xfe", "paper.toml: line 1: not UTF-8"),
        (b'kind = "feed"\na' + b".a" * 2_000 + b" = 1", "paper.toml: line 2: more than 1,000 dots"),
    ],
    ids=["agreement-key", "member-key", "kind", "toml", "utf8", "dots"],
)
def test_a_bad_document_names_file_line_and_key(raw: bytes, sentence: str) -> None:
    """Red if the file's name or the reader's place is dropped."""
    with pytest.raises(BadText) as refused:
        read_document("paper.toml", raw)
    assert str(refused.value).startswith(sentence)


def at_once(world: World, first: Callable[[Tx], Any], second: Callable[[Tx], Any]) -> tuple[Any, Any]:
    """Do `first`, and before it commits start `second` in another thread; what each answered or raised.

    The second one gets as far as it can (to a lock, or to its end) before the first commits.
    """
    answers: list[Any] = [None, None]

    def run() -> None:
        try:
            actor = Actor("bob", "root")
            answers[1] = perform(world.hub.database, actor, "second", GROUP, at=world.clock(), act=second)
        except (ActError, IllegalMove) as refusal:
            answers[1] = refusal

    thread = threading.Thread(target=run)
    with world.hub.database.writing() as tx:
        answers[0] = first(tx)
        thread.start()
        while tx.postgresql and thread.is_alive() and not _somebody_waits(tx):
            thread.join(0.01)
    thread.join()
    return answers[0], answers[1]


def _somebody_waits(tx: Tx) -> bool:
    return tx.row("SELECT 1 FROM pg_locks WHERE NOT granted") is not None


def test_t22_two_last_approvals_at_once_one_wins(world: World) -> None:
    """T-22. Red if the row is not held before approvals are counted: both would bring the agreement in."""
    imported(world, agreement())

    def by(operator: str) -> Callable[[Tx], Any]:
        return lambda tx: approve(tx, "agreement", GROUP, Actor(operator, "root"), at=world.clock(), needed=1)

    won, lost = at_once(world, by("alice"), by("bob"))
    assert won["state"] == "approved"
    assert isinstance(lost, IllegalMove)
    assert "this version is approved" in str(lost)
    assert trail(world, GROUP) == ["import", "approve", "second-refused"]


def test_t22_two_first_approvals_at_once_both_count(world: World) -> None:
    """T-22. Red if each counts only its own: two approvals would leave the text proposed for ever."""
    imported(world, agreement())

    def by(operator: str) -> Callable[[Tx], Any]:
        return lambda tx: approve(tx, "agreement", GROUP, Actor(operator, "root"), at=world.clock(), needed=2)

    first, second = at_once(world, by("alice"), by("bob"))
    assert (first["state"], second["state"], second["approvals"]) == ("proposed", "approved", 2)


def test_t22_an_approval_and_a_rejection_at_once_one_wins(world: World) -> None:
    """T-22. Red if the rejection overwrites what was approved a moment ago."""
    imported(world, agreement())
    won, lost = at_once(
        world,
        lambda tx: reject(tx, "agreement", GROUP, ALICE, at=world.clock(), reason="no"),
        lambda tx: approve(tx, "agreement", GROUP, Actor("bob", "root"), at=world.clock(), needed=1),
    )
    assert won["state"] == "rejected"
    assert isinstance(lost, IllegalMove)
    with world.hub.database.reading() as tx:
        assert tx.row("SELECT state FROM agreements") == ("rejected",)


def test_t21_a_version_begins_after_what_was_published_before_its_approval(world: World) -> None:
    """T-21. Red if the approval is stamped with an instant from before a wait for the lock: the cap would be lifted
    from there, over rows that the redistributing poller has passed."""
    a, b = world.cirt("a"), world.cirt("b", redistributes=True)
    parties = [{"member": cirt.id, "clearance": "amber"} for cirt in (a, b)]
    first = world.agreement(parties, terms={"onward": "none"})
    names = {"id": first.id, "proofs": first.proofs, "alias": first.alias}
    second = read_agreement(agreement(**names, version=2, parties=parties, terms={"onward": "clients"}))
    imported(world, second.raw)
    approved(world, "agreement", first.id, by="alice")
    before = world.clock.advance(SECOND)
    for number, label in enumerate(("amber", "clear")):
        world.clock.advance(SECOND)
        a.publish(first, [stage_indicator(number)], label)
    assert b.ids(first.id) == [stage_indicator(1)["id"]]
    world.clock.advance(SECOND)
    with world.hub.database.writing() as tx:
        approve(tx, "agreement", first.id, Actor("bob", "root"), at=before, needed=2)
    for cirt in (a, b):
        world.accept(cirt, second)
    assert b.ids(first.id) == [stage_indicator(1)["id"]]
