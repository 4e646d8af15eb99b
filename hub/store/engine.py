"""Transactions: returning commits, raising rolls back. `commit` stands in this file and nowhere else.

SQLAlchemy pools the connections and knows the tables; statements go to the driver itself, since a poll is two of them
and the rest of a statement's way costs more than running it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import PoolProxiedConnection

from .copying import Told
from .dialect import Postgresql, Sqlite, dialect_of
from .driver_errors import translated
from .errors import Unavailable

#: Rows fetched at a time: few enough to stop early, many enough that Python is not the bottleneck.
STREAMED = 64

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]


class Tx:
    """One transaction in hand: statements with `:name` parameters on the engine it was begun on."""

    __slots__ = ("_dialect", "_driver", "postgresql")

    def __init__(self, driver: Any, dialect: Sqlite | Postgresql) -> None:
        self._driver = driver
        self._dialect = dialect
        self.postgresql = dialect.name == "postgresql"

    def rows(self, statement: str, **parameters: Any) -> Sequence[Row]:
        """All rows of a query."""
        rows: Sequence[Row] = self._dialect.execute(self._driver, statement, parameters).fetchall()
        return rows

    def row(self, statement: str, **parameters: Any) -> Row | None:
        """The first row of a query, or None."""
        row: Row | None = self._dialect.execute(self._driver, statement, parameters).fetchone()
        return row

    def run(self, statement: str, **parameters: Any) -> int:
        """Run a writing statement; the number of rows it touched."""
        return int(self._dialect.execute(self._driver, statement, parameters).rowcount)

    def run_many(self, statement: str, parameters: Sequence[Parameters]) -> None:
        """Run a writing statement once for each mapping of parameters."""
        if parameters:
            self._driver.cursor().executemany(self._dialect.statement(statement), parameters)

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Add rows, each with one value a column: the fastest way the engine has for many."""
        self._dialect.insert(self._driver, table, columns, rows)

    def each(self, table: str, condition: str, column: str, name: str) -> str:
        """SQL that follows FROM: rows `o` of a table that meet the condition, by an index for each of a list's values.

        Args:
            table: its name.
            condition: SQL over `o`.
            column: whose value is to be
            name: in this list parameter (made by `listed`).
        """
        return self._dialect.each(table, condition, column, name)

    def listed(self, values: Iterable[str]) -> object:
        """A list of texts as one parameter, so that a statement's text does not depend on its length."""
        return self._dialect.listed(values)

    def stream(self, statement: str, **parameters: Any) -> Iterator[Sequence[Row]]:
        """Rows some at a time, as the driver hands them out: what a page does not take is never copied."""
        cursor = self._dialect.execute(self._driver, statement, parameters)
        while rows := cursor.fetchmany(STREAMED):
            yield rows

    def copy_to(self, path: Path, told: Told, *, bin_dir: str) -> None:
        """Copy the whole database, as a reading transaction sees it, into a new file. Raises `CopyFailed`."""
        self._dialect.copy_out(self._driver, path, told, bin_dir=bin_dir)


class Database:
    """The engines of one process; made after the fork, never before."""

    def __init__(self, url: str, *, create: bool = False, standby: str = "") -> None:
        self._dialect = dialect_of(url)
        self._secrets = self._dialect.secrets | (dialect_of(standby).secrets if standby else frozenset())
        self.name = self._dialect.name
        self._writer = self._dialect.writer(create=create)
        with self._translated(), self._writer.connect():
            pass  # a SQLite reader needs the files the writer makes; an unreachable server is told now
        self._reader = self._dialect.reader()
        self._standby = dialect_of(standby).standby() if standby else None  # connected to when it is first asked
        self._unchecked = False

    @property
    def has_standby(self) -> bool:
        """Whether there is a standby to read from."""
        return self._standby is not None

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """A transaction that commits on return and rolls back on any error.

        Raises `Busy`, `Unavailable`, `Full` (nothing was written, but for `Unavailable` at the commit itself, whose
        outcome is unknown: a retry of the same publication is harmless).
        """
        with self._dialect.exclusive(), self._translated(), self._checked_out(self._writer) as driver:
            if self._dialect.begin_writing:
                driver.execute(self._dialect.begin_writing)
            yield Tx(driver, self._dialect)
            driver.commit()
            self._unchecked = True

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A transaction over one snapshot that writes nothing."""
        with self._translated(), self._checked_out(self._reader) as driver:
            if self._dialect.begin_reading:
                driver.execute(self._dialect.begin_reading)
            yield Tx(driver, self._dialect)

    @contextmanager
    def reading_standby(self) -> Iterator[Tx]:
        """A transaction over one snapshot of the standby, however old that is; see `hub.store.standby`.

        Raises `Unavailable` if it does not answer, or there is none.
        """
        if self._standby is None:
            raise Unavailable("there is no standby")
        with self._translated(), self._checked_out(self._standby) as driver:
            yield Tx(driver, self._dialect)

    def checkpoint(self) -> None:
        """Bring what this process committed from SQLite's log into its file, as a writer else had to now and then."""
        if self._dialect.checkpoint and self._unchecked:
            self._unchecked = False
            with self._dialect.exclusive(), self._translated(), self._checked_out(self._writer) as driver:
                driver.execute(self._dialect.checkpoint).fetchall()

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """A writing transaction as SQLAlchemy's own connection, for the migrations."""
        with self._dialect.exclusive(), self._translated(), self._writer.connect() as connection:
            if self._dialect.begin_writing:
                connection.exec_driver_sql(self._dialect.begin_writing)
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def close(self) -> None:
        """Close every connection; the last one of a SQLite file checkpoints, so the writer's lock is held."""
        self._reader.dispose()
        if self._standby is not None:
            self._standby.dispose()
        with self._dialect.exclusive():
            self._writer.dispose()

    @contextmanager
    def _checked_out(self, engine: sa.Engine) -> Iterator[Any]:
        """A driver's connection from the pool; whatever was not committed is rolled back."""
        pooled = engine.raw_connection()
        try:
            yield pooled.driver_connection
        except self._dialect.errors as error:
            if self._dialect.is_lost(error):
                pooled.invalidate()
            raise
        finally:
            if pooled.is_valid:
                self._give_back(pooled)

    def _give_back(self, pooled: PoolProxiedConnection) -> None:
        try:
            pooled.rollback()
        except self._dialect.errors:
            pooled.invalidate()  # the connection is gone, and the transaction with it
        else:
            pooled.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            raise translated(error, self._secrets) from error
        except self._dialect.errors as error:
            raise translated(error, self._secrets) from error
