"""Transactions: returning commits, raising rolls back. `commit` stands in this file and nowhere else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from .dialect import Postgresql, Sqlite, dialect_of, translated
from .errors import Unavailable

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]


class Tx:
    """One transaction in hand: statements with `:name` parameters on the engine it was begun on."""

    __slots__ = ("_connection", "_dialect", "postgresql")

    def __init__(self, connection: sa.Connection, dialect: Sqlite | Postgresql) -> None:
        self._connection = connection
        self._dialect = dialect
        self.postgresql = dialect.name == "postgresql"

    def rows(self, statement: str, **parameters: Any) -> Sequence[Row]:
        """All rows of a query."""
        result = self._connection.exec_driver_sql(self._dialect.statement(statement), parameters)
        return result.cursor.fetchall() if result.cursor is not None else ()  # plain tuples: a page is 1,000 rows

    def row(self, statement: str, **parameters: Any) -> Row | None:
        """The first row of a query, or None."""
        rows = self.rows(statement, **parameters)
        return rows[0] if rows else None

    def run(self, statement: str, **parameters: Any) -> int:
        """Run a writing statement; the number of rows it touched."""
        return self._connection.exec_driver_sql(self._dialect.statement(statement), parameters).rowcount

    def run_many(self, statement: str, parameters: Sequence[Parameters]) -> None:
        """Run a writing statement once for each mapping of parameters."""
        if parameters:
            self._connection.exec_driver_sql(self._dialect.statement(statement), list(parameters))

    def among(self, name: str) -> str:
        """SQL that follows a column: its value is in the list parameter `name` (made by `listed`)."""
        return self._dialect.among(name)

    def listed(self, values: Iterable[str]) -> object:
        """A list of texts as one parameter, so that a statement's text does not depend on its length."""
        return self._dialect.listed(values)

    def stream(self, statement: str, **parameters: Any) -> Iterator[Row]:
        """Rows one by one, as the driver hands them out: what a page does not take is never copied."""
        result = self._connection.exec_driver_sql(self._dialect.statement(statement), parameters)
        if result.cursor is not None:
            yield from iter(result.cursor.fetchone, None)

    @property
    def connection(self) -> sa.Connection:
        """The SQLAlchemy connection, for migrations."""
        return self._connection


class Database:
    """The engines of one process; made after the fork, never before."""

    def __init__(self, url: str, *, create: bool = False) -> None:
        self._dialect = dialect_of(url)
        self.name = self._dialect.name
        self._writer = self._dialect.writer(create=create)
        with self._translated(), self._writer.connect():
            pass  # a SQLite reader needs the files the writer makes; an unreachable server is told now
        self._reader = self._dialect.reader()

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """A transaction that commits on return and rolls back on any error.

        Raises `Busy`, `Unavailable`, `Full` (nothing was written, but for `Unavailable` at the commit itself, whose
        outcome is unknown: a retry of the same publication is harmless).
        """
        with self._dialect.exclusive(), self._translated(), self._writer.connect() as connection:
            if self._dialect.begin_writing:
                connection.exec_driver_sql(self._dialect.begin_writing)
            try:
                yield Tx(connection, self._dialect)
                connection.commit()
            except BaseException:
                self._undo(connection)
                raise

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A transaction over one snapshot that writes nothing."""
        with self._translated(), self._reader.connect() as connection:
            if self._dialect.begin_reading:
                connection.exec_driver_sql(self._dialect.begin_reading)
            try:
                yield Tx(connection, self._dialect)
            finally:
                self._undo(connection)

    def close(self) -> None:
        """Close every connection; the last one of a SQLite file checkpoints, so the writer's lock is held."""
        self._reader.dispose()
        with self._dialect.exclusive():
            self._writer.dispose()

    @staticmethod
    def _undo(connection: sa.Connection) -> None:
        try:
            connection.rollback()
        except sa.exc.DBAPIError:
            connection.invalidate()  # the connection is gone, and the transaction with it

    @staticmethod
    @contextmanager
    def _translated() -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable("the connection to the database was lost; try again in a moment") from error
            raise translated(error) from error
        except sa.exc.SQLAlchemyError as error:
            raise translated(error) from error
