"""`cirt-hub promoted` as operators meet it: once after each promotion, and a sentence where there was none. F-18."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from feeds.timestamps import format_taxii
from hub.acts import Actor
from hub.cli.main import main
from hub.config import Settings
from hub.store.engine import Database
from support.clock import Clock
from support.postgres import Cluster
from support.stage import indicator
from support.standby import Standby
from support.stix_objects import AT
from support.world import World

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `cirt-hub promoted` on the hub of these settings: exit code, stdout, stderr."""

    def call(settings: Settings, url: str, *words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("HUB_DATA_DIR", str(settings.data_dir))
        monkeypatch.setenv("HUB_DATABASE_URL", url)
        code = main(["promoted", *words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


@pytest.fixture
def standby(postgres: Cluster) -> Iterator[Standby]:
    """Give a standby that this test may promote."""
    with Standby(postgres) as server:
        yield server


def filled(folder: Path, url: str) -> tuple[Settings, int]:
    """A hub in which one object was published; its settings, and the last position."""
    with closing(World(folder / "hub", url, Clock(AT))) as world:
        a = world.cirt("a")
        group = world.agreement([(a, "both", "amber")])
        a.publish(group, [indicator(1)])
        with world.hub.database.reading() as tx:
            return world.settings, tx.rows("SELECT last_position FROM groups")[0][0]


def held(url: str) -> tuple[str, int, list[Any]]:
    """The hub's epoch, its last position, and what the audit trail tells of promotions."""
    with closing(Database(url)) as database, database.reading() as tx:
        ((epoch,),) = tx.rows("SELECT epoch FROM hub")
        ((last,),) = tx.rows("SELECT last_position FROM groups")
        told = tx.rows("SELECT action, actor, detail FROM audit WHERE action LIKE 'promoted%' ORDER BY id")
        return epoch, last, [(action, actor, json.loads(detail)) for action, actor, detail in told]


def test_f18_nothing_was_promoted(database_url: str, tmp_path: Path, run: Run) -> None:
    """F-18. Red if page tokens end where no standby took over, or a refusal is exit 0 or leaves no trace."""
    settings, last = filled(tmp_path, database_url)
    before = held(database_url)
    code, out, err = run(settings, database_url, "--json")
    assert (code, out) == (4, "")
    assert ("SQLite" if "sqlite" in database_url else "timeline is 1") in err
    assert "nothing was changed" in err
    assert "--anyway" in err
    assert held(database_url)[:2] == before[:2]
    assert [action for action, _, _ in held(database_url)[2]] == ["promoted-refused"]
    assert run(settings, database_url, "--by", "nobody")[0] == 1
    code, out, err = run(settings, database_url, "--anyway", "--json")
    assert (code, json.loads(out)["last_position"]) == (0, format_taxii(last))
    assert held(database_url)[0] != before[0]


def test_f18_each_promotion_is_told_once(postgres: Cluster, standby: Standby, tmp_path: Path, run: Run) -> None:
    """F-18. Red if it is done on a standby that follows, twice for one promotion, or tells less than it did."""
    url = postgres.create_database()
    settings, last = filled(tmp_path, url)
    standby.catch_up()
    near = standby.follow(url)
    code, out, err = run(settings, near)
    assert (code, out) == (5, "")
    assert "is a standby, which takes no writes" in err
    epoch = held(near)[0]
    standby.promote()
    code, out, err = run(settings, near, "--json")
    assert (code, "Tell the members" in err) == (0, True)
    answer = json.loads(out)
    now, position, ((action, actor, detail),) = held(near)
    assert (answer["new_epoch"], answer["groups"], now != epoch) == (True, 1, True)
    assert (answer["last_position"], answer["positions_after"]) == (format_taxii(last), format_taxii(position))
    assert (action, actor.startswith("shell:"), detail["timeline"], detail["last_position"]) == (
        "promoted",
        True,
        2,
        last,
    )
    code, out, err = run(settings, near)
    assert (code, out, "for this promotion already (timeline 2)" in err) == (4, "", True)
    assert held(near)[0] == now
    code, out, err = run(settings, near, "--anyway")
    assert (code, out.splitlines()[:2]) == (0, ["new epoch: yes", "groups: 1"])
    assert held(near)[0] != now
    with closing(Database(near)) as database, database.writing() as tx:
        Actor("", "root").record(tx, "restore", "hub", at=AT)  # of a backup in which another server's promotion is told
    assert run(settings, near)[0] == 0
    postgres.drop_database(url)
