"""What does a crowd do to the others? The answer times of a member that only polls, alone and among each kind of crowd.

A hub of its own: a thousand pollers with a token each, fifty publishers of the largest envelopes, clients that stop in
the middle of what they send.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
from bench import clients, crowd_clients
from bench.load import Author, Load
from bench.measures import MS
from bench.processes import Server
from bench.table import Must, Report

from hub.running import wall_clock
from hub.store import tokens
from hub.store.registry import bump
from support.clock import Clock
from support.world import Cirt, World

POLLERS, PUBLISHERS, SLOW = 1000, 50, 200
LARGEST = (7, 1000)  # manifests, and objects of each: an envelope of some 9 MB, of 10 MiB that the hub takes
KEPT = 1000  # objects in the group that is polled
SECONDS = 30.0
GAP = 0.02  # seconds between two questions of the calm poller
WITHIN = 100.0  # ms
MORE = 1400 * 1024 * 1024  # address space of a server process beyond what it has at rest


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who is there.

    Attributes:
        settings: `HUB_*` for the server.
        objects: path of the objects that are polled.
        large: path of the objects where the publishers post.
        calm: token of the one who only polls.
        tokens: of the storm; the publisher of what is polled is `author`.
        publishers: token and publication of each.
    """

    settings: dict[str, str]
    objects: str
    large: str
    calm: str
    tokens: Sequence[str]
    author: tuple[str, Load]
    publishers: Sequence[tuple[str, Load]]


def open_crowd(folder: Path, database: str) -> Crowd:
    """Make the hub's database with its members, keys, tokens and agreements."""
    world = World(folder, database, Clock(wall_clock()))
    now = datetime.now(UTC).replace(microsecond=0)
    validity = {
        "from": now - timedelta(days=30),
        "until": now + timedelta(days=365),
        "review_by": now + timedelta(days=300),
    }
    try:
        author, calm = (world.cirt(name) for name in ("author", "calm"))
        polled = world.agreement([(each, "both", "amber+strict") for each in (author, calm)], validity=validity)
        many = [world.cirt(f"publisher {number}") for number in range(PUBLISHERS)]
        other = world.agreement([(each, "both", "amber+strict") for each in many], validity=validity)
        storm = _tokens(world, calm.id, POLLERS)
    finally:
        world.close()

    def load(cirt: Cirt, seed: int, group: str, digest: str) -> tuple[str, Load]:
        return cirt.token, Load(Author(cirt.id, cirt.signer, group, digest), seed=seed)

    return Crowd(
        settings={"HUB_DATA_DIR": str(folder), "HUB_DATABASE_URL": database, "HUB_LOG_FORMAT": "text"},
        objects=f"/live/collections/{polled.id}/objects/",
        large=f"/live/collections/{other.id}/objects/",
        calm=calm.token,
        tokens=storm,
        author=load(author, 0, polled.id, polled.digest),
        publishers=[load(each, seed, other.id, other.digest) for seed, each in enumerate(many, start=1)],
    )


def _tokens(world: World, member: str, count: int) -> Sequence[str]:
    made = [tokens.new_token() for _ in range(count)]
    with world.hub.database.writing() as tx:
        for each in made:
            digest = tokens.token_digest(world.hub.secret, each)
            tokens.add(tx, digest=digest, member=member, label="storm", redistributes=False, kid=None, at=world.clock())
        bump(tx)
    return made


@dataclass(frozen=True, slots=True)
class Place:
    """Where the crowds meet: the served hub, what is reported, and another process, where the crowds run."""

    crowd: Crowd
    server: Server
    report: Report
    elsewhere: Executor


def crowded(bench: Place, tell: Callable[[str], None]) -> None:
    """Nobody else, for comparison, and each of the crowds."""
    crowd = bench.crowd
    token, load = crowd.author
    clients.publish(bench.server.port, [clients.post(crowd.objects, token, load.plain(KEPT))])
    bench.report.stored = KEPT
    _beside(bench, "nobody else", bench.elsewhere.submit(time.sleep, SECONDS), None)
    asked = [clients.get(f"{crowd.objects}?limit=5", each) for each in crowd.tokens]
    done = bench.elsewhere.submit(crowd_clients.storm, bench.server.port, asked, SECONDS)
    _beside(bench, f"{POLLERS:,} pollers, all at once, then each about every second", done, WITHIN)
    answers, different = done.result()
    if different != 1:
        raise clients.Unexpected(f"the pollers of the storm got {different} different answers")
    bench.report.add("polls of the storm", "requests/s", [answers / SECONDS])
    tell("stormed")
    standing = bench.elsewhere.submit(crowd_clients.slow, bench.server.port, _stopped(crowd), SECONDS)
    _beside(bench, f"{SLOW} slow senders", standing, WITHIN)
    tell("waited for slow senders")
    _large(bench)
    tell("large envelopes published")


def _stopped(crowd: Crowd) -> list[bytes]:
    """Beginnings of requests: a body of known length, one in chunks, and a head without its end."""
    head = clients.post(crowd.objects, crowd.author[0], b"").partition(b"Content-Length: 0")[0]
    begun = [head + b"Content-Length: 9000000\r\n\r\n{", head + b"Transfer-Encoding: chunked\r\n\r\n", head + b"A:"]
    return [begun[number % len(begun)] for number in range(SLOW)]


def _large(bench: Place) -> None:
    """The largest envelopes at once, while each server process may take only so much more memory than at rest."""
    posted = [clients.post(bench.crowd.large, token, load.large(*LARGEST)) for token, load in bench.crowd.publishers]
    workers = bench.server.workers()
    for worker in workers:
        most = worker.memory_info().vms + MORE
        worker.rlimit(psutil.RLIMIT_AS, (most, most))
    done = bench.elsewhere.submit(crowd_clients.insist, bench.server.port, posted)
    size = sum(map(len, posted)) / len(posted) / 1e6
    _beside(bench, f"{PUBLISHERS} envelopes of {size:.0f} MB at once, {MORE >> 20} MiB", done, WITHIN)
    told, seconds = done.result()
    if bench.server.workers() != workers:
        raise clients.Unexpected("a server process has ended")
    bench.report.add("those envelopes", "objects/s", [PUBLISHERS * math.prod(LARGEST) / seconds])
    bench.report.add("how often one was told to come back", "times", [told])


def _beside(bench: Place, name: str, crowding: Future[Any], within: float | None) -> None:
    """The times of the calm poller until the crowd has gone."""
    request = clients.get(f"{bench.crowd.objects}?limit=5", bench.crowd.calm)
    times, different = crowd_clients.calm(bench.server.port, request, GAP, lambda: not crowding.done())
    crowding.result()
    if different != 1:
        raise clients.Unexpected(f"the calm poller got {different} different answers")
    slow, report = sorted(times), bench.report
    must = None if within is None else Must(most=within)
    report.add(f"a calm poller beside {name}, p50", "ms", [statistics.median(slow) * MS])
    report.add(f"a calm poller beside {name}, p99", "ms", [slow[int(len(slow) * 0.99)] * MS], must)
    report.add(f"a calm poller beside {name}, slowest of {len(slow):,}", "ms", [slow[-1] * MS])
