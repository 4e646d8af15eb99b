"""How often was the database server promoted? PostgreSQL counts in its timeline; each promotion begins the next one."""

from .engine import Tx

#: The timeline of a server that was never promoted.
FIRST = 1
_HEX = 16
_DIGITS = 8  # of a WAL file's name: its timeline


def current(tx: Tx) -> int | None:
    """The server's timeline; None on SQLite, and on a standby, which writes none."""
    if not tx.postgresql:
        return None
    row = tx.row("SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_lsn()) END")
    return int(row[0][:_DIGITS], _HEX) if row and row[0] else None
