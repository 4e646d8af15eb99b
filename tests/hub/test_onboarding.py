"""A party's signed word: what is proven, what opens from where, and what the hub then owes."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.access import Absent
from hub.acts import Replayed
from hub.credentials import revoke_key, revoke_token
from hub.onboarding import accept_agreement
from hub.store.engine import Tx
from hub.store.errors import Busy
from hub.store.registry import Registries, Registry
from keys.acceptance import Action, sign_acceptance
from keys.baseline import Baseline, verify_baseline
from keys.errors import KeysError, UnknownKey, WrongGroup, WrongIssuer
from keys.jwk import load_jwk
from keys.ring import KeyState
from policies.agreement import Agreement, read_agreement
from policies.reasons import NotAParty, NotInForce
from support.agreements import agreement_toml
from support.clock import DAY, SECOND, Clock
from support.papers import SHELL, brought_in
from support.postgres import Cluster
from support.signing import signer_of
from support.stix_objects import AT, indicator
from support.world import Cirt, World

OTHER = "indicator--4c1d2f7e-0a4b-4b57-9d7b-5a9e0c6d1a22"


def word(world: World, cirt: Cirt, on: Agreement, n: int, action: Action = Action.ACCEPT, **changes: Any) -> Baseline:
    """The party's word through its door; the baseline, verified."""
    given: dict[str, Any] = {"group": on.id, "agreement": on.digest, "iss": cirt.id, "signer": cirt.signer}
    jws = sign_acceptance(**(given | changes), action=action, n=n, iat=world.clock())
    with world.hub.database.writing() as tx:
        registry = world.hub.registries.of(tx)
        baseline = accept_agreement(world.hub, tx, registry, cirt.account, on.alias, jws, world.clock())
    return verify_baseline(baseline, load_jwk(dict(world.hub.receipts.jwk)))


def test_an_acceptance_opens_the_group_and_gives_the_baseline(world: World) -> None:
    """Red if starts are not written, or the baseline names other ones."""
    a = world.cirt("a")
    agreement = world.agreement([(a, "both", "amber")], accepted=False)
    with pytest.raises(Absent):
        a.poll(agreement.id)
    baseline = word(world, a, agreement, 1)
    assert baseline.starts == {"clear": 0, "green": 0, "amber": 0}
    assert (baseline.member, baseline.heads, baseline.agreements) == (a.id, {}, (agreement.digest,))
    assert a.poll(agreement.id) == []


def test_t21_who_joins_later_reads_from_there_on(world: World) -> None:
    """T-21, history from joining. Red if the start is not after the group's last position, or the head is not told."""
    a, b = world.cirt("a"), world.cirt("b")
    agreement = world.agreement(
        [(a, "both", "amber"), (b, "both", "amber")], accepted=False, terms={"history": "from-joining"}
    )
    word(world, a, agreement, 1)
    a.publish(agreement, [indicator()])
    baseline = word(world, b, agreement, 1)
    assert b.poll(agreement.id) == []
    assert [head.seq for head in baseline.heads.values()] == [1]
    a.publish(agreement, [indicator(id=OTHER)])
    assert b.ids(agreement.id) == [OTHER]


def test_heads_above_the_clearance_are_not_told(world: World) -> None:
    """Red if the baseline counts streams that the member may not read."""
    a, b = world.cirt("a"), world.cirt("b")
    agreement = world.agreement([(a, "both", "amber"), (b, "both", "green")], accepted=False)
    word(world, a, agreement, 1)
    a.publish(agreement, [indicator()], "amber")
    assert word(world, b, agreement, 1).heads == {}


def test_the_counter_only_rises(world: World) -> None:
    """An old word must not be said again. Red if `n` is not compared: a withdrawal could be undone by a replay."""
    a = world.cirt("a")
    agreement = world.agreement([(a, "both", "amber")], accepted=False)
    word(world, a, agreement, 3)
    word(world, a, agreement, 4, Action.WITHDRAW)
    for n in (3, 4):
        with pytest.raises(Replayed) as refused:
            word(world, a, agreement, n)
        assert refused.value.details == {"n": 4}


def test_t21_a_withdrawal_stops_at_once_and_a_return_goes_on(world: World) -> None:
    """T-21. Red if a withdrawal deletes the starts, or leaves the collection open."""
    a, b = world.cirt("a"), world.cirt("b")
    agreement = world.agreement([(a, "both", "amber"), (b, "both", "amber")], accepted=False)
    word(world, a, agreement, 1)
    word(world, b, agreement, 1)
    a.publish(agreement, [indicator()])
    gone = word(world, b, agreement, 2, Action.WITHDRAW)
    assert (gone.starts, gone.heads) == ({}, {})
    with pytest.raises(Absent):
        b.poll(agreement.id)
    back = word(world, b, agreement, 3)
    assert back.starts == {"clear": 0, "green": 0, "amber": 0}
    assert len(b.poll(agreement.id)) == 1


