"""A further key: enrolled by a proof that fits this hub, member and token, and asleep until it is confirmed."""

from typing import Any

import pytest

from hub.acts import Actor
from hub.credentials import confirm_key, revoke_key
from hub.rotation import MOST_WAITING
from hub.store import keyring, tokens
from hub.store.registry import bump
from keys.enrolment import sign_enrolment
from support.es256 import es256_signer_of
from support.signing import signer_of
from support.stage import PUBLIC, Stage, told

PATH = "/api/v1/keys"
JOSE = "application/jose"


def token_id(stage: Stage, who: str) -> str:
    """The public id of the token that `who` calls with."""
    return str(told(stage.call("/api/v1/me", who))["account"]["token_id"])


def proof(stage: Stage, name: str, who: str = "alpha", **changes: Any) -> bytes:
    """The enrolment of the key of this name by `who`; `changes` are `sign_enrolment`'s."""
    given = {"hub": PUBLIC, "iss": stage.world.cirts["alpha"].id, "iat": stage.world.clock(), "signer": signer_of(name)}
    nonce = changes.pop("nonce", None) or token_id(stage, who)
    return sign_enrolment(**{**given, "nonce": nonce, **changes}).encode()


def post(stage: Stage, body: bytes, who: str | None = "alpha") -> tuple[int, Any]:
    """Status and answer."""
    answer = stage.post(PATH, body, who, JOSE)
    return answer.status_code, told(answer)


def test_a_further_key_sleeps_until_it_is_confirmed(fresh: Stage) -> None:
    """Red if the key signs, or its token opens anything, before an operator confirmed the fingerprint."""
    signer = es256_signer_of("a further key")
    status, answer = post(fresh, proof(fresh, "", signer=signer))
    assert (status, answer["kid"], answer["state"]) == (201, signer.kid, "pending")
    fresh.credentials["further"] = answer["token"]
    assert told(fresh.call("/api/v1/me", "further"))["account"]["pending"] is True
    assert fresh.call(fresh.objects(), "further").status_code == 404
    assert fresh.call(fresh.objects(), "alpha").status_code == 200
    with fresh.world.hub.database.writing() as tx:
        tx.run("INSERT INTO operators (name, secret_digest, created_at) VALUES ('olga', 'x', 0)")
        confirm_key(tx, "alpha", answer["fingerprint"], Actor("olga", "root"), at=fresh.world.clock())
    assert fresh.call(fresh.objects(), "further").status_code == 200
    assert fresh.call(fresh.objects(), "alpha").status_code == 200


def test_asked_again_it_is_the_same_key_with_another_token(fresh: Stage) -> None:
    """Red if a lost answer makes a second key, or the token of that answer stays good."""
    body = proof(fresh, "a further key")
    first, second = (post(fresh, body)[1] for _ in range(2))
    assert first["kid"] == second["kid"]
    fresh.credentials |= {"first": first["token"], "second": second["token"]}
    assert [fresh.call("/api/v1/me", who).status_code for who in ("first", "second")] == [401, 200]


def test_the_proof_fits_hub_member_and_token(fresh: Stage) -> None:
    """Red if a proof made for another hub, member, token or key is taken (no replay, proof of possession)."""
    bravo = fresh.world.cirts["bravo"].id
    for body, code in (
        (proof(fresh, "k", hub="https://other.example"), "wrong-issuer"),
        (proof(fresh, "k", iss=bravo), "wrong-issuer"),
        (proof(fresh, "k", "bravo"), "wrong-nonce"),
        (proof(fresh, "k", nonce="of-an-invitation"), "wrong-nonce"),
        (proof(fresh, "k")[:-8] + b"AAAAAAAA", "bad-signature"),
        (b"no jws", "malformed"),
    ):
        status, answer = post(fresh, body)
        assert (status, answer["error_code"]) == (400 if code == "malformed" else 422, code)
    with fresh.world.hub.database.reading() as tx:
        assert keyring.find(tx, signer_of("k").kid) is None


def test_who_may_not_enrol_one(fresh: Stage) -> None:
    """Red if a stranger, a token that sleeps, or one that only polls on behalf of others may bring in a key."""
    redistributor, _ = fresh.world.token(fresh.world.cirts["alpha"].id, redistributes=True)
    fresh.credentials["redistributor"] = redistributor
    for who, status in ((None, 401), ("wrong", 401), ("revoked", 401), ("pending", 403), ("redistributor", 403)):
        nonce = "x" if status == 401 else None
        assert post(fresh, proof(fresh, "k", who or "", nonce=nonce), who)[0] == status
    with fresh.world.hub.database.reading() as tx:
        assert keyring.find(tx, signer_of("k").kid) is None


@pytest.mark.parametrize("whose", ["of another member", "revoked", "of this token"])
def test_a_key_that_cannot_be_enrolled(fresh: Stage, whose: str) -> None:
    """Red if a key serves two members, rises again, or a token's own key costs that token."""
    signer, at, alpha = signer_of("k"), fresh.world.clock(), fresh.world.cirts["alpha"].id
    hub = fresh.world.hub
    with hub.database.writing() as tx:
        member = fresh.world.cirts["bravo"].id if whose == "of another member" else alpha
        keyring.add(tx, kid=signer.kid, member=member, jwk=dict(signer.jwk), at=at)
        if whose == "revoked":
            revoke_key(tx, "alpha", signer.kid, "lost", Actor("", "root"), at=at)
        elif whose == "of this token":
            keyring.confirm(tx, signer.kid, "olivia")
            token = tokens.new_token()
            digest = tokens.token_digest(hub.secret, token)
            tokens.add(tx, digest=digest, member=alpha, label="rotated", redistributes=False, kid=signer.kid, at=at)
            fresh.credentials["own"] = token
        bump(tx)
    who = "own" if whose == "of this token" else "alpha"
    assert post(fresh, proof(fresh, "k", who), who)[0] == 409
    assert fresh.call("/api/v1/me", who).status_code == 200
    with hub.database.reading() as tx:
        actions = [row[0] for row in tx.rows("SELECT action FROM audit ORDER BY id")]
    assert actions[-1] == "key-enrol-refused"


def test_only_so_many_wait(fresh: Stage) -> None:
    """Red if whoever has a token can fill the list that operators confirm from."""
    alpha = told(fresh.call("/api/v1/me", "alpha"))
    waiting = sum(1 for key in alpha["keys"] if key["state"] == "pending")
    made = [post(fresh, proof(fresh, f"key {number}"))[0] for number in range(MOST_WAITING - waiting)]
    assert set(made) == {201}
    assert post(fresh, proof(fresh, "one more"))[0] == 409
    assert post(fresh, proof(fresh, "key 0"))[0] == 201
