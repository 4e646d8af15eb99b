"""F-17: may polls be read from a standby? What a lagging, dead or foreign one must not change: nothing is lost.

Every test runs on PostgreSQL alone; SQLite has no standby, and the first test says that it is told so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from feeds.taxii_query import Query
from hub import poll
from hub.access import find
from hub.app import create_app
from hub.config import BadSetting, load_settings
from hub.running import Hub, open_hub
from hub.store import dialect, tokens
from hub.store.engine import Database, Tx
from hub.store.registry import bump
from hub.store.standby import Standby as Beside
from policies.agreement import Agreement
from support.clock import MINUTE, SECOND, Clock
from support.postgres import Cluster
from support.stage import indicator
from support.standby import Standby
from support.stix_objects import AT
from support.world import Cirt, World

IN_RECOVERY = "SELECT pg_is_in_recovery()"


@pytest.fixture(scope="module")
def standby(postgres: Cluster) -> Iterator[Standby]:
    """Give a standby of the session's server."""
    with Standby(postgres) as server:
        yield server


@dataclass(slots=True)
class Pair:
    """A world whose hub reads from a standby; `alone` is a second hub that knows the primary only."""

    world: World
    standby: Standby
    alone: Hub
    a: Cirt
    b: Cirt
    group: Agreement

    def publish(self, *numbers: int, **changes: Any) -> None:
        """Publish indicators as A, and let a second pass."""
        assert self.a.publish(self.group, [indicator(n, **changes) for n in numbers])["failure_count"] == 0
        self.world.clock.advance(SECOND)

    def asked(self, full: Callable[[object], bool] = lambda _: False) -> bool:
        """Whether the standby answers a question about the group now."""
        hub = self.world.hub
        with hub.database.reading() as tx:
            registry = hub.registries.of(tx)
            row = hub.standby.read(tx, registry, self.number, lambda near: near.row(IN_RECOVERY), full)
            return row == (True,)

    @property
    def number(self) -> int:
        """The group's number."""
        with self.world.hub.database.reading() as tx:
            return self.world.hub.registries.of(tx).collections[self.group.id].no

    @property
    def path(self) -> str:
        """The address of the group's objects."""
        return f"/live/collections/{self.group.id}/objects/"


@pytest.fixture
def pair(postgres: Cluster, standby: Standby, tmp_path: Path) -> Iterator[Pair]:
    """Give A, who publishes, and B, who polls; the standby has caught up."""
    url = postgres.create_database()
    world = World(tmp_path, url, Clock(AT), replica_url=standby.follow(url))
    alone = open_hub(replace(world.settings, replica_url=""), clock=world.clock)
    a, b = world.cirt("a"), world.cirt("b")
    group = world.agreement([(a, "both", "amber"), (b, "receiver", "amber")])
    standby.catch_up()
    yield Pair(world, standby, alone, a, b, group)
    alone.close()
    world.close()
    standby.go_on()
    postgres.drop_database(url)


@contextmanager
def lagging(pair: Pair) -> Iterator[None]:
    """Nothing is replayed until the end of the block."""
    pair.standby.halt()
    try:
        yield
    finally:
        pair.standby.go_on()


def ids(answer: Any) -> list[str]:
    """The ids in an envelope."""
    return [each["id"] for each in answer.get_json(force=True).get("objects", ())]


def wanted(*numbers: int) -> list[str]:
    """The ids of these indicators."""
    return [indicator(number)["id"] for number in numbers]


def get(app: Flask, cirt: Cirt, path: str, **query: Any) -> Any:
    """Ask as a client would."""
    return app.test_client(use_cookies=False).get(path, headers=cirt.headers, query_string=query)


@pytest.mark.parametrize(
    "settings",
    [
        {"HUB_REPLICA_URL": "postgresql://hub@/hub"},
        {"HUB_DATABASE_URL": "postgresql://hub@/hub", "HUB_REPLICA_URL": "sqlite:////tmp/copy.db"},
        {"HUB_DATABASE_URL": "postgresql://hub@/hub", "HUB_REPLICA_URL": "postgresql:hub"},
    ],
)
def test_a_standby_that_cannot_be_is_told_before_anything_opens(settings: dict[str, str]) -> None:
    """Red if a SQLite hub takes a replica: nobody would notice that it is never asked."""
    with pytest.raises(BadSetting, match="HUB_REPLICA_URL"):
        load_settings(settings)


def test_one_that_has_caught_up_is_read(pair: Pair) -> None:
    """Red if the standby is never asked: the setting would be a promise kept by nobody."""
    pair.publish(1, 2)
    pair.standby.catch_up()
    assert pair.asked()
    assert pair.b.ids(pair.group.id) == wanted(1, 2)


