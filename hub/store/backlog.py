"""How far is a reader behind? A bounded count of what it may see after a position."""

from . import selection
from .engine import Tx
from .selection import Filters, View

#: More than this is not counted: "at least so many" says enough, and costs as little as one page.
MOST = 10_000


def behind(tx: Tx, view: View, after: int) -> int:
    """Latest versions this reader may see after a position, counted up to `MOST`."""
    filters = Filters()
    statement = f"SELECT count(*) FROM ({selection.keys(selection.shape_of(view, filters))}) AS k"
    row = tx.row(statement, **selection.parameters(view, filters, after, MOST))
    return int(row[0]) if row else 0
