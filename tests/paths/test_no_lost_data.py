"""No poller loses data: what was acknowledged is delivered to whoever polls on from the last position it was told.

The known fault: a row is stamped, another one is stamped later and committed first, a poller moves past both, and the
first is never asked for again.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from hub.store import agreements, shelves
from hub.store.errors import ClockAhead
from support.clock import HOUR, MINUTE, SECOND
from support.failpoints import Point, Second
from support.postgres import Cluster
from support.served import Poller, Serving, accepted, post, serving
from support.stage import indicator
from support.world import Cirt, World

SLOW, FAST = indicator(1)["id"], indicator(2)["id"]
#: A fault shows within it; without one it passes in vain, so that it decides nothing.
MOMENT = 0.5


def until(found: list[str], poller: Poller, wanted: str) -> None:
    """Poll for a moment, or until the wanted id has come."""
    end = time.monotonic() + MOMENT
    while wanted not in found and time.monotonic() < end:
        found += poller.poll()


def test_proof_between_stamping_and_commit(served: Serving) -> None:
    """A publication halts after stamping, in one process; another is posted to `serve`; both reach the poller.

    Red if positions are the clock's and taken without the sequencer row (on SQLite: if writers do not wait in line).
    """
    a, b, group = served.pair()
    c = served.cirt("c")
    served.world.agreement([(a, "both", "amber"), (c, "both", "amber")])  # C publishes elsewhere all the while
    poller, found = Poller(served.url, b, group.id), list[str]()
    second = Second(served.world.hub)
    with ThreadPoolExecutor() as threads:
        halt, slow = second.start(a, group, a.envelope(group, [indicator(1)]), Point.STAMPED)
        fast = threads.submit(post, served.url, b, group, b.envelope(group, [indicator(2)]))
        until(found, poller, FAST)
        assert SLOW not in found, "not committed yet"
        halt.go.set()
        assert slow.result()["failure_count"] == 0
        accepted(fast.result())
    found += poller.poll()
    second.close()
    assert sorted(found) == [SLOW, FAST]


HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.stix_id = '{slow}' THEN PERFORM pg_advisory_xact_lock_shared(42); END IF; RETURN NEW; END $$;
CREATE TRIGGER hold BEFORE INSERT ON objects FOR EACH ROW EXECUTE FUNCTION hold();
"""
HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def test_proof_postgresql_with_two_server_processes(postgres: Cluster, tmp_path: Path) -> None:
    """A trigger holds the marked object back while its row is being written; a faster one is posted beside it.

    Red if positions are the clock's and taken without the sequencer row.
    """
    url = postgres.create_database()
    name = url.partition("@/")[2].partition("?")[0]
    with serving(tmp_path, url) as hub, hub.start() as other, postgres.connect(name) as admin:
        a, b, group = hub.pair()
        admin.execute(HOLD.format(slow=SLOW).encode())
        admin.execute("SELECT pg_advisory_lock(42)")
        poller, found = Poller(hub.url, b, group.id), list[str]()
        with ThreadPoolExecutor() as threads:
            slow = threads.submit(post, hub.url, a, group, a.envelope(group, [indicator(1)]))
            while admin.execute(HELD).fetchone() == (0,):
                assert not slow.done(), slow.result().text
            fast = threads.submit(post, other.url, b, group, b.envelope(group, [indicator(2)]))
            until(found, poller, FAST)
            assert SLOW not in found, "not committed yet"
            admin.execute("SELECT pg_advisory_unlock(42)")
            accepted(slow.result())
            accepted(fast.result())
        found += poller.poll()
        assert sorted(found) == [SLOW, FAST]
    postgres.drop_database(url)


def test_proof_a_publication_that_waited_comes_later(world: World, second: Second) -> None:
    """F-15: one that began first and was written last stands last, also where its own clock is an hour behind.

    Red if the position is the time at which the request came in.
    """
    a, b, c = world.cirt("a"), world.cirt("b"), world.cirt("c")
    group = world.agreement([(a, "both", "amber"), (b, "both", "amber"), (c, "receiver", "amber")])
    world.clock.advance(HOUR)
    halt, slow = second.start(a, group, a.envelope(group, [indicator(1)]), Point.BEFORE_LOCK)
    world.clock.advance(SECOND)
    b.publish(group, [indicator(2)])
    world.clock.advance(-MINUTE)
    halt.go.set()
    assert slow.result()["failure_count"] == 0
    assert c.ids(group.id) == [FAST, SLOW]


