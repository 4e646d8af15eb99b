"""What becomes of a publication when something breaks? All or none of it, a true answer, a harmless retry."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pytest
import requests

from hub.access import Absent
from hub.answers import REPEATED
from hub.app import create_app
from hub.publish import MOST_DECISIONS, Revoked
from hub.store import dialect, keyring, tokens
from hub.store.errors import Busy, Unavailable
from hub.store.registry import bump
from policies.agreement import read_agreement
from support.agreements import agreement_toml
from support.clock import SECOND, Clock
from support.cutting import before_http, before_postgres
from support.dump import dump
from support.failpoints import Point, Second, until_it_waits
from support.postgres import Cluster
from support.served import Poller, Serving, accepted, post
from support.stage import indicator
from support.stix_objects import AT
from support.world import TAXII, World

ONE, TWO = indicator(1)["id"], indicator(2)["id"]


class Killed(BaseException):
    """What a kill looks like from inside: nothing after this point is done."""


def kill() -> None:
    """Die here."""
    raise Killed


@pytest.mark.parametrize("point", list(Point))
def test_f01_killed_at(world: World, second: Second, point: Point) -> None:
    """Red if anything is left of a publication that did not commit, or one that did is not found again by its retry."""
    a = world.cirt("a")
    group = world.agreement([(a, "both", "amber")])
    raw = a.envelope(group, [indicator(1), indicator(2)])
    before = dump(world.hub.database)
    second.database.at[point] = kill
    with pytest.raises(Killed):
        second.accept(a, group, raw)
    done = point is Point.COMMITTED
    assert a.ids(group.id) == ([ONE, TWO] if done else [])
    assert done or dump(world.hub.database) == before
    retried = a.post(group, raw)
    assert (retried["failure_count"], REPEATED in retried) == (0, done)
    assert a.ids(group.id) == [ONE, TWO]


def test_f07_the_http_answer_is_lost(served: Serving) -> None:
    """Red if the retry of a publication whose answer was lost is a failure, or stores it twice."""
    a, b, group = served.pair()
    cutter, url = before_http(served.url)
    raw = a.envelope(group, [indicator(1), indicator(2)])
    cutter.arm(b"POST ")
    with pytest.raises(requests.ConnectionError):
        post(url, a, group, raw)
    assert cutter.cuts == 1
    answers = [accepted(post(url, a, group, raw)) for _ in range(2)]
    cutter.close()
    assert answers[0] == answers[1]
    assert REPEATED in answers[0]
    assert Poller(served.url, b, group.id).poll() == [ONE, TWO]
    assert len(Poller(served.url, b, group.proofs).poll()) == 1


def test_f07_the_database_is_cut_off_at_the_commit(postgres: Cluster, tmp_path: Path) -> None:
    """COMMIT was sent, its answer never came: 503, the pool recovers, and the retry finds what was stored.

    Red if an unknown outcome is told as a failure or a success, or the dead connection is used again.
    """
    url = postgres.create_database()
    with TemporaryDirectory(prefix="hub-cut-", dir="/tmp") as folder:
        cutter = before_postgres(postgres.home, Path(folder))
        world = World(tmp_path, url.replace(quote(str(postgres.home), safe=""), quote(folder, safe="")), Clock(AT))
        a = world.cirt("a")
        group = world.agreement([(a, "both", "amber")])
        raw = a.envelope(group, [indicator(1), indicator(2)])
        cutter.arm(b"COMMIT\0")
        with pytest.raises(Unavailable):
            a.post(group, raw)
        assert cutter.cuts == 1
        answer = a.post(group, raw)
        assert (answer["failure_count"], REPEATED in answer) == (0, True)
        assert a.ids(group.id) == [ONE, TWO]
        assert a.publish(group, [indicator(3)])["failure_count"] == 0
        world.close()
        cutter.close()
    postgres.drop_database(url)


def test_f08_the_same_envelope_twice_at_once(world: World, second: Second) -> None:
    """Red if the second one, which began before the first was committed, is a failure or stores anything."""
    a = world.cirt("a")
    group = world.agreement([(a, "both", "amber")])
    raw = a.envelope(group, [indicator(1), indicator(2)])
    halt, first = second.start(a, group, raw, Point.STAMPED)
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(a.post, group, raw)
        until_it_waits(world, other)
        halt.go.set()
        answers = first.result(), other.result()
    assert answers[1].pop(REPEATED)
    assert answers[0] == answers[1]
    assert a.ids(group.id) == [ONE, TWO]
    assert len(a.poll(group.proofs)) == 1


BROKEN_OFF = """
CREATE SEQUENCE tries;
CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'broken off' USING ERRCODE = '{state}'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER break_off BEFORE INSERT ON statuses FOR EACH ROW WHEN (NOT NEW.refused) EXECUTE FUNCTION break_off()
"""


@pytest.mark.parametrize(("times", "state"), [(1, "40P01"), (1, "40001"), (MOST_DECISIONS, "40P01")])
def test_f10_a_deadlock_is_tried_again_within_bounds(postgres: Cluster, tmp_path: Path, times: int, state: str) -> None:
    """PostgreSQL breaks a publication off, at its last write: it is decided anew, so often, and then told to come back.

    Red if a deadlock or a serialisation failure reaches the publisher, or is tried for ever. (SQLite has neither.)
    """
    url = postgres.create_database()
    world = World(tmp_path, url, Clock(AT))
    a = world.cirt("a")
    group = world.agreement([(a, "both", "amber")])
    raw = a.envelope(group, [indicator(1), indicator(2)])
    with postgres.connect(url.partition("@/")[2].partition("?")[0]) as admin:
        admin.execute(BROKEN_OFF.format(times=times, state=state).encode())
        if times == MOST_DECISIONS:
            with pytest.raises(Busy):
                a.post(group, raw)
            assert a.ids(group.id) == []
        answer = a.post(group, raw)
        assert (answer["failure_count"], REPEATED in answer) == (0, False)
        assert admin.execute("SELECT last_value FROM tries").fetchone() == (times + 1,)
    assert a.ids(group.id) == [ONE, TWO]
    world.close()
    postgres.drop_database(url)


@pytest.fixture
def impatient(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Give a world in which nobody waits long for a lock."""
    monkeypatch.setattr(dialect, "LOCK_SECONDS", 0.3)
    world = World(tmp_path / "hub", database_url, Clock(AT))
    yield world
    world.close()


