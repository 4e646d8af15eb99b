"""What must be done once a standby has become the primary? The hub begins another life, as after a restore.

An asynchronous standby may lack the last commits. Page tokens of the life before could point beyond what is there, so
they are refused with the advice to restart; positions go on after everything that may have been given out, so that
`added_after` of a client that saw more misses nothing that is published from now on.
"""

from feeds.timestamps import format_taxii

from .acts import Actor, Refused
from .store import audit, founding, timeline
from .store.engine import Tx

#: How far the clocks of two machines may be apart, microseconds; well below what stops publishing.
MOST_APART = 60_000_000
ACTION = "promoted"
_ANYWAY = "If another server took over in another way, by a copied disk for instance: `cirt-hub promoted --anyway`"


def promoted(tx: Tx, actor: Actor, at: int, *, anyway: bool = False) -> dict[str, object]:
    """Begin another life of the hub at `at` (microseconds since the epoch).

    Args:
        tx: a writing transaction.
        actor: who says that a standby was promoted.
        at: now.
        anyway: do it even where no promotion can be seen that this was not run for.

    Raises `Refused` where nothing was promoted, or this was run for it already; `NotInitialised`, `Unavailable`.
    """
    line = timeline.current(tx)
    why = _unpromoted(tx, line)
    if why and not anyway:
        raise Refused(f"{why}; nothing was changed. {_ANYWAY}")
    created_at, revision = founding.row(tx)
    before = founding.positions(tx)
    founding.renew(tx, created_at=created_at, revision=revision)
    founding.raise_positions(tx, {}, at + MOST_APART)
    last = max(before.values(), default=0)
    actor.record(tx, ACTION, "hub", at=at, last_position=last, timeline=line)
    return {
        "new_epoch": True,
        "groups": len(before),
        "last_position": format_taxii(last) if last else None,
        "positions_after": format_taxii(max(last, at + MOST_APART)),
    }


def _unpromoted(tx: Tx, line: int | None) -> str | None:
    """Why there is no promotion to begin a life for."""
    if not tx.postgresql:
        return (
            "this hub's database is a SQLite file, which has no standby (`cirt-hub restore` begins a new epoch itself)"
        )
    if line == timeline.FIRST:
        return "this database server never was a standby that was promoted (its timeline is 1): see HUB_DATABASE_URL"
    action, told = audit.last(tx, (ACTION, "restore")) or ("", {})
    if line is not None and action == ACTION and told.get("timeline") == line:
        return f"this was run for this promotion already (timeline {line})"
    return None
