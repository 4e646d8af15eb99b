"""A world on each engine, for the tests of whole paths; with its doors open where HTTP matters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clock import Clock
from support.failpoints import Second
from support.postgres import Cluster
from support.stage import Stage, open_stage
from support.stix_objects import AT
from support.world import World


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """Give one hub with a still clock, without members."""
    world = World(tmp_path / "hub", database_url, Clock(AT))
    yield world
    world.close()


@pytest.fixture
def second(world: World) -> Iterator[Second]:
    """Give a second hub over the same database, with failpoints."""
    second = Second(world.hub)
    yield second
    second.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """Give members, two groups and open doors; nothing published yet."""
    stage = open_stage(tmp_path / "stage", database_url)
    yield stage
    stage.world.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lasting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a stage for all tests of a module: each uses objects of its own and leaves the members as they are."""
    folder = tmp_path_factory.mktemp("lasting")
    cluster: Cluster | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    url = cluster.create_database() if cluster else f"sqlite:///{folder / 'hub.db'}"
    stage = open_stage(folder, url)
    yield stage
    stage.world.close()
    if cluster:
        cluster.drop_database(url)
