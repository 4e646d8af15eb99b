"""Client certificates: which ones open an account, and whose are they? Known by the digest of their DER form."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from .engine import Row, Tx


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate as stored; times are microseconds since the epoch."""

    id: str
    fingerprint: str
    member: str
    label: str
    redistributes: bool
    subject: str
    valid_from: int
    valid_until: int
    revoked_at: int | None
    created_at: int


_COLUMNS = "id, fingerprint, member, label, redistributes, subject, valid_from, valid_until, revoked_at, created_at"


def _row(row: Row) -> CertificateRow:
    identity, fingerprint, member, label, redistributes, *rest = row
    return CertificateRow(identity, fingerprint, member, label, bool(redistributes), *rest)


def add(
    tx: Tx,
    *,
    fingerprint: str,
    member: str,
    label: str,
    redistributes: bool,
    subject: str,
    valid_from: int,
    valid_until: int,
    at: int,
) -> str | None:
    """Bind a certificate; its public id, or None if it was bound before, to whomever, even if that is revoked."""
    identity = f"c-{secrets.token_hex(6)}"
    touched = tx.run(
        f"INSERT INTO certificates ({_COLUMNS}) VALUES (:id, :fingerprint, :member, :label, :redistributes, :subject,"
        " :valid_from, :valid_until, NULL, :at) ON CONFLICT DO NOTHING",
        id=identity,
        fingerprint=fingerprint,
        member=member,
        label=label,
        redistributes=redistributes,
        subject=subject,
        valid_from=valid_from,
        valid_until=valid_until,
        at=at,
    )
    return identity if touched else None


def bound(tx: Tx, fingerprint: str) -> CertificateRow | None:
    """The certificate of this fingerprint, revoked or not."""
    row = tx.row(f"SELECT {_COLUMNS} FROM certificates WHERE fingerprint = :fingerprint", fingerprint=fingerprint)
    return None if row is None else _row(row)


def listed(tx: Tx, member: str | None = None) -> Sequence[CertificateRow]:
    """Certificates, oldest first; of one member if given. Revoked ones stay listed."""
    where = "" if member is None else " WHERE member = :member"
    rows = tx.rows(f"SELECT {_COLUMNS} FROM certificates{where} ORDER BY created_at, id", member=member)
    return [_row(row) for row in rows]


def revoke(tx: Tx, identity: str, at: int) -> str | None:
    """Revoke a certificate for good; the member it was bound to, or None if no such certificate is in use."""
    row = tx.row("SELECT member FROM certificates WHERE id = :id", id=identity)
    touched = tx.run(
        "UPDATE certificates SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL", id=identity, at=at
    )
    return None if row is None or not touched else str(row[0])
