"""API tokens: which ones are out, and whose are they? Kept as keyed digests; a token is shown once and never again."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from .engine import Tx

#: What a token begins with, so that people and secret scanners know one when they see it.
PREFIX = "cirthub_"
RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as stored, without its digest; `kid`: it sleeps until that key is confirmed."""

    id: str
    member: str
    label: str
    redistributes: bool
    kid: str | None
    revoked_at: int | None
    created_at: int


_COLUMNS = "id, member, label, redistributes, kid, revoked_at, created_at"


def new_token() -> str:
    """A fresh token: the prefix and 256 random bits."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def token_digest(secret: bytes, token: str) -> str:
    """HMAC-SHA256 of a token under the hub's secret, lower-case hex: what is stored, and what a door looks up."""
    return hmac.new(secret, token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def add(tx: Tx, *, digest: str, member: str, label: str, redistributes: bool, kid: str | None, at: int) -> str:
    """Store a token's digest; the token's public id."""
    identity = f"t-{secrets.token_hex(6)}"
    tx.run(
        "INSERT INTO tokens (id, digest, member, label, redistributes, kid, created_at)"
        " VALUES (:id, :digest, :member, :label, :redistributes, :kid, :at)",
        id=identity,
        digest=digest,
        member=member,
        label=label,
        redistributes=redistributes,
        kid=kid,
        at=at,
    )
    return identity


def listed(tx: Tx, member: str | None = None) -> Sequence[TokenRow]:
    """Tokens, oldest first; of one member if given. Revoked ones stay listed."""
    where = "" if member is None else " WHERE member = :member"
    rows = tx.rows(f"SELECT {_COLUMNS} FROM tokens{where} ORDER BY created_at, id", member=member)
    return [TokenRow(row[0], row[1], row[2], bool(row[3]), *row[4:]) for row in rows]


def revoke(tx: Tx, identity: str, at: int) -> str | None:
    """Revoke a token for good; the member it belonged to, or None if no token of this id is in use."""
    row = tx.row("SELECT member FROM tokens WHERE id = :id", id=identity)
    touched = tx.run("UPDATE tokens SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL", id=identity, at=at)
    return None if row is None or not touched else str(row[0])


def revoke_of_key(tx: Tx, kid: str, at: int, *, label: str | None = None) -> int:
    """Revoke the tokens that were enrolled with a key, with this label if one is given; how many were still in use."""
    where = "" if label is None else " AND label = :label"
    statement = f"UPDATE tokens SET revoked_at = :at WHERE kid = :kid AND revoked_at IS NULL{where}"
    return tx.run(statement, kid=kid, at=at, label=label)
