"""Is the sequencer sane? A position far ahead of the clock means that the clock jumped forward and came back."""

from .engine import Tx
from .shelves import MOST_AHEAD


def ahead(tx: Tx, at: int) -> bool:
    """Whether a group's last position lies further ahead of `at` (microseconds) than publishing allows."""
    return last_position(tx) > at + MOST_AHEAD


def last_position(tx: Tx) -> int:
    """The highest position taken in any group, microseconds; 0 where nothing was published."""
    row = tx.row("SELECT max(last_position) FROM groups")
    return int(row[0] or 0) if row is not None else 0


def journal(tx: Tx) -> str:
    """How SQLite keeps its journal: `wal`, if it is this hub's."""
    row = tx.row("PRAGMA journal_mode")
    return str(row[0]) if row else ""


def unsafe(tx: Tx) -> list[tuple[str, str]]:
    """Settings of PostgreSQL under which a crash loses what was acknowledged, with their values."""
    rows = tx.rows(
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
        " AND setting = 'off' ORDER BY name"
    )
    return [(name, value) for name, value in rows]
