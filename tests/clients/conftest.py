"""A second server over each served hub, with small limits, so that clients meet them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.members import Neighbourhood, neighbourhood
from support.served import Serving

SMALL_BODY = 2 << 20


@pytest.fixture(scope="session")
def small(served: Serving) -> Iterator[str]:
    """Give the address of a server over the same database: five objects a page, 2 MiB a body."""
    with served.start(page_objects="5", max_content_length=str(SMALL_BODY)) as server:
        yield server.url


@pytest.fixture
def hood(tmp_path: Path, database_url: str) -> Iterator[Neighbourhood]:
    """Give a hub without members, whose members work by `cirt`."""
    with neighbourhood(tmp_path, database_url) as hood:
        yield hood


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Neighbourhood]:
    """Give the same on SQLite alone, for what never reaches the hub."""
    with neighbourhood(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}") as hood:
        yield hood
