"""How does a run that goes on for ever end? At once where it only waits; after the page where one is being written."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal asked this run to end. No error: nothing that goes on after errors may catch it."""


class Stop:
    """Whether SIGINT or SIGTERM came; what is shielded is finished first.

    The first signal ends the run in order. From then on the signals do what they did before, so that a second one ends
    a run that hangs.
    """

    def __init__(self) -> None:
        self._asked = False
        self._shields = 0
        self._before: dict[signal.Signals, object] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Raise `Stopped` in the block when a signal comes. To be entered in the main thread."""
        for each in _SIGNALS:
            self._before[each] = signal.signal(each, self._take)
        try:
            yield
        finally:
            self._restore()

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """A block that is finished before `Stopped` is raised."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        if self._asked and not self._shields:
            raise Stopped

    def _take(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True
        self._restore()
        if not self._shields:
            raise Stopped

    def _restore(self) -> None:
        while self._before:
            each, handler = self._before.popitem()
            signal.signal(each, handler)  # type: ignore[arg-type]  # what signal() itself gave back
