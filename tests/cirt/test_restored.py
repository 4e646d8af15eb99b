"""What do members see of a hub that was restored from yesterday's backup? F-19: a true answer, and nothing lost."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.app import create_app
from hub.backups import back_up
from hub.cirt.state import open_state
from hub.promotion import promoted
from hub.restoring import Wish, restore
from hub.running import open_hub
from support.clock import DAY, MINUTE
from support.members import Neighbourhood, Wsgi, bundle, indicators, neighbourhood
from support.papers import SHELL
from support.postgres import Cluster, binaries
from support.world import TAXII


def silent(_done: int, _total: int | None) -> None:
    """Tell nobody."""


def rewound(hood: Neighbourhood, backup: Path) -> None:
    """Put the backup in the hub's place, and open its doors again."""
    world = hood.world
    world.hub.close()
    restore(world.settings, backup, SHELL, Wish(replace=True, verify=True), clock=world.clock, told=silent)
    world.hub = open_hub(world.settings, clock=world.clock)
    hood.doors.app = create_app(world.hub)


def another(request: pytest.FixtureRequest, folder: Path, url: str) -> str:
    """The address of an empty database of the same engine."""
    if url.startswith("sqlite"):
        return f"sqlite:///{folder / 'another.db'}"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.create_database()


@pytest.mark.parametrize("where", ["in its place", "elsewhere"])
def test_f19_yesterdays_backup(database_url: str, tmp_path: Path, where: str, request: pytest.FixtureRequest) -> None:
    """F-19. A publishes twice, the hub is put back to between the two: page tokens end, `added_after` goes on.

    The partner that fetches everything anew is told `rewound` by what it saw before, the publisher by what it signed;
    then what A kept is posted again, and every reader has all of it. Red if the epoch stays as it was, if a position
    is given out that readers have passed already (the clock is half a minute behind the one before; elsewhere nobody
    knows the sequencers of the hub that is gone), or if the loss goes unnoticed.
    """
    with neighbourhood(tmp_path, database_url, postgresql_bin=str(binaries())) as hood:
        a, b = hood.pair()
        world, tlp = hood.world, ("--group", "first", "--tlp", "green")
        a.run("publish", str(bundle(tmp_path, "one.json", indicators(2))), *tlp)
        back_up(world.settings, tmp_path / "yesterday", SHELL, secrets=True, clock=world.clock, told=silent)
        world.clock.advance(DAY)
        a.run("publish", str(bundle(tmp_path, "two.json", indicators(2, first=5))), *tlp)
        assert b.json("poll", "--group", "first")["objects"] == 4
        assert b.json("poll", "--group", "first")["new_epoch"] is False
        url = f"{hood.doors.url}/live/collections/first/objects/"
        page = requests.get(url, {"limit": 1}, headers=b.cirt.headers, timeout=20)
        token, last = page.json()["next"], page.headers["X-TAXII-Date-Added-Last"]
        end = requests.get(url, headers=b.cirt.headers, timeout=20).headers["X-TAXII-Date-Added-Last"]
        world.clock.advance(-MINUTE // 2)
        if where == "elsewhere":
            world.hub.close()
            world.settings = replace(world.settings, database_url=another(request, tmp_path, database_url))
        rewound(hood, tmp_path / "yesterday")
        refused = requests.get(url, {"next": token}, headers=b.cirt.headers, timeout=20)
        assert (refused.status_code, "added_after" in refused.text, "backup" in refused.text) == (400, True, True)
        assert b.json("poll", "--group", "first")["new_epoch"] is True
        rest = requests.get(url, {"added_after": last}, headers=b.cirt.headers, timeout=20).json()
        assert [each["id"] for each in rest["objects"]] == [indicators(2)[1]["id"]]

        files = [tmp_path / "first.json", tmp_path / "first-proofs.json"]
        for path in files:
            page = requests.get(url.replace("first", path.stem), headers=b.cirt.headers, timeout=20)
            path.write_bytes(page.content)
        told = b.json("verify", "--group", "first", *map(str, files), code=1)
        assert (told["verdicts"], told["findings"]) == ({"verified": 2}, [])
        stream = f"{a.cirt.id}/green"
        assert told["streams"] == {stream: "rewound"}
        assert told["stream_faults"] == {stream: ["it ends at seq 1, but seq 2 was known before"]}
        more = bundle(tmp_path, "three.json", indicators(1, first=9))
        said = a.run("publish", str(more), *tlp, code=1).err
        assert "rewound" in said

        kept = sorted((a.home / "sent").rglob("*.json"))
        headers = {**a.cirt.headers, "Content-Type": TAXII}
        for path in kept:
            answer = requests.post(url, path.read_bytes(), headers=headers, timeout=20)
            assert (answer.status_code, answer.json()["failure_count"]) == (202, 0), answer.text
        again = requests.get(url, {"added_after": end}, headers=b.cirt.headers, timeout=20).json()
        assert [each["id"] for each in again["objects"]] == [each["id"] for each in indicators(2, first=5)]
        world.clock.advance(MINUTE)
        a.run("publish", str(more), *tlp)
        assert b.json("poll", "--group", "first")["new_epoch"] is False, "it was told once"
        assert b.json("verify", "--group", "first")["streams"] == {f"{a.cirt.id}/green": "complete"}
        whole = requests.get(url, {"match[version]": "all"}, headers=b.cirt.headers, timeout=20).json()["objects"]
        assert len(whole) == len({each["id"] for each in whole}) == 5


def test_f19_a_reader_that_only_goes_forward_is_told(quick: Neighbourhood) -> None:
    """F-19. Red if people are not told, a poll that failed counts as told, or an older profile is told of nothing."""
    _, b = quick.pair()
    b.run("poll", "--group", "first")
    with open_state(b.home) as state, state.change():
        state.run("ALTER TABLE groups DROP COLUMN epoch")
        state.run("PRAGMA user_version=1")  # as an earlier version left it
    assert "new epoch" not in b.run("poll", "--group", "first").err
    with quick.world.hub.database.writing() as tx:
        promoted(tx, SHELL, quick.world.clock(), anyway=True)
    quick.doors.between = _away_at_the_last
    assert "new epoch" not in b.run("poll", "--group", "first", code=5).err
    quick.doors.between = None
    said = b.run("poll", "--group", "first").err
    assert (
        "the hub began a new epoch since the last poll: it was restored from a backup, or a standby took over" in said
    )
    assert "new epoch" not in b.run("poll", "--group", "first").err


def _away_at_the_last(app: Wsgi, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer up to the group's objects, then be away."""
    if environ["PATH_INFO"].endswith("/objects/"):
        start("503 Service Unavailable", [("Content-Type", "application/json")])
        return [b"{}"]
    return app(environ, start)
