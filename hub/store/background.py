"""What is done beside answering? An act in a thread of its own, every so often, until the process ends."""

import threading
from collections.abc import Callable
from time import perf_counter

import structlog

from hub import measures

from .errors import StoreError

log = structlog.get_logger("hub.store")


class Repeated:
    """An act that is done every so many seconds from `start` to `stop`; an error ends one turn only, and is counted."""

    def __init__(self, name: str, seconds: float, act: Callable[[], object]) -> None:
        self._name = name
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
        times, failures = measures.BACKGROUND.labels(self._name), measures.FAILURES.labels(self._name)
        while not self._stopped.wait(self._seconds):
            begun = perf_counter()
            try:
                self._act()
            except StoreError:
                failures.inc()  # busy or away: the next turn does it
            except Exception:  # a thread that ended would leave its act undone without a word
                failures.inc()
                log.exception("failed", act=self._name)
            finally:
                times.observe(perf_counter() - begun)
