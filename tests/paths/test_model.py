"""Members, labels, publications, acceptances and polls, in any order, against the reference model."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from feeds.taxii_query import VersionFilter
from hub.access import AccessError
from keys.acceptance import Action
from keys.envelope import item_of
from policies.labels import Label
from support.clock import Clock
from support.model import Content, Member, Model
from support.postgres import Cluster
from support.stix_objects import AT, indicator, observable
from support.world import World

NAMES = ("a", "b", "c")
CLEARANCES = {"a": 3, "b": 1, "c": 2}
FILTERS = {"all": VersionFilter(all=True), "last": VersionFilter(last=True), "first": VersionFilter(first=True)}

names = st.sampled_from(NAMES)
ranks = st.integers(0, 3)
uuids = st.sampled_from(("8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "4c1d2f7e-0a4b-4b57-9d7b-5a9e0c6d1a22"))


class Group(RuleBasedStateMachine):
    """One group of three members; every rule acts on the hub and on the model alike."""

    database_url: str

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hub-model-"))
        url = self.open_database()
        self.clock = Clock(AT)
        self.world = World(self.folder, url, self.clock)
        self.cirts = {name: self.world.cirt(name) for name in NAMES}
        parties = [(cirt, "both", Label(CLEARANCES[name]).text) for name, cirt in self.cirts.items()]
        self.agreement = self.world.agreement(parties, accepted=False, terms={"history": "from-joining"})
        self.model = Model({name: Member(CLEARANCES[name]) for name in NAMES})

    def open_database(self) -> str:
        """A fresh database."""
        return f"sqlite:///{self.folder / 'hub.db'}"

    @rule(name=names)
    def accept(self, name: str) -> None:
        """A party accepts the version in force."""
        self.world.accept(self.cirts[name], self.agreement)
        self.model.accept(name)

    @rule(name=names)
    def withdraw(self, name: str) -> None:
        """A party that has accepted withdraws."""
        if self.model.members[name].accepted:
            self.world.accept(self.cirts[name], self.agreement, action=Action.WITHDRAW)
            self.model.withdraw(name)

    @rule(name=names, rank=ranks, uuid=uuids, version=st.integers(0, 3), words=st.sampled_from("xy"))
    def publish_versioned(self, name: str, rank: int, uuid: str, version: int, words: str) -> None:
        """A member publishes a version of an indicator; two texts of one version conflict on its shelf."""
        value = indicator(
            id=f"indicator--{uuid}", modified=f"2026-11-20T10:0{version}:00.000Z", name=words, object_marking_refs=None
        )
        self.publish(name, rank, {key: part for key, part in value.items() if part is not None}, version)

    @rule(name=names, rank=ranks, uuid=uuids, words=st.sampled_from("xy"))
    def publish_unversioned(self, name: str, rank: int, uuid: str, words: str) -> None:
        """A member publishes an observable, which has no version: other bytes are a further one."""
        self.publish(name, rank, observable("domain-name", id=f"domain-name--{uuid}", value=f"{words}.example"), None)

    def publish(self, name: str, rank: int, value: dict[str, Any], version: int | None) -> None:
        """Publish one object on both sides; both must take it or refuse it."""
        item = item_of(value)
        content = Content(name, item.id, version, item.canonical)
        self.clock.advance(1)
        if not self.model.members[name].accepted:
            with pytest.raises(AccessError):
                self.cirts[name].publish(self.agreement, [item], Label(rank).text)
            return
        status = self.cirts[name].publish(self.agreement, [item], Label(rank).text)
        expected = self.model.refusal(content)
        told = [failure["message"].partition(":")[0] for failure in status.get("failures", ())]
        assert (expected in told) if expected else not told, (expected, status)
        if not expected:
            self.model.publish(content, rank)

    @invariant()
    def everyone_receives_what_the_model_says(self) -> None:
        """All, last and first, for every member; nothing twice."""
        for name, cirt in self.cirts.items():
            if not self.model.members[name].accepted:
                with pytest.raises(AccessError):
                    cirt.poll(self.agreement.id)
                continue
            received = {kind: cirt.poll(self.agreement.id, match_version=chosen) for kind, chosen in FILTERS.items()}
            assert sorted(received["all"]) == self.model.every(name), name
            for kind in ("last", "first"):
                versioned = sorted(body for body in received[kind] if json.loads(body)["type"] == "indicator")
                assert versioned == self.model.edge(name, last=kind == "last"), (name, kind)

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.world.close()
        shutil.rmtree(self.folder)


SETTINGS = settings(max_examples=8, stateful_step_count=20, deadline=None, phases=[Phase.explicit, Phase.generate])


def test_model_sqlite() -> None:
    """The hub and the model agree on SQLite. Red if `_relate` in hub/placement.py swaps newer and older."""
    run_state_machine_as_test(Group, settings=SETTINGS)


def test_model_postgresql(postgres: Cluster) -> None:
    """The hub and the model agree on PostgreSQL. Red if a page's statement drops a rank's start."""

    class OnPostgresql(Group):
        def open_database(self) -> str:
            return postgres.create_database()

    run_state_machine_as_test(OnPostgresql, settings=settings(SETTINGS, max_examples=4))


@pytest.mark.long
def test_model_long() -> None:
    """The same over long chains. Red as above, where it takes many steps to come to it."""
    run_state_machine_as_test(Group, settings=settings(SETTINGS, max_examples=150, stateful_step_count=60))


@pytest.mark.long
def test_model_long_postgresql(postgres: Cluster) -> None:
    """The same on PostgreSQL."""

    class OnPostgresql(Group):
        def open_database(self) -> str:
            return postgres.create_database()

    run_state_machine_as_test(OnPostgresql, settings=settings(SETTINGS, max_examples=40, stateful_step_count=60))
