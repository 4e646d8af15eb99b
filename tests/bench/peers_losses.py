"""Who loses what? Four publishers at once, one poller that goes on from the last date; the history is kept and checked.

The poller does what the simplest real ones do: it asks with `added_after` and moves to X-TAXII-Date-Added-Last.
"""

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from bench.clients import Unexpected
from bench.load import Load
from bench.peers_clients import Line
from bench.peers_sides import Side, versioned

PAGE = 100
QUIET = 5  # empty polls after the last publication


@dataclass(slots=True)
class History:
    """What happened, as it was seen from outside.

    Attributes:
        acknowledged: ids of a publication that was answered with success, and when (seconds).
        refused: publications answered otherwise, or not at all.
        delivered: ids of a page, and when.
    """

    acknowledged: list[tuple[float, list[str]]] = field(default_factory=list)
    refused: list[tuple[float, str]] = field(default_factory=list)
    delivered: list[tuple[float, list[str]]] = field(default_factory=list)

    def lost(self) -> list[str]:
        """Ids that were acknowledged and never delivered."""
        got = {each for _, ids in self.delivered for each in ids}
        return sorted({each for _, ids in self.acknowledged for each in ids} - got)

    def twice(self) -> list[str]:
        """Ids that were delivered more than once."""
        times = Counter(each for _, ids in self.delivered for each in ids)
        return sorted(each for each, count in times.items() if count > 1)

    @property
    def objects(self) -> int:
        """How many objects were acknowledged."""
        return sum(len(ids) for _, ids in self.acknowledged)

    def keep(self, path: Path) -> None:
        """Write it as JSON."""
        told: dict[str, Any] = {"acknowledged": self.acknowledged, "refused": self.refused}
        path.write_text(json.dumps(told | {"delivered": self.delivered}, indent=1), encoding="utf-8")


def _publishing(side: Side, place: int, load: Load, publications: int, size: int, history: History) -> None:
    line = Line(side.port, side.writers[place])
    for _ in range(publications):
        body = side.body(versioned(load, size))
        ids = [each["id"] for each in orjson.loads(body)["objects"] if each["type"] != "publication-manifest"]
        try:
            line.close()
            status, told = line.ask("POST", side.path, body)
            whole = status == 202 and orjson.loads(bytes(told)).get("failure_count") == 0
        except (Unexpected, OSError, ValueError) as error:
            history.refused.append((time.monotonic(), type(error).__name__))
            continue
        if whole:
            history.acknowledged.append((time.monotonic(), ids))
        else:
            history.refused.append((time.monotonic(), str(status)))
    line.close()


def _polling(side: Side, done: threading.Event, history: History) -> None:
    line, cursor, quiet = Line(side.port, side.reader), "1990-01-01T00:00:00.000000Z", 0
    while quiet < QUIET:
        over = done.is_set()
        status, body = line.ask("GET", f"{side.path}?limit={PAGE}&added_after={quote(cursor, safe='')}")
        if status != 200:
            raise Unexpected(f"{status}: {bytes(body[:600])!r}")
        ids = [each["id"] for each in orjson.loads(bytes(body)).get("objects", [])]
        if ids:
            history.delivered.append((time.monotonic(), ids))
            cursor = line.last() or cursor
        quiet = 0 if ids or not over else quiet + 1
    line.close()


def losses(side: Side, loads: list[Load], publications: int, size: int) -> History:
    """Publish and poll at the same time; what happened."""
    history, done = History(), threading.Event()
    with ThreadPoolExecutor() as threads:
        poller = threads.submit(_polling, side, done, history)
        each = [
            threads.submit(_publishing, side, place, load, publications, size, history)
            for place, load in enumerate(loads)
        ]
        try:
            for publisher in each:
                publisher.result()
        finally:
            done.set()
        poller.result()
    return history
