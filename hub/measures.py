"""What is counted while the hub works? Every metric by name; no label is ever made from data.

No member, group, object or count of somebody else's can be read from them: a label is a route's template, a method, a
class of status, a code of refusal, a stage of the publish walk, an act beside it. Counted in this process; `exposition`
adds the processes up.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from time import perf_counter
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY: Final = CollectorRegistry()
#: Upper ends of the buckets, seconds: a page takes some milliseconds, a large publication a second.
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")


def _counter(name: str, about: str, *labels: str) -> Counter:
    return Counter(f"cirt_hub_{name}", about, labels, registry=REGISTRY)


def _histogram(name: str, about: str, *labels: str) -> Histogram:
    return Histogram(f"cirt_hub_{name}", about, labels, registry=REGISTRY, buckets=BUCKETS)


REQUESTS: Final = _counter("requests", "Requests answered.", "route", "method", "status")
REQUEST_SECONDS: Final = _histogram("request_seconds", "Time until the answer was made.", "route", "method")
ANSWERED_BYTES: Final = _counter("answered_bytes", "Bytes of the bodies of answers.", "route", "method")
REFUSALS: Final = _counter("refusals", "Refused requests, and refused publications by each of their codes.", "code")
LIMITED: Final = _counter("rate_limited", "Requests answered with 429, by whose limit was met.", "scope")
SERVED: Final = _counter("objects_served", "Objects and manifests handed out in pages.")
PUBLICATIONS: Final = _counter("publications", "Publications decided on.", "outcome")
PUBLISHED: Final = _counter("objects_published", "Objects and manifests taken in.")
STAGES: Final = _histogram("publish_stage_seconds", "Time of one stage of the publish walk (or dry run).", "stage")
BACKGROUND: Final = _histogram("background_seconds", "Time of one turn of what is done beside answering.", "act")
FAILURES: Final = _counter("background_failures", "Turns that failed.", "act")
AHEAD: Final = Gauge(
    "cirt_hub_position_ahead_seconds",
    "How far the last position lies ahead of the clock; publishing stops at 300.",
    registry=REGISTRY,
)


class Taking:
    """One try to take a publication in: when it began to wait, and what it stored."""

    __slots__ = ("_begun", "_stored", "_taken")

    def __init__(self) -> None:
        self._begun = perf_counter()
        self._stored = 0.0
        self._taken = 0

    def held(self) -> None:
        """The shelf is held: the waiting for other writers is over."""
        STAGES.labels("waiting").observe(perf_counter() - self._begun)

    def stored(self, status: Mapping[str, Any]) -> None:
        """All is written but for the commit; `status` is the TAXII status resource to come."""
        self._stored = perf_counter()
        self._taken = int(status["success_count"])

    def committed(self) -> None:
        """The transaction has ended well; nothing is counted for one that stored nothing."""
        if self._stored:
            STAGES.labels("commit").observe(perf_counter() - self._stored)
            PUBLICATIONS.labels("accepted").inc()
            PUBLISHED.inc(self._taken)


@contextmanager
def taking() -> Iterator[Taking]:
    """Measure one transaction that takes a publication in, which it is put around: counted once it has committed."""
    measured = Taking()
    yield measured
    measured.committed()


def refused_publication(codes: Iterable[str]) -> None:
    """A publication was refused, for these reasons."""
    PUBLICATIONS.labels("refused").inc()
    for code in set(codes):
        refused(code)


def refused(code: str) -> None:
    """Something was refused under this word."""
    REFUSALS.labels(code if _CODE.fullmatch(code) else "other").inc()


def answered(route: str, method: str, status: str, seconds: float, size: int) -> None:
    """A request was answered.

    Args:
        route: the template of its address, `unknown` where none fits.
        method: as it came.
        status: the status line.
        seconds: from its arrival until the answer was made.
        size: bytes of the answer's body.
    """
    requests, times, sizes = _of_route(route, method if method in _METHODS else "other", status[:1])
    requests.inc()
    times.observe(seconds)
    sizes.inc(size)


@lru_cache(maxsize=1024)
def _of_route(route: str, method: str, status: str) -> tuple[Counter, Histogram, Counter]:
    return (
        REQUESTS.labels(route, method, f"{status}xx"),
        REQUEST_SECONDS.labels(route, method),
        ANSWERED_BYTES.labels(route, method),
    )
