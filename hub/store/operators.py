"""Operators: who may review here? Names in one spelling, secrets as keyed digests only."""

from .engine import Tx


def add(tx: Tx, name: str, secret_digest: str, at: int) -> bool:
    """Add an operator; False if the name is taken."""
    return bool(
        tx.run(
            "INSERT INTO operators (name, secret_digest, created_at) VALUES (:name, :digest, :at)"
            " ON CONFLICT DO NOTHING",
            name=name,
            digest=secret_digest,
            at=at,
        )
    )


def count(tx: Tx) -> int:
    """How many operators there are."""
    row = tx.row("SELECT count(*) FROM operators")
    return int(row[0]) if row else 0


def exists(tx: Tx, name: str) -> bool:
    """Whether there is an operator of this name."""
    return tx.row("SELECT 1 FROM operators WHERE name = :name", name=name) is not None
