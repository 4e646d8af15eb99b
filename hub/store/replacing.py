"""How does a restored database take its place? Never over one that is in use; a SQLite file is put aside whole."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from . import copying, founding, schema
from .dialect import Postgresql, Sqlite, dialect_of
from .engine import Database
from .errors import CopyFailed, NotInitialised, StoreError
from .tables import metadata

IN_USE = "the database is in use: stop every server process and command of this hub first"


def file_of(url: str) -> Path | None:
    """Where the SQLite file lies, or will; None for PostgreSQL."""
    dialect = dialect_of(url)
    return dialect.path if isinstance(dialect, Sqlite) else None


def standing(url: str) -> Mapping[str, int] | None:
    """The sequencers of the hub that is there, by group; None where there is none.

    A SQLite file that cannot be read counts as a hub without sequencers. Raises `Unavailable`.
    """
    dialect = dialect_of(url)
    try:
        with closing(Database(url)) as database, database.reading() as tx:
            return founding.positions(tx) if schema.made(tx) and founding.founded(tx) else None
    except NotInitialised:
        return None
    except StoreError:
        if isinstance(dialect, Postgresql):
            raise
        return {}


def check_unused(url: str) -> None:
    """Raises `CopyFailed` while another process has the database open."""
    dialect = dialect_of(url)
    if isinstance(dialect, Sqlite):
        used = dialect.path.exists() and copying.is_used(dialect.path)
    else:
        used = copying.is_in_use(dialect.url)
    if used:
        raise CopyFailed(f"{IN_USE}; nothing was changed")


@contextmanager
def restored(url: str, dump: Path, told: copying.Told, *, bin_dir: str, tables: Collection[str]) -> Iterator[Database]:
    """The database of a backup: SQLite's still beside its place, PostgreSQL's in it but without the hub's own row.

    Of a PostgreSQL hub that is replaced nothing stays, not the tables either that are younger than the backup's.
    """
    dialect = dialect_of(url)
    if isinstance(dialect, Sqlite):
        with closing(Database(f"sqlite:///{dump.absolute()}")) as database:
            yield database
        return
    with closing(Database(url)) as database, database.reading() as tx:
        made = schema.made(tx)
    copying.postgresql_in(dialect.url, dump, told, bin_dir=bin_dir, but="hub", clean=made)
    with closing(Database(url)) as database:
        with database.writing() as tx:
            for name in sorted(metadata.tables.keys() - tables):
                tx.run(f"DROP TABLE IF EXISTS {name}")
        yield database


def put_in_place(url: str, dump: Path, stamp: str) -> Path | None:
    """Give a restored SQLite file its name; where the file that had it is now, if there was one."""
    dialect = dialect_of(url)
    if not isinstance(dialect, Sqlite):
        return None
    with dialect.lock.held():
        path, aside = dialect.path, dialect.path.with_name(f"{dialect.path.name}.before-restore-{stamp}")
        check_unused(url)
        there = path.exists()
        if there:
            for end in ("-wal", "-shm", ""):
                old = path.with_name(path.name + end)
                if old.exists():
                    old.rename(aside.with_name(aside.name + end))
        dump.rename(path)
    return aside if there else None
