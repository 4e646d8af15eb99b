"""How many large bodies are held and worked on at once? F-22: those that fit; the rest are dropped and refused."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from hub.store.errors import Busy
from hub.web.body import BLOCK, BodyTooLarge
from hub.web.room import Room

LIMIT = 3 * BLOCK
GROUP = "g"
PATIENCE = 20.0  # seconds that a thread waits for the test


def environ(size: int, *, chunked: bool = False) -> dict[str, Any]:
    """A request with a body of so many bytes."""
    length = {"HTTP_TRANSFER_ENCODING": "chunked"} if chunked else {"CONTENT_LENGTH": str(size)}
    return {"wsgi.input": io.BytesIO(b"x" * size), **length}


@pytest.mark.parametrize("chunked", [False, True])
def test_f22_a_body_without_room_is_passed_over_and_refused(*, chunked: bool) -> None:
    """Red if it is kept while it is refused, or left unread: its sender would miss the answer."""
    room, asked = Room(bodies=1), environ(LIMIT, chunked=chunked)
    with room.body(environ(BLOCK + 1), LIMIT, GROUP) as held:
        assert (len(held), room.held) == (BLOCK + 1, BLOCK + 1)
        with pytest.raises(Busy), room.body(asked, LIMIT, GROUP):
            pass
        assert room.held == BLOCK + 1
        assert asked["wsgi.input"].read() == b""
        with room.body(environ(BLOCK), LIMIT, GROUP) as other:
            assert len(other) == BLOCK
    assert room.held == 0


def test_f22_room_is_given_back_whatever_happens() -> None:
    """Red if a refused, failed or cut request keeps its room: the hub would refuse all others for ever."""
    room = Room(bodies=1)
    with pytest.raises(BodyTooLarge), room.body(environ(LIMIT + 1, chunked=True), LIMIT, GROUP):
        pass
    with pytest.raises(ZeroDivisionError), room.body(environ(LIMIT), LIMIT, GROUP):
        raise ZeroDivisionError
    assert room.held == 0
    with room.body(environ(LIMIT), LIMIT, GROUP) as raw:
        assert len(raw) == LIMIT


@contextmanager
def working(room: Room, *groups: str) -> Iterator[Callable[[int, type[Exception] | None], None]]:
    """A publication of each group is worked on; call it to end the n-th, with an error if one is given."""
    ends = [Future[type[Exception] | None]() for _ in groups]
    entered = threading.Semaphore(0)

    def work(group: str, end: Future[type[Exception] | None]) -> None:
        with suppress(ZeroDivisionError, Busy), room.body(environ(5), LIMIT, group):
            entered.release()
            if error := end.result(PATIENCE):
                raise error("it ends so")

    with ThreadPoolExecutor() as threads:
        for group, end in zip(groups, ends, strict=True):
            threads.submit(work, group, end)
            assert entered.acquire(timeout=PATIENCE)
        try:
            yield lambda number, error: ends[number].set_result(error)
        finally:
            for end in ends:
                if not end.done():
                    end.set_result(None)


def begins(room: Room, group: str) -> bool:
    """Whether a further publication of a group is worked on, or told to come back."""
    with suppress(Busy), room.body(environ(5), LIMIT, group) as raw:
        assert raw == b"xxxxx"
        return True
    return False


def test_f22_only_so_many_are_worked_on_at_once() -> None:
    """Red if all that are held are worked on: each takes several times its body meanwhile."""
    room = Room(turns=2, every=3, seconds=0.05)
    with working(room, "g", "h", "i"):
        assert [begins(room, group) for group in "ghj"] == [False, False, False]
        assert room.held == 3 * 5
    assert [begins(room, group) for group in "ghj"] == [True, True, True]
    assert room.held == 0


def test_f11_one_group_never_has_every_turn() -> None:
    """Red if publications that wait for their group, held by somebody in the database, keep all others waiting."""
    room = Room(turns=2, every=3, seconds=0.05)
    with working(room, "g", "g"):
        assert [begins(room, group) for group in "gh"] == [False, True]
    assert begins(room, "g")


@pytest.mark.parametrize(
    ("error", "told"), [(Busy, [False, True]), (ZeroDivisionError, [True, True]), (None, [True, True])]
)
def test_f12_who_stands_behind_one_that_waited_in_vain_comes_back_with_it(
    error: type[Exception] | None, told: list[bool]
) -> None:
    """Red if each of a line waits as long as the first did, one after the other, for what is not to be had."""
    room = Room(turns=1, every=2, seconds=PATIENCE)
    with working(room, "g", "h") as end, ThreadPoolExecutor() as threads:
        asked = threads.submit(begins, room, "g"), threads.submit(begins, room, "h")
        while waiting(room) < 2:
            assert not any(each.done() for each in asked)
        end(0, error)
        assert asked[0].result(PATIENCE) is told[0]
        assert not asked[1].done(), "the other group is none of it"
        end(1, None)
        assert asked[1].result(PATIENCE) is told[1]


def waiting(room: Room) -> int:
    """How many wait for a turn."""
    return len(room._turns._changed._waiters)  # type: ignore[attr-defined]
