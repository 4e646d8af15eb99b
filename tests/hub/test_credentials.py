"""Operators, keys and tokens: shown once, kept as digests, confirmed by the whole fingerprint, taken back at once."""

import pytest

from hub.acts import AlreadyThere, BadValue, Overtaken, Refused, Unknown
from hub.credentials import (
    add_operator,
    add_token,
    confirm_key,
    invite,
    keys_of,
    revoke_key,
    revoke_token,
    tokens_of,
)
from hub.store import keyring, tokens
from hub.store.registry import Account
from keys.jwk import fingerprint
from keys.ring import KeyState
from support.papers import ALICE, SHELL, A, imported, member, member_toml
from support.signing import signer_of
from support.world import World


def enrolled(world: World, name: str = "aa") -> str:
    """A pending key of member A with a sleeping token; its kid."""
    signer = signer_of(name)
    with world.hub.database.writing() as tx:
        keyring.add(tx, kid=signer.kid, member=A, jwk=dict(signer.jwk), at=world.clock())
        digest = tokens.token_digest(world.hub.secret, f"token of {name}")
        tokens.add(tx, digest=digest, member=A, label="", redistributes=False, kid=signer.kid, at=world.clock())
    return signer.kid


def accounts(world: World) -> list[Account]:
    with world.hub.database.reading() as tx:
        return list(world.hub.registries.of(tx).accounts.values())


def confirmed(world: World, claimed: str) -> dict[str, object]:
    with world.hub.database.writing() as tx:
        return confirm_key(tx, "aa", claimed, ALICE, at=world.clock())


def revoked(world: World, kid: str, reason: str = "lost") -> dict[str, object]:
    with world.hub.database.writing() as tx:
        return revoke_key(tx, "aa", kid, reason, ALICE, at=world.clock())


@pytest.mark.parametrize("name", ["Alice", "", "a b", "\u0430lice", "-a", "a" * 64])
def test_an_operators_name_has_one_spelling(world: World, name: str) -> None:
    """Red if a look-alike of alice could give the second approval."""
    with world.hub.database.writing() as tx, pytest.raises(BadValue):
        add_operator(tx, world.hub.secret, name, SHELL, at=world.clock())


def test_an_operator_is_made_once(world: World) -> None:
    """Red if a second `operator add` gives out a new secret for the same name."""
    with world.hub.database.writing() as tx, pytest.raises(AlreadyThere):
        add_operator(tx, world.hub.secret, "alice", SHELL, at=world.clock())


def test_t35_only_digests_are_kept(world: World) -> None:
    """T-35. Red if a token, an operator's secret or an invitation stands anywhere in the database."""
    member(world)
    with world.hub.database.writing() as tx:
        token = add_token(tx, world.hub.secret, "aa", SHELL, at=world.clock())["token"]
        invitation = invite(tx, world.hub.secret, "http://hub.example", "aa", SHELL, at=world.clock())["invitation"]
        secret = add_operator(tx, world.hub.secret, "carol", SHELL, at=world.clock())["secret"]
    with world.hub.database.reading() as tx:
        held = [tx.rows(f"SELECT * FROM {table}") for table in ("tokens", "invitations", "operators", "audit")]
    assert len(str(token)) >= len(tokens.PREFIX) + 43
    assert not any(str(planted) in repr(held) for planted in (token, invitation, secret))


def test_a_key_is_confirmed_by_its_whole_fingerprint(world: World) -> None:
    """Red if a prefix is enough, or the token wakes before."""
    member(world)
    kid = enrolled(world)
    assert [account.pending for account in accounts(world)] == [True]
    for claimed in (fingerprint(kid)[:19], fingerprint(signer_of("other").kid), ""):
        with pytest.raises(Refused, match="52 characters"):
            confirmed(world, claimed)
    assert confirmed(world, fingerprint(kid).upper().replace(" ", ""))["state"] == "confirmed"
    assert [account.pending for account in accounts(world)] == [False]
    with pytest.raises(Overtaken, match="confirmed already"):
        confirmed(world, fingerprint(kid))


def test_revoking_a_key_takes_its_token_along(world: World) -> None:
    """Red if the token of a key that was never confirmed wakes because the key is no longer pending."""
    member(world)
    kid = enrolled(world)
    assert revoked(world, kid)["tokens_revoked"] == 1
    assert accounts(world) == []
    with pytest.raises(Overtaken):
        revoked(world, kid)
    with pytest.raises(Overtaken, match="revoked already"):
        confirmed(world, fingerprint(kid))
    with world.hub.database.reading() as tx:
        assert world.hub.registries.of(tx).ring.held(kid).state is KeyState.REVOKED
        assert [key["state"] for key in keys_of(tx, "aa")] == ["revoked"]


def test_a_key_of_another_member_is_unknown(world: World) -> None:
    """Red if `key revoke MEMBER KID` revokes whosever key has that id."""
    member(world)
    other = world.cirt("other")
    with pytest.raises(Unknown):
        revoked(world, other.signer.kid)


def test_t13_a_revoked_token_is_nobody_at_once(world: World) -> None:
    """T-13. Red if revoking does not raise the registry's revision."""
    member(world)
    with world.hub.database.writing() as tx:
        made = add_token(tx, world.hub.secret, A, SHELL, at=world.clock(), label="feed", redistributes=True)
    assert [(account.token, account.redistributes) for account in accounts(world)] == [(made["token_id"], True)]
    with world.hub.database.writing() as tx:
        revoke_token(tx, str(made["token_id"]), SHELL, at=world.clock())
    assert accounts(world) == []
    with world.hub.database.writing() as tx, pytest.raises(Unknown):
        revoke_token(tx, str(made["token_id"]), SHELL, at=world.clock())
    with world.hub.database.reading() as tx:
        assert [token["revoked_at"] is not None for token in tokens_of(tx)] == [True]


def test_nobody_is_invited_before_approval(world: World) -> None:
    """Red if a proposed member gets an invitation or a token."""
    imported(world, member_toml())
    with world.hub.database.writing() as tx:
        with pytest.raises(Refused, match="must be approved first"):
            invite(tx, world.hub.secret, "http://hub.example", "aa", SHELL, at=world.clock())
        with pytest.raises(Refused, match="must be approved first"):
            add_token(tx, world.hub.secret, "aa", SHELL, at=world.clock())
