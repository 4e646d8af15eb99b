"""Status resources: kept for their days, and while a retry is answered by them; dropped by the server processes."""

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from hub.store import statuses
from hub.store.background import Repeated
from hub.store.errors import Busy
from support.clock import DAY, Clock
from support.stix_objects import AT, indicator
from support.world import World

NAMES = "import threading; from hub.app import worker; worker(); print(*sorted(t.name for t in threading.enumerate()))"
INIT = "from hub.cli.main import main; main(['init'])"


def test_what_nobody_can_need_is_dropped_when_its_days_are_over(tmp_path: Path, database_url: str) -> None:
    """Red if a refusal is kept for good, goes too early, or takes along what a retry is answered by."""
    with closing(World(tmp_path / "hub", database_url, Clock(AT), status_days=7)) as world:
        a = world.cirt("a")
        group = world.agreement([(a, "both", "amber")])
        raw = a.envelope(group, [indicator()])
        taken = a.post(group, raw)
        refused = a.publish(group, [indicator()], seq=9)
        assert (taken["failure_count"], refused["success_count"]) == (0, 0)

        def kept() -> list[bool]:
            with world.hub.database.reading() as tx:
                return [statuses.read(tx, each["id"], a.id) is not None for each in (taken, refused)]

        world.clock.advance(7 * DAY)
        assert (statuses.sweep(world.hub.database, world.clock(), 7), kept()) == (0, [True, True])
        world.clock.advance(1)
        assert (statuses.sweep(world.hub.database, world.clock(), 7), kept()) == (1, [True, False])
        assert a.post(group, raw)["id"] == taken["id"]


def test_many_are_dropped_a_part_at_a_time(tmp_path: Path, database_url: str) -> None:
    """Red if the first part is taken for all of them."""
    with closing(World(tmp_path / "hub", database_url, Clock(AT))) as world:
        with world.hub.database.writing() as tx:
            for number in range(statuses.MOST_SWEPT + 1):
                statuses.keep(tx, identity=str(number), member="a", group="g", at=0, refused=True, body=b"")
        assert statuses.sweep(world.hub.database, world.clock(), 30) == statuses.MOST_SWEPT + 1


def test_a_server_process_sweeps_beside_answering(tmp_path: Path) -> None:
    """Red if nothing in a server process ever calls `sweep`, writes the deliveries down or makes a checkpoint."""
    environment = {"HUB_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(Path(__file__).parents[2])}
    for program in (INIT, NAMES):
        done = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment
        )
    assert done.stdout.split() == ["MainThread", "checkpoints", "deliveries", "statuses"]


def test_a_turn_that_fails_is_not_the_last() -> None:
    """Red if a busy database ends the thread, or `stop` leaves it running."""
    turns: list[int] = []
    third = threading.Event()

    def act() -> None:
        turns.append(1)
        if len(turns) == 3:
            third.set()
        raise Busy("later")

    Repeated("never begun", 0, act).stop()
    repeated = Repeated("turns", 0, act)
    repeated.start()
    assert third.wait(10)
    repeated.stop()
    assert "turns" not in [thread.name for thread in threading.enumerate()]
