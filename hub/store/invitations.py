"""Invitations: may whoever knows this nonce enrol a key for that member? Once, within 72 hours; kept as digests."""

from dataclasses import dataclass

from .engine import Tx

HOURS = 72
LIFETIME = HOURS * 3_600_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as stored; times are microseconds since the epoch."""

    member: str
    expires_at: int
    used_at: int | None


def add(tx: Tx, *, digest: str, member: str, at: int) -> int:
    """Store an invitation's digest; when it expires, microseconds since the epoch."""
    expires = at + LIFETIME
    tx.run(
        "INSERT INTO invitations (digest, member, expires_at, created_at) VALUES (:digest, :member, :expires, :at)",
        digest=digest,
        member=member,
        expires=expires,
        at=at,
    )
    return expires


def find(tx: Tx, digest: str) -> Invitation | None:
    """The invitation with this digest, used or not."""
    row = tx.row("SELECT member, expires_at, used_at FROM invitations WHERE digest = :digest", digest=digest)
    return None if row is None else Invitation(*row)


def use(tx: Tx, digest: str, at: int) -> bool:
    """Use an invitation up; False if it was used meanwhile or has expired: of two at once exactly one gets True."""
    return bool(
        tx.run(
            "UPDATE invitations SET used_at = :at WHERE digest = :digest AND used_at IS NULL AND expires_at > :at",
            digest=digest,
            at=at,
        )
    )
