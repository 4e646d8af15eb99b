"""Which questions are asked of the served hub? One function a group of them; each adds its figures to the report.

What has a limit is measured in turns with it, a run each, so that a busy machine slows both.
"""

import random
import statistics
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

from bench import clients
from bench.limits import Store, pages
from bench.limits import publish as publish_bare
from bench.processes import Server, watched
from bench.scene import Scene
from bench.table import Figure, Must, Report

from feeds.timestamps import format_taxii
from hub.running import wall_clock

MS, MIB = 1000.0, 1024.0 * 1024.0
PAGE = 1000  # objects
NEW = 5  # objects that a poll returns
ENVELOPES = {1000: 5, 100: 20}  # size -> how many make one run
END_PAGES = 10  # requests of the first and the last page a run
LIMIT_PAGES = 20  # a run
SMALL = 60  # requests of each small question a run
POLL_SECONDS = 2.0
TIMED = 2000  # requests of each kind when two answers' times are compared

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs.

    Attributes:
        runs: how many make a median.
        elsewhere: another process, where the clients run.
    """

    scene: Scene
    server: Server
    report: Report
    runs: int
    elsewhere: Executor

    def client(self, function: Callable[..., T], *given: Any, port: int | None = None) -> T:
        """Run a client in the other process; what it returns."""
        return self.elsewhere.submit(function, port or self.server.port, *given).result()

    def repeated(self, function: Callable[..., T], *given: Any) -> list[T]:
        """The same, once a run."""
        return [self.client(function, *given) for _ in range(self.runs)]


def publishing(bench: Bench, size: int, least: float | None, limit: Store | None = None) -> None:
    """New objects by one client, one envelope after the other."""
    scene, rates, bare = bench.scene, list[float](), list[float]()
    for _ in range(bench.runs):
        envelopes = scene.load.plains(ENVELOPES[size], size)
        requests = [clients.post(scene.objects, scene.publisher, envelope) for envelope in envelopes]
        rates.append(size * len(requests) / sum(bench.client(clients.publish, requests)))
        if limit is not None:
            bare.append(size * len(requests) / sum(publish_bare(limit, envelopes)))
    name, report = f"publish, envelopes of {size:,}", bench.report
    figure = report.add(name, "objects/s", rates, None if least is None else Must(least=least))
    if limit is not None:
        most = report.add("limit: decode, schema, canonical, digest, insert, without HTTP", "objects/s", bare)
        report.ratio(f"{name}, against that limit", figure, most, Must(least=0.35))
    report.stored = scene.load.published


def publishing_together(bench: Bench, least: float | None) -> None:
    """New objects by several publishers at once, all of them in one group: they share its sequencer."""
    path, crowd = bench.scene.crowd
    count, rates = ENVELOPES[PAGE], list[float]()
    for _ in range(bench.runs):
        given = [[clients.post(path, token, raw) for raw in load.plains(count, PAGE)] for token, load in crowd]
        rates.append(count * PAGE * len(crowd) / bench.client(clients.publish_together, given))
    must = None if least is None else Must(least=least)
    bench.report.add(f"publish, {len(crowd)} publishers at once, envelopes of {PAGE:,}", "objects/s", rates, must)


def draining(bench: Bench, least: float | None, limit: Store | None = None) -> Figure:
    """The whole collection by pages of 1,000: rate, first page against last, memory."""
    scene, report = bench.scene, bench.report
    whole = _whole(bench, scene.partner, scene.load.published - scene.load.superseded)
    drains, raw = list[clients.Drained](), list[float]()
    with watched(bench.server) as memory:
        for _ in range(bench.runs):
            drains.append(bench.client(clients.drain, scene.objects, scene.partner))
            if limit is not None:
                raw.append(statistics.median(pages(limit, PAGE, LIMIT_PAGES)) * MS)
    if any(each.size != whole.size for each in drains):
        raise clients.Unexpected("two drains of one collection differ")
    objects = scene.load.published - scene.load.superseded
    must = None if least is None else Must(least=least)
    rate = report.add("drain by pages of 1,000", "objects/s", [objects / each.seconds for each in drains], must)
    full = [statistics.median(each.pages[:-1] or each.pages) * MS for each in drains]
    page = report.add("page of 1,000", "ms", full)
    if limit is not None:
        least_page = report.add("limit: raw keyset SELECT of a page of 1,000", "ms", raw)
        report.ratio("page of 1,000, against that limit", page, least_page, Must(most=10))
    _ends(bench, whole.tokens)
    report.add("memory of one worker during the drains, resident", "MiB", [memory.resident / MIB], Must(most=250))
    report.add("memory of one worker during the drains, proportional", "MiB", [memory.proportional / MIB])
    return rate


def _whole(bench: Bench, token: str, expected: int) -> clients.Drained:
    """A first drain, looked at closely: each object once, none missing."""
    scene = bench.scene
    whole = bench.client(clients.drain, scene.objects, token)
    seen = bench.client(clients.count, scene.objects, token, whole.tokens)
    if seen != expected:
        raise clients.Unexpected(f"{seen} objects were received, but there are {expected}")
    return whole


def _ends(bench: Bench, tokens: Sequence[str]) -> None:
    """The last full page and the first, asked for in turns."""
    scene = bench.scene
    if len(tokens) < 2:  # a first and a last
        return
    first = clients.get(f"{scene.objects}?limit={PAGE}", scene.partner)
    last = clients.get(f"{scene.objects}?limit={PAGE}&next={tokens[-2]}", scene.partner)
    runs = [_apart(times) for times in bench.repeated(clients.ask, [first, last] * END_PAGES)]
    bench.report.add("last full page against the first", "x", [late / early for early, late in runs], Must(most=1.5))


def _apart(times: Sequence[float]) -> tuple[float, float]:
    """The medians of two kinds of requests made in turns, seconds."""
    return statistics.median(times[::2]), statistics.median(times[1::2])


def polling(bench: Bench, least: float | None, slowest: float | None, hello: Server | None = None) -> Figure:
    """Eight pollers at once, each asking for what was added since a moment after which five objects came."""
    scene, report = bench.scene, bench.report
    path = f"{scene.objects}?added_after={_since_last(bench, NEW)}"
    answer = bench.client(clients.body, clients.get(path, scene.pollers[0]))
    if len(answer["objects"]) != NEW:
        raise clients.Unexpected(f"{len(answer['objects'])} new objects came instead of {NEW}")
    requests = [clients.get(path, token) for token in scene.pollers]
    words = [clients.get("/hello", token) for token in scene.pollers]
    polls, hellos = list[tuple[float, tuple[float, ...]]](), list[float]()
    for _ in range(bench.runs):
        polls.append(bench.client(clients.poll, requests, POLL_SECONDS))
        if hello is not None:
            seconds, times = bench.client(clients.poll, words, POLL_SECONDS, port=hello.port)
            hellos.append(len(times) / seconds)
    name, must = f"polls with {NEW} new objects, {len(requests)} pollers", None if least is None else Must(least=least)
    rate = report.add(name, "requests/s", [len(times) / seconds for seconds, times in polls], must)
    report.add(f"{name}, p50", "ms", [statistics.median(times) * MS for _, times in polls])
    high = [sorted(times)[int(len(times) * 0.99)] * MS for _, times in polls]
    report.add(f"{name}, p99", "ms", high, None if slowest is None else Must(most=slowest))
    if hello is not None:
        most = report.add("limit: Flask hello-world on the same server, as many clients", "requests/s", hellos)
        report.ratio("polls, against that limit", rate, most, Must(least=0.25))
    return rate


def _since_last(bench: Bench, count: int) -> str:
    """The time after which only the last `count` objects were added."""
    scene, before = bench.scene, wall_clock()
    envelope = scene.load.plain(PAGE // 10)
    bench.client(clients.publish, [clients.post(scene.objects, scene.publisher, envelope)])
    path = f"{scene.collection}manifest/?added_after={format_taxii(before)}"
    records = bench.client(clients.body, clients.get(path, scene.partner))["objects"]
    return str(records[-1 - count]["date_added"])


def asking(bench: Bench) -> None:
    """Single objects and short lists out of everything that is stored."""
    scene, chance = bench.scene, random.Random(1)
    ids = chance.sample(scene.load.common, k=min(SMALL, len(scene.load.common)))
    updated = chance.sample(scene.load.updated, k=min(SMALL, len(scene.load.updated)))
    kinds = ("indicator", "malware", "relationship", "note", "url")
    paths = {
        "object by id": [f"{scene.objects}{each}/" for each in ids],
        "match[id]": [f"{scene.objects}?match[id]={each}" for each in ids],
        "match[type], limit 100": [f"{scene.objects}?match[type]={each}&limit=100" for each in kinds],
        "versions of an object": [f"{scene.objects}{each}/versions/" for each in updated],
    }
    for name, asked in paths.items():
        requests = [clients.get(asked[n % len(asked)], scene.partner) for n in range(SMALL)]
        runs = [statistics.median(times) * MS for times in bench.repeated(clients.ask, requests)]
        bench.report.add(name, "ms", runs, Must(most=2))


def limited(bench: Bench, least: float | None) -> None:
    """A reader entitled to 1 %: an empty poll against a full reader's, and a drain."""
    scene, report = bench.scene, bench.report
    path = f"{scene.objects}?added_after={format_taxii(wall_clock() + 1_000_000)}"
    requests = [clients.get(path, token) for token in (scene.partner, scene.limited)] * SMALL
    runs = [_apart(times) for times in bench.repeated(clients.ask, requests)]
    report.add("empty poll of a reader entitled to 1 %", "ms", [small * MS for _, small in runs])
    report.add("that poll, against a full reader's", "x", [small / full for full, small in runs], Must(most=2))
    objects = len(scene.load.rare)
    _whole(bench, scene.limited, objects)
    rates = [objects / each.seconds for each in bench.repeated(clients.drain, scene.objects, scene.limited)]
    must = None if least is None else Must(least=least)
    report.add("drain of a reader entitled to 1 %", "objects/s", rates, must)


def telling(bench: Bench) -> None:
    """What the times of two equal answers tell: of an id that may not be seen, and of one that nobody published."""
    scene = bench.scene
    forbidden = random.Random(2).choices(scene.load.common, k=TIMED)
    unknown = [f"indicator--{uuid.uuid4()}" for _ in range(TIMED)]
    pairs = [each for pair in zip(forbidden, unknown, strict=True) for each in pair]
    requests = [clients.get(f"{scene.objects}{each}/", scene.limited) for each in pairs]
    times = bench.client(clients.ask, requests, 404)
    share = len(times) // bench.runs // 2 * 2
    parts = [times[start : start + share] for start in range(0, share * bench.runs, share)]
    name = f"404 of a forbidden id less an unknown one's, 2 x {TIMED:,} in turns"
    runs = [(one - other) * MS * MS for one, other in map(_apart, parts)]
    bench.report.add(f"{name}, by parts", "µs", runs)
    one, other = _apart(times)
    bench.report.add(f"{name}, all together", "µs", [(one - other) * MS * MS])
