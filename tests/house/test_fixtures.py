"""Do the tests' own foundations hold: fresh databases, a server that can be killed, and no skipped test?"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from support.clock import SECOND, Clock
from support.postgres import Cluster, NoPostgres, binaries

TESTS = Path(__file__).resolve().parents[1]
SKIPPING = """
import pytest
def test_skips(): pytest.skip("inside")
@pytest.mark.skip(reason="marked")
def test_marked(): pass
@pytest.mark.xfail(reason="known")
def test_known(): assert False
def test_passes(): pass
"""


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_a_fresh_database(database_url: str, turn: int) -> None:
    """Red if `create_database` is called once a session: the table is then already there on the second turn."""
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE things (turn INTEGER)"))
        connection.execute(sa.text("INSERT INTO things VALUES (:turn)"), {"turn": turn})
        assert connection.execute(sa.text("SELECT turn FROM things")).all() == [(turn,)]
    engine.dispose()


def test_what_was_committed_survives_a_killed_server() -> None:
    """F-05. Red with synchronous_commit=off: committed rows may then be lost with the server."""
    with Cluster() as cluster:
        with cluster.connect() as before:
            assert before.execute("SHOW synchronous_commit").fetchone() == ("on",)
            before.execute("CREATE TABLE kept (n int)")
            before.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
            cluster.kill9()
        cluster.start()
        cluster.restart()
        with cluster.connect() as after:
            assert after.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    assert not cluster.home.exists()


def test_the_wheel_stands_in_where_the_system_has_no_postgresql(tmp_path: Path) -> None:
    """Red if `binaries` forgets the wheel, or the wheel's server is not started under another uid than root's."""
    with Cluster(binaries(tmp_path)) as cluster, cluster.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_newest_server_is_taken(tmp_path: Path) -> None:
    """Red if versions are compared as text: 9 would then be newer than 17."""
    for version in ("9", "17", "16", "old"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "postgres").touch()
    assert binaries(tmp_path) == tmp_path / "17" / "bin"


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """Red if a failed initdb is ignored: the test would wait for a server that never answers."""
    tmp_path.joinpath("bin").mkdir()
    for program in ("initdb", "postgres"):
        shutil.copy("/bin/false", tmp_path / "bin" / program)
    with pytest.raises(NoPostgres, match="initdb failed"):
        Cluster(tmp_path / "bin")


def test_a_skipped_test_counts_as_failed(tmp_path: Path) -> None:
    """Red if the hooks of conftest.py go: the run would then end with success."""
    shutil.copy(TESTS / "conftest.py", tmp_path)
    tmp_path.joinpath("test_it.py").write_text(SKIPPING, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    options = [
        "-o",
        f"pythonpath={TESTS} {TESTS.parent}",
        "--import-mode=importlib",
        "--rootdir",
        str(tmp_path),
        str(tmp_path / "test_it.py"),
    ]
    done = subprocess.run([*command, *options], check=False, capture_output=True, cwd=tmp_path)
    assert done.returncode == 1
    assert b"1 passed" in done.stdout
    assert b"skipped, " not in done.stdout
    assert b"xfailed" not in done.stdout


def test_the_clock_moves_only_by_hand(clock: Clock) -> None:
    """Red if the clock reads the machine's time."""
    first = clock()
    assert (clock(), clock.advance(SECOND), clock()) == (first, first + SECOND, first + SECOND)
