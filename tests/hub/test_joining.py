"""Joining by invitation: what is proven, how often, and what a token may do before its key is confirmed."""

from typing import Any

import pytest

from hub.acts import BadInvitation, Refused
from hub.credentials import confirm_key, invite, revoke_key
from hub.moves import move_member
from hub.onboarding import join, prove
from hub.store.invitations import LIFETIME
from hub.store.registry import Account
from hub.store.tokens import token_digest
from keys.enrolment import sign_enrolment
from keys.errors import BadSignature, WrongIssuer, WrongNonce
from keys.invitation import read_invitation
from keys.jwk import fingerprint
from keys.signer import Signer
from policies.life import Verb
from support.papers import ALICE, SHELL, A, member
from support.signing import signer_of
from support.world import World

URL = "http://127.0.0.1:8480"


def invited(world: World) -> str:
    with world.hub.database.writing() as tx:
        return str(invite(tx, world.hub.secret, URL, "aa", SHELL, at=world.clock())["invitation"])


def joined(world: World, invitation: str, signer: Signer | None = None, **changes: Any) -> dict[str, Any]:
    carried = read_invitation(invitation)
    given: dict[str, Any] = {"hub": carried.hub, "iss": carried.member, "nonce": carried.nonce, "iat": world.clock()}
    jws = sign_enrolment(**(given | changes), signer=signer or signer_of("aa"))
    with world.hub.database.reading() as tx:
        offer = prove(world.hub, tx, invitation, jws, world.clock())
    with world.hub.database.writing() as tx:
        return join(world.hub, tx, offer, world.clock())


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
        confirm_key(tx, "aa", answer["fingerprint"], ALICE, at=world.clock())
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
    with world.hub.database.reading() as tx, pytest.raises(BadSignature):
        prove(world.hub, tx, invitation, jws, world.clock())


class _Liar:
    """Offers one key and signs with another."""

    def __init__(self, offered: Signer, own: Signer) -> None:
        self.kid, self.alg, self.jwk, self.sign = offered.kid, offered.alg, offered.jwk, own.sign


@pytest.mark.parametrize("meanwhile", ["used", "expired", "suspended"])
def test_what_was_proven_must_still_hold_when_it_is_written(world: World, meanwhile: str) -> None:
    """Red if `join` trusts what `prove` saw before the lock."""
    member(world)
    invitation = invited(world)
    nonce = read_invitation(invitation).nonce
    jws = sign_enrolment(hub=URL, iss=A, nonce=nonce, iat=world.clock(), signer=signer_of("aa"))
    with world.hub.database.reading() as tx:
        offer = prove(world.hub, tx, invitation, jws, world.clock())
    if meanwhile == "used":
        joined(world, invitation)
    elif meanwhile == "expired":
        world.clock.advance(LIFETIME)
    else:
        with world.hub.database.writing() as tx:
            move_member(tx, "aa", Verb.SUSPEND, SHELL, at=world.clock())
    with world.hub.database.writing() as tx, pytest.raises(Refused):
        join(world.hub, tx, offer, world.clock())


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
        confirm_key(tx, "aa", answer["fingerprint"], ALICE, at=world.clock())
    assert joined(world, invited(world))["state"] == "confirmed"


@pytest.mark.parametrize("text", ["", "x", "eyJodWIiOiAxfQ", "\u00e9"])
def test_no_invitation_is_a_bad_one(world: World, text: str) -> None:
    """Red if a text that is no invitation is told otherwise than an unknown one, and so is not counted as a failure."""
    member(world)
    signer = signer_of("aa")
    jws = sign_enrolment(hub=URL, iss=A, nonce="n", iat=world.clock(), signer=signer)
    with world.hub.database.reading() as tx, pytest.raises(BadInvitation, match="not an invitation"):
        prove(world.hub, tx, text, jws, world.clock())
