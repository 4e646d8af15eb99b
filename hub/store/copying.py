"""How is a whole database copied into a file and back? By each engine's own means, and as of one instant.

SQLite: its online backup within a reading transaction, which neither waits for publishers nor starts over when they
write. PostgreSQL: `pg_dump` on the snapshot of the transaction that counted the rows, and `pg_restore`.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from .errors import CopyFailed, Unavailable

Told = Callable[[int, int | None], None]
"""Is told how far a copy has come: done so far, and of how much where that is known (SQLite: pages; else bytes)."""

OWNER_ONLY = 0o600
PAGES_A_STEP = 2_000
SYSTEM = Path("/usr/lib/postgresql")
_TELL_SECONDS = 0.5
_LEAVING = 40  # looks at whether a connection that was closed has gone
_MOST_SAID = 300  # characters of what a program of PostgreSQL said


def sqlite_out(driver: sqlite3.Connection, path: Path, told: Told) -> None:
    """Copy what the connection's reading transaction sees into the file at `path`, in one piece without a log."""
    _owned(path)
    with closing(sqlite3.connect(path)) as target:
        driver.backup(target, pages=PAGES_A_STEP, progress=lambda _, left, total: told(total - left, total))
        target.execute("PRAGMA journal_mode=DELETE").close()
    _synced(path)


def is_used(path: Path) -> bool:
    """Whether another connection has the SQLite file open; if not, its log is brought into it."""
    with closing(sqlite3.connect(path, timeout=0.2)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE").close()
        except sqlite3.OperationalError:
            return True
        except sqlite3.DatabaseError:
            return False  # it is damaged, whoever has it
    return False


def is_in_use(url: sa.URL) -> bool:
    """Whether a hub is connected to the PostgreSQL database; those that are just leaving are waited for."""
    statement = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cirt-hub'"
    with _address(url) as address:
        try:
            with psycopg.connect(address, connect_timeout=5, autocommit=True) as connection:
                for _ in range(_LEAVING):
                    if connection.execute(statement).fetchone() is None:
                        return False
                    time.sleep(_TELL_SECONDS / 10)
        except psycopg.OperationalError as error:
            raise Unavailable("the database cannot be reached; try again in a moment") from error
    return True


def postgresql_out(driver: Any, url: sa.URL, path: Path, told: Told, *, bin_dir: str, tables: Sequence[str]) -> None:
    """Dump these tables as the driver's transaction (REPEATABLE READ) sees them into the file at `path`."""
    snapshot = driver.execute("SELECT pg_export_snapshot()").fetchone()[0]
    _owned(path)
    with _address(url) as address:
        chosen = [f"--table={name}" for name in tables]
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={path}")
        _run([program("pg_dump", bin_dir), *options, *chosen, f"--dbname={address}"], path, told)
    _synced(path)


def postgresql_in(url: sa.URL, path: Path, told: Told, *, bin_dir: str, but: str, clean: bool) -> None:
    """Restore a dump in one transaction, without the rows of the table `but`; `clean`: its tables are there, and go."""
    restorer = program("pg_restore", bin_dir)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, _address(url) as address:
        listed = _said([restorer, "--list", path])
        chosen = Path(folder, "chosen")
        chosen.write_text("".join(f"{line}\n" for line in listed.splitlines() if not _holds(line, but)), "utf-8")
        options = [
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            *(("--clean", "--if-exists") if clean else ()),
        ]
        _run([restorer, *options, f"--use-list={chosen}", f"--dbname={address}", path], path, told)


def _holds(line: str, table: str) -> bool:
    """Whether a line of a dump's contents stands for the rows of this table."""
    words = line.split()
    return words[3:5] == ["TABLE", "DATA"] and words[6:7] == [table]


def program(name: str, bin_dir: str) -> Path:
    """A program of PostgreSQL: where the settings say, else the newest under `SYSTEM`, else on the PATH.

    Raises `CopyFailed` where there is none.
    """
    places = [Path(bin_dir)] if bin_dir else sorted(SYSTEM.glob("[0-9]*/bin"), key=_version, reverse=True)
    found = next((place / name for place in places if (place / name).exists()), None)
    on_path = None if bin_dir else shutil.which(name)
    if found is None and on_path is None:
        raise CopyFailed(
            f"{name} is not on this machine: install PostgreSQL's client programs (Debian: apt-get install"
            " postgresql-client), or name their folder in HUB_POSTGRESQL_BIN"
        )
    return found or Path(str(on_path))


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


@contextmanager
def _address(url: sa.URL) -> Iterator[str]:
    """The database as libpq is told of it; a password lies in a file meanwhile, where no list of processes shows it."""
    _, values = url.get_dialect()().create_connect_args(url)
    password = values.pop("password", None)
    with tempfile.TemporaryDirectory() as folder:
        if password:
            passfile = Path(folder, "pgpass")
            passfile.touch(OWNER_ONLY)
            escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
            passfile.write_text(f"*:*:*:*:{escaped}\n", "utf-8")
            values["passfile"] = str(passfile)
        yield make_conninfo(**values)


def _run(command: Sequence[str | Path], path: Path, told: Told) -> None:
    with tempfile.TemporaryFile() as stderr:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr) as process:  # noqa: S603 - a list of words, no shell
            while process.poll() is None:
                try:
                    process.wait(_TELL_SECONDS)
                except subprocess.TimeoutExpired:
                    told(path.stat().st_size, None)
        if process.returncode:
            stderr.seek(0)
            raise _failed(command, stderr.read())


def _said(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - as above
    if done.returncode:
        raise _failed(command, done.stderr)
    return done.stdout.decode(errors="replace")


def _failed(command: Sequence[str | Path], said: bytes) -> CopyFailed:
    text = " ".join(said.decode(errors="replace").split())[:_MOST_SAID]
    return CopyFailed(f"{Path(command[0]).name} failed, nothing was changed: {text}")


def _owned(path: Path) -> None:
    """Make an empty file for its owner alone."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY))


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
