"""The audit trail: who did what, when, to which words. Rows are only ever added."""

import json

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
