"""Where the two engines differ: how each is opened, locked and spoken to. The only dialect switches of the hub.

SQLite below 3.51.3 has a WAL-reset bug when two connections write or checkpoint at once: hence one writer at a time,
behind an OS lock file held from BEGIN IMMEDIATE until COMMIT and its checkpoint are done, and readers opened read-only.
"""

import fcntl
import json
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from . import copying
from .errors import Busy, NotInitialised
from .tables import metadata

#: Longest wait for a write lock, seconds: publishers get "busy, come back" instead of a pile-up.
LOCK_SECONDS = 5.0
STATEMENT_SECONDS = 60.0
#: Longest statement on a standby, seconds, and when a host that vanished is given up (libpq's own names).
STANDBY_SECONDS = 10.0
_SOON_GONE = {"tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
READERS = 8
#: The most that waits for a checkpoint; a serving hub makes one every second, so that publishers seldom do.
WAL_AUTOCHECKPOINT_PAGES = 20_000

#: PostgreSQL's names of the column types in use, which a binary COPY must be told.
_COPY_TYPES = {
    sa.BigInteger: "int8",
    sa.Boolean: "bool",
    sa.Integer: "int4",
    sa.LargeBinary: "bytea",
    sa.SmallInteger: "int2",
    sa.Text: "text",
}
_DISK_FAILED = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
#: Alembic's own table, which is in no metadata.
VERSIONS = "alembic_version"
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


class WriterLock:
    """One writer at a time, across the threads and processes that share a SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; raises `Busy` when it is not had within `LOCK_SECONDS`.

        A thread that holds it may ask again: a lost connection is made anew inside a writing transaction.
        """
        if self._holder == threading.get_ident():
            yield
            return
        deadline = time.monotonic() + LOCK_SECONDS
        if not self._threads.acquire(timeout=LOCK_SECONDS):
            raise Busy("another publication is being written; try again in a moment")
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._wait(descriptor, deadline)
                self._holder = threading.get_ident()
                yield
            finally:
                self._holder = None
                os.close(descriptor)
        finally:
            self._threads.release()

    @staticmethod
    def _wait(descriptor: int, deadline: float) -> None:
        pause = 0.0005
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if time.monotonic() > deadline:
                    raise Busy("another process is writing to the database; try again in a moment") from error
                time.sleep(pause)
                pause = min(pause * 2, 0.008)
            else:
                return


class Sqlite:
    """A SQLite file in WAL mode: one writing connection, read-only readers."""

    name = "sqlite"
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    begin_writing = "BEGIN IMMEDIATE"
    begin_reading = "BEGIN"
    checkpoint = "PRAGMA wal_checkpoint(PASSIVE)"

    secrets: frozenset[str] = frozenset()

    def __init__(self, url: str) -> None:
        self.path = Path(sa.make_url(url).database or "")
        self.lock = WriterLock(self.path.with_name(self.path.name + ".lock"))

    @staticmethod
    def statement(text: str) -> str:
        """SQL with `:name` parameters, as this driver spells them."""
        return text

    @staticmethod
    def each(table: str, condition: str, column: str, name: str) -> str:
        """SQL that follows FROM: rows `o` that meet the condition, whose column is in the list parameter `name`."""
        return f"{table} o WHERE {condition} AND o.{column} IN (SELECT value FROM json_each(:{name}))"

    def listed(self, values: Iterable[str]) -> object:
        """A list of texts as one parameter."""
        return json.dumps(list(values))

    def execute(self, driver: Any, text: str, parameters: Mapping[str, Any]) -> Any:
        """Run a statement; the driver's cursor over its rows."""
        return driver.execute(text, parameters)

    @staticmethod
    def insert(driver: Any, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows by one prepared statement."""
        places = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)

    def writer(self, *, create: bool = False) -> sa.Engine:
        """The engine with the one connection that may write."""
        if not create and not self.path.exists():
            raise NotInitialised(f"there is no database at {self.path}; make one with `cirt-hub init`")
        engine = self._engine(lambda: self._connect("rwc" if create else "rw"), size=1)

        @event.listens_for(engine, "connect")
        def _prepare(connection: sqlite3.Connection, _record: object) -> None:
            with self.lock.held():
                for pragma in (
                    "journal_mode=WAL",
                    "synchronous=FULL",
                    f"wal_autocheckpoint={WAL_AUTOCHECKPOINT_PAGES}",
                    "cache_size=-32768",
                    "foreign_keys=ON",
                ):
                    connection.execute(f"PRAGMA {pragma}").close()

        return engine

    def reader(self) -> sa.Engine:
        """The engine whose connections can only read."""
        engine = self._engine(lambda: self._connect("ro"), size=READERS)

        @event.listens_for(engine, "connect")
        def _prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA cache_size=-8192").close()

        return engine

    def standby(self) -> sa.Engine:
        """A file has no standby. Raises `NotInitialised`."""
        raise NotInitialised("HUB_REPLICA_URL names a SQLite file: only PostgreSQL has standbys")

    def exclusive(self) -> AbstractContextManager[None]:
        """Held around a whole writing transaction."""
        return self.lock.held()

    @staticmethod
    def is_lost(error: Exception) -> bool:
        """Whether the disk failed under a connection: what it says of later commits is not to be believed.

        After an fsync that failed the kernel may report success for pages that it dropped.
        """
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DISK_FAILED

    @staticmethod
    def copy_out(driver: Any, path: Path, told: copying.Told, *, bin_dir: str) -> None:
        """Copy what the driver's transaction sees into a new file."""
        del bin_dir
        copying.sqlite_out(driver, path, told)

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={mode}",
            uri=True,
            isolation_level=None,  # BEGIN and COMMIT stand in engine.py, not in the driver
            check_same_thread=False,
            timeout=LOCK_SECONDS,
            cached_statements=256,
        )

    @staticmethod
    def _engine(creator: Callable[[], sqlite3.Connection], size: int) -> sa.Engine:
        return sa.create_engine(
            "sqlite+pysqlite://",
            creator=creator,
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=LOCK_SECONDS,
            pool_use_lifo=True,  # the connection used last has its pages at hand; idle ones stay small
            pool_reset_on_return=None,  # every transaction is ended where it was begun
        )


class Postgresql:
    """A PostgreSQL database: many writers, ordered a group at a time by the sequencer row."""

    name = "postgresql"
    errors: tuple[type[Exception], ...] = (psycopg.Error,)
    begin_writing = ""
    begin_reading = ""
    checkpoint = ""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url).set(drivername="postgresql+psycopg")
        given = {name: str(value) for name, value in self.url.query.items()} | {
            "password": str(self.url.password or "")
        }
        self.secrets = frozenset(value for name, value in given.items() if name.endswith("password") and value)

    @staticmethod
    @lru_cache(maxsize=1024)
    def statement(text: str) -> str:
        """SQL with `:name` parameters, as this driver spells them."""
        return _PARAMETER.sub(r"%(\1)s", text.replace("%", "%%"))

    @staticmethod
    def each(table: str, condition: str, column: str, name: str) -> str:
        """SQL that follows FROM: rows `o` that meet the condition, whose column is in the list parameter `name`.

        One look into the index a value: OFFSET keeps the planner from joining otherwise. Before the server has seen how
        a table grew, it takes one group for a few rows, and would read all of them for `= ANY`.
        """
        found = f"SELECT * FROM {table} o WHERE {condition} AND o.{column} = wanted.it OFFSET 0"
        return f"unnest(CAST(:{name} AS text[])) AS wanted(it) CROSS JOIN LATERAL ({found}) o"

    def listed(self, values: Iterable[str]) -> object:
        """Texts as one parameter, each once."""
        return list(dict.fromkeys(values))

    def execute(self, driver: Any, text: str, parameters: Mapping[str, Any]) -> Any:
        """Run a statement; its rows come in binary form: as text a page of bytes takes five times as long."""
        return driver.execute(self.statement(text), parameters, binary=True)

    @staticmethod
    def insert(driver: Any, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows by COPY in binary form."""
        types = [_COPY_TYPES[type(metadata.tables[table].c[column].type)] for column in columns]
        copying = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with driver.cursor() as cursor, cursor.copy(copying) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def writer(self, *, create: bool = False) -> sa.Engine:
        """READ COMMITTED: a later statement sees what the lock it waited for let through."""
        del create
        return self._engine("READ COMMITTED")

    def reader(self) -> sa.Engine:
        """REPEATABLE READ: the statements of one request see one snapshot."""
        return self._engine("REPEATABLE READ")

    def standby(self) -> sa.Engine:
        """The same, given up soon: the primary can answer instead."""
        return self._engine("REPEATABLE READ", STANDBY_SECONDS, connect_timeout=2, **_SOON_GONE)

    def exclusive(self) -> AbstractContextManager[None]:
        """Nothing: rows are locked, not the database."""
        return nullcontext()

    @staticmethod
    def is_lost(error: Exception) -> bool:
        """Never by what it says: the server ends connections itself, and stops when its own fsync fails."""
        del error
        return False

    def copy_out(self, driver: Any, path: Path, told: copying.Told, *, bin_dir: str) -> None:
        """Dump what the driver's transaction sees into a new file."""
        copying.postgresql_out(driver, self.url, path, told, bin_dir=bin_dir, tables=[*metadata.tables, VERSIONS])

    def _engine(self, isolation: str, seconds: float = STATEMENT_SECONDS, **connecting: Any) -> sa.Engine:
        options = f"-c lock_timeout={int(LOCK_SECONDS * 1000)} -c statement_timeout={int(seconds * 1000)}"
        given = {"options": options, "application_name": "cirt-hub", "connect_timeout": 5} | connecting
        return sa.create_engine(
            self.url,
            isolation_level=isolation,
            connect_args=given,
            pool_size=READERS,
            max_overflow=4,
            pool_timeout=LOCK_SECONDS,
            pool_pre_ping=True,
            pool_reset_on_return=None,  # every transaction is ended where it was begun
        )


def dialect_of(url: str) -> Sqlite | Postgresql:
    """The engine a database URL names. Raises `NotInitialised` for any other."""
    if url.startswith("sqlite"):
        return Sqlite(url)
    if url.startswith("postgresql"):
        return Postgresql(url)
    raise NotInitialised(f"HUB_DATABASE_URL must begin with sqlite: or postgresql:, not {url.partition(':')[0]!r}")