def test_what_opens_later_opens_from_there_on(world: World) -> None:
    """T-21, a clearance raised. Red if the label's start is not moved past what is published."""
    a, b = world.cirt("a"), world.cirt("b")
    first = world.agreement([(a, "both", "amber"), (b, "both", "green")], accepted=False)
    word(world, a, first, 1)
    word(world, b, first, 1)
    a.publish(first, [indicator()], "amber")
    parties = [{"member": a.id}, {"member": b.id}]
    names = {"id": first.id, "proofs": first.proofs, "alias": first.alias}
    second = brought_in(world, agreement_toml(**names, version=2, parties=parties))
    assert isinstance(second, Agreement)
    word(world, a, second, 2)
    starts = word(world, b, second, 2).starts
    assert starts["green"] == 0
    assert starts["amber"] > 0
    assert b.poll(first.id) == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"signer": signer_of("b")}, UnknownKey),
        ({"iss": "identity--bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"}, WrongIssuer),
        ({"group": "99999999-9999-4999-8999-999999999999"}, WrongGroup),
        ({"agreement": "0" * 64}, NotAParty),
    ],
    ids=["signer", "issuer", "group", "digest"],
)
def test_a_word_must_be_the_partys_own_on_this_text(
    world: World, changes: dict[str, Any], error: type[Exception]
) -> None:
    """Red if signature, issuer, group or digest is not compared."""
    a, _ = world.cirt("a"), world.cirt("b")
    agreement = world.agreement([(a, "both", "amber")], accepted=False)
    with pytest.raises(error):
        word(world, a, agreement, 1, **changes)


def test_a_version_that_ended_is_not_accepted(world: World) -> None:
    """Red if a digest is enough, whatever became of the version."""
    a = world.cirt("a")
    agreement = world.agreement([(a, "both", "amber")], accepted=False)
    world.clock.now = read_agreement(agreement.raw).validity.until + 1
    with pytest.raises(NotInForce):
        word(world, a, agreement, 1)


@pytest.mark.parametrize("token", [False, True], ids=["key", "token"])
def test_what_is_revoked_while_the_word_waits_for_the_lock_binds(world: World, token: bool) -> None:  # noqa: FBT001
    """Red if key and account are judged by the registry that was read before the sequencer was held."""
    a, b = world.cirt("a"), world.cirt("b")
    agreement = world.agreement([(a, "both", "amber"), (b, "both", "amber")], accepted=False)
    jws = sign_acceptance(
        group=agreement.id, agreement=agreement.digest, action=Action.ACCEPT, n=1, iss=b.id, iat=world.clock(),
        signer=b.signer,
    )  # fmt: skip
    with world.hub.database.reading() as tx:
        before = world.hub.registries.of(tx)
    with world.hub.database.writing() as tx:
        if token:
            revoke_token(tx, b.account.token, SHELL, at=world.clock())
        else:
            revoke_key(tx, "b", b.signer.kid, "stolen", SHELL, at=world.clock())
    with world.hub.database.writing() as tx, pytest.raises(Absent if token else UnknownKey):
        accept_agreement(world.hub, tx, before, b.account, agreement.id, jws, world.clock())
    with world.hub.database.reading() as tx:
        assert b.id not in world.hub.registries.of(tx).groups[agreement.id].acceptances


class _Meddling(Registries):
    """Revokes a key, in a transaction of its own that waits for nobody long, right after the registry was read."""

    def __init__(self, world: World, kid: str) -> None:
        super().__init__()
        self._world, self._kid = world, kid
        self.reading = False

    def of(self, tx: Tx) -> Registry:
        found = super().of(tx)
        if not self.reading:
            self.reading = True
            with self._world.hub.database.writing() as other:
                other.run("SET LOCAL lock_timeout = '50ms'")
                revoke_key(other, "a", self._kid, "stolen", SHELL, at=self._world.clock())
        return found


def test_nothing_is_revoked_between_reading_the_registry_and_the_commit(tmp_path: Path, postgres: Cluster) -> None:
    """Red if `hold` locks nothing: a revocation would be committed before the word that it should have stopped."""
    with closing(World(tmp_path / "hub", postgres.create_database(), Clock(AT))) as world:
        a = world.cirt("a")
        agreement = world.agreement([(a, "both", "amber")], accepted=False)
        with world.hub.database.reading() as tx:
            registry = world.hub.registries.of(tx)
        hub = replace(world.hub, registries=_Meddling(world, a.signer.kid))
        jws = sign_acceptance(
            group=agreement.id, agreement=agreement.digest, action=Action.ACCEPT, n=1, iss=a.id, iat=world.clock(),
            signer=a.signer,
        )  # fmt: skip
        with pytest.raises(Busy), world.hub.database.writing() as tx:
            accept_agreement(hub, tx, registry, a.account, agreement.id, jws, world.clock())
        with world.hub.database.reading() as tx:
            assert world.hub.registries.of(tx).ring.keys[a.signer.kid].state is KeyState.CONFIRMED


