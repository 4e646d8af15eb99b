"""The hub's own row: is there a hub in this database, and what is its epoch?"""

import secrets
from collections.abc import Mapping

from .engine import Tx
from .errors import NotInitialised


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


def row(tx: Tx) -> tuple[int, int]:
    """When the hub was made (microseconds since the epoch), and the registry's revision. Raises `NotInitialised`."""
    found = tx.row("SELECT created_at, revision FROM hub WHERE id = 1")
    if found is None:
        raise NotInitialised("the database holds no hub; make one with `cirt-hub init`")
    return found[0], found[1]


def renew(tx: Tx, *, created_at: int, revision: int) -> None:
    """Begin another life of a restored hub: page tokens of the one before end, every process reads anew."""
    tx.run(
        "INSERT INTO hub (id, epoch, revision, created_at) VALUES (1, :epoch, :revision, :at)"
        " ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision",
        epoch=secrets.token_hex(16),
        revision=revision + 1,
        at=created_at,
    )


def positions(tx: Tx) -> Mapping[str, int]:
    """Group id -> last position given out."""
    return {row[0]: row[1] for row in tx.rows("SELECT id, last_position FROM groups")}


def raise_positions(tx: Tx, least: Mapping[str, int], at: int) -> None:
    """See that no position is given out again: the sequencers go on after `at` and after those of the life before."""
    for identity in positions(tx):
        tx.run(
            "UPDATE groups SET last_position = :last WHERE id = :id AND last_position < :last",
            id=identity,
            last=max(at, least.get(identity, 0)),
        )
