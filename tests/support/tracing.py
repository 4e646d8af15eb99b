"""How is a process killed between two writes? By strace, at the n-th write that one of its threads makes to a file."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.tools import need

PATIENCE = 20.0  # seconds until strace has taken hold of a process


@contextmanager
def killed_at_write(pid: int, number: int, file: Path, log: Path) -> Iterator[None]:
    """Within the block the process is killed at the `number`-th write (from 1) of any of its threads to the file."""
    inject = ["-P", str(file), "-e", "trace=pwrite64", "-e", f"inject=pwrite64:signal=KILL:when={number}"]
    with log.open("wb") as told:
        tracer = subprocess.Popen([need("strace"), "-f", "-p", str(pid), *inject], stderr=told)
    try:
        _wait(tracer, pid, log)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGINT)
        tracer.wait(PATIENCE)


def _wait(tracer: subprocess.Popen[bytes], pid: int, log: Path) -> None:
    """Wait until every thread of the process is traced: `TracerPid` of proc(5)."""
    deadline = time.monotonic() + PATIENCE
    while tracer.poll() is None and time.monotonic() < deadline:
        threads = Path(f"/proc/{pid}/task").glob("*/status")
        if all(f"TracerPid:\t{tracer.pid}\n" in each.read_text("ascii") for each in threads):
            return
        time.sleep(0.01)
    raise RuntimeError(f"strace cannot trace process {pid}: {log.read_text('utf-8', 'replace')}")
