"""Which clients stand still? The MineMeld row of clients: a hint in the log, and nobody refused."""

import pytest
from structlog.testing import capture_logs

from hub.store import standing
from hub.store.standing import TIMES, Standing


def test_the_same_page_in_a_row_is_said_less_and_less_often() -> None:
    """Red if it is never said, every fifty times for ever (a client in a hurry fills the log), or without names."""
    with capture_logs() as said:
        found = Standing()
        assert [found.note("a", 1, 2, member="m", collection="c") for _ in range(7 * TIMES)] == [
            *range(1, 7 * TIMES + 1)
        ]
    assert [(line["times"], line["member"], line["collection"]) for line in said] == [
        (TIMES, "m", "c"),
        (2 * TIMES, "m", "c"),
        (4 * TIMES, "m", "c"),
    ]


def test_clients_that_go_on_are_not_named() -> None:
    """Red if pages of two pollers, pages that share only their begin or their end, or empty ones count as one page."""
    with capture_logs() as said:
        found = Standing()
        for turn in range(3 * TIMES):
            assert found.note("a", turn, turn + 1) == 1
            assert found.note("b", turn % 2, 2 + turn % 2) == 1
            assert found.note("c", 5, 0) == 0
            assert found.note("d", 5, 6 + turn) == 1
            assert found.note("e", turn, 3 * TIMES) == 1
    assert said == []


def test_pollers_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Red if it grows with everybody who ever polled, or forgets one who polls now."""
    monkeypatch.setattr(standing, "MOST", 3)
    found = Standing()
    for poller, times in [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("d", 1), ("a", 3), ("b", 1)]:
        assert found.note(poller, 1, 2) == times
    assert list(found._last) == ["d", "a", "b"]
