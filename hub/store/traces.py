"""Where does an object stand? Every row of one STIX id in a group, without its bytes: to tell who receives it."""

from collections.abc import Sequence
from dataclasses import dataclass

from .engine import Tx


@dataclass(frozen=True, slots=True)
class Trace:
    """A row of the data collection: its publisher's number, rank, position and version text."""

    publisher: int
    rank: int
    position: int
    version: str


def traces(tx: Tx, grp: int, stix_id: str) -> Sequence[Trace]:
    """All rows of the id, of every publisher and label, ascending by position."""
    rows = tx.rows(
        "SELECT publisher, rank, position, version FROM objects WHERE grp = :grp AND stix_id = :stix_id"
        " ORDER BY position",
        grp=grp,
        stix_id=stix_id,
    )
    return [Trace(*row) for row in rows]
