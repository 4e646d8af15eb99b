"""A hub behind doors on each engine, with members who work by `cirt`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.members import Neighbourhood, neighbourhood


@pytest.fixture
def hood(tmp_path: Path, database_url: str) -> Iterator[Neighbourhood]:
    """Give a hub without members."""
    with neighbourhood(tmp_path, database_url) as hood:
        yield hood


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Neighbourhood]:
    """Give the same on SQLite alone, for what does not touch the hub's database."""
    with neighbourhood(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}") as hood:
        yield hood
