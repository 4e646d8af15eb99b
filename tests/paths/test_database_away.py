"""What becomes of requests while PostgreSQL is killed, restarted, or held up? F-05, F-06, F-11, F-12."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from support.invariants import Group, check, group_of
from support.postgres import Cluster
from support.served import PATIENCE, Poller, Serving, post, serving

PILE = 20
MOST_SECONDS = 15.0  # of an answer: five for a lock, and as many for a turn and for a connection


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Give a PostgreSQL server that may be killed: no other test uses it."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def group(cluster: Cluster, tmp_path: Path) -> Iterator[Group]:
    """Give a group on a hub over that server, with one publication in it."""
    with serving(tmp_path, cluster.create_database()) as hub:
        group = group_of(hub)
        group.post(group.make())
        yield group


def name_of(group: Group) -> str:
    """The name of the group's database."""
    return group.hub.world.settings.database.partition("@/")[2].partition("?")[0]


def lines(hub: Serving, event: str) -> list[dict[str, Any]]:
    """The lines of the first server's log that tell such an event."""
    told = hub.first.log.read_text("utf-8").splitlines()
    return [line for line in map(json.loads, filter(lambda text: text.startswith("{"), told)) if line["event"] == event]


@pytest.mark.parametrize("how", ["kill9", "restart"])
def test_f05_f06_the_database_goes_away_within_a_publication(cluster: Cluster, group: Group, how: str) -> None:
    """It is killed (F-05) or restarted (F-06) while a publication holds its rows: 503; afterwards nobody sees a 500.

    Red if the pool hands out connections that are dead, if a lost transaction is told as anything but "come back", if
    the hub commits without waiting for the disk (synchronous_commit=off), or if the log does not say what happened.
    """
    hub = group.hub
    with cluster.connect() as admin:
        admin.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")  # what no commit waits for is not written meanwhile
        admin.execute("SELECT pg_reload_conf()")
    group.post(group.make())
    sent = group.make()
    with cluster.connect(name_of(group)) as admin, ThreadPoolExecutor() as threads:
        admin.execute("BEGIN; SELECT 1 FROM streams FOR UPDATE")  # the publication is decided, and waits here
        waiting = threads.submit(post, hub.url, sent.cirt, group.agreement, sent.raw)
        with cluster.connect(name_of(group)) as other:
            while other.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone() is None:
                assert not waiting.done(), waiting.result().text
        getattr(cluster, how)()
        answer = waiting.result()
        if how == "kill9" or answer.status_code != 202:  # a restart may end the session that holds the rows first
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True), answer.text
        admin.close()
    address = f"{hub.url}/live/collections/{group.agreement.id}/objects/"
    if how == "kill9":
        away = requests.get(address, headers=group.reader.headers, timeout=PATIENCE)
        assert (away.status_code, int(away.headers["Retry-After"]) > 0) == (503, True), away.text
        (line,) = [each for each in lines(hub, "unavailable") if each["request"] == away.headers["X-Request-Id"]]
        assert (line["code"], line["cause"].partition(":")[0]) == ("unavailable", "OperationalError")
        cluster.start()
    with ThreadPoolExecutor(8) as threads:
        burst = [
            threads.submit(requests.get, address, headers=group.reader.headers, timeout=PATIENCE) for _ in range(16)
        ]
        assert {each.result().status_code for each in burst} == {200}
    group.post(sent)
    hub.world.hub.database.close()  # the test's own connections died too
    check(group)


def test_f11_f12_an_administrator_holds_a_row(cluster: Cluster, group: Group) -> None:
    """A session is idle in a transaction that holds a group's row: 503 with Retry-After there, all else goes on.

    Twenty publications pile up on the row. Red if one of them waits longer than `LOCK_SECONDS` (or as long as the
    session holds the row), or if polls or other groups wait at all: for a lock, or for connections of the waiting.
    """
    hub, other = group.hub, group_of(group.hub)
    poller = Poller(hub.url, group.reader, group.agreement.id)
    sent = group.make()
    with cluster.connect(name_of(group)) as admin:
        admin.execute("BEGIN")
        admin.execute("SELECT 1 FROM groups WHERE id = %s FOR UPDATE", (group.agreement.id,))
        with ThreadPoolExecutor(PILE) as threads:
            waiting = [threads.submit(post, hub.url, sent.cirt, group.agreement, sent.raw) for _ in range(PILE)]
            while admin.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is None:
                assert not any(each.done() for each in waiting)
            for _ in range(3):
                other.post(other.make())
            assert poller.poll() == group.sent[0].ids[:3]
            assert not any(each.done() for each in waiting), "polls and other groups did not wait for it"
            answers = [each.result() for each in waiting]
        for answer in answers:
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True), answer.text
            assert answer.elapsed.total_seconds() < MOST_SECONDS
        check(other)
        admin.execute("ROLLBACK")
    group.post(sent)
    check(group)
