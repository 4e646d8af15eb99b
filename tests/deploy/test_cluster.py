"""Do the scripts that make the containers' PostgreSQL work? They are run as they are, on servers of this machine."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from hub.running import open_hub
from support.clock import Clock
from support.postgres import OPTIONS, Cluster
from support.proxy import free_port
from support.stage import indicator
from support.standby import Standby
from support.stix_objects import AT
from support.world import World

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class Primary(Cluster):
    """A server as the image starts it: passwords over TCP, on a port of 127.0.0.1."""

    def __init__(self) -> None:
        self.port = free_port()
        self.options: Sequence[str] = (*OPTIONS, "listen_addresses=127.0.0.1", f"port={self.port}")
        super().__init__()

    def connect(self, name: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """As of `Cluster`, on this port."""
        where = {"host": str(self.home), "port": self.port, "user": "hub", "dbname": name}
        return psycopg.connect(autocommit=True, connect_timeout=5, **where)  # type: ignore[arg-type]

    def run(self, script: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
        """Run a script as the server's user."""
        who = self._uid
        path = f"{self._bin}:{os.defpath}"
        return subprocess.run(
            ["/bin/sh", script], env={"PATH": path, **environ}, check=True, capture_output=True, user=who, group=who,
            extra_groups=self._groups, cwd=self.home,
        )  # fmt: skip


class Followed(Standby):
    """A standby made by deploy/postgres/standby.sh."""

    def __init__(self, primary: Primary, script: Path, secrets: Path) -> None:
        self.port = free_port()
        self.options: Sequence[str] = (*OPTIONS, "listen_addresses=127.0.0.1", f"port={self.port}")
        self._script, self._secrets, self._primary = script, secrets, primary
        super().__init__(primary)

    connect = Primary.connect

    def _initialise(self, bin_dir: Path) -> None:
        self._bin = self._reachable(bin_dir)

    def _spawn(self, command: Sequence[str | Path]) -> None:
        there = f"PRIMARY=127.0.0.1 PRIMARY_PORT={self._primary.port} SECRETS={self._secrets} PGDATA={self.home}/data"
        path = f"PATH={self._bin}:{os.defpath}"
        super()._spawn(["/usr/bin/env", *there.split(), path, "/bin/sh", self._script, *command[3:]])


@pytest.fixture
def primary() -> Iterator[Primary]:
    """Give a server in which nothing has been made."""
    with Primary() as server:
        yield server


def test_primary_standby_and_hub_come_together_by_files_alone(primary: Primary, tmp_path: Path) -> None:
    """secrets.sh, primary.sh, standby.sh; then a hub over TCP with password files on both. Nobody gets in without.

    Red if a role, the slot, the line for the standby (`trust`) or a file's owner is wrong, a password is empty, or the
    standby's role may read the database itself.
    """
    folder = primary.home / "deploy"  # a place that the server's user may enter
    folder.mkdir(mode=0o755)
    for name in ("secrets.sh", "postgres/primary.sh", "postgres/standby.sh"):
        copy = folder / Path(name).name
        copy.write_bytes(DEPLOY.joinpath(name).read_bytes())
        copy.chmod(0o755)
    uid = str(primary._uid if primary._uid is not None else os.getuid())
    making = ["/bin/sh", str(folder / "secrets.sh")]
    environ = {"PATH": os.defpath, "POSTGRES_UID": uid, "HUB_UID": str(os.getuid())}
    subprocess.run(making, env=environ, check=True)
    secrets = folder / "secrets"
    assert subprocess.run(making, env=environ, check=False, capture_output=True).returncode == 1, "never overwritten"
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    assert len({path.read_text().strip().rpartition(":")[2] for path in secrets.iterdir()}) == 3, "three passwords"
    data = primary.home / "data"
    data.joinpath("pg_hba.conf").write_text(HBA, encoding="utf-8")
    where = {"PGDATA": str(data), "PGHOST": str(primary.home), "PGPORT": str(primary.port), "POSTGRES_USER": "hub"}
    primary.run(folder / "primary.sh", SECRETS=str(secrets), **where)
    with primary.connect() as admin:
        admin.execute("SELECT pg_reload_conf()")
        assert admin.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'cirt_hub'").fetchone() == (
            False,
            False,
        )
    with Followed(primary, folder / "standby.sh", secrets) as standby:
        passfile = quote(str(secrets / "hub.pgpass"), safe="")
        urls = [
            f"postgresql+psycopg://cirt_hub@127.0.0.1:{server.port}/cirt_hub?passfile={passfile}"
            for server in (primary, standby)
        ]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"host=127.0.0.1 port={primary.port} user=cirt_hub dbname=cirt_hub passfile=/nowhere")
        standbys = f"host=127.0.0.1 port={primary.port} user=replicator"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"{standbys} replication=true passfile=/nowhere")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(f"{standbys} dbname=cirt_hub passfile={secrets / 'replicator.pgpass'}")
        world = World(tmp_path, urls[0], Clock(AT), replica_url=urls[1])
        a = world.cirt("a")
        group = world.agreement([(a, "both", "amber")])
        assert a.publish(group, [indicator(1)])["failure_count"] == 0
        standby.catch_up()
        hub = open_hub(world.settings, clock=world.clock)
        with hub.database.reading() as tx:
            registry = hub.registries.of(tx)
            number = registry.collections[group.id].no
            row = hub.standby.read(
                tx, registry, number, lambda near: near.row("SELECT pg_is_in_recovery(), count(*) FROM objects")
            )
        assert row == (True, 1)
        hub.close()
        world.close()
        with primary.connect() as admin:
            slots = admin.execute("SELECT slot_name, active FROM pg_replication_slots").fetchall()
        assert slots == [("standby", True)]
