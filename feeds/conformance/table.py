"""Which rows are there? All of them, by number; none needs more than reading."""

from __future__ import annotations

from typing import Final

from feeds.conformance import bodies, collecting, doors, pages, paging, positions, queries, resources
from feeds.conformance.exchanges import Notes
from feeds.conformance.rows import Result, Row, judged

ROWS: Final[tuple[Row, ...]] = tuple(
    sorted(
        (
            row
            for room in (doors, bodies, resources, collecting, pages, positions, queries, paging)
            for row in room.ROWS
        ),
        key=lambda row: row.number,
    )
)
"""Every row of the check, ascending by number."""


def judge(notes: Notes) -> list[Result]:
    """What every row comes to."""
    return judged(ROWS, notes)
