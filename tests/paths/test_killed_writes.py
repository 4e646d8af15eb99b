"""What becomes of a publication that is killed between two writes to SQLite's files? F-02, by strace."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.invariants import Group, check, group_of
from support.served import PATIENCE, Serving, serving
from support.tracing import killed_at_write


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    """Give a group on a served hub over SQLite, with one publication in it."""
    with serving(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}") as hub:
        group = group_of(hub)
        group.post(group.make())
        yield group


def worker(hub: Serving) -> int:
    """The process that answers."""
    _, pid = hub.first.pids()
    return pid


def survives(group: Group, number: int) -> bool:
    """Publish, be killed at the n-th write to the log, start again, post the same again; whether nobody was killed."""
    hub, sent = group.hub, group.make()
    with killed_at_write(worker(hub), number, hub.folder / "hub.db-wal", hub.folder / "strace"):
        try:
            group.post(sent)
        except requests.ConnectionError:
            hub.restart()
    killed = sent.status is None
    if killed:
        group.post(sent)
    check(group)
    return not killed


@pytest.mark.parametrize("number", [1, 20])
def test_f02_killed_at_a_write_to_the_log(group: Group, number: int) -> None:
    """F-02. Red if a publication is committed in parts, its pages are read before that, or the log is not replayed."""
    assert not survives(group, number)


@pytest.mark.long
@pytest.mark.parametrize("number", [2, 3, 5, 8, 12, 25, 30])
def test_f02_killed_at_further_writes_to_the_log(group: Group, number: int) -> None:
    """F-02. Red as above, at whichever write."""
    assert not survives(group, number)


@pytest.mark.long
def test_f02_a_publication_makes_fewer_writes_than_this(group: Group) -> None:
    """F-02: it survives. Red if the numbers above are no longer spread over a whole publication."""
    assert survives(group, 80)


@pytest.mark.long
@pytest.mark.parametrize("number", [1, 5, 12])
def test_f02_killed_within_a_checkpoint(group: Group, number: int) -> None:
    """F-02: the log is being copied into the file. Red if the log is gone, or left out, before all of it is copied."""
    hub = group.hub
    pid = worker(hub)
    with killed_at_write(pid, number, hub.folder / "hub.db", hub.folder / "strace"):
        group.post(group.make())
        deadline = time.monotonic() + PATIENCE
        while pid in hub.first.pids():
            assert time.monotonic() < deadline, "no checkpoint came by"
            time.sleep(0.05)
    hub.restart()
    check(group)
