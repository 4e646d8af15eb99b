"""The audit trail: who did what, when, to which words. Rows are only ever added."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

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


def last(tx: Tx, actions: Sequence[str]) -> tuple[str, Mapping[str, Any]] | None:
    """The last of these acts, and what was told of it; None if there was none."""
    names = {f"action_{number}": action for number, action in enumerate(actions)}
    among = ", ".join(f":{name}" for name in names)
    found = tx.row(f"SELECT action, detail FROM audit WHERE action IN ({among}) ORDER BY id DESC LIMIT 1", **names)
    return None if found is None else (str(found[0]), json.loads(found[1]))
