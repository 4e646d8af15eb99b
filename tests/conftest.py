"""What may every test ask for? Both database engines, a clock, the real bundles; and no test is ever skipped."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from support.clock import Clock
from support.members import Neighbourhood, neighbourhood
from support.postgres import Cluster
from support.served import Serving, serving

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("sqlite", "postgresql")
REAL_DATA = "REAL_DATA"
if given := os.environ.pop("HUB_REAL_DATA", None):
    os.environ[REAL_DATA] = given  # a hub started by a test would refuse a setting that is none of its own

settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("long", settings.get_profile("ci"), derandomize=False, max_examples=2_000)
settings.load_profile("ci")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped or xfailed test into a failed one: what did not run has not passed."""
    report = yield
    _no_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module skipped while it is collected into an error, for the same reason."""
    report = yield
    _no_skip(report)
    return report


def _no_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped or hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"tests are not skipped or expected to fail here: {why}"
        report.__dict__.pop("wasxfail", None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """Give one PostgreSQL server to this session (to each worker of pytest-xdist its own)."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give a fresh, empty database: every test that asks runs once on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'hub.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create_database()
    yield url
    cluster.drop_database(url)


@pytest.fixture(scope="session", params=ENGINES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Give `cirt-hub serve` on each engine, one for the session: every test makes members and groups of its own."""
    folder = tmp_path_factory.mktemp("served")
    cluster: Cluster | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    url = cluster.create_database() if cluster else f"sqlite:///{folder / 'hub.db'}"
    with serving(folder, url) as hub:
        yield hub
    if cluster:
        cluster.drop_database(url)


@pytest.fixture
def hood(tmp_path: Path, database_url: str) -> Iterator[Neighbourhood]:
    """Give a hub without members, behind doors on each engine; its members work by `cirt`."""
    with neighbourhood(tmp_path, database_url) as hood:
        yield hood


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Neighbourhood]:
    """Give the same on SQLite alone, for what does not touch the hub's database."""
    with neighbourhood(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}") as hood:
        yield hood


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still until the test moves it."""
    return Clock()


@pytest.fixture(scope="session")
def real_bundles() -> list[Path]:
    """Give the STIX bundles to try: the project's own samples, and those in the folder HUB_REAL_DATA names."""
    folders = [ROOT / "feeds" / "samples"]
    if more := os.environ.get(REAL_DATA):
        folders.append(Path(more))
    return [path for folder in folders for path in sorted(folder.glob("*.json"))]
