"""Where can a publication be stopped? A database that halts at named points of a writing transaction.

The hub takes it like any other `Database`; nothing in the hub knows of it. A publication that is halted between
stamping and commit holds what the real one holds at that moment: the lock, the rows, the positions.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from enum import StrEnum
from typing import Any

from hub import publish
from hub.running import Hub
from hub.store.engine import Database, Tx
from hub.store.registry import Registries
from policies.agreement import Agreement
from support.world import Cirt, World

PATIENCE = 20.0  # seconds until a halted publication gives up waiting for its test


class Point(StrEnum):
    """The points of a writing transaction at which it can be halted or broken off."""

    BEFORE_LOCK = "before the lock"
    STAMPED = "between stamping and commit"
    COMMITTED = "after the commit, before the answer"


class Halt:
    """Call it to wait: `reached` tells the test that somebody does, `go` lets them on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()

    def __call__(self) -> None:
        """Wait for the test."""
        self.reached.set()
        if not self.go.wait(PATIENCE):
            raise TimeoutError("the test never let the publication go on")

    def wait(self) -> None:
        """Wait, in the test, until a publication has come here."""
        assert self.reached.wait(PATIENCE), "no publication came to this point"


class Failpoints(Database):
    """A database that does what `at` says whenever one of its writing transactions passes a point."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.at: dict[Point, Callable[[], None]] = {}

    def _pass(self, point: Point) -> None:
        self.at.get(point, lambda: None)()

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """As of `Database`, with the points."""
        self._pass(Point.BEFORE_LOCK)
        with super().writing() as tx:
            yield tx
            self._pass(Point.STAMPED)
        self._pass(Point.COMMITTED)


class Second:
    """A second hub over the database of the first, as in another process, with failpoints."""

    def __init__(self, hub: Hub) -> None:
        self.database = Failpoints(hub.settings.database)
        self.hub = replace(hub, database=self.database, registries=Registries())
        self._threads = ThreadPoolExecutor()

    def accept(self, cirt: Cirt, agreement: Agreement, raw: bytes) -> dict[str, Any]:
        """Publish here."""
        return publish.accept(self.hub, cirt.account, agreement.id, raw)

    def start(self, cirt: Cirt, agreement: Agreement, raw: bytes, point: Point) -> tuple[Halt, Future[dict[str, Any]]]:
        """Publish in the background and come back when the publication stands at the point."""
        halt = self.database.at[point] = Halt()
        future = self._threads.submit(self.accept, cirt, agreement, raw)
        halt.wait()
        del self.database.at[point]
        return halt, future

    def close(self) -> None:
        """Let go of the database."""
        self._threads.shutdown()
        self.database.close()


def until_it_waits(world: World, waiting: Future[Any]) -> None:
    """Come back when a publication waits for the lock of another one; a SQLite file does not tell who waits for it."""
    while True:
        with suppress(TimeoutError):
            raise AssertionError(f"it did not wait: {waiting.result(0.2)}")
        with world.hub.database.reading() as tx:
            if not tx.postgresql or tx.row("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                return
