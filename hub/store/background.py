"""What is done beside answering? An act in a thread of its own, every so often, until the process ends."""

import threading
from collections.abc import Callable

from .errors import StoreError


class Repeated:
    """An act that is done every so many seconds from `start` to `stop`; a `StoreError` ends one turn only."""

    def __init__(self, name: str, seconds: float, act: Callable[[], object]) -> None:
        self._seconds = seconds
        self._act = act
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first turn comes after the first wait."""
        self._thread.start()

    def stop(self) -> None:
        """Let the turn under way end, for at most ten seconds; harmless where nothing was started."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._act()
            except StoreError:
                continue