def test_operators_commands_beside_the_server(served: Serving) -> None:
    """`cirt-hub` writes while members publish and poll over HTTP: all succeed, nothing is lost.

    Red if SQLite's writers do not share one lock across processes, or a bumped revision loses a publication.
    """
    a, b, group = served.pair()
    done = Event()

    def publish(cirt: Cirt, numbers: Sequence[int]) -> None:
        for number in numbers:
            accepted(post(served.url, cirt, group, cirt.envelope(group, [indicator(number)])))
            cirt.remember(group)

    def poll() -> list[str]:
        poller, found = Poller(served.url, b, group.id), list[str]()
        while not done.is_set():
            found += poller.poll()
        return found + poller.poll()

    with ThreadPoolExecutor() as threads:
        polled = threads.submit(poll)
        publishing = [threads.submit(publish, a, range(8)), threads.submit(publish, b, range(8, 16))]
        operator = f"operator-{a.name[-8:]}"
        commands = [served.command("operator", "add", operator)]
        commands.append(served.command("token", "add", a.id, "--label", "spare", "--by", operator))
        wait(publishing)
        done.set()
        for each in publishing:
            each.result()
        found = polled.result()
    assert [command.returncode for command in commands] == [0, 0], commands
    assert sorted(found) == [indicator(number)["id"] for number in range(16)]


def test_positions_whatever_the_clock_does(world: World) -> None:
    """F-13: unique, strictly rising, each commit ending on a whole millisecond, also while the clock steps back.

    Red if a position is not kept above the last one, or the rounding is left out (a client that cuts its cursor to
    milliseconds would fetch the tail for ever).
    """
    a = world.cirt("a")
    group = world.agreement([(a, "both", "amber")])
    chance, at, seen = random.Random(13), world.clock(), list[int]()
    with world.hub.database.writing() as tx:
        number, _ = agreements.lock_group(tx, group.id) or (0, 0)
        for _ in range(200):
            at += chance.choice((0, 0, 1, 7, 999, 1000, SECOND, -1, -SECOND, -30 * SECOND))
            counts = [chance.choice((0, 1, 2, 999, 1000, 1001)) for _ in range(2)]
            ranges = shelves.take_positions(tx, number, counts, max(at, max(seen, default=0) - 4 * MINUTE))
            assert [len(taken) for taken in ranges] == counts
            assert all(taken[-1] % shelves.MILLISECOND == 0 for taken in ranges if taken)
            seen += [position for taken in ranges for position in taken]
    assert all(one < next_ for one, next_ in pairwise(seen))


def test_a_clock_that_had_jumped_ahead_stops_publishing(world: World) -> None:
    """F-14: while the sequencer is far ahead of the clock nothing is published; then it goes on by itself.

    Red if positions are given out in the far future, where no poller could tell them from new ones.
    """
    a, b = world.cirt("a"), world.cirt("b")
    group = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    world.clock.advance(HOUR)
    a.publish(group, [indicator(1)])
    world.clock.advance(-HOUR)
    with pytest.raises(ClockAhead):
        a.publish(group, [indicator(2)])
    assert b.ids(group.id) == [SLOW]
    world.clock.advance(HOUR - 4 * MINUTE)
    a.publish(group, [indicator(2)])
    assert b.ids(group.id) == [SLOW, FAST]


def test_two_publishers_at_once(world: World, second: Second) -> None:
    """Positions are unique and contiguous in each publication, and a poller that runs along gets all of them once.

    Red if the sequencer is read without its lock, or a page is not one snapshot. (A stress run proves little alone.)
    """
    a, b, c = world.cirt("a"), world.cirt("b"), world.cirt("c")
    group = world.agreement([(a, "both", "amber"), (b, "both", "amber"), (c, "receiver", "amber")])
    done = Event()

    def poll() -> list[int]:
        with world.hub.database.reading() as tx:
            return [row[0] for row in tx.rows("SELECT position FROM objects ORDER BY position")]

    def follow() -> list[int]:
        seen: list[int] = []
        while True:
            last_round = done.is_set()
            seen += [position for position in poll() if not seen or position > seen[-1]]
            if last_round:
                return seen

    def publish(cirt: Cirt, first: int) -> None:
        for step in range(10):
            objects = [indicator(first + 4 * step + n) for n in range(4)]
            raw = cirt.envelope(group, objects)
            assert second.accept(cirt, group, raw)["failure_count"] == 0
            cirt.remember(group)

    with ThreadPoolExecutor() as threads:
        followed = threads.submit(follow)
        publishing = [threads.submit(publish, a, 0), threads.submit(publish, b, 100)]
        wait(publishing)
        done.set()
        for each in publishing:
            each.result()
        seen = followed.result()
    assert seen == poll()
    assert len(set(seen)) == 80
    assert all(seen[i + 3] == seen[i] + 3 and seen[i + 3] % 1000 == 0 for i in range(0, 80, 4)), "one commit, one range"
    assert len(c.poll(group.id)) == 80
