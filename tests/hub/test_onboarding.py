"""Joining by invitation, and a party's signed word: what is proven, how often, and what opens from where."""

from typing import Any

import pytest

from hub.access import Absent
from hub.acts import BadInvitation, Refused, Replayed
from hub.credentials import confirm_key, invite, read_invitation, revoke_key
from hub.onboarding import accept_agreement, join
from hub.store.invitations import LIFETIME
from hub.store.registry import Account
from hub.store.tokens import token_digest
from keys.acceptance import Action, sign_acceptance
from keys.baseline import Baseline, verify_baseline
from keys.enrolment import sign_enrolment
from keys.errors import BadSignature, KeysError, UnknownKey, WrongGroup, WrongIssuer, WrongNonce
from keys.jwk import fingerprint, load_jwk
from keys.signer import Signer
from policies.agreement import Agreement, read_agreement
from policies.reasons import NotAParty, NotInForce
from support.agreements import agreement_toml
from support.papers import SHELL, A, brought_in, member
from support.signing import signer_of
from support.stix_objects import indicator
from support.world import Cirt, World

URL = "http://127.0.0.1:8480"


def invited(world: World) -> str:
    with world.hub.database.writing() as tx:
        return str(invite(tx, world.hub.secret, URL, "aa", SHELL, at=world.clock())["invitation"])


def joined(world: World, invitation: str, signer: Signer | None = None, **changes: Any) -> dict[str, Any]:
    carried = read_invitation(invitation)
    given: dict[str, Any] = {"hub": carried.hub, "iss": carried.member, "nonce": carried.nonce, "iat": world.clock()}
    jws = sign_enrolment(**(given | changes), signer=signer or signer_of("aa"))
    with world.hub.database.writing() as tx:
        return join(world.hub, tx, invitation, jws, world.clock())


def account_of(world: World, token: str) -> Account:
    with world.hub.database.reading() as tx:
        return world.hub.registries.of(tx).accounts[token_digest(world.hub.secret, token)]


def test_a_member_joins_and_its_token_sleeps(world: World) -> None:
    """Red if the token works before the key was confirmed."""
    member(world)
    answer = joined(world, invited(world))
    assert (answer["member"], answer["state"], answer["fingerprint"]) == (
        A,
        "pending",
        fingerprint(signer_of("aa").kid),
    )
    assert account_of(world, answer["token"]).pending
    with world.hub.database.writing() as tx:
        confirm_key(tx, "aa", answer["fingerprint"], "alice", SHELL, at=world.clock())
    assert not account_of(world, answer["token"]).pending


def test_an_invitation_is_good_once(world: World) -> None:
    """Red if the nonce is not used up."""
    member(world)
    invitation = invited(world)
    joined(world, invitation)
    with pytest.raises(BadInvitation):
        joined(world, invitation, signer_of("second machine"))


def test_an_invitation_expires(world: World) -> None:
    """72 hours. Red if `expires_at` is not compared with the hub's clock."""
    member(world)
    invitation = invited(world)
    world.clock.advance(LIFETIME)
    with pytest.raises(BadInvitation):
        joined(world, invitation)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"hub": "https://other.example"}, WrongIssuer),
        ({"iss": "identity--bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"}, WrongIssuer),
        ({"nonce": "another"}, (WrongNonce, BadInvitation)),
    ],
    ids=["hub", "member", "nonce"],
)
def test_an_enrolment_for_elsewhere_is_refused(
    world: World, changes: dict[str, Any], error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    """Red if one of hub, member and nonce is not compared; and the invitation must stay good."""
    member(world)
    invitation = invited(world)
    with pytest.raises(error):
        joined(world, invitation, **changes)
    assert joined(world, invitation)["state"] == "pending"


def test_possession_must_be_proven(world: World) -> None:
    """Red if the enrolment's signature is not verified with the key it offers."""
    member(world)
    invitation = invited(world)
    carried = read_invitation(invitation)
    jws = sign_enrolment(
        hub=URL, iss=A, nonce=carried.nonce, iat=world.clock(), signer=_Liar(signer_of("aa"), signer_of("thief"))
    )
    with world.hub.database.writing() as tx, pytest.raises(BadSignature):
        join(world.hub, tx, invitation, jws, world.clock())


class _Liar:
    """Offers one key and signs with another."""

    def __init__(self, offered: Signer, own: Signer) -> None:
        self.kid, self.alg, self.jwk, self.sign = offered.kid, offered.alg, offered.jwk, own.sign


def test_one_key_belongs_to_one_member(world: World) -> None:
    """Red if a key that another member enrolled, or a revoked one, is taken."""
    member(world)
    world.cirt("other")
    with pytest.raises(Refused, match="cannot be enrolled"):
        joined(world, invited(world), signer_of("other"))
    kid = joined(world, invited(world))["kid"]
    with world.hub.database.writing() as tx:
        revoke_key(tx, "aa", kid, "lost", SHELL, at=world.clock())
    with pytest.raises(Refused, match="cannot be enrolled"):
        joined(world, invited(world))


def test_the_same_key_joins_again_for_another_token(world: World) -> None:
    """A token was lost. Red if a confirmed key falls back to pending, or is refused."""
    member(world)
    answer = joined(world, invited(world))
    with world.hub.database.writing() as tx:
        confirm_key(tx, "aa", answer["fingerprint"], "alice", SHELL, at=world.clock())
    assert joined(world, invited(world))["state"] == "confirmed"


@pytest.mark.parametrize("text", ["", "x", "bm90IGpzb24", "eyJodWIiOiAxfQ", "W10", "\u00e9", "e30="])
def test_no_invitation_is_no_failure_of_the_program(text: str) -> None:
    """Red if a text that is no invitation ends in another error."""
    with pytest.raises(BadInvitation):
        read_invitation(text)


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
    a.publish(agreement, [indicator(id="indicator--4c1d2f7e-0a4b-4b57-9d7b-5a9e0c6d1a22")])
    assert b.ids(agreement.id) == ["indicator--4c1d2f7e-0a4b-4b57-9d7b-5a9e0c6d1a22"]


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
