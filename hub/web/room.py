"""How many large bodies does a process hold, and work on, at once? As many as it has room for; the rest come back.

A publication being worked on takes several times its body. Whoever finds no room is told so when the body has been
passed over, without any of it being kept: one who is answered earlier might miss the answer while still sending.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hub.store.errors import Busy

from .answers import Environ
from .body import read_body

#: Bodies of the largest size that are held at once, read or being read, by one process.
BODIES: Final = 8
#: Publications that are worked on at once, by one process: one computes while another waits for the disk.
TURNS: Final = 2
#: The longest wait for a turn: as long as the bodies ahead of it can take on a slow machine.
TURN_SECONDS: Final = 20.0


class Room:
    """The room of one process; `held` is how many bytes of bodies are in it."""

    def __init__(self, bodies: int = BODIES, turns: int = TURNS, seconds: float = TURN_SECONDS) -> None:
        self.held = 0
        self._bodies, self._seconds = bodies, seconds
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(turns)

    @contextmanager
    def body(self, environ: Environ, limit: int) -> Iterator[bytes]:
        """The body of a request, at most `limit` bytes, held until the block ends, which is entered in its turn.

        Raises `Busy` where there is no room or no turn, and what `read_body` raises.
        """
        share = Share(self, self._bodies * limit)
        try:
            raw = read_body(environ, limit, share.take)
            if share.refused:
                raise Busy("the hub holds as many large publications as it has room for; try again in a moment")
            with self._turn():
                yield raw
        finally:
            self.change(-share.taken, 0)

    def change(self, size: int, most: int) -> bool:
        """Take so many bytes of room, of `most` in all, or give them back (`size` < 0); whether they were to be had."""
        with self._lock:
            if size > 0 and self.held + size > most:
                return False
            self.held += size
            return True

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=self._seconds):
            raise Busy("other publications are being worked on; try again in a moment")
        try:
            yield
        finally:
            self._turns.release()


class Share:
    """What one request takes of the room."""

    def __init__(self, room: Room, most: int) -> None:
        self.taken = 0
        self.refused = False
        self._room, self._most = room, most

    def take(self, size: int) -> bool:
        """Take room for so many more bytes; after a refusal what was taken is given back, and no more is."""
        if not self.refused and self._room.change(size, self._most):
            self.taken += size
            return True
        self._room.change(-self.taken, 0)
        self.refused, self.taken = True, 0
        return False


#: One process has one memory, whatever hub stands in it.
ROOM: Final = Room()