def test_f12_a_lock_is_not_waited_for_long(impatient: World) -> None:
    """While one publication holds the group, others are told to come back, and polls are answered as ever.

    Red if publishers pile up behind a lock, or polling waits for one.
    """
    a, b = impatient.cirt("a"), impatient.cirt("b")
    group = impatient.agreement([(a, "both", "amber"), (b, "both", "amber")])
    assert a.publish(group, [indicator(1)])["failure_count"] == 0
    app = create_app(impatient.hub).test_client(use_cookies=False)
    path = f"/live/collections/{group.id}/objects/"
    second = Second(impatient.hub)
    halt, held = second.start(a, group, a.envelope(group, [indicator(2)]), Point.STAMPED)
    raw = b.envelope(group, [indicator(3)])
    with pytest.raises(Busy):
        b.post(group, raw)
    answer = app.post(path, data=raw, headers={**b.headers, "Content-Type": TAXII})
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert [each["id"] for each in app.get(path, headers=b.headers).get_json(force=True)["objects"]] == [ONE]
    halt.go.set()
    assert held.result()["failure_count"] == 0
    assert b.post(group, raw)["failure_count"] == 0
    assert b.ids(group.id) == [ONE, TWO, indicator(3)["id"]]
    second.close()


def test_t13_a_token_revoked_meanwhile(world: World, second: Second) -> None:
    """A publication of 1,000 objects waits for its turn; its token is revoked: nothing is stored, 401 at the door.

    Red if rights are judged only when a request comes in, or the door has no answer for it.
    """
    a = world.cirt("a")
    group = world.agreement([(a, "both", "amber")])
    raw = a.envelope(group, [indicator(number) for number in range(1000)])
    before = dump(world.hub.database, "tokens", "hub")
    halt, waiting = second.start(a, group, raw, Point.BEFORE_LOCK)
    app = create_app(second.hub).test_client(use_cookies=False)
    headers = {**a.headers, "Content-Type": TAXII}
    with ThreadPoolExecutor(1) as threads:
        http = second.database.at[Point.BEFORE_LOCK] = halt.__class__()
        posted = threads.submit(app.post, f"/live/collections/{group.id}/objects/", data=raw, headers=headers)
        http.wait()
        with world.hub.database.writing() as tx:
            tokens.revoke(tx, a.account.token, world.clock())
            bump(tx)
        halt.go.set()
        http.go.set()
        with pytest.raises(Revoked):
            waiting.result()
        assert posted.result().status_code == 401
        assert posted.result().headers["WWW-Authenticate"]
    assert dump(world.hub.database, "tokens", "hub") == before


def test_t13_a_key_revoked_meanwhile(world: World, second: Second) -> None:
    """Red if a signature is judged only before the lock is had: then a revoked key could still publish."""
    a = world.cirt("a")
    group = world.agreement([(a, "both", "amber")])
    halt, waiting = second.start(a, group, a.envelope(group, [indicator(1)]), Point.BEFORE_LOCK)
    with world.hub.database.writing() as tx:
        keyring.revoke(tx, a.signer.kid, "lost", world.clock())
        bump(tx)
    halt.go.set()
    answer = waiting.result()
    assert answer["success_count"] == 0
    assert any(each["message"].startswith("unknown-key") for each in answer["failures"]), answer
    assert a.ids(group.id) == []


def test_a_party_that_joins_meanwhile(postgres: Cluster, tmp_path: Path) -> None:
    """A publication is decided; before it has its positions, a version with C comes into force and C accepts it.

    Its publisher never consented to C: it is decided anew, and there is no group for it any more. Red if the registry
    is not looked at again under the sequencer's lock: C would read it, at a position after its start. (SQLite has one
    writer at a time.)
    """
    url = postgres.create_database()
    world = World(tmp_path, url, Clock(AT))
    a, b, c = world.cirt("a"), world.cirt("b"), world.cirt("c")
    group = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    assert a.publish(group, [indicator(1)])["failure_count"] == 0
    world.clock.advance(SECOND)
    parties = [{"member": each.id} for each in (a, b, c)]
    names = {"id": group.id, "proofs": group.proofs, "alias": group.alias}
    wider = read_agreement(agreement_toml(**names, version=2, parties=parties))
    with postgres.connect(url.partition("@/")[2].partition("?")[0]) as admin, ThreadPoolExecutor(1) as threads:
        admin.execute("BEGIN; SELECT 1 FROM streams FOR UPDATE")  # the decision is made; the next write waits here
        waiting = threads.submit(a.publish, group, [indicator(2)])
        while admin.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone() is None:
            assert not waiting.done(), waiting.result()
        world.approve(wider)
        world.clock.advance(SECOND)
        world.accept(c, wider)
        admin.execute("COMMIT")
        with pytest.raises(Absent):  # A has not accepted the version in force
            waiting.result()
    assert TWO not in c.ids(group.id)
    world.close()
    postgres.drop_database(url)
