"""F-16: several hub processes on one PostgreSQL, restarted one after the other behind the shipped nginx."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from urllib.parse import quote

import pytest

from policies.agreement import Agreement
from support.postgres import Cluster
from support.proxy import NAME, Answer, Proxy
from support.served import serving
from support.stage import indicator
from support.world import TAXII, Cirt

TRIES = 40  # of one publication, before its publisher gives up


def request(method: str, path: str, cirt: Cirt, body: bytes = b"") -> bytes:
    """The bytes of a request, on a connection of its own."""
    fields = {"Host": NAME, "Authorization": f"Bearer {cirt.token}", "Accept": TAXII, "Connection": "close"}
    if body:
        fields |= {"Content-Type": TAXII, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def publishing(proxy: Proxy, cirt: Cirt, group: Agreement, first: int, done: Event) -> Callable[[], int]:
    """A publisher that posts until it is told to stop, each envelope until it was taken; how many were."""
    path = f"/live/collections/{group.id}/objects/"

    def publish() -> int:
        number = 0
        while not done.is_set():
            raw = cirt.envelope(group, [indicator(first + number)])
            for _ in range(TRIES):
                answer = proxy.answer(request("POST", path, cirt, raw))
                if answer.status == 202:
                    break
                assert answer.status == 503, answer.body
            assert json.loads(answer.body)["failure_count"] == 0
            cirt.remember(group)
            number += 1
        return number

    return publish


def following(proxy: Proxy, cirt: Cirt, group: Agreement, done: Event) -> Callable[[], list[str]]:
    """A poller that goes on by the last header it was sent; every answer must be a page."""
    cursor = ""

    def poll() -> list[str]:
        nonlocal cursor
        path = f"/live/collections/{group.id}/objects/?limit=50"
        answer: Answer = proxy.answer(request("GET", path + (f"&added_after={quote(cursor)}" if cursor else ""), cirt))
        assert answer.status == 200, (answer.status, answer.body)
        cursor = answer.headers.get("X-TAXII-Date-Added-Last", cursor)
        return [each["id"] for each in json.loads(answer.body).get("objects", ())]

    def follow() -> list[str]:
        found: list[str] = []
        while not done.is_set():
            found += poll()
        while page := poll():
            found += page
        return found

    return follow


@pytest.mark.long
def test_f16_rolling_restart_of_four_hub_processes(postgres: Cluster, tmp_path: Path) -> None:
    """Two servers of two processes each are restarted in turns: no poll fails, everything acknowledged comes once.

    Red if the proxy does not ask the other hub while one is away (`proxy_next_upstream off`).
    """
    url = postgres.create_database()
    tmp_path.joinpath("hub").mkdir()
    with serving(tmp_path / "hub", url) as hub, ExitStack() as stack:
        servers = [hub.start(workers=2), hub.start(workers=2)]
        stack.callback(lambda: [each.stop() for each in servers])
        proxy = Proxy(tmp_path, " max_fails=0; server ".join(f"127.0.0.1:{each.port}" for each in servers))
        stack.callback(proxy.stop)
        a, b, group = hub.pair()
        stop, end = Event(), Event()
        threads = stack.enter_context(ThreadPoolExecutor())
        stack.callback(end.set)
        stack.callback(stop.set)
        published = [
            threads.submit(publishing(proxy, cirt, group, first, stop)) for cirt, first in ((a, 0), (b, 100_000))
        ]
        polled = [threads.submit(following(proxy, b, group, end)) for _ in range(2)]
        for place in (0, 1):
            assert servers[place].stop() == 0
            servers[place] = hub.start(workers=2, port=servers[place].port)
        stop.set()
        counts = [each.result() for each in published]
        end.set()
        found = [each.result() for each in polled]
        wanted = [n for count, first in zip(counts, (0, 100_000), strict=True) for n in range(first, first + count)]
        assert min(counts) > 0
        assert [sorted(each) for each in found] == [sorted(indicator(n)["id"] for n in wanted)] * 2
    postgres.drop_database(url)
