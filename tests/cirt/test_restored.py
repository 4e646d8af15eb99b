"""What do members see of a hub that was restored from yesterday's backup? F-19: a true answer, and nothing lost."""

from pathlib import Path

import requests

from hub.app import create_app
from hub.backups import back_up
from hub.restoring import Wish, restore
from hub.running import open_hub
from support.clock import DAY, SECOND
from support.members import Neighbourhood, bundle, indicators, neighbourhood
from support.papers import SHELL
from support.postgres import binaries
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


def test_f19_yesterdays_backup(database_url: str, tmp_path: Path) -> None:
    """F-19. A publishes twice, the hub is put back to between the two: page tokens end, `added_after` goes on.

    The partner that fetches everything anew is told `rewound` by what it saw before, the publisher by what it signed;
    then what A kept is posted again, and every reader has all of it. Red if the epoch stays as it was, if a position
    is given out that readers have passed already, or if the loss goes unnoticed.
    """
    with neighbourhood(tmp_path, database_url, postgresql_bin=str(binaries())) as hood:
        a, b = hood.pair()
        world, tlp = hood.world, ("--group", "first", "--tlp", "green")
        a.run("publish", str(bundle(tmp_path, "one.json", indicators(2))), *tlp)
        back_up(world.settings, tmp_path / "yesterday", SHELL, secrets=True, clock=world.clock, told=silent)
        world.clock.advance(DAY)
        a.run("publish", str(bundle(tmp_path, "two.json", indicators(2, first=5))), *tlp)
        assert b.json("poll", "--group", "first")["objects"] == 4
        url = f"{hood.doors.url}/live/collections/first/objects/"
        page = requests.get(url, {"limit": 1}, headers=b.cirt.headers, timeout=20)
        token, last = page.json()["next"], page.headers["X-TAXII-Date-Added-Last"]
        world.clock.advance(SECOND)

        rewound(hood, tmp_path / "yesterday")
        refused = requests.get(url, {"next": token}, headers=b.cirt.headers, timeout=20)
        assert (refused.status_code, "added_after" in refused.text, "backup" in refused.text) == (400, True, True)
        rest = requests.get(url, {"added_after": last}, headers=b.cirt.headers, timeout=20).json()
        assert [each["id"] for each in rest["objects"]] == [indicators(2)[1]["id"]]

        files = [tmp_path / "first.json", tmp_path / "first-proofs.json"]
        for path in files:
            whole = requests.get(url.replace("first", path.stem), headers=b.cirt.headers, timeout=20)
            path.write_bytes(whole.content)
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
        a.run("publish", str(more), *tlp)
        b.run("poll", "--group", "first")
        assert b.json("verify", "--group", "first")["streams"] == {f"{a.cirt.id}/green": "complete"}
        again = requests.get(url, {"match[version]": "all"}, headers=b.cirt.headers, timeout=20).json()["objects"]
        assert len(again) == len({each["id"] for each in again}) == 5
