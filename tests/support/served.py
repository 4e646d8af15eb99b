"""Hubs as they are run: `cirt-hub serve` in processes of their own, over a world that the test can look into."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import requests

from hub.running import wall_clock
from policies.agreement import Agreement
from support.clock import Clock
from support.proxy import free_port
from support.world import TAXII, Cirt, World

ROOT = Path(__file__).resolve().parents[2]
CIRT_HUB = (sys.executable, "-c", "import sys; from hub.cli.main import main; sys.exit(main())")
PATIENCE = 40.0  # seconds for a start, an end or an answer on a busy machine
READY = re.compile(r"^ready (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class WallClock(Clock):
    """The time of this machine, which is also that of the processes."""

    def __call__(self) -> int:
        """Microseconds since the epoch."""
        return wall_clock()


class Server:
    """One `cirt-hub serve`; `url` is where it answers, `log` holds what it says, `program` what is run instead."""

    def __init__(
        self,
        environ: Mapping[str, str],
        log: Path,
        workers: int = 1,
        *,
        port: int = 0,
        program: Sequence[str] = CIRT_HUB,
    ) -> None:
        self.log, self.port = log, port or free_port()
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                [*program, "serve", "--port", str(self.port), "--workers", str(workers)],
                env={**environ, "HUB_PUBLIC_URL": f"http://127.0.0.1:{self.port}"},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )
        self.url = self._ready()

    def _ready(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            if found := READY.search(self.log.read_text(encoding="utf-8", errors="replace")):
                return found[1]
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"cirt-hub serve does not start: {self.log.read_text(encoding='utf-8', errors='replace')}")

    def pids(self) -> list[int]:
        """The process and its workers."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [pid, *map(int, children)]

    def stop(self) -> int:
        """End it in order and wait; its exit code."""
        self._process.terminate()
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """End it and its workers as a power cut would."""
        for pid in self.pids() if self._process.poll() is None else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Serving:
    """A world of its own with `cirt-hub serve` over it: `url` is its first server, `start` adds further ones."""

    def __init__(self, folder: Path, database_url: str, program: Sequence[str] = CIRT_HUB) -> None:
        self.folder = folder
        self._program = program
        self.world = World(folder, database_url, WallClock())
        self._count = 0
        self.first = self.start()
        self.url = self.first.url

    def environ(self, **settings: str) -> dict[str, str]:
        """The environment of a command of this hub; `settings` without HUB_, in lower case."""
        plain = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
        here = self.world.settings
        given = {"data_dir": str(here.data_dir), "database_url": here.database_url, "log_format": "json"}
        return plain | {f"HUB_{key.upper()}": value for key, value in (given | settings).items()}

    def start(self, workers: int = 1, port: int = 0, **settings: str) -> Server:
        """Start one more server over the same database; the caller ends it."""
        self._count += 1
        log = self.folder / f"serve-{self._count}.log"
        return Server(self.environ(**settings), log, workers, port=port, program=self._program)

    def restart(self) -> None:
        """Kill what is left of the first server, and start it again where it was."""
        self.first.kill()
        self.first = self.start(port=self.first.port)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `cirt-hub` with these words beside the servers."""
        environ = self.environ()
        return subprocess.run([*CIRT_HUB, *words], env=environ, cwd=ROOT, capture_output=True, text=True, check=False)

    def cirt(self, name: str = "cirt") -> Cirt:
        """A member that no other test knows."""
        return self.world.cirt(f"{name}-{uuid.uuid4().hex[:8]}")

    def pair(self, clearance: str = "amber", **changes: Any) -> tuple[Cirt, Cirt, Agreement]:
        """A publisher, a reader, and a group of the two."""
        a, b = self.cirt("a"), self.cirt("b")
        return a, b, self.world.agreement([(a, "both", clearance), (b, "both", clearance)], **changes)

    def stop(self) -> None:
        """End the first server and let go of the database."""
        self.first.stop()
        self.world.close()


@contextmanager
def serving(folder: Path, database_url: str, program: Sequence[str] = CIRT_HUB) -> Iterator[Serving]:
    """A world with one server, ended at the end of the block."""
    hub = Serving(folder, database_url, program)
    try:
        yield hub
    finally:
        hub.stop()


def post(url: str, cirt: Cirt, agreement: Agreement, raw: bytes | Iterator[bytes]) -> requests.Response:
    """Post an envelope as a TAXII client would; the answer, whatever it is."""
    headers = {**cirt.headers, "Content-Type": TAXII}
    return requests.post(f"{url}/live/collections/{agreement.id}/objects/", raw, headers=headers, timeout=PATIENCE)


def accepted(answer: requests.Response) -> dict[str, Any]:
    """The status of an answer that must be a whole success."""
    status: dict[str, Any] = answer.json()
    assert (answer.status_code, status.get("failure_count")) == (202, 0), status
    return status


@dataclass(slots=True)
class Poller:
    """A client that polls by `added_after` alone, as the simplest ones do: it moves to the last header it was sent."""

    url: str
    cirt: Cirt
    collection: str
    cursor: str | None = None

    def poll(self, limit: int = 3) -> list[str]:
        """Ask until there is no more; the ids received, in order."""
        found: list[str] = []
        address = f"{self.url}/live/collections/{self.collection}/objects/"
        while True:
            query: dict[str, str | int] = {"limit": limit} | ({"added_after": self.cursor} if self.cursor else {})
            answer = requests.get(address, query, headers=self.cirt.headers, timeout=PATIENCE)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += [each["id"] for each in page.get("objects", ())]
            self.cursor = answer.headers.get("X-TAXII-Date-Added-Last", self.cursor)
            if not page["more"]:
                return found