@pytest.mark.parametrize("by", ["added_after", "next"])
def test_f17_lagging_standby_and_primary_in_turns(pair: Pair, by: str) -> None:
    """A client is sent to either hub in turns while the standby lags: everything once, in order, never back.

    Red if a page that ends the collection is taken from a standby that is behind.
    """
    apps = [create_app(pair.world.hub), create_app(pair.alone)]
    pair.publish(1, 2, 3, 4, 5)
    found, cursor, token, dates = list[str](), "", "", list[str]()
    with lagging(pair):
        pair.publish(6, 7)
        pair.publish(8)
        for turn in range(20):
            query = {"limit": 2} | ({"next": token} if token else {"added_after": cursor} if cursor else {})
            answer = get(apps[turn % 2], pair.b, pair.path, **query)
            page = answer.get_json(force=True)
            found += ids(answer)
            cursor = answer.headers.get("X-TAXII-Date-Added-Last", cursor)
            dates.append(cursor)
            token = page.get("next", "") if by == "next" else ""
            if not page.get("more"):
                break
        assert found == wanted(1, 2, 3, 4, 5, 6, 7, 8), "the first answer without `more` is the end"
        empty = [get(app, pair.b, pair.path, added_after=cursor) for app in apps]
    assert dates == sorted(dates)
    assert [(each.status_code, ids(each)) for each in empty] == [(200, []), (200, [])]
    assert not any(name.startswith("X-Taxii-Date") for each in empty for name, _ in each.headers), "nothing moves it"


def test_f17_a_poll_at_the_end_is_answered_by_the_primary(pair: Pair) -> None:
    """OpenCTI's ingester goes on from its own clock after an empty page: it is never told "nothing" by a laggard.

    Red if the positions of both sides are not compared.
    """
    pair.publish(1)
    app = create_app(pair.world.hub)
    cursor = get(app, pair.b, pair.path).headers["X-TAXII-Date-Added-Last"]
    with lagging(pair):
        pair.publish(2)
        assert not pair.asked()
        assert ids(get(app, pair.b, pair.path, added_after=cursor)) == wanted(2)
        proofs = f"/live/collections/{pair.group.proofs}/manifest/"
        assert len(get(app, pair.b, proofs).get_json(force=True)["objects"]) == 2


def test_f17_only_the_groups_own_position_counts(pair: Pair) -> None:
    """Another group is further on, by a clock that was ahead. Red if the last position of any group counts."""
    other = pair.world.agreement([(pair.a, "both", "amber")])
    pair.world.clock.advance(MINUTE)
    assert pair.a.publish(other, [indicator(9)])["failure_count"] == 0
    pair.world.clock.advance(-MINUTE)
    with lagging(pair):
        pair.publish(1)
        assert not pair.asked()
        assert pair.b.ids(pair.group.id) == wanted(1)


def test_f17_a_full_page_is_read_from_the_standby_however_far_it_lags(pair: Pair, postgres: Cluster) -> None:
    """While the primary's rows are locked away, pages that others follow come all the same.

    Red if `more` does not suffice: a busy group would never be read from the standby.
    """
    pair.publish(1, 2, 3, 4, 5)
    app = create_app(pair.world.hub)
    name = pair.world.settings.database_url.partition("@/")[2].partition("?")[0]
    with lagging(pair), postgres.connect(name) as admin:
        pair.publish(6)
        admin.execute("BEGIN; LOCK TABLE objects IN ACCESS EXCLUSIVE MODE")
        first = get(app, pair.b, pair.path, limit=2)
        second = get(app, pair.b, pair.path, limit=2, next=first.get_json(force=True)["next"])
        admin.execute("ROLLBACK")
    assert [ids(first), ids(second)] == [wanted(1, 2), wanted(3, 4)]


def test_f17_one_object_and_its_versions_are_never_older_than_the_primary(pair: Pair) -> None:
    """Red if an object by its id is taken from a standby that is behind: B has seen the newer version already."""
    pair.publish(1)
    app = create_app(pair.world.hub)
    one, two = (f"{pair.path}{each}/" for each in wanted(1, 2))
    later = "2026-11-19T11:00:00.000Z"
    with lagging(pair):
        pair.publish(1, modified=later)
        pair.publish(2)
        told = get(app, pair.b, one).get_json(force=True)["objects"]
        assert [each["modified"] for each in told] == [later]
        assert get(app, pair.b, f"{one}versions/").get_json(force=True)["versions"][-1] == later
        assert get(app, pair.b, two).status_code == 200


