"""What does the member remember? One SQLite file in the profile: what it signed, what it received, how far it polled.

Every change is made in a transaction that is on disk before the next step; a process that was killed leaves the last
one. The file lock of the profile keeps two processes apart.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hub.durable import OWNER_ONLY, make_folder

from .faults import STATE

_VERSION = 2
_TABLES = """
CREATE TABLE heads (grp TEXT, label TEXT, seq INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (grp, label));
CREATE TABLE envelopes (
    no INTEGER PRIMARY KEY, grp TEXT NOT NULL, alias TEXT NOT NULL, path TEXT NOT NULL, state TEXT NOT NULL,
    signed_at INTEGER NOT NULL, status_id TEXT
);
CREATE TABLE manifests_sent (
    digest TEXT PRIMARY KEY, envelope INTEGER NOT NULL, id TEXT NOT NULL, label TEXT NOT NULL, seq INTEGER NOT NULL,
    objects INTEGER NOT NULL, receipt TEXT
);
CREATE TABLE marked (input TEXT, label TEXT, body BLOB NOT NULL, PRIMARY KEY (input, label));
CREATE TABLE baselines (grp TEXT PRIMARY KEY, n INTEGER NOT NULL, jws TEXT, origins TEXT NOT NULL);
CREATE TABLE shown (grp TEXT, digest TEXT, document BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (grp, digest));
CREATE TABLE groups (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, proofs TEXT NOT NULL, alias TEXT NOT NULL,
    in_force TEXT, data_after INTEGER, proofs_after INTEGER, polled_at INTEGER, epoch TEXT
);
CREATE TABLE files (grp INTEGER, path TEXT, size INTEGER NOT NULL, whole INTEGER NOT NULL, PRIMARY KEY (grp, path));
CREATE TABLE manifests (
    no INTEGER PRIMARY KEY, grp INTEGER NOT NULL, sha256 BLOB NOT NULL, id TEXT NOT NULL, publisher TEXT, label TEXT,
    seq INTEGER, prev TEXT, digest TEXT, iat TEXT, verdict TEXT NOT NULL, fault TEXT, expires INTEGER,
    late INTEGER NOT NULL, place TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (grp, sha256)
);
CREATE INDEX manifests_by_stream ON manifests (grp, publisher, label, seq);
CREATE TABLE awaited (
    grp INTEGER, key BLOB, manifest INTEGER, entry INTEGER NOT NULL, PRIMARY KEY (grp, key, manifest)
) WITHOUT ROWID;
CREATE TABLE arrived (grp INTEGER, key BLOB, relayed INTEGER NOT NULL, PRIMARY KEY (grp, key)) WITHOUT ROWID;
CREATE TABLE loose (
    grp INTEGER, key BLOB, id TEXT NOT NULL, version TEXT, sha256 TEXT NOT NULL, author TEXT, place TEXT NOT NULL,
    PRIMARY KEY (grp, key)
) WITHOUT ROWID;
"""
_SINCE_1 = "ALTER TABLE groups ADD COLUMN epoch TEXT"


class State:
    """The open file: rows out, changes in, both in transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._depth = 0

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction: on disk when the block ends, undone if it raises. A block within a block is part of it."""
        if self._depth == 0:
            self._connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._connection.execute("COMMIT")

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement; the number of the row it inserted."""
        return self._connection.execute(statement, values).lastrowid or 0

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row."""
        self._connection.executemany(statement, rows)

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """All rows."""
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Any:
        """The first row, or None."""
        return self._connection.execute(statement, values).fetchone()

    def stream(self, statement: str, *values: Any) -> Iterator[Any]:
        """The rows one by one; nothing is to be changed meanwhile."""
        return iter(self._connection.execute(statement, values))


@contextmanager
def open_state(home: Path) -> Iterator[State]:
    """The state of a profile, made if it is not there."""
    path = make_folder(home) / STATE
    path.touch(mode=OWNER_ONLY)
    with _opened(str(path)) as state:
        yield state


@contextmanager
def scratch_state(folder: Path) -> Iterator[State]:
    """An empty state for one run, in a file that is gone when the run ends, however it ends."""
    path = make_folder(folder) / f"{STATE}.scratch"
    path.unlink(missing_ok=True)
    path.touch(mode=OWNER_ONLY)
    with _opened(str(path), durable=False) as state:
        path.unlink()
        yield state


@contextmanager
def _opened(path: str, *, durable: bool = True) -> Iterator[State]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # the rollback journal, not WAL: one process at a time, and older SQLite may lose WAL frames
        connection.execute(f"PRAGMA journal_mode={'DELETE' if durable else 'MEMORY'}")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA cache_size=-65536")
        state = State(connection)
        _bring_forward(state, connection.execute("PRAGMA user_version").fetchone()[0])
        yield state
    finally:
        connection.close()


def _bring_forward(state: State, version: int) -> None:
    """Make the tables, or those of an earlier version this one's; all of it or nothing."""
    if version >= _VERSION:
        return
    with state.change():
        for statement in (_TABLES if version == 0 else _SINCE_1).split(";\n"):
            if statement.strip():
                state.run(statement)
        state.run(f"PRAGMA user_version={_VERSION}")
