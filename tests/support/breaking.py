"""What is done to a hub while others work with it? Its processes and its database are killed, and come back."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from support.deadly import DEADLY
from support.history import Found
from support.history_run import SOUND, Kind, Run
from support.postgres import Cluster
from support.served import CIRT_HUB, Serving, serving


def restarts(hub: Serving) -> list[Callable[[], None]]:
    """The first server is killed whole, ended in order, or loses a worker; it is there again afterwards."""

    def in_order() -> None:
        hub.first.stop()
        hub.first = hub.start(port=hub.first.port)

    def worker() -> None:
        with suppress(ProcessLookupError):
            os.kill(hub.first.pids()[-1], signal.SIGKILL)

    return [hub.restart, worker, in_order]


def database(cluster: Cluster) -> list[Callable[[], None]]:
    """The database server is killed, and restarted in order."""

    def killed() -> None:
        cluster.kill9()
        cluster.start()

    return [killed, cluster.restart]


@contextmanager
def place(folder: Path, engine: str) -> Iterator[tuple[str, Cluster | None]]:
    """A database of its own on the engine; with PostgreSQL a server of its own, which may be killed."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'hub.db'}", None
        return
    with Cluster() as cluster:
        yield cluster.create_database(), cluster


def stress(folder: Path, engine: str, rounds: int) -> Found:
    """So many rounds of every kill and restart, over two servers of one hub: what was found."""
    with place(folder, engine) as (url, cluster), serving(folder, url) as hub, hub.start() as other:
        run = Run(hub, 1, nodes=(other,))
        run.go(*restarts(hub), *(database(cluster) if cluster else ()), rounds=rounds)
        return run.history.judge()


def faulty(folder: Path, engine: str, publications: int, *, server: bool) -> Found:
    """A run without any kill but with a fault: in the server, which stamps early, or in a poller, by its own clock."""
    kinds: Sequence[Kind] = SOUND if server else (*SOUND, Kind.OWN_CLOCK)
    with place(folder, engine) as (url, _), serving(folder, url, DEADLY if server else CIRT_HUB) as hub:
        run = Run(hub, publications, tuple(kinds))
        run.go()
        return run.history.judge()