def test_t12_what_is_revoked_binds_at_once(pair: Pair) -> None:
    """T-12, T-32: the standby still has the token and the agreement; B is turned away all the same.

    Red if the account or its rights are read where the page is.
    """
    pair.publish(1, 2, 3)
    app = create_app(pair.world.hub)
    token = get(app, pair.b, pair.path, limit=1).get_json(force=True)["next"]
    with lagging(pair):
        with pair.world.hub.database.writing() as tx:
            tx.run("UPDATE agreements SET state = 'suspended' WHERE group_id = :id", id=pair.group.id)
            bump(tx)
        assert get(app, pair.b, pair.path, next=token, limit=1).status_code == 404
        with pair.world.hub.database.writing() as tx:
            tokens.revoke(tx, pair.b.account.token, pair.world.clock())
            bump(tx)
        assert get(app, pair.b, pair.path, next=token, limit=1).status_code == 401


def test_t21_a_group_and_rights_that_the_standby_does_not_know_yet(pair: Pair) -> None:
    """A new agreement, its rows and a later reader's start: all of it from the primary, nothing from before the start.

    Red if a group that the standby does not have counts as an empty one.
    """
    c = pair.world.cirt("c")
    pair.publish(1)
    with lagging(pair):
        group = pair.world.agreement([(pair.a, "both", "amber"), (c, "receiver", "amber")])
        assert pair.a.publish(group, [indicator(9)])["failure_count"] == 0
        assert c.ids(group.id) == wanted(9)


def test_t12_a_standby_that_is_ahead_of_the_rights_is_not_read(pair: Pair) -> None:
    """B's request has begun; B's agreement is suspended, and something is published: that request does not bring it.

    Red if the standby's revision is not compared with the one the rights were judged by.
    """
    pair.publish(1)
    hub = pair.world.hub
    with hub.database.reading() as tx:
        registry = hub.registries.of(tx)
        seen = find(registry, pair.b.account, pair.group.id, hub.clock())
        with hub.database.writing() as writing:
            tokens.revoke(writing, pair.b.account.token, pair.world.clock())
            bump(writing)
        pair.publish(2)
        pair.standby.catch_up()
        page = poll.objects(hub, tx, registry, pair.b.account, seen, Query())
    assert len(page.rows) == 1


def test_f17_a_standby_that_is_down_is_not_missed(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed, away and back: every poll is answered; it rests after a failure and is used again after that.

    Red if the standby's failure reaches a client, or it is asked at every request while it is away.
    """
    pair.publish(1, 2, 3)
    pair.standby.catch_up()
    app = create_app(pair.world.hub)
    assert pair.asked()
    asked = list[int]()
    reading = Database.reading_standby

    def counted(database: Database) -> Any:
        asked.append(1)
        return reading(database)

    monkeypatch.setattr(Database, "reading_standby", counted)
    pair.standby.kill9()
    try:
        for _ in range(5):
            assert ids(get(app, pair.b, pair.path, limit=2)) == wanted(1, 2)
        assert len(asked) == 1
    finally:
        pair.standby.start()
    object.__setattr__(pair.world.hub, "standby", Beside(pair.world.hub.database, rest=0))
    pair.standby.catch_up()
    assert pair.asked()
    assert ids(get(app, pair.b, pair.path, limit=2)) == wanted(1, 2)


def test_f17_a_standby_that_is_slow_is_given_up(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red if a statement on the standby may take as long as one on the primary, for which there is no other."""
    monkeypatch.setattr(dialect, "STANDBY_SECONDS", 0.2)
    hub = open_hub(pair.world.settings, clock=pair.world.clock)
    pair.standby.catch_up()
    slow = "SELECT pg_is_in_recovery() FROM pg_sleep(CASE WHEN pg_is_in_recovery() THEN 30 ELSE 0 END)"
    with hub.database.reading() as tx:
        registry = hub.registries.of(tx)
        assert hub.standby.read(tx, registry, pair.number, lambda near: near.row(slow)) == (False,)
    hub.close()


def test_what_is_no_standby_of_this_hub_is_not_read(pair: Pair, postgres: Cluster, tmp_path: Path) -> None:
    """A server that takes writes, and another hub's standby. Red if either is believed: it may hold anything."""
    url, other = pair.world.settings.database_url, postgres.create_database()
    foreign = World(tmp_path / "other", other, Clock(AT))
    pair.standby.catch_up()

    def told(near: Tx) -> Tx:
        near.row("SELECT 1")
        return near

    for replica in (url, other, pair.standby.follow(other), pair.standby.follow(other) + "nowhere"):
        hub = open_hub(replace(pair.world.settings, replica_url=replica), clock=pair.world.clock)
        with hub.database.reading() as tx:
            registry = hub.registries.of(tx)
            answered = hub.standby.read(tx, registry, pair.number, told, lambda _: True)
        hub.close()
        assert answered is tx, replica
    foreign.close()
    postgres.drop_database(other)
