"""In which order is a database measured? Filled, asked at its first size and, if wished, at ten times that."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import clients, limits, measures
from bench.crowds import Place, crowded, open_crowd
from bench.measures import PAGE, Bench
from bench.processes import Server, Setting, serving
from bench.scene import open_scene
from bench.table import Figure, Must, Report

HELLO = "bench.hello:worker"
GROWTH = 10  # how many times more objects the second stage has
PARTS = ("drain", "publish", "poll", "ask", "crowd")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line said; `tell` takes a sentence about what has been done."""

    objects: int
    million: bool
    runs: int
    parts: frozenset[str]
    setting: Setting
    tell: Callable[[str], None]

    @property
    def measures(self) -> "Sequence[Callable[[str, Path, str, Chosen, Executor], Report]]":
        """What fills a hub of its own: the table of one database, and the crowds."""
        alone = [measured] if self.parts - {"crowd"} else []
        return [*alone, *([among_crowds] if "crowd" in self.parts else [])]


@dataclass(frozen=True, slots=True)
class Targets:
    """What is promised at 100,000 objects, objects/s: one publisher, small envelopes, four publishers, a drain."""

    publish: float
    small: float | None
    together: float | None
    drain: float


SQLITE = Targets(8000, 5000, None, 120_000)
POSTGRESQL = Targets(6000, None, 10_000, 60_000)


@dataclass(frozen=True, slots=True)
class First:
    """What the second stage is compared with."""

    drain: Figure | None
    polls: Figure | None


def among_crowds(name: str, folder: Path, database: str, chosen: Chosen, elsewhere: Executor) -> Report:
    """What crowds do to the others, in a hub of its own."""
    crowd = open_crowd(folder, database)
    report = Report(f"{name}, among crowds; {chosen.setting.text}")
    with serving(folder, crowd.settings, chosen.setting) as server:
        crowded(Place(crowd, server, report, elsewhere), chosen.tell)
    return report


def measured(name: str, folder: Path, database: str, chosen: Chosen, elsewhere: Executor) -> Report:
    """Everything about one database."""
    scene = open_scene(folder, database)
    report = Report(f"{name}; {chosen.setting.text}")
    with ExitStack() as stack:
        server = stack.enter_context(serving(folder, scene.settings, chosen.setting))
        hello = stack.enter_context(serving(folder, scene.settings, chosen.setting, HELLO))
        bench = Bench(scene, server, report, chosen.runs, elsewhere)
        begun = time.monotonic()
        first = _first(bench, hello, folder, chosen)
        if chosen.million:
            _second(bench, first, chosen)
        chosen.tell(f"{name}: done in {time.monotonic() - begun:.0f} s")
    return report


def fill(bench: Bench, upto: int) -> None:
    """Publish mixed envelopes through the door until so many objects are stored; the next is made meanwhile."""
    scene, rates = bench.scene, list[float]()
    waiting: tuple[int, Future[tuple[float, ...]]] | None = None
    while scene.load.published < upto or waiting is not None:
        size, request = min(PAGE, upto - scene.load.published), b""
        if size > 0:
            request = clients.post(scene.objects, scene.publisher, scene.load.mixed(size))
        if waiting is not None:
            rates.append(waiting[0] / sum(waiting[1].result()))
        waiting = (size, bench.elsewhere.submit(clients.publish, bench.server.port, [request])) if request else None
    bench.report.stored = scene.load.published
    bench.report.add(f"filling up to {upto:,}: mixed envelopes of 1,000, two labels", "objects/s", rates)


def _first(bench: Bench, hello: Server, folder: Path, chosen: Chosen) -> First:
    """All targets that are set at 100,000 objects, and the others for comparison."""
    drain = polls = None
    targets = SQLITE if bench.scene.database.startswith("sqlite") else POSTGRESQL
    fill(bench, chosen.objects)
    chosen.tell(f"{chosen.objects:,} objects published")
    with limits.opened(folder, bench.scene.database) as limit:
        if "drain" in chosen.parts:
            drain = measures.draining(bench, targets.drain, limit)
            chosen.tell("drained")
        if "publish" in chosen.parts:
            measures.publishing(bench, 1000, targets.publish, limit)
            measures.publishing(bench, 100, targets.small)
            measures.publishing_together(bench, targets.together)
            chosen.tell("published")
    if "poll" in chosen.parts:
        polls = measures.polling(bench, 2000, 15, hello)
        chosen.tell("polled")
    if "ask" in chosen.parts:
        _ask(bench, None)
        chosen.tell("asked")
    return First(drain, polls)


def _second(bench: Bench, first: First, chosen: Chosen) -> None:
    """All targets that are set at 1,000,000 objects."""
    upto, report = chosen.objects * GROWTH, bench.report
    fill(bench, upto)
    chosen.tell(f"{upto:,} objects published")
    if first.drain is not None:
        report.ratio("drain at first, against this one", first.drain, measures.draining(bench, None), Must(most=1.3))
        chosen.tell("drained")
    if first.polls is not None:
        report.ratio("polls at first, against these", first.polls, measures.polling(bench, None, None), Must(most=1.3))
        chosen.tell("polled")
    if "ask" in chosen.parts:
        _ask(bench, 60_000)
        chosen.tell("asked")
    if "publish" in chosen.parts:
        measures.publishing(bench, 1000, None)
        chosen.tell("published")


def _ask(bench: Bench, limited: float | None) -> None:
    measures.asking(bench)
    measures.limited(bench, limited)
    measures.telling(bench)
