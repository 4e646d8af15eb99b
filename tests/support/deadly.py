"""A `cirt-hub serve` that dies where it is told: the shipped program with SIGKILL after a named step of publish.

Run as a program it takes the words of `cirt-hub`. The shipped code does the work, unchanged; a step that is armed (its
name stands in the file that `DIE_AT` names) is the last thing its process does. `STAMPED_EARLY` makes it the hub that
everybody writes first: positions are the clock's, taken before the lock. The history's checker must find what it loses.
"""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from flask import Flask

from hub import app, publish
from hub.cli import serving
from hub.cli.main import main
from hub.running import wall_clock
from hub.store import shelves, statuses, streams
from hub.store.engine import Tx
from hub.web import publish as door
from hub.web import room

ROOT: Final = Path(__file__).resolve().parents[2]
_START: Final = f"import sys; sys.path[:0] = [{str(ROOT / 'tests')!r}]; from support.deadly import run; sys.exit(run())"
DEADLY: Final = (sys.executable, "-c", _START)
DIE_AT: Final = "DIE_AT"
STAMPED_EARLY: Final = "STAMPED_EARLY"
LATE: Final = 0.1  # seconds that one in four publications loses between its stamp and the lock


class Step(StrEnum):
    """The steps of a publication after which its process can be killed, in their order."""

    BODY_READ = "the body is read"
    PARSED = "it is parsed"
    VERIFIED = "the signatures are verified"
    OBJECTS_READ = "the objects are read"
    LOCKED = "the shelf is held"
    DECIDED = "it is decided"
    POSITIONS_TAKEN = "positions are taken, before the insert"
    INSERTED = "the rows are inserted"
    RECEIPT_SIGNED = "the receipt is signed"
    MANIFESTS_KEPT = "the manifests are kept"
    STATUS_KEPT = "the status is kept, before the commit"
    COMMITTED = "it is committed, before the answer"


PLACES: Final[dict[Step, tuple[ModuleType, str]]] = {
    Step.BODY_READ: (room, "read_body"),
    Step.PARSED: (publish, "open_envelope"),
    Step.VERIFIED: (publish, "prove"),
    Step.OBJECTS_READ: (publish, "read_objects"),
    Step.LOCKED: (shelves, "lock"),
    Step.DECIDED: (publish, "judge"),
    Step.POSITIONS_TAKEN: (shelves, "take_positions"),
    Step.INSERTED: (shelves, "add"),
    Step.RECEIPT_SIGNED: (publish, "sign_receipt"),
    Step.MANIFESTS_KEPT: (streams, "keep"),
    Step.STATUS_KEPT: (statuses, "keep"),
    Step.COMMITTED: (door, "accept"),
}


def _die(step: Step) -> None:
    """End this process if the step is armed; what was armed is so once."""
    with suppress(OSError, KeyError):
        armed = Path(os.environ[DIE_AT])
        if armed.read_text("utf-8") == step:
            armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def _deadly(step: Step, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def dying(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        _die(step)
        return result

    return dying


class _Stamps(threading.local):
    at = 0


_stamps = _Stamps()


def _stamp(function: Callable[..., Any]) -> Callable[..., Any]:
    """Stamp the publication as it comes in, and let some lose time before they are written."""

    @wraps(function)
    def stamping(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        _stamps.at = wall_clock()
        time.sleep(random.choice((0, 0, 0, LATE)))
        return result

    return stamping


def _early(tx: Tx, grp: int, counts: Sequence[int], at: int) -> list[range]:
    """What `take_positions` must not be: the time of the stamp, without the group's lock."""
    del tx, grp, at
    ends = [_stamps.at + sum(counts[:index]) for index in range(len(counts))]
    return [range(begin, begin + count) for begin, count in zip(ends, counts, strict=True)]


def worker() -> Flask:
    """The application of one server process: the hub's own, its steps made deadly, or its stamps early."""
    for step, (module, name) in PLACES.items():
        setattr(module, name, _deadly(step, getattr(module, name)))
    if os.environ.get(STAMPED_EARLY):
        vars(publish)["open_envelope"] = _stamp(vars(publish)["open_envelope"])
        vars(shelves)["take_positions"] = _early
    return app.worker()


def run() -> int:
    """Run `cirt-hub` with that application; its exit code."""
    vars(serving)["TARGET"] = "support.deadly:worker"
    return main()
