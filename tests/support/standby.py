"""Where do the tests get a standby? A streaming copy of a throw-away cluster, whose replay the test can halt."""

import contextlib
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from support.postgres import PATIENCE, Cluster, NoPostgres


class Standby(Cluster):
    """A server that follows `primary` by streaming over its Unix socket; its own data, its own socket."""

    def __init__(self, primary: Cluster) -> None:
        self.primary = primary
        super().__init__()

    def follow(self, url: str) -> str:
        """Return the address at which the standby has the database that is at `url` on the primary."""
        return url.replace(quote(str(self.primary.home), safe=""), quote(str(self.home), safe=""))

    def catch_up(self) -> None:
        """Wait until everything that the primary has committed is visible here."""
        with self.primary.connect() as there:
            row = there.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
        assert row is not None
        self._until("pg_last_wal_replay_lsn() >= %s::pg_lsn", str(row[0]))

    def halt(self) -> None:
        """Replay nothing until `go_on`: from now on this is a standby that lags."""
        self.catch_up()
        with self.connect() as here:
            here.execute("SELECT pg_wal_replay_pause()")
        self._until("pg_get_wal_replay_pause_state() = 'paused'")

    def go_on(self) -> None:
        """Replay again what came meanwhile."""
        with self.connect() as here:
            here.execute("SELECT pg_wal_replay_resume()")
        self.catch_up()

    def cut_off(self) -> None:
        """Receive nothing more from the primary: what it commits from now on is lost when this one is promoted."""
        self.catch_up()
        with self.connect() as here:
            here.execute("ALTER SYSTEM SET primary_conninfo = 'host=/nowhere'")
            here.execute("SELECT pg_reload_conf()")
        self._until("NOT EXISTS (SELECT 1 FROM pg_stat_wal_receiver)")

    def promote(self) -> None:
        """Become a primary of its own, and come back when it takes writes."""
        with self.connect() as here:
            assert here.execute("SELECT pg_promote(true)").fetchone() == (True,)

    def _until(self, condition: str, *values: str) -> None:
        deadline = time.monotonic() + PATIENCE
        statement = f"SELECT {condition}".encode()
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), self.connect() as here:
                if here.execute(statement, values or None).fetchone() == (True,):
                    return
            time.sleep(0.01)
        raise TimeoutError(f"the standby did not come so far: {condition}")

    def _initialise(self, bin_dir: Path) -> None:
        self._bin = self._reachable(bin_dir)
        copying: list[str | Path] = [
            self._bin / "pg_basebackup",
            "-h",
            self.primary.home,
            "-U",
            "hub",
            "-D",
            self.home / "data",
        ]
        done = self._run([*copying, "-R", "-X", "stream", "-c", "fast", "--no-sync"])  # -R: it shall follow
        if done.returncode:
            raise NoPostgres(f"pg_basebackup failed: {done.stderr.decode(errors='replace')}")
