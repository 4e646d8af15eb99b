"""What must be done once a standby has become the primary? The hub begins another life, as after a restore.

An asynchronous standby may lack the last commits. Page tokens of the life before could point beyond what is there, so
they are refused with the advice to restart; positions go on after everything that may have been given out, so that
`added_after` of a client that saw more misses nothing that is published from now on.
"""

from .acts import Actor
from .store import founding
from .store.engine import Tx

#: How far the clocks of two machines may be apart, microseconds; well below what stops publishing.
MOST_APART = 60_000_000


def promoted(tx: Tx, actor: Actor, at: int) -> dict[str, object]:
    """Begin another life of the hub at `at` (microseconds since the epoch). Raises `NotInitialised`."""
    created_at, revision = founding.row(tx)
    before = founding.positions(tx)
    founding.renew(tx, created_at=created_at, revision=revision)
    founding.raise_positions(tx, {}, at + MOST_APART)
    last = max(before.values(), default=0)
    actor.record(tx, "promoted", "hub", at=at, last_position=last)
    return {"new_epoch": True, "groups": len(before), "last_position": last}
