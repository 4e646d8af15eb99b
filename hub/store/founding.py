"""The hub's own row: is there a hub in this database, and what is its epoch?"""

import secrets

from .engine import Tx


def founded(tx: Tx) -> bool:
    """Whether the database holds a hub already."""
    return tx.row("SELECT 1 FROM hub WHERE id = 1") is not None


def found(tx: Tx, at: int) -> bool:
    """Make the hub's row with a random epoch; False if there was one."""
    return bool(
        tx.run(
            "INSERT INTO hub (id, epoch, revision, created_at) VALUES (1, :epoch, 0, :at) ON CONFLICT DO NOTHING",
            epoch=secrets.token_hex(16),
            at=at,
        )
    )
