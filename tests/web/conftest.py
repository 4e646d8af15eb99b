"""A stage on each engine: one a module for tests that only look, a fresh one for tests that change it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.postgres import Cluster
from support.stage import Stage, indicator, open_stage


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a stage with ten green and three amber indicators of ALPHA's, the first of them in two versions."""
    folder = tmp_path_factory.mktemp("stage")
    cluster: Cluster | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    url = cluster.create_database() if cluster else f"sqlite:///{folder / 'hub.db'}"
    stage = open_stage(folder, url)
    stage.publish("alpha", [indicator(number) for number in range(10)])
    stage.publish("alpha", [indicator(number) for number in range(20, 23)], "amber")
    stage.publish("alpha", [indicator(0, modified="2026-11-20T08:00:00.000Z", name="Lure 0, seen again")])
    stage.publish("charlie", [indicator(900)], group=stage.second)
    yield stage
    stage.world.close()
    if cluster:
        cluster.drop_database(url)


@pytest.fixture
def fresh(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """Give an empty stage that a test may change."""
    stage = open_stage(tmp_path / "hub", database_url)
    yield stage
    stage.world.close()
