"""`cirt-hub serve`, a process of its own: says when it answers and who took its port; drains when told to end."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from hub.cli.errors import CommandFailed
from hub.cli.serving import answers, free_port, workers_of
from hub.config import Settings
from support.tools import need

HEAP = 64 << 20
COMMAND = [sys.executable, "-c", "import sys; from hub.cli.main import main; sys.exit(main())"]


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh hub."""
    environment = {"PATH": "/usr/bin:/bin", "HUB_DATA_DIR": str(tmp_path / "data")}
    subprocess.run([*COMMAND, "init"], check=True, capture_output=True, env=environment)
    return environment


@contextmanager
def serving(environment: dict[str, str], *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A hub on a free port: its process, and the address it said it is ready at."""
    command = [*COMMAND, "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as hub:
        try:
            assert hub.stderr is not None
            line = hub.stderr.readline()
            assert line.startswith("ready "), line + hub.stderr.read()
            yield hub, line.split()[1]
        finally:
            hub.terminate()


def test_it_says_when_it_answers_and_drains_on_sigterm(data: dict[str, str]) -> None:
    """Red if `ready` is said before a request is answered, stdout gets a word, or the end is no success."""
    with serving(data) as (hub, url):
        with urllib.request.urlopen(f"{url}/healthz") as answer:
            assert json.load(answer)["status"] == "alive"
        hub.send_signal(signal.SIGTERM)
        out, _ = hub.communicate()
    assert (hub.returncode, out) == (0, "")


def test_a_taken_port_is_told(data: dict[str, str]) -> None:
    """Red if a second hub is let in beside the first, as a shared port would allow."""
    with serving(data) as (_, url):
        port = url.rpartition(":")[2]
        second = subprocess.run(
            [*COMMAND, "serve", "--port", port], capture_output=True, text=True, env=data, check=False, timeout=60
        )
    assert second.returncode == 1
    assert f"port {port} of 127.0.0.1 is taken" in second.stderr


def test_it_serves_tls(data: dict[str, str], tmp_path: Path) -> None:
    """Red if the certificate is not handed on, or `ready` is never said because it is self-signed."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    make = [need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run([*make, *subject, "-keyout", key, "-out", cert], check=True, capture_output=True)
    with serving(data, "--tls-cert", str(cert), "--tls-key", str(key)) as (_, url):
        assert url.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(cert))
        with urllib.request.urlopen(f"{url}/healthz", context=trusting) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("what", ["certificate", "database"])
def test_what_is_wrong_is_told_before_it_starts(data: dict[str, str], tmp_path: Path, what: str) -> None:
    """Red if a traceback of a server process is all that is told."""
    options: list[str] = []
    if what == "certificate":
        options = ["--tls-cert", str(tmp_path / "no.pem"), "--tls-key", str(tmp_path / "no.pem")]
    else:
        (tmp_path / "data" / "hub.db").unlink()
    ended = subprocess.run(
        [*COMMAND, "serve", "--port", "0", *options], capture_output=True, text=True, env=data, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr.count("\n"), "Traceback" in ended.stderr) == (1, 1, False)


def test_an_address_that_is_not_ours_is_told() -> None:
    """Red if the reason is lost."""
    with pytest.raises(CommandFailed, match=r"cannot listen on 192\.0\.2\.1"):
        free_port("192.0.2.1", 0)


def test_nobody_answers_on_a_free_port() -> None:
    """Red if a refused connection counts as an answer."""
    assert not answers("127.0.0.1", free_port("127.0.0.1", 0), None)


def test_workers_are_as_set_and_else_as_many_as_cores() -> None:
    """Red if the setting is ignored, or a large machine is filled with processes."""
    assert workers_of(Settings(workers=7)) == 7
    assert workers_of(Settings()) == min(4, os.cpu_count() or 1)


def test_the_threads_of_a_worker_share_one_heap(data: dict[str, str]) -> None:
    """Red if glibc is told after the first thread was made: then every thread keeps a heap of its own."""
    with serving(data) as (process, url), ThreadPoolExecutor(16) as readers:
        for _ in range(8):
            list(readers.map(lambda _: urllib.request.urlopen(f"{url}/api/v1/hub").read(), range(16)))
        workers = [child.pid for child in psutil.Process(process.pid).children()]
        assert workers
        assert [heaps for worker in workers if (heaps := further_heaps(worker))] == []


def further_heaps(worker: int) -> list[str]:
    """Mappings that look like glibc's further heaps: they begin at a multiple of 64 MiB and reserve the rest of it."""
    maps = [line.split() for line in Path(f"/proc/{worker}/maps").read_text().splitlines()]
    found = []
    for (place, rights, *_), (after, reserved, *_) in pairwise(maps):
        (start, end), (begin, close) = ((int(each, 16) for each in span.split("-")) for span in (place, after))
        if start % HEAP == 0 and end == begin and (close - start) == HEAP and (rights, reserved) == ("rw-p", "---p"):
            found.append(place)
    return found
