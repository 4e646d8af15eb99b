"""What do readers see of server processes whose clocks differ? F-13 to F-15 with processes of their own.

A process is given its wrong clock by Python: under libfaketime 0.9.10 Python 3.11 fails to sleep (`clock_nanosleep`),
or waits for a lock as long as the clock is ahead (`sem_clockwait`).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from policies.agreement import Agreement
from support.clock import HOUR, MINUTE
from support.served import PATIENCE, Server, Serving, accepted, post, serving
from support.stage import indicator
from support.world import Cirt

PROGRAM = """
import sys, time
true_time = time.time_ns
time.time_ns = lambda: true_time() + {ahead}
from hub.cli.main import main
sys.exit(main())
"""


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Serving]:
    """Give a hub whose first server has the machine's own clock."""
    with serving(tmp_path, database_url) as hub:
        yield hub


@contextmanager
def ahead(hub: Serving, microseconds: int) -> Iterator[Server]:
    """A further server of the hub, whose clock is so far ahead; how long things take it measures as ever."""
    program = (sys.executable, "-c", PROGRAM.format(ahead=1000 * microseconds))
    with Server(hub.environ(), hub.folder / "ahead.log", program=program) as server:
        yield server


def forward(urls: list[str], reader: Cirt, group: Agreement, cursor: str | None) -> tuple[list[str], list[str]]:
    """Go on from a date by pages of one, asking the servers in turns: ids, and the date of each."""
    ids, dates, more = list[str](), list[str](), True
    while more:
        address = f"{urls[len(ids) % len(urls)]}/live/collections/{group.id}/objects/"
        after = [("limit", "1"), *([("added_after", cursor)] if cursor else [])]
        answer = requests.get(address, after, headers=reader.headers, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        ids += [each["id"] for each in found.get("objects", ())]
        if found.get("objects"):
            cursor = answer.headers["X-TAXII-Date-Added-Last"]
            dates.append(cursor)
        more = found.get("more", False)
    return ids, dates


def test_f15_two_processes_whose_clocks_differ_by_three_minutes(hub: Serving) -> None:
    """Each takes publications in turns. Red if a position follows the clock of the process that gives it out."""
    a, b, group = hub.pair()
    with ahead(hub, 3 * MINUTE) as other:
        urls = [hub.url, other.url]
        ids, dates = list[str](), list[str]()
        for number in range(6):
            accepted(post(urls[number % 2], a, group, a.envelope(group, [indicator(number)])))
            a.remember(group)
            more, later = forward(urls, b, group, dates[-1] if dates else None)
            ids, dates = ids + more, dates + later
    assert ids == [indicator(number)["id"] for number in range(6)]
    assert all(one < later for one, later in pairwise(dates))


def test_f13_f14_a_process_whose_clock_is_an_hour_ahead(hub: Serving) -> None:
    """It takes one publication. Then the others refuse publications, and answer polls; its own clock is no better.

    Red if they give out a position below it, which those who polled meanwhile would never see; or if they end.
    """
    a, b, group = hub.pair()
    with ahead(hub, HOUR) as other:
        accepted(post(other.url, a, group, a.envelope(group, [indicator(1)])))
        a.remember(group)
        (one,), (date,) = forward([hub.url], b, group, None)
        raw = a.envelope(group, [indicator(2)])
        refused = post(hub.url, a, group, raw)
        assert (refused.status_code, refused.json()["error_code"]) == (503, "clock-ahead")
        ready = requests.get(f"{hub.url}/readyz", timeout=PATIENCE)
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        accepted(post(other.url, a, group, raw))
        assert forward([hub.url], b, group, date)[0] == [indicator(2)["id"]]
    assert one == indicator(1)["id"]
