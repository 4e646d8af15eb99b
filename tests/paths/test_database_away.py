"""What becomes of requests while PostgreSQL is killed, restarted, or held up? F-05, F-06, F-11, F-12."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from support.invariants import Group, check, group_of
from support.postgres import Cluster
from support.served import PATIENCE, Poller, post, serving


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


@pytest.mark.parametrize("how", ["kill9", "restart"])
def test_f05_f06_the_database_goes_away_within_a_publication(cluster: Cluster, group: Group, how: str) -> None:
    """It is killed (F-05) or restarted (F-06) while a publication holds its rows: 503; afterwards nobody sees a 500.

    Red if the pool hands out connections that are dead, or a lost transaction is told as anything but "come back".
    """
    hub, sent = group.hub, group.make()
    with cluster.connect(name_of(group)) as admin, ThreadPoolExecutor() as threads:
        admin.execute("BEGIN; SELECT 1 FROM streams FOR UPDATE")  # the publication is decided, and waits here
        waiting = threads.submit(post, hub.url, sent.cirt, group.agreement, sent.raw)
        with cluster.connect(name_of(group)) as other:
            while other.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone() is None:
                assert not waiting.done(), waiting.result().text
        getattr(cluster, how)()
        answer = waiting.result()
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True), answer.text
        admin.close()
    if how == "kill9":
        cluster.start()
    address = f"{hub.url}/live/collections/{group.agreement.id}/objects/"
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

    Red if publishers wait longer than the lock timeout, or if polls or other groups wait at all.
    """
    hub, other = group.hub, group_of(group.hub)
    poller = Poller(hub.url, group.reader, group.agreement.id)
    sent = group.make()
    with cluster.connect(name_of(group)) as admin:
        admin.execute("BEGIN")
        admin.execute("SELECT 1 FROM groups WHERE id = %s FOR UPDATE", (group.agreement.id,))
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(post, hub.url, sent.cirt, group.agreement, sent.raw)
            while admin.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is None:
                assert not waiting.done(), waiting.result().text
            for _ in range(3):
                other.post(other.make())
            assert poller.poll() == group.sent[0].ids[:3]
            assert not waiting.done(), "polls and other groups did not wait for it"
            answer = waiting.result()
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True), answer.text
        check(other)
        admin.execute("ROLLBACK")
    group.post(sent)
    check(group)
