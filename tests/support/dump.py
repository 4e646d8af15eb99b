"""What does the database hold? Everything in it as one value, to see that nothing has changed."""

from collections.abc import Sequence

from hub.store.engine import Database
from hub.store.tables import metadata


def dump(database: Database, *but: str) -> dict[str, Sequence[str]]:
    """Table → its rows as text, in order; without the tables named, and without who polled when."""
    tables = sorted(set(metadata.tables) - {*but, "deliveries"})
    with database.reading() as tx:
        return {table: sorted(map(repr, tx.rows(f"SELECT * FROM {table}"))) for table in tables}
