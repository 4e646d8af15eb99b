"""How do the metrics of several server processes become one page? Each writes its own to a file; one reader adds up.

The process that started them listens on `HUB_METRICS_BIND`, so that a scrape never waits behind requests and never
reaches one process only. What a process counted stays counted when it ends; what it last wrote is at most a second old.
"""

import math
import os
import re
import shutil
import socket
from collections.abc import Iterator
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, Final

import orjson
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .measures import AHEAD, REGISTRY
from .running import Hub
from .store.background import Repeated
from .store.errors import StoreError
from .store.health import last_position

WRITE_SECONDS: Final = 1.0
_OWN: Final = re.compile(r"(?P<host>.+)-(?P<pid>[0-9]+)")


def folder_of(data: Path, server: int) -> Path:
    """Where the processes of one server (its process id, on this host) leave what they counted."""
    return data / "metrics" / f"{socket.gethostname()}-{server}"


def _server() -> int:
    """The process that started this one, however it did so."""
    parent = parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


class Written:
    """The metrics of this process in a file, written anew every second and at the end."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._path = folder_of(hub.settings.data_dir, _server()) / f"{os.getpid()}.json"
        self._writing = Repeated("metrics", WRITE_SECONDS, self.write)

    def start(self) -> None:
        """Write from now on."""
        self._writing.start()

    def close(self) -> None:
        """Write once more and stop."""
        self._writing.stop()
        self.write()

    def write(self) -> None:
        """Put what is counted in place of what was there, at once: a reader never finds half of it."""
        try:
            with self._hub.database.reading() as tx:
                AHEAD.set(max(0, last_position(tx) - self._hub.clock()) / 1_000_000)
        except StoreError:
            AHEAD.set(float("nan"))  # unknown, and so no alarm's "not ahead"
        beside = self._path.with_suffix(".new")
        try:
            beside.write_bytes(orjson.dumps([_plain(each) for each in REGISTRY.collect()]))
            beside.replace(self._path)
        except OSError:
            return  # the folder went with its server, or the disk is full; the next turn tries again


def _plain(metric: Metric) -> dict[str, Any]:
    samples = [[s.name, s.labels, s.value] for s in metric.samples if not s.name.endswith("_created")]
    return {"name": metric.name, "about": metric.documentation, "type": metric.type, "samples": samples}


class Together(Collector):
    """What all processes of one server counted: counters added up, gauges as the worst of those that still run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """The sums, read anew for each scrape."""
        families: dict[str, Metric] = {}
        found: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], list[float]]] = {}
        running = 0
        for path in sorted(self._folder.glob("*.json")):
            runs = Path(f"/proc/{path.stem}").exists()
            running += runs
            for one in orjson.loads(path.read_bytes()):
                if one["type"] == "gauge" and not runs:
                    continue
                families.setdefault(one["name"], Metric(one["name"], one["about"], one["type"]))
                mine = found.setdefault(one["name"], {})
                for name, labels, value in one["samples"]:
                    key = (name, tuple(labels.items()))
                    mine.setdefault(key, []).append(math.nan if value is None else value)
        for name, family in families.items():
            together = _worst if family.type == "gauge" else sum
            for (sample, labels), values in found[name].items():
                family.add_sample(sample, dict(labels), together(values))
            yield family
        yield GaugeMetricFamily("cirt_hub_server_processes", "Server processes that run.", running)


def _worst(values: list[float]) -> float:
    """The highest; unknown as soon as one is."""
    return math.nan if any(map(math.isnan, values)) else max(values)


class Page:
    """The page of metrics of this server: opened before its processes start, closed after they have ended."""

    def __init__(self, data: Path, host: str, port: int) -> None:
        """Raises `OSError` if the folder cannot be made or the address cannot be listened on."""
        self._folder = folder_of(data, os.getpid())
        _sweep(self._folder)
        self._folder.mkdir(parents=True, mode=0o700)
        registry = CollectorRegistry()
        registry.register(Together(self._folder))
        self._server, self._thread = start_http_server(port, host, registry)

    def close(self) -> None:
        """Stop listening and remove what was counted."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
        shutil.rmtree(self._folder, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what servers of this host left that were killed, and what has this server's own name."""
    host = socket.gethostname()
    for old in folder.parent.glob("*"):
        found = _OWN.fullmatch(old.name)
        if old == folder or (found and found["host"] == host and not Path(f"/proc/{found['pid']}").exists()):
            shutil.rmtree(old, ignore_errors=True)
