"""How many large bodies are held and worked on at once? F-22: those that fit; the rest are dropped and refused."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.store.errors import Busy
from hub.web.body import BLOCK, BodyTooLarge
from hub.web.room import Room

LIMIT = 3 * BLOCK


def environ(size: int, *, chunked: bool = False) -> dict[str, Any]:
    """A request with a body of so many bytes."""
    length = {"HTTP_TRANSFER_ENCODING": "chunked"} if chunked else {"CONTENT_LENGTH": str(size)}
    return {"wsgi.input": io.BytesIO(b"x" * size), **length}


@pytest.mark.parametrize("chunked", [False, True])
def test_f22_a_body_without_room_is_passed_over_and_refused(*, chunked: bool) -> None:
    """Red if it is kept while it is refused, or left unread: its sender would miss the answer."""
    room, asked = Room(bodies=1), environ(LIMIT, chunked=chunked)
    with room.body(environ(BLOCK + 1), LIMIT) as held:
        assert (len(held), room.held) == (BLOCK + 1, BLOCK + 1)
        with pytest.raises(Busy), room.body(asked, LIMIT):
            pass
        assert room.held == BLOCK + 1
        assert asked["wsgi.input"].read() == b""
        with room.body(environ(BLOCK), LIMIT) as other:
            assert len(other) == BLOCK
    assert room.held == 0


def test_f22_room_is_given_back_whatever_happens() -> None:
    """Red if a refused, failed or cut request keeps its room: the hub would refuse all others for ever."""
    room = Room(bodies=1)
    with pytest.raises(BodyTooLarge), room.body(environ(LIMIT + 1, chunked=True), LIMIT):
        pass
    with pytest.raises(ZeroDivisionError), room.body(environ(LIMIT), LIMIT):
        raise ZeroDivisionError
    assert room.held == 0
    with room.body(environ(LIMIT), LIMIT) as raw:
        assert len(raw) == LIMIT


def test_f22_only_so_many_are_worked_on_at_once() -> None:
    """Red if all that are held are worked on: each takes several times its body meanwhile."""
    room, entered, go = Room(turns=1, seconds=0.05), threading.Event(), threading.Event()

    def work() -> None:
        with room.body(environ(5), LIMIT):
            entered.set()
            go.wait(20)

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(work)
        assert entered.wait(20)
        with pytest.raises(Busy), room.body(environ(5), LIMIT):
            pass
        go.set()
        first.result()
    with room.body(environ(5), LIMIT) as raw:
        assert raw == b"xxxxx"
    assert room.held == 0
