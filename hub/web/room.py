"""How many large bodies does a process hold, and work on, at once? As many as it has room for; the rest come back.

A publication being worked on takes several times its body. Whoever finds no room is told so when the body has been
passed over, without any of it being kept: one who is answered earlier might miss the answer while still sending.

Who is worked on may have to wait for its group, which somebody else holds in the database: so one group never has
every turn, and whoever stands in line behind one that waited in vain is told to come back with it.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hub.store.errors import Busy

from .answers import Environ
from .body import read_body

#: Bodies of the largest size that are held at once, read or being read, by one process.
BODIES: Final = 8
#: Publications into one group that are worked on at once, by one process: one computes, another waits for the disk.
TURNS: Final = 2
#: The same into all groups: while those of one group wait for it, the others go on.
ALL_TURNS: Final = 3
#: The longest wait for a turn: as long as the bodies ahead of it can take on a slow machine.
TURN_SECONDS: Final = 20.0


class Room:
    """The room of one process; `held` is how many bytes of bodies are in it."""

    def __init__(
        self, bodies: int = BODIES, turns: int = TURNS, every: int = ALL_TURNS, seconds: float = TURN_SECONDS
    ) -> None:
        self.held = 0
        self._bodies = bodies
        self._lock = threading.Lock()
        self._turns = Turns(turns, every, seconds)

    @contextmanager
    def body(self, environ: Environ, limit: int, group: str) -> Iterator[bytes]:
        """The body of a request for a group, at most `limit` bytes, held until the block ends, entered in its turn.

        Raises `Busy` where there is no room or no turn, and what `read_body` raises.
        """
        share = Share(self, self._bodies * limit)
        try:
            raw = read_body(environ, limit, share.take)
            if share.refused:
                raise Busy("the hub holds as many large publications as it has room for; try again in a moment")
            with self._turns.one(group):
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


class Turns:
    """Who is worked on now: so many of one group, so many in all, and nobody waits longer than `seconds`."""

    def __init__(self, turns: int, every: int, seconds: float) -> None:
        self._turns, self._every, self._seconds = turns, every, seconds
        self._changed = threading.Condition()
        self._working: Counter[str] = Counter()
        self._in_vain: Counter[str] = Counter()

    @contextmanager
    def one(self, group: str) -> Iterator[None]:
        """A turn for the block. Raises `Busy` if none comes in time, or one of the group ends so meanwhile."""
        self._take(group)
        vain = 0
        try:
            yield
        except Busy:
            vain = 1
            raise
        finally:
            with self._changed:
                self._working[group] -= 1
                self._in_vain += Counter({group: vain})
                self._working += Counter()  # without those that are at nothing
                self._changed.notify_all()

    def _take(self, group: str) -> None:
        deadline = time.monotonic() + self._seconds
        with self._changed:
            before = self._in_vain.get(group, 0)
            while self._working[group] >= self._turns or self._working.total() >= self._every:
                self._changed.wait(deadline - time.monotonic())
                if self._in_vain.get(group, 0) != before or time.monotonic() >= deadline:
                    raise Busy("other publications are being worked on; try again in a moment")
            self._working[group] += 1


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
