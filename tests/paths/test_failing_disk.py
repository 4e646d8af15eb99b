"""What is acknowledged while the disk fails? F-03: nothing it did not confirm, and nothing more on that handle."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.store import schema
from hub.store.engine import Database
from support.tools import need

pytestmark = pytest.mark.long
ROOT = Path(__file__).resolve().parents[2]
WRITING = """
import json, sys
from hub.store import audit
from hub.store.engine import Database
from hub.store.errors import StoreError
database, handles, told = Database(sys.argv[1]), [], []
for number in range(8):
    try:
        with database.writing() as tx:
            if tx._driver not in handles:
                handles.append(tx._driver)
            handle = handles.index(tx._driver)
            audit.record(tx, at=number, actor="x", action="y", subject="z" * 9000)
        told.append((number, handle, "acknowledged"))
    except StoreError as error:
        told.append((number, handle, str(error)))
    if number % 3 == 2:
        try:
            database.checkpoint()
        except StoreError as error:
            told.append((None, handle, str(error)))
print(json.dumps(told))
"""


def written(url: str, number: int) -> list[Any]:
    """Eight transactions and two checkpoints, while the n-th fsync fails: (row, handle, what was said)."""
    inject = ["-e", "trace=fdatasync,fsync", "-e", f"inject=fdatasync,fsync:error=EIO:when={number}"]
    words = [need("strace"), "-f", "-o", "/dev/null", *inject, sys.executable, "-c", WRITING, url]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT)
    told: list[Any] = json.loads(done.stdout)
    return told


def test_f03_a_failed_fsync(tmp_path: Path) -> None:
    """F-03. EIO on the n-th fsync. Red if its transaction is acknowledged, one without any, or a later one on it.

    Every acknowledged row is there in the end, in a sound file. (PostgreSQL's server stops when its own fsync fails.)
    """
    failures, hit = 0, set[int | None]()
    for number in range(1, 9):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        with closing(Database(url, create=True)) as database:
            schema.upgrade(database)
        told = written(url, number)
        bad = [(row, handle) for row, handle, said in told if said != "acknowledged"]
        failures += len(bad)
        hit |= {row for row, _ in bad}
        for row, handle in bad:
            where = next(n for n, each in enumerate(told) if each[0] == row and each[2] != "acknowledged")
            assert "disk of the database failed" in told[where][2], told
            assert all(each[1] != handle for each in told[where + 1 :]), (number, told)
        with closing(Database(url)) as database, database.reading() as tx:
            there = {row[0] for row in tx.rows("SELECT at FROM audit")}
            assert tx.rows("PRAGMA integrity_check") == [("ok",)]
        assert there >= {row for row, _, said in told if said == "acknowledged" and row is not None}
        assert len(told) - len(bad) >= 7
    assert failures >= 6
    assert hit >= {*range(4)}, "no transaction is acknowledged without an fsync of its own"
