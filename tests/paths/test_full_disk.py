"""What happens when the database's disk is full? F-04: nothing is taken in, all is served, nothing is lost."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from psycopg import sql

from hub.doctor import examine
from hub.store.engine import Database
from support.dump import dump
from support.postgres import Cluster, binaries
from support.small_disk import fill, small_disk
from support.stage import Stage, indicator, open_stage, told

pytestmark = pytest.mark.long
NOBODY = 65534


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Stage, Path]]:
    """Give a stage whose database lies on a disk of its own, and that disk."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            disk = stack.enter_context(small_disk(tmp_path / "disk", 4))
            url = f"sqlite:///{disk / 'hub.db'}"
        else:
            cluster: Cluster = request.getfixturevalue("postgres")
            disk = stack.enter_context(small_disk(cluster.home / "disk", 32, NOBODY))
            with cluster.connect() as admin:
                admin.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(disk)))
                admin.execute("CREATE DATABASE small TEMPLATE template0 TABLESPACE small")
            url = cluster.url("small")
            stack.callback(_dropped, cluster, url)
        stage = open_stage(tmp_path / "stage", url, postgresql_bin=str(binaries()))
        stack.callback(stage.world.close)
        yield stage, disk


def _dropped(cluster: Cluster, url: str) -> None:
    cluster.drop_database(url)
    with cluster.connect() as admin:
        admin.execute("DROP TABLESPACE small")


def test_f04_a_full_disk(small: tuple[Stage, Path]) -> None:
    """F-04. Red if a publication on a full disk is acknowledged, is a 500, leaves anything, or stops the readers.

    Then space is freed, and the same publication succeeds without anything being restarted.
    """
    stage, disk = small
    world = stage.world
    stage.publish("alpha", [indicator(1)])
    world.hub.database.checkpoint()
    big = [indicator(number, description="x" * 4_000) for number in range(100, 500)]
    raw = stage.envelope("alpha", big)
    before = dump(world.hub.database)
    filler = fill(disk)
    for _ in range(3):
        answer = stage.post(stage.objects(), raw)
        assert (answer.status_code, told(answer)["error_code"]) == (507, "full"), answer.text
        assert int(answer.headers["Retry-After"]) > 0
        page = told(stage.call(stage.objects(), "bravo"))
        assert [each["id"] for each in page["objects"]] == [indicator(1)["id"]]
        assert stage.call("/readyz", None).status_code == 200
    world.hub.deliveries.flush()
    assert dump(world.hub.database) == before
    if world.hub.database.name == "sqlite":
        (finding,) = [each for each in examine(world.settings, world.clock()) if "disk is full" in each.what]
        assert (finding.level, str(disk) in finding.mend) == ("error", True)
    filler.unlink()
    assert told(stage.post(stage.objects(), raw))["failure_count"] == 0
    assert len(told(stage.call(stage.objects(), "bravo"))["objects"]) == 401
    again = Database(world.settings.database)
    with again.reading() as tx:
        assert tx.row("SELECT count(*) FROM objects") == (401,)
    again.close()
