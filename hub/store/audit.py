"""The audit trail: who did what, when, to which words. Rows are only ever added."""

import json
from collections.abc import Mapping

from .engine import Tx


def record(
    tx: Tx, *, at: int, actor: str, action: str, subject: str, digest: str | None = None, **detail: object
) -> None:
    """Add an act, in the transaction of the act itself."""
    tx.run(
        "INSERT INTO audit (at, actor, action, subject, digest, detail)"
        " VALUES (:at, :actor, :action, :subject, :digest, :detail)",
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        digest=digest,
        detail=json.dumps(detail, sort_keys=True),
    )


def entries(tx: Tx, subject: str | None = None) -> list[Mapping[str, object]]:
    """The acts, oldest first; of one subject if given."""
    where = "" if subject is None else " WHERE subject = :subject"
    columns = ("at", "actor", "action", "subject", "digest", "detail")
    rows = tx.rows(f"SELECT {', '.join(columns)} FROM audit{where} ORDER BY id", subject=subject)
    return [dict(zip(columns, row, strict=True)) for row in rows]
