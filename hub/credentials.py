"""Operators, invitations, keys and tokens: what an operator hands out, confirms and takes back."""

import re
import secrets

from keys.instants import format_ms
from keys.invitation import Invitation
from keys.jwk import fingerprint, same_fingerprint
from keys.ring import KeyState

from . import named
from .acts import Actor, AlreadyThere, BadValue, Overtaken, Refused, Unknown
from .store import invitations, keyring, members, operators, tokens
from .store.engine import Tx
from .store.keyring import KeyRow
from .store.registry import bump

_OPERATOR = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")  # one spelling a name: nobody approves twice in two
MAX_LABEL = 100
MAX_REASON = 500


def invitation_digest(secret: bytes, nonce: str) -> str:
    """The keyed digest under which an invitation is stored."""
    return tokens.token_digest(secret, f"invitation:{nonce}")


def operator_digest(secret: bytes, operator_secret: str) -> str:
    """The keyed digest under which an operator's secret is stored."""
    return tokens.token_digest(secret, f"operator:{operator_secret}")


def add_operator(tx: Tx, secret: bytes, name: str, actor: Actor, *, at: int) -> dict[str, object]:
    """Make an operator; the secret is in the answer and nowhere else. Raises `BadValue`, `AlreadyThere`."""
    if _OPERATOR.fullmatch(name) is None:
        raise BadValue("an operator's name is a-z, 0-9, dot, hyphen and underscore, at most 63 characters")
    given = secrets.token_urlsafe(24)
    if not operators.add(tx, name, operator_digest(secret, given), at):
        raise AlreadyThere(f"there is an operator {name!r} already")
    actor.record(tx, "operator-add", name, at=at)
    return {"operator": name, "secret": given}


def invite(tx: Tx, secret: bytes, hub_url: str, name: str, actor: Actor, *, at: int) -> dict[str, object]:
    """A one-time invitation for an approved member; `expires` as RFC 3339. Raises `Unknown`, `Refused`."""
    row = named.approved(tx, name)
    invitation = Invitation(hub_url, row.id, secrets.token_urlsafe(32))
    expires = invitations.add(tx, digest=invitation_digest(secret, invitation.nonce), member=row.id, at=at)
    actor.record(tx, "invite", row.id, at=at, expires=format_ms(expires))
    return {"invitation": invitation.text(), "member": row.id, "expires": format_ms(expires)}


def key_view(key: KeyRow) -> dict[str, object]:
    """A key as it is listed; times are RFC 3339."""
    return {
        "kid": key.kid,
        "fingerprint": fingerprint(key.kid),
        "state": key.state,
        "valid_from": format_ms(key.valid_from),
        "valid_until": None if key.valid_until is None else format_ms(key.valid_until),
        "revoked_at": None if key.revoked_at is None else format_ms(key.revoked_at),
        "reason": key.reason,
        "confirmed_by": key.confirmed_by,
    }


def keys_of(tx: Tx, name: str) -> list[dict[str, object]]:
    """A member's keys, oldest first. Raises `Unknown`."""
    return [key_view(key) for key in keyring.of_member(tx, named.member(tx, name).id)]


def confirm_key(tx: Tx, name: str, claimed: str, actor: Actor, *, at: int) -> dict[str, object]:
    """Confirm the pending key with this whole fingerprint: from now on it signs, and its token wakes.

    Raises `Unknown`, `Refused` for another fingerprint or a revoked key, `Overtaken`.
    """
    row = named.approved(tx, name)
    named.check_operator(tx, actor.name)
    found = [key for key in keyring.of_member(tx, row.id) if same_fingerprint(fingerprint(key.kid), claimed)]
    if not found:
        raise Refused(
            f"no key of {row.alias} has this fingerprint: compare all 52 characters over another channel, and do not"
            f" go on if they differ; `cirt-hub key list {row.alias}` shows what was enrolled"
        )
    key = found[0]
    if not keyring.confirm(tx, key.kid, actor.name):
        now = keyring.find(tx, key.kid)
        raise Overtaken(f"this key is {now.state if now else 'gone'} already; nothing was changed")
    actor.record(tx, "key-confirm", row.id, at=at, kid=key.kid)
    bump(tx)
    return {"kid": key.kid, "fingerprint": fingerprint(key.kid), "state": str(KeyState.CONFIRMED), "member": row.id}


def revoke_key(tx: Tx, name: str, kid: str, reason: str, actor: Actor, *, at: int) -> dict[str, object]:
    """Revoke a key for good, and with it the tokens that were enrolled with it: they lie beside it on the same disk.

    Raises `Unknown`, `BadValue` without a reason, `Overtaken` if it is revoked already.
    """
    row = named.member(tx, name)
    if not reason.strip() or len(reason) > MAX_REASON:
        raise BadValue(f"say why, in 1 to {MAX_REASON} characters: it stands in the audit trail")
    key = keyring.find(tx, kid)
    if key is None or key.member != row.id:
        raise Unknown(f"{row.alias} has no key {kid!r}; `cirt-hub key list {row.alias}` shows them")
    if not keyring.revoke(tx, kid, reason, at):
        raise Overtaken("this key is revoked already; nothing was changed")
    asleep = tokens.revoke_of_key(tx, kid, at)
    actor.record(tx, "key-revoke", row.id, at=at, kid=kid, reason=reason, tokens=asleep)
    bump(tx)
    return {"kid": kid, "state": str(KeyState.REVOKED), "member": row.id, "tokens_revoked": asleep}


def add_token(
    tx: Tx, secret: bytes, name: str, actor: Actor, *, at: int, label: str = "", redistributes: bool = False
) -> dict[str, object]:
    """A further token of an approved member; it is in the answer and nowhere else.

    Raises `Unknown`, `Refused`, `BadValue`.
    """
    row = named.approved(tx, name)
    if len(label) > MAX_LABEL:
        raise BadValue(f"a label has at most {MAX_LABEL} characters")
    token = tokens.new_token()
    digest = tokens.token_digest(secret, token)
    identity = tokens.add(tx, digest=digest, member=row.id, label=label, redistributes=redistributes, kid=None, at=at)
    actor.record(tx, "token-add", row.id, at=at, token=identity, label=label, redistributes=redistributes)
    bump(tx)
    return {"token_id": identity, "token": token, "member": row.id, "label": label, "redistributes": redistributes}


def revoke_token(tx: Tx, identity: str, actor: Actor, *, at: int) -> dict[str, object]:
    """Revoke a token by its public id. Raises `Unknown`."""
    member = tokens.revoke(tx, identity, at)
    if member is None:
        raise Unknown(f"no token {identity!r} is in use; `cirt-hub token list` shows them")
    actor.record(tx, "token-revoke", member, at=at, token=identity)
    bump(tx)
    return {"token_id": identity, "member": member, "state": "revoked"}


def tokens_of(tx: Tx, name: str | None = None) -> list[dict[str, object]]:
    """Tokens as they are listed, oldest first; of one member if given. Raises `Unknown`."""
    aliases = {member.id: member.alias for member in members.every(tx)}
    return [
        {
            "token_id": token.id,
            "member": aliases.get(token.member, token.member),
            "label": token.label,
            "redistributes": token.redistributes,
            "kid": token.kid,
            "created": format_ms(token.created_at),
            "revoked_at": None if token.revoked_at is None else format_ms(token.revoked_at),
        }
        for token in tokens.listed(tx, None if name is None else named.member(tx, name).id)
    ]
