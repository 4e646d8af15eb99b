"""A hub on each engine, with operators, for the tests of the acts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.acts import Actor
from hub.credentials import add_operator
from support.clock import Clock
from support.stix_objects import AT
from support.world import World

SHELL = Actor("", "root")


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """Give one hub with a still clock, without members, with the operators alice and bob."""
    world = World(tmp_path / "hub", database_url, Clock(AT))
    with world.hub.database.writing() as tx:
        for name in ("alice", "bob"):
            add_operator(tx, world.hub.secret, name, SHELL, at=world.clock())
    yield world
    world.close()
