"""What a publisher holds is looked up by an index, whatever the database believes of a table that has just grown."""

import uuid
from contextlib import closing
from pathlib import Path

from hub.store import selection, shelves
from support.world import World

EXPLAIN = {"postgresql": "EXPLAIN (COSTS OFF)", "sqlite": "EXPLAIN QUERY PLAN"}
CONDITION = {
    "postgresql": "Index Cond: ((grp = '1'::smallint) AND (stix_id = wanted.it) AND (publisher = '1'::smallint))",
    "sqlite": "SEARCH o USING COVERING INDEX ix_objects_shelf (grp=? AND stix_id=? AND publisher=?)",
}


def new(position: int) -> shelves.NewRow:
    """An indicator's row with next to no body."""
    stix_id = f"indicator--{uuid.UUID(int=position)}"
    version = "2026-01-01T00:00:00Z"
    sha256 = f"{position:064x}"
    return shelves.NewRow(1, stix_id, "indicator", version, 1, version, False, None, 1, sha256, "manifest", b"x")  # noqa: FBT003


def test_ids_are_looked_up_one_by_one_before_the_table_was_ever_analysed(tmp_path: Path, database_url: str) -> None:
    """Red if a first publication of many objects reads the whole group for each envelope (`= ANY` on PostgreSQL)."""
    positions = range(1, 5_001)
    asked = [new(position).stix_id for position in range(4_501, 5_501)]
    with closing(World(tmp_path, database_url)) as world:
        database = world.hub.database
        with database.writing() as tx:
            shelves.add(tx, 1, [new(position) for position in positions], positions)
        name = database.name
        with database.reading() as tx:
            where = tx.each("objects", selection.SHELF, "stix_id", "ids")
            plan = tx.rows(f"{EXPLAIN[name]} SELECT o.position FROM {where}", grp=1, publisher=1, ids=tx.listed(asked))
            found = shelves.held(tx, 1, 1, [*asked, asked[0]])
    assert CONDITION[name] in " ".join(str(row[-1]) for row in plan)
    assert {rows[0].position for rows in found.values()} == set(range(4_501, 5_001))
    assert {len(rows) for rows in found.values()} == {1}
