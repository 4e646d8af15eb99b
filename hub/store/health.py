"""Is the sequencer sane? A position far ahead of the clock means that the clock jumped forward and came back."""

from .engine import Tx
from .shelves import MOST_AHEAD


def ahead(tx: Tx, at: int) -> bool:
    """Whether a group's last position lies further ahead of `at` (microseconds) than publishing allows."""
    row = tx.row("SELECT max(last_position) FROM groups")
    return row is not None and row[0] is not None and row[0] > at + MOST_AHEAD