def test_a_baseline_tells_of_no_text_that_is_not_the_members_business(world: World) -> None:
    """Red if every approved text is named; or one that governed is not, by which older manifests are signed."""
    a, b = world.cirt("a"), world.cirt("b")
    first = world.agreement([(a, "both", "amber"), (b, "both", "amber")], accepted=False)
    begin = world.clock() // SECOND * SECOND + DAY
    second = later(first, 2, begin, (a, "amber"), (world.cirt("d"), "amber"))
    third = later(first, 3, begin + DAY, (a, "amber"), (b, "amber"))
    world.approve(second)
    assert word(world, b, first, 1).agreements == (first.digest,)
    world.approve(third)
    assert word(world, b, third, 2).agreements == (first.digest, third.digest)
    world.clock.now = begin
    assert word(world, b, third, 3).agreements == (first.digest, second.digest, third.digest)
    assert word(world, b, third, 4, Action.WITHDRAW).agreements == (first.digest, second.digest, third.digest)


def later(of: Agreement, number: int, begin: int, *parties: tuple[Cirt, str]) -> Agreement:
    """A version in force from that instant; every party publishes and receives up to a label."""
    names = {"id": of.id, "proofs": of.proofs, "alias": of.alias}
    listed = [{"member": cirt.id, "clearance": clearance} for cirt, clearance in parties]
    dates = {"from": datetime.fromtimestamp(begin // SECOND, UTC)}
    return read_agreement(agreement_toml(**names, version=number, parties=listed, validity=dates))


def test_a_baseline_ahead_tells_only_heads_that_are_open(world: World) -> None:
    """Red if the heads of the acceptance stand for those of the first day: what comes between would be a false gap."""
    a, b = world.cirt("a"), world.cirt("b")
    first = world.agreement([(a, "both", "amber"), (b, "both", "green")], accepted=False)
    word(world, a, first, 1)
    word(world, b, first, 1)
    for label, value in (("amber", indicator()), ("green", indicator(id=OTHER))):
        a.publish(first, [value], label)
        world.clock.advance(SECOND)
    begin = world.clock() // SECOND * SECOND + DAY
    second = later(first, 2, begin, (a, "amber"), (b, "amber"))
    world.approve(second)
    baseline = word(world, b, second, 2)
    assert baseline.starts == {"clear": 0, "green": 0, "amber": begin}
    assert set(baseline.heads) == {(a.id, "green")}


def test_a_baseline_ahead_promises_what_will_count(world: World) -> None:
    """Red if it names the starts recorded: what a version closes in between would be missed as a gap."""
    a, b = world.cirt("a"), world.cirt("b")
    first = world.agreement([(a, "both", "amber"), (b, "both", "amber")], accepted=False)
    word(world, a, first, 1)
    word(world, b, first, 1)
    begin = world.clock() // SECOND * SECOND + DAY
    lowered = later(first, 2, begin, (a, "amber"), (b, "green"))
    raised = later(first, 3, begin + DAY, (a, "amber"), (b, "amber"))
    for version in (lowered, raised):
        world.approve(version)
    assert word(world, b, raised, 2).starts == {"clear": 0, "green": 0, "amber": begin + DAY}
    a.publish(first, [indicator()], "amber")
    assert b.ids(first.id) == [indicator()["id"]], "and until then it reads on"


def test_t21_a_withdrawal_keeps_the_starts_as_they_count(world: World) -> None:
    """T-21. Red if what is recorded is left: with the acceptance ahead, it is forgotten what was closed meanwhile."""
    a, b = world.cirt("a"), world.cirt("b")
    first = world.agreement([(a, "both", "amber"), (b, "both", "amber")], accepted=False)
    word(world, a, first, 1)
    word(world, b, first, 1)
    begin = world.clock() // SECOND * SECOND + DAY
    without = later(first, 2, begin, (a, "amber"))
    again = later(first, 3, begin + DAY, (a, "amber"), (b, "amber"))
    for version in (without, again):
        world.approve(version)
    word(world, b, again, 2)
    world.clock.now = begin
    word(world, a, without, 2)
    a.publish(without, [indicator()])
    world.clock.now = begin + DAY
    word(world, a, again, 3)
    assert b.ids(first.id) == []
    word(world, b, again, 3, Action.WITHDRAW)
    assert set(word(world, b, again, 4).starts.values()) == {begin + DAY}
    assert b.ids(first.id) == []


def test_an_agreement_of_others_does_not_exist(world: World) -> None:
    """Red if a non-party learns that the agreement is there."""
    a, b = world.cirt("a"), world.cirt("b")
    agreement = world.agreement([(a, "both", "amber")], accepted=False)
    with pytest.raises(Absent):
        word(world, b, agreement, 1)


def test_a_revoked_key_says_nothing(world: World) -> None:
    """Red if the ring is not asked at the time of the request."""
    a = world.cirt("a")
    agreement = world.agreement([(a, "both", "amber")], accepted=False)
    with world.hub.database.writing() as tx:
        revoke_key(tx, "a", a.signer.kid, "lost", SHELL, at=world.clock())
    with pytest.raises(KeysError):
        word(world, a, agreement, 1)
