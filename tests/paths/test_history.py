"""Is anything lost while the hub is killed and started again? Recorded histories, judged; and the judge is judged."""

from pathlib import Path

import pytest

from support.breaking import faulty, stress
from support.deadly import STAMPED_EARLY
from support.history import History
from support.history_run import Kind

ENGINES = ("sqlite", "postgresql")
SOUND = {"lost": 0, "twice": 0, "unknown": 0, "parted": 0}


def test_the_judge_finds_each_fault() -> None:
    """Red if a history with a loss, a repetition, a stranger or half a publication is found to be sound."""
    history = History()
    for name, ids in {"one": ["a", "b"], "two": ["c"], "never acknowledged": ["d"]}.items():
        history.post(name, ids)
    history.acknowledge("one")
    history.acknowledge("two")
    for poller, ids in {
        "sound": ["a", "b", "c"],
        "sound, and told what was not acknowledged": ["a", "b", "d", "c"],
        "loses": ["a", "b"],
        "repeats": ["a", "b", "c", "a"],
        "strange": ["a", "b", "c", "x"],
        "parts": ["b", "c"],
    }.items():
        history.receive(poller, ids)
    history.receive("overlaps", ["a", "b", "b", "c"], overlapping=True)
    history.receive("empty", [])
    found = history.judge()
    assert found.acknowledged == 3
    assert {k: v for k, v in found.lost.items() if v} == {"loses": ["c"], "parts": ["a"], "empty": ["a", "b", "c"]}
    assert {k: v for k, v in found.twice.items() if v} == {"repeats": ["a"]}
    assert {k: v for k, v in found.unknown.items() if v} == {"strange": ["x"]}
    assert {k: v for k, v in found.parted.items() if v} == {"parts": ["one"]}
    assert found.faults == {"lost": 5, "twice": 1, "unknown": 1, "parted": 1}


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_lost_with_kills_and_restarts(engine: str, tmp_path: Path) -> None:
    """Four publishers, three kinds of pollers, two servers; one of them, and the database, killed and started again.

    Red if anything acknowledged is lost, anything comes twice or in part: see the two tests below for what does it.
    """
    found = stress(tmp_path, engine, rounds=2)
    assert found.acknowledged > 0
    assert found.faults == SOUND, found


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
def test_the_judge_finds_a_server_that_stamps_early(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known fault, served. Red if the run above could not have seen it."""
    monkeypatch.setenv(STAMPED_EARLY, "1")
    found = faulty(tmp_path, engine, publications=25, server=True)
    assert found.acknowledged == 400
    assert found.faults["lost"] > 0, found.faults


@pytest.mark.long
def test_the_judge_finds_a_poller_that_goes_by_its_own_clock(tmp_path: Path) -> None:
    """Red if the judge does not tell the poller that loses from those that do not."""
    found = faulty(tmp_path, "sqlite", publications=25, server=False)
    assert [kind for kind, lost in found.lost.items() if lost] == [Kind.OWN_CLOCK], found.faults
