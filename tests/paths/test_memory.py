"""What do large bodies do to those who read meanwhile? F-22 under a memory limit, F-23 with a slow reader."""

import resource
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from policies.agreement import Agreement
from support.postgres import Cluster
from support.served import PATIENCE, Serving, accepted, post
from support.stage import indicator
from support.world import Cirt

MIB = 1 << 20
LARGEST = "x" * (MIB - 600)  # of an object of just below 1 MiB
MORE = 1400 * MIB  # address space beyond what an idle worker has: the stacks of 50 threads are 400 of it


def address_space(pid: int) -> int:
    """Bytes of address space of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[0]) * resource.getpagesize()


def large(cirt: Cirt, group: Agreement, first: int, objects: int = 9) -> bytes:
    """An envelope of about so many MiB."""
    return cirt.envelope(group, [indicator(first + number, description=LARGEST) for number in range(objects)])


def insist(url: str, cirt: Cirt, group: Agreement, raw: bytes) -> int:
    """Post until it is taken in; how often it was told to come back."""
    told = 0
    while (answer := post(url, cirt, group, raw)).status_code == 503:
        time.sleep(int(answer.headers["Retry-After"]))
        told += 1
    accepted(answer)
    return told


@pytest.mark.long
def test_f22_fifty_maximal_envelopes_at_once_under_a_memory_limit(served: Serving) -> None:
    """Ten publications, each posted five times at once: told to come back or taken in, nothing lost, no reader cut off.

    Red if every body is held and worked on at once: 50 of 10 MiB took 2.5 GB.
    """
    cirts = [served.cirt(f"m{number}") for number in range(10)]
    group = served.world.agreement([(cirt, "both", "amber") for cirt in cirts])
    address, reader = f"{served.url}/live/collections/{group.id}/", cirts[0].headers
    bodies = [large(cirt, group, 100 * number) for number, cirt in enumerate(cirts)]
    done, statuses = threading.Event(), set[int]()

    def read() -> None:
        while not done.is_set():
            statuses.add(requests.get(f"{address}manifest/?limit=1", headers=reader, timeout=PATIENCE).status_code)

    with served.start() as server, ThreadPoolExecutor() as threads:
        _, worker = server.pids()
        resource.prlimit(worker, resource.RLIMIT_AS, (address_space(worker) + MORE,) * 2)
        reading = threads.submit(read)
        try:
            with ThreadPoolExecutor(5 * len(cirts)) as posting:
                told = list(posting.map(lambda who, raw: insist(server.url, who, group, raw), 5 * cirts, 5 * bodies))
        finally:
            done.set()
        reading.result()
        assert sum(told) > 0, "there was room for all of them"
        assert server.pids()[1] == worker, "the process was killed"
    assert statuses == {200}
    listed = requests.get(f"{address}manifest/?limit=1000", headers=reader, timeout=PATIENCE).json()["objects"]
    wanted = {indicator(100 * number + each)["id"] for number in range(10) for each in range(9)}
    assert {each["id"] for each in listed} == wanted


def test_f23_no_transaction_is_open_while_an_answer_is_sent(served: Serving, request: pytest.FixtureRequest) -> None:
    """A reader takes one byte of a large page and waits. Red if the page is streamed out of an open transaction."""
    a, b, group = served.pair()
    accepted(post(served.url, a, group, large(a, group, 0)))
    place = urlsplit(served.url)
    head = "".join(f"{name}: {value}\r\n" for name, value in b.headers.items())
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET /live/collections/{group.id}/objects/ HTTP/1.1\r\nHost: hub\r\n{head}\r\n".encode())
        assert slow.recv(1) == b"H"
        url = served.world.settings.database
        if url.startswith("sqlite"):
            with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=PATIENCE) as admin:
                (busy, *_) = admin.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
            admin.close()
            assert busy == 0, "a reader holds the log"
        else:
            cluster: Cluster = request.getfixturevalue("postgres")
            with cluster.connect(url.partition("@/")[2].partition("?")[0]) as session:
                idle = session.execute(
                    "SELECT state, query FROM pg_stat_activity WHERE application_name = 'cirt-hub'"
                    " AND datname = current_database() AND state LIKE 'idle in transaction%'"
                ).fetchall()
            assert idle == []
