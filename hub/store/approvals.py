"""Approvals: which operators have approved these very words? Bound to a digest, so none outlives a change of text."""

from collections.abc import Sequence

from .engine import Tx


def add(tx: Tx, *, digest: str, operator: str, kind: str, subject: str, at: int) -> None:
    """Record an operator's approval of a text that it has not approved yet."""
    tx.run(
        "INSERT INTO approvals (digest, operator, kind, subject, at) VALUES (:digest, :operator, :kind, :subject, :at)",
        digest=digest,
        operator=operator,
        kind=kind,
        subject=subject,
        at=at,
    )


def of(tx: Tx, digest: str) -> Sequence[str]:
    """Names of the operators that have approved this text, in the order they did."""
    rows = tx.rows("SELECT operator FROM approvals WHERE digest = :digest ORDER BY at, operator", digest=digest)
    return [str(row[0]) for row in rows]
