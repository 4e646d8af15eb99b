"""The page of metrics: one for all processes of a server, on its own address, right whatever process answered."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import orjson
import pytest
import requests
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from hub.exposition import Together, folder_of
from support.proxy import free_port
from support.served import CIRT_HUB, PATIENCE, ROOT, Serving

T = TypeVar("T")
ASKED = 40
ABOUT = "/api/v1/hub"


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """What `look` gives once it is good."""
    deadline = time.monotonic() + PATIENCE
    while not good(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def scraped(url: str) -> dict[str, float]:
    """The page as Prometheus reads it: each sample by its name and labels."""
    answer = requests.get(f"{url}/metrics", timeout=PATIENCE)
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def asked(page: dict[str, float]) -> float:
    """How often the hub was asked about itself."""
    return page.get(f"cirt_hub_requests_total[('method', 'GET'), ('route', '{ABOUT}'), ('status', '2xx')]", 0)


def test_the_processes_are_added_up_and_nothing_counted_is_lost(served: Serving) -> None:
    """Red if a scrape shows one process only, or what a killed process had counted goes away (a counter that falls)."""
    bind = f"127.0.0.1:{free_port()}"
    with served.start(workers=2, metrics_bind=bind) as server:
        here = f"http://{bind}"
        workers = server.pids()[1:]
        for _ in range(ASKED):
            assert requests.get(f"{server.url}{ABOUT}", timeout=PATIENCE).ok  # a new connection each: any process
        page = until(lambda: scraped(here), lambda page: asked(page) == ASKED)
        assert page["cirt_hub_server_processes[]"] == 2
        assert page["cirt_hub_position_ahead_seconds[]"] >= 0
        assert (
            page[f"cirt_hub_request_seconds_bucket[('le', '+Inf'), ('method', 'GET'), ('route', '{ABOUT}')]"] == ASKED
        )
        os.kill(workers[0], signal.SIGKILL)
        until(server.pids, lambda pids: workers[0] not in pids and len(pids) == 3)
        page = until(lambda: scraped(here), lambda page: page["cirt_hub_server_processes[]"] == 2)
        assert asked(page) == ASKED
        assert requests.get(f"{server.url}/metrics", timeout=PATIENCE).status_code == 404
        folder = served.world.settings.data_dir / "metrics"
        assert [each.stat().st_mode & 0o777 for each in folder.iterdir()] == [0o700]
    assert list(folder.iterdir()) == []


def test_there_is_no_page_unless_it_is_set(served: Serving) -> None:
    """Red if metrics are written, or listened for, by a hub whose operator did not ask."""
    assert not (served.world.settings.data_dir / "metrics" / folder_of(Path(), served.first.pids()[0]).name).exists()


def test_an_address_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """Red if a traceback is told, or the hub runs without the page its operator counts on."""
    environ = {"PATH": "/usr/bin:/bin", "HUB_DATA_DIR": str(tmp_path / "data"), "HUB_METRICS_BIND": "192.0.2.1:9480"}
    subprocess.run([*CIRT_HUB, "init"], env=environ, cwd=ROOT, check=True, capture_output=True)
    serve = [*CIRT_HUB, "serve", "--port", "0"]
    done = subprocess.run(serve, env=environ, cwd=ROOT, check=False, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "the metrics page cannot be opened on HUB_METRICS_BIND=192.0.2.1:9480" in done.stderr


def _written(folder: Path, pid: int, gauge: float | None, counted: float) -> None:
    samples = [["requests_total", {"route": "a"}, counted]]
    told = [
        {"name": "requests", "about": "Requests.", "type": "counter", "samples": samples},
        {"name": "ahead", "about": "Ahead.", "type": "gauge", "samples": [["ahead", {}, gauge]]},
    ]
    folder.joinpath(f"{pid}.json").write_bytes(orjson.dumps(told))


@pytest.mark.parametrize(("gauges", "worst"), [((1.0, 7.5), "7.5"), ((7.5, 1.0), "7.5"), ((0.0, None), "NaN")])
def test_gauges_are_the_worst_of_those_that_run(
    tmp_path: Path, gauges: tuple[float | None, float | None], worst: str
) -> None:
    """Red if gauges are added up, a dead process's stays, or one that could not look hides behind another."""
    _written(tmp_path, os.getpid(), gauges[0], 1)
    _written(tmp_path, os.getppid(), gauges[1], 2)
    _written(tmp_path, 2**22 + 1, 900.0, 4)
    registry = CollectorRegistry()
    registry.register(Together(tmp_path))
    page = generate_latest(registry).decode()
    assert 'requests_total{route="a"} 7.0' in page
    assert f"\nahead {worst}\n" in page
    assert "cirt_hub_server_processes 2.0" in page
