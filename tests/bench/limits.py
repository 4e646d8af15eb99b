"""What could this machine do at most? Bare programs for the same work, in the same run, without HTTP or policy.

Publish: decode, schema check, canonical form, digest, insert into one table with one index, one commit an envelope.
Poll: the keyset SELECT of a page by the table's key. The table begins as a copy of what the hub holds.
"""

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import orjson
import psycopg
import sqlalchemy as sa

from feeds.schemas import checker

Row = tuple[int, str, str, str, bytes, bytes]
MANIFEST = "publication-manifest"
COLUMNS = "position, id, type, version, sha256, body"
COPIED = "position, stix_id, type, version, sha256, body"


class Store(Protocol):
    """One table on one engine."""

    def last(self) -> int:
        """The highest position."""

    def insert(self, rows: Sequence[Row]) -> None:
        """Write rows and commit."""

    def page(self, after: int, most: int) -> Sequence[tuple[int, bytes]]:
        """(position, body) of the next rows."""


class Sqlite:
    """A file beside the hub's, with the hub's own way of writing: WAL, synchronous=FULL."""

    def __init__(self, folder: Path, database: str) -> None:
        self._connection = sqlite3.connect(folder / "limit.db", isolation_level=None, uri=True)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=20000", "cache_size=-65536"):
            self._connection.execute(f"PRAGMA {pragma}").close()
        self._connection.execute(
            "CREATE TABLE limits (position INTEGER PRIMARY KEY,"
            " id TEXT, type TEXT, version TEXT, sha256 BLOB, body BLOB)"
        )
        self._connection.execute(f"ATTACH 'file:{sa.make_url(database).database}?mode=ro' AS hub")
        self._connection.execute(f"INSERT INTO limits ({COLUMNS}) SELECT {COPIED} FROM hub.objects")
        self._connection.execute("DETACH hub")
        self._connection.execute("CREATE INDEX limits_id ON limits (id, version)")

    def last(self) -> int:
        """The highest position."""
        return int(self._connection.execute("SELECT max(position) FROM limits").fetchone()[0])

    def insert(self, rows: Sequence[Row]) -> None:
        """Write rows and commit."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(f"INSERT INTO limits ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def page(self, after: int, most: int) -> Sequence[tuple[int, bytes]]:
        """(position, body) of the next rows."""
        select = "SELECT position, body FROM limits WHERE position > ? ORDER BY position LIMIT ?"
        return self._connection.execute(select, (after, most)).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


class Postgresql:
    """A table in the hub's own database, written by COPY."""

    def __init__(self, database: str) -> None:
        self._connection = psycopg.connect(_address(database))
        self._connection.execute(
            "CREATE TABLE limits (position bigint PRIMARY KEY,"
            " id text, type text, version text, sha256 bytea, body bytea)"
        )
        self._connection.execute(f"INSERT INTO limits ({COLUMNS}) SELECT {COPIED} FROM objects")
        self._connection.execute("CREATE INDEX limits_id ON limits (id, version)")
        self._connection.commit()

    def last(self) -> int:
        """The highest position."""
        row = self._connection.execute("SELECT max(position) FROM limits").fetchone()
        return int(row[0]) if row else 0

    def insert(self, rows: Sequence[Row]) -> None:
        """Write rows and commit."""
        with self._connection.cursor().copy(f"COPY limits ({COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "text", "text", "text", "bytea", "bytea"])
            for row in rows:
                copy.write_row(row)
        self._connection.commit()

    def page(self, after: int, most: int) -> Sequence[tuple[int, bytes]]:
        """(position, body) of the next rows."""
        select = "SELECT position, body FROM limits WHERE position > %s ORDER BY position LIMIT %s"
        rows = self._connection.execute(select, (after, most), binary=True).fetchall()
        self._connection.commit()
        return rows

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _address(database: str) -> str:
    """The URL as the driver itself takes it."""
    return sa.make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def opened(folder: Path, database: str) -> Iterator[Store]:
    """The limit table of an engine, filled with what the hub holds."""
    store = Sqlite(folder, database) if database.startswith("sqlite") else Postgresql(database)
    try:
        yield store
    finally:
        store.close()


def publish(store: Store, envelopes: Sequence[bytes]) -> tuple[float, ...]:
    """Seconds that each envelope takes without the hub."""
    times, position = [], store.last()
    for raw in envelopes:
        begun = time.perf_counter()
        rows = _rows(raw, position)
        store.insert(rows)
        times.append(time.perf_counter() - begun)
        position += len(rows)
    return tuple(times)


def _rows(raw: bytes, position: int) -> list[Row]:
    rows = []
    for value in orjson.loads(raw)["objects"]:
        if value["type"] == MANIFEST:
            continue
        if not checker(value["type"]).is_valid(value):
            raise ValueError(f"{value['id']} is not valid")
        body = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        position += 1
        digest = hashlib.sha256(body).digest()
        rows.append((position, value["id"], value["type"], value.get("modified", ""), digest, body))
    return rows


def pages(store: Store, most: int, count: int) -> tuple[float, ...]:
    """Seconds of so many pages, one after the other from the start; from the start again after the last."""
    times, after = list[float](), -1
    for _ in range(count):
        begun = time.perf_counter()
        rows = store.page(after, most)
        times.append(time.perf_counter() - begun)
        after = rows[-1][0] if len(rows) == most else -1
    return tuple(times)
