"""Who serves the demo? `cirt-hub serve` in a process of its own, ended with the demo."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.demo.ground import DemoFailed

from .serving import PROBE_SECONDS, answers

START_SECONDS: Final = 30
END_SECONDS: Final = 40
"""A little more than the server gives its workers."""

_PROGRAM: Final = "import sys; from hub.cli.main import main; sys.exit(main())"
_TAIL: Final = 800
"""Characters of the log that are told when the server ends by itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """The serving process, and where it writes what it has to say."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait(self) -> None:
        """Until it ends by itself, which it should not. Raises `DemoFailed` then."""
        self.process.wait()
        raise self.ended()

    def ended(self) -> DemoFailed:
        """What to tell of a server that ended by itself."""
        said = self.log.read_text(encoding="utf-8", errors="replace")[-_TAIL:].strip()
        return DemoFailed(f"the hub ended by itself; the end of {self.log}: {said}")


@contextmanager
def serving(log: Path, host: str, port: int) -> Iterator[Server]:
    """Serve the hub of the environment's settings while the block runs. Raises `DemoFailed` if it does not start.

    The process has a group of its own, so that Ctrl-C reaches the demo alone and the server is ended in order.
    """
    command = [sys.executable, "-c", _PROGRAM, "serve", "--host", host, "--port", str(port)]
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - this very program
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, process_group=0
        )
    server = Server(process, log)
    try:
        _await(server, host, port)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(server: Server, host: str, port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while not answers(host, port, None):
        if server.process.poll() is not None:
            raise server.ended()
        if time.monotonic() > until:
            raise DemoFailed(f"the hub does not answer at {host} port {port}; see {server.log}")
        time.sleep(PROBE_SECONDS)
