"""Whoever only moves forward receives everything it may read, whatever becomes visible, and when (T-21, promise 4)."""

import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from feeds.taxii_query import Query, VersionFilter
from hub.access import AccessError, find
from hub.poll import objects
from keys.acceptance import Action
from keys.envelope import item_of
from keys.manifest import read_manifest
from policies.agreement import Agreement, read_agreement
from policies.labels import TLP2_MARKINGS, Label
from support.agreements import agreement_toml
from support.clock import SECOND, Clock
from support.postgres import Cluster
from support.stix_objects import AT, UUID, indicator, observable
from support.world import Cirt, World

NAMES = ("a", "b", "c")
ALL = VersionFilter(all=True)
OBJECTS = (
    indicator(created_by_ref=f"identity--{UUID}", object_marking_refs=[TLP2_MARKINGS["clear"]]),
    indicator(created_by_ref=f"identity--{UUID}", modified="2026-11-20T10:00:00.000Z"),
    observable(),
    observable(value="192.0.2.2"),
)


@dataclass(slots=True)
class Follower:
    """A reader that keeps the highest position of each collection, and what it was sent."""

    cirt: Cirt
    cursor: dict[str, int] = field(default_factory=dict)
    received: dict[str, set[bytes]] = field(default_factory=dict)

    def follow(self, collection: str) -> None:
        """Poll on from the last position, all versions, two rows a page."""
        hub, got = self.cirt.world.hub, self.received.setdefault(collection, set())
        more = True
        while more:
            with hub.database.reading() as tx:
                registry = hub.registries.of(tx)
                seen = find(registry, self.cirt.account, collection, hub.clock())
                query = Query(added_after=self.cursor.get(collection), limit=2, match_version=ALL)
                page = objects(hub, tx, registry, self.cirt.account, seen, query)
            got |= {bytes(row[1]) for row in page.rows}
            self.cursor[collection] = page.last or self.cursor.get(collection, 0)
            more = page.more


class Readers(RuleBasedStateMachine):
    """A group whose agreement changes: parties accept, withdraw, are raised and lowered, and poll when they like."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hub-forward-"))
        self.clock = Clock(AT)
        self.world = World(self.folder, self.open_database(), self.clock)
        cirts = {name: self.world.cirt(name) for name in NAMES}
        self.followers = {name: Follower(cirt) for name, cirt in cirts.items()}
        parties = [(cirt, "both", "green") for cirt in cirts.values()]
        self.agreement = self.world.agreement(parties, accepted=False, alias="forward")
        self.quiet = 0
        for name in ("a", "b"):
            self.accept(name)

    def open_database(self) -> str:
        """A fresh database."""
        return f"sqlite:///{self.folder / 'hub.db'}"

    def accept(self, name: str) -> None:
        """A party accepts the version in force, if it has a place in it."""
        if self.agreement.party(self.followers[name].cirt.id) is not None:
            self.world.accept(self.followers[name].cirt, self.agreement)
        self.clock.advance(SECOND)

    @precondition(lambda self: self.quiet > 4)
    @rule(name=st.sampled_from(NAMES))
    def withdraw(self, name: str) -> None:
        """A party withdraws."""
        self.world.accept(self.followers[name].cirt, self.agreement, action=Action.WITHDRAW)
        self.clock.advance(SECOND)
        self.quiet = 0

    @rule(name=st.sampled_from(NAMES))
    def join(self, name: str) -> None:
        """A party that stands aside accepts; others have accepted already."""
        cirt = self.followers[name].cirt
        with self.world.hub.database.reading() as tx:
            group = self.world.hub.registries.of(tx).groups[self.agreement.id]
        if self.agreement.digest not in group.acceptances.get(cirt.id, {}):
            self.accept(name)

    @precondition(lambda self: self.quiet > 4)
    @rule(
        places=st.lists(st.sampled_from(("", "green", "amber", "amber+strict")), min_size=3, max_size=3),
        history=st.sampled_from(("all", "from-joining")),
        accepting=st.sets(st.sampled_from(NAMES)),
    )
    def amend(self, places: list[str], history: str, accepting: set[str]) -> None:
        """A new version: other clearances, or no place at all; some accept it at once."""
        parties = [
            {"member": follower.cirt.id, "role": "both", "clearance": clearance}
            for follower, clearance in zip(self.followers.values(), places, strict=True)
            if clearance
        ]
        if not parties:
            return
        former: Agreement = self.agreement
        self.clock.advance(SECOND)
        self.agreement = read_agreement(
            agreement_toml(
                id=former.id,
                proofs=former.proofs,
                alias=former.alias,
                version=former.version + 1,
                parties=parties,
                terms={"history": history},
            )
        )
        self.world.approve(self.agreement)
        self.clock.advance(SECOND)
        for name in sorted({"a", *accepting}):
            self.accept(name)
        self.quiet = 0

    @rule(name=st.sampled_from(NAMES), which=st.sampled_from(OBJECTS), rank=st.sampled_from((1, 1, 2, 2, 3, 0)))
    def publish(self, name: str, which: dict[str, Any], rank: int) -> None:
        """A publication, often of what is held already; refused ones are as good."""
        with suppress(AccessError):
            self.followers[name].cirt.publish(self.agreement, [which], Label(rank).text)
        self.quiet += 1
        self.clock.advance(SECOND)

    @rule(which=st.sampled_from(OBJECTS), rank=st.sampled_from((1, 2)))
    def publish_again(self, which: dict[str, Any], rank: int) -> None:
        """The busiest publisher."""
        self.publish("a", which, rank)

    @invariant()
    def nobody_misses_anything(self) -> None:
        """Each reader polls on; then it holds what a newcomer with its rights would be sent from the beginning."""
        for name, follower in self.followers.items():
            for collection in (self.agreement.id, self.agreement.proofs):
                try:
                    follower.follow(collection)
                except AccessError:
                    continue
                assert set(follower.cirt.poll(collection, match_version=ALL)) <= follower.received[collection], name

    @invariant()
    def every_manifest_is_complete(self) -> None:
        """Who may read a manifest may read everything it lists (publication manifests would be useless otherwise)."""
        for name, follower in self.followers.items():
            try:
                manifests = follower.cirt.poll(self.agreement.proofs)
            except AccessError:
                continue
            held = {
                item_of(json.loads(body)).sha256 for body in follower.cirt.poll(self.agreement.id, match_version=ALL)
            }
            for body in manifests:
                entries = read_manifest(item_of(json.loads(body)), markings=TLP2_MARKINGS).entries
                assert {entry.sha256 for entry in entries} <= held, name

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.world.close()
        shutil.rmtree(self.folder)


SETTINGS = settings(max_examples=20, stateful_step_count=30, deadline=None, phases=[Phase.explicit, Phase.generate])


def test_forward_only_sqlite() -> None:
    """T-21. Red if a start is not after the last position, or a row is not written anew for those who come later."""
    run_state_machine_as_test(Readers, settings=SETTINGS)


def test_forward_only_postgresql(postgres: Cluster) -> None:
    """T-21 on PostgreSQL. Red if `_superseded` compares with rows that the reader cannot see."""

    class OnPostgresql(Readers):
        def open_database(self) -> str:
            return postgres.create_database()

    run_state_machine_as_test(OnPostgresql, settings=settings(SETTINGS, max_examples=4))
