"""Enrolled keys: whose are they, who confirmed them, who revoked them? Public halves only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keys.ring import KeyState

from .engine import Row, Tx


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as stored; times are microseconds since the epoch."""

    kid: str
    member: str
    jwk: Mapping[str, str]
    state: str
    valid_from: int
    valid_until: int | None
    revoked_at: int | None
    reason: str | None
    confirmed_by: str | None


_COLUMNS = "kid, member, jwk, state, valid_from, valid_until, revoked_at, reason, confirmed_by"


def _key(row: Row) -> KeyRow:
    return KeyRow(row[0], row[1], json.loads(row[2]), *row[3:])


def find(tx: Tx, kid: str) -> KeyRow | None:
    """The key with this id, whoever it belongs to."""
    row = tx.row(f"SELECT {_COLUMNS} FROM keys WHERE kid = :kid", kid=kid)
    return None if row is None else _key(row)


def of_member(tx: Tx, member: str) -> Sequence[KeyRow]:
    """A member's keys, oldest first."""
    rows = tx.rows(f"SELECT {_COLUMNS} FROM keys WHERE member = :member ORDER BY created_at, kid", member=member)
    return [_key(row) for row in rows]


def add(tx: Tx, *, kid: str, member: str, jwk: Mapping[str, str], at: int) -> None:
    """Add a pending key, valid from now on; one that is there already stays as it is, whoever it belongs to."""
    tx.run(
        "INSERT INTO keys (kid, member, jwk, state, valid_from, created_at)"
        " VALUES (:kid, :member, :jwk, :state, :at, :at) ON CONFLICT DO NOTHING",
        kid=kid,
        member=member,
        jwk=json.dumps(dict(jwk), sort_keys=True),
        state=str(KeyState.PENDING),
        at=at,
    )


def confirm(tx: Tx, kid: str, by: str) -> bool:
    """From pending to confirmed; False if it is not pending (any more)."""
    return bool(
        tx.run(
            "UPDATE keys SET state = :after, confirmed_by = :by WHERE kid = :kid AND state = :before",
            kid=kid,
            by=by,
            before=str(KeyState.PENDING),
            after=str(KeyState.CONFIRMED),
        )
    )


def revoke(tx: Tx, kid: str, reason: str, at: int) -> bool:
    """Revoke for good; False if it is revoked already."""
    return bool(
        tx.run(
            "UPDATE keys SET state = :after, revoked_at = :at, reason = :reason WHERE kid = :kid AND state <> :after",
            kid=kid,
            reason=reason,
            at=at,
            after=str(KeyState.REVOKED),
        )
    )
