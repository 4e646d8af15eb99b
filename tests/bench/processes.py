"""What runs beside the bench? The server, in processes of its own, and how much memory its workers hold."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

HERE = Path(__file__).resolve().parent
START_SECONDS = 60.0
STOP_SECONDS = 45.0
SAMPLE_SECONDS = 0.02
PSS_EVERY = 25  # samples: the kernel walks all pages for it

_READY = re.compile(r"^ready http://127\.0\.0\.1:(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Setting:
    """How the server is run; None is what `cirt-hub serve` chooses."""

    workers: int | None = None
    threads: int | None = None

    @property
    def text(self) -> str:
        """As a table's title says it."""
        workers = "workers as served" if self.workers is None else f"{self.workers} workers"
        return workers if self.threads is None else f"{workers}, {self.threads} threads"

    @property
    def options(self) -> list[str]:
        """The words after `server.py`."""
        given = {"--workers": self.workers, "--threads": self.threads}
        return [word for name, value in given.items() if value is not None for word in (name, str(value))]


class NotServing(Exception):
    """The server did not start; the sentence holds what it said."""


@dataclass(slots=True)
class Server:
    """A running server: its port and its processes."""

    port: int
    process: subprocess.Popen[bytes]

    def workers(self) -> list[psutil.Process]:
        """Its worker processes; the one that started them serves nothing."""
        return list(psutil.Process(self.process.pid).children(recursive=True))


@contextmanager
def serving(folder: Path, settings: Mapping[str, str], setting: Setting, target: str | None = None) -> Iterator[Server]:
    """A server over these `HUB_*` settings (or over another application), stopped at the end by its own process id."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | dict(settings)
    environ["PYTHONPATH"] = os.pathsep.join((str(HERE.parent), str(HERE.parents[1])))
    command = [sys.executable, str(HERE / "server.py"), *setting.options, *(["--target", target] if target else [])]
    log = folder / ("server.log" if target is None else "other.log")
    with log.open("wb") as told:
        process = subprocess.Popen(command, env=environ, stdout=told, stderr=told, stdin=subprocess.DEVNULL)
    try:
        yield Server(_port(process, log), process)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if found := _READY.search(log.read_text(errors="replace")):
            return int(found[1])
        time.sleep(0.05)
    raise NotServing(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


@dataclass(slots=True)
class Memory:
    """The most that one worker held while it was watched, bytes."""

    resident: int = 0
    proportional: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def watch(self, server: Server) -> None:
        """Look at every worker until `end`."""
        workers, sample = server.workers(), 0
        while not self._stop.is_set():
            self.resident = max(self.resident, *(worker.memory_info().rss for worker in workers))
            if sample % PSS_EVERY == 0:
                self.proportional = max(self.proportional, *(worker.memory_full_info().pss for worker in workers))
            sample += 1
            self._stop.wait(SAMPLE_SECONDS)

    def end(self) -> None:
        """Look no longer."""
        self._stop.set()


@contextmanager
def watched(server: Server) -> Iterator[Memory]:
    """The memory of a server's workers while the block runs."""
    memory = Memory()
    thread = threading.Thread(target=memory.watch, args=(server,))
    thread.start()
    try:
        yield memory
    finally:
        memory.end()
        thread.join()
