"""How does a member change its key? It enrols a further one by its token, beside the one that goes on signing."""

from keys.enrolment import Enrolment, verify_enrolment
from keys.ring import KeyState
from policies.life import State

from .access import Forbidden, for_oneself
from .acts import Actor, Refused
from .running import Hub
from .store import keyring, members, tokens
from .store.engine import Tx
from .store.registry import Account, bump

LABEL = "rotated"
MOST_WAITING = 5
"""Keys of a member that may wait for their confirmation: whoever stole a token shall not fill the operators' list."""


def prove_further(hub: Hub, account: Account, enrolment: str) -> Enrolment:
    """See that an enrolment proves possession of its key, for this hub, the caller's member and the caller's token.

    Its nonce is the public id of the token (`account` of `/api/v1/me`): what was made for one is good with no other,
    and made twice it is the same key again.

    Raises:
        Forbidden: the account redistributes, or its own key is not confirmed.
        KeysError: the enrolment cannot be read, or does not prove what it says.
    """
    for_oneself(account)
    if account.pending:
        raise Forbidden("the key of this token is not confirmed yet; have its fingerprint confirmed first")
    return verify_enrolment(enrolment, hub=hub.settings.public_url, iss=account.member, nonce=account.token)


def enrol_further(hub: Hub, tx: Tx, account: Account, enrolment: Enrolment, at: int) -> dict[str, object]:
    """Enrol a further key, and hand out a token that sleeps until it is confirmed.

    Asked again for the same key, it hands out another token, and the one before is revoked: its answer may be lost.

    Args:
        hub: this process's hub.
        tx: a writing transaction.
        account: the caller, as `tx` sees it.
        enrolment: what `prove_further` has proven.
        at: microseconds since the epoch.

    Raises:
        Refused: the key was revoked, is another member's, or is that of the caller's token; or too many wait.
    """
    kid, held = enrolment.key.kid, keyring.of_member(tx, account.member)
    row = members.find(tx, account.member)
    if row is None or row.state != State.APPROVED:
        raise Refused("this member is not approved at this hub (any more); ask its operator")
    if any(token.id == account.token and token.kid == kid for token in tokens.listed(tx, account.member)):
        raise Refused("this key is the one that your token was given for; make a new one")
    waiting = [key for key in held if key.state == KeyState.PENDING and key.kid != kid]
    if len(waiting) >= MOST_WAITING:
        raise Refused(f"{len(waiting)} keys of this member wait for their confirmation; have the operator revoke some")
    keyring.add(tx, kid=kid, member=account.member, jwk=enrolment.key.jwk, at=at)
    key = keyring.find(tx, kid)
    if key is None or key.member != account.member or key.state == KeyState.REVOKED:
        raise Refused("this key cannot be enrolled: it was revoked, or is in use elsewhere; make a new one")
    tokens.revoke_of_key(tx, kid, at, label=LABEL)
    token = tokens.new_token()
    digest = tokens.token_digest(hub.secret, token)
    identity = tokens.add(tx, digest=digest, member=account.member, label=LABEL, redistributes=False, kid=kid, at=at)
    Actor(account.member, account.token).record(tx, "key-enrol", account.member, at=at, kid=kid, token=identity)
    bump(tx)
    return {
        "kid": kid,
        "fingerprint": enrolment.key.fingerprint,
        "state": key.state,
        "token": token,
        "token_id": identity,
    }
