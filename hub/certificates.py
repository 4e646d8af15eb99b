"""Client certificates of members: bound to an account, listed, and taken back; as good as a token while they last."""

from keys.certificate import read_certificate
from keys.instants import format_ms

from . import named
from .acts import Actor, AlreadyThere, BadValue, Refused, Unknown
from .store import certificates, members
from .store.certificates import CertificateRow
from .store.engine import Tx
from .store.registry import bump

MAX_LABEL = 100


def add_certificate(
    tx: Tx, name: str, raw: bytes, actor: Actor, *, at: int, label: str = "", redistributes: bool = False
) -> dict[str, object]:
    """Bind a certificate (PEM or DER) to an approved member, for good.

    Raises `Unknown`, `Refused` for a member that is not approved or a certificate that has expired, `AlreadyThere` for
    one that is or was bound already, `BadValue`, `CertificateRefused`.
    """
    row = named.approved(tx, name)
    if len(label) > MAX_LABEL:
        raise BadValue(f"a label has at most {MAX_LABEL} characters")
    certificate = read_certificate(raw)
    if certificate.valid_until < at:
        raise Refused(f"the certificate expired at {format_ms(certificate.valid_until)}; ask {row.alias} for a new one")
    identity = certificates.add(
        tx,
        fingerprint=certificate.fingerprint,
        member=row.id,
        label=label,
        redistributes=redistributes,
        subject=certificate.subject,
        valid_from=certificate.valid_from,
        valid_until=certificate.valid_until,
        at=at,
    )
    if identity is None:
        raise _taken(tx, certificate.fingerprint)
    told = {"certificate": identity, "fingerprint": certificate.fingerprint}
    actor.record(tx, "cert-add", row.id, at=at, label=label, redistributes=redistributes, **told)
    bump(tx)
    added = certificates.bound(tx, certificate.fingerprint)
    return {} if added is None else _view(added, row.alias)


def _taken(tx: Tx, fingerprint: str) -> AlreadyThere:
    held = certificates.bound(tx, fingerprint)
    if held is not None and held.revoked_at is not None:
        return AlreadyThere("this certificate was revoked, which is for good; ask for one with a new key")
    return AlreadyThere("this certificate is bound already; `cirt-hub cert list` shows to whom")


def revoke_certificate(tx: Tx, identity: str, actor: Actor, *, at: int) -> dict[str, object]:
    """Revoke a certificate by its public id. Raises `Unknown`."""
    member = certificates.revoke(tx, identity, at)
    if member is None:
        raise Unknown(f"no certificate {identity!r} is in use; `cirt-hub cert list` shows them")
    actor.record(tx, "cert-revoke", member, at=at, certificate=identity)
    bump(tx)
    return {"certificate": identity, "member": member, "state": "revoked"}


def certificates_of(tx: Tx, name: str | None = None) -> list[dict[str, object]]:
    """Certificates as they are listed, oldest first; of one member if given. Raises `Unknown`."""
    aliases = {member.id: member.alias for member in members.every(tx)}
    chosen = None if name is None else named.member(tx, name).id
    return [_view(row, aliases.get(row.member, row.member)) for row in certificates.listed(tx, chosen)]


def _view(row: CertificateRow, alias: str) -> dict[str, object]:
    return {
        "certificate": row.id,
        "member": alias,
        "label": row.label,
        "redistributes": row.redistributes,
        "subject": row.subject,
        "fingerprint": row.fingerprint,
        "valid_from": format_ms(row.valid_from),
        "valid_until": format_ms(row.valid_until),
        "revoked_at": None if row.revoked_at is None else format_ms(row.revoked_at),
    }
