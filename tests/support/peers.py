"""Other TAXII servers as they are: medallion and OpenTAXII from PyPI, each run by a Python environment of its own."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from support.proxy import free_port
from support.world import TAXII

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests" / "peers"
PATIENCE = 60.0  # seconds for a start on a busy machine
FIRST, SECOND = "472c94ae-3113-4e3e-a4dd-a9f4ac7471d4", "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
MAX_CONTENT = 64 * 1024 * 1024


class NoPeer(Exception):
    """A server to compare with cannot be run here; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server.

    Attributes:
        name: Of the software.
        url: Where it answers.
        root: Address of its API root, with the final slash.
        collections: Ids of its two collections.
        authorization: The header that opens it.
        log: What it says.
    """

    name: str
    url: str
    root: str
    collections: tuple[str, str]
    authorization: str
    log: Path

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a TAXII request."""
        return {"Authorization": self.authorization, "Accept": TAXII}

    def objects(self, which: int = 0) -> str:
        """Address of a collection's objects."""
        return f"{self.root}collections/{self.collections[which]}/objects/"

    def post(self, objects: Sequence[Mapping[str, Any]], which: int = 0) -> requests.Response:
        """Add objects to a collection."""
        headers = {**self.headers, "Content-Type": TAXII}
        body = json.dumps({"objects": objects}).encode()
        return requests.post(self.objects(which), body, headers=headers, timeout=PATIENCE)


def environment(name: str) -> Path:
    """The folder of a peer's environment, made by `make peers` if it is missing; raises `NoPeer`."""
    folder = ROOT / ".peers" / name
    if (make := shutil.which("make")) is None:
        raise NoPeer("make is missing: install it (Debian: apt-get install make), then run `make peers`.")
    made = subprocess.run(
        [make, "--no-print-directory", f".peers/{name}/.installed"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if made.returncode:
        raise NoPeer(f"{name} cannot be installed; run `make peers` where pip finds its index. {made.stderr[-600:]}")
    return folder


@contextmanager
def medallion(folder: Path, *, threads: int = 8) -> Iterator[Peer]:
    """The reference server of the standard's authors, its data in memory."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    root = {"title": "Root", "versions": [TAXII], "max_content_length": MAX_CONTENT}
    collections = [_collection(FIRST, "One"), _collection(SECOND, "Two")]
    data = {
        "/discovery": {"title": "Peer", "default": f"{url}/root/", "api_roots": [f"{url}/root/"]},
        "root": {"information": root, "status": [], "collections": collections},
    }
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
    backend = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend"}
    config = {
        "backend": {**backend, "filename": str(folder / "data.json")},
        "users": {"admin": "secret"},
        "taxii": {"max_page_size": 1000},
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    authorization = "Basic " + base64.b64encode(b"admin:secret").decode()
    peer = Peer("medallion", url, f"{url}/root/", (FIRST, SECOND), authorization, folder / "medallion.log")
    settings = {"PEER_CONFIG": str(folder / "config.json")}
    with _running(peer, environment("medallion"), "medallion_app:app", settings, workers=1, threads=threads):
        yield peer


@contextmanager
def opentaxii(
    folder: Path, database_url: str | None = None, *, workers: int = 1, mended: bool = True
) -> Iterator[Peer]:
    """The most used open server, on SQLite or on the database given.

    Args:
        folder: For its settings, its databases and its log.
        database_url: As psycopg2 takes it; None for SQLite in the folder.
        workers: Processes; each opens its own connections, which must not cross a fork.
        mended: Whether its ids can be written as JSON, which the release 0.9.3 cannot do.
    """
    home, port = environment("opentaxii"), free_port()
    stores = [database_url or f"sqlite:///{folder / name}.db" for name in ("accounts", "objects")]
    (folder / "opentaxii.yml").write_text(json.dumps(_opentaxii_config(port, *stores)), encoding="utf-8")
    settings = {"OPENTAXII_CONFIG": str(folder / "opentaxii.yml"), "PEER_MENDED": "1" if mended else "0"}
    seeded = subprocess.run(
        [home / "bin" / "python", "-W", "ignore", SCRIPTS / "opentaxii_seed.py"],
        check=False,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
    )
    if seeded.returncode:
        raise NoPeer(f"OpenTAXII cannot be set up: {seeded.stderr[-600:]}")
    made = json.loads(seeded.stdout.splitlines()[-1])
    url = f"http://127.0.0.1:{port}"
    one, two = made["collections"]
    log = folder / "opentaxii.log"
    peer = Peer("OpenTAXII", url, f"{url}/taxii2/{made['root']}/", (one, two), f"Bearer {made['token']}", log)
    with _running(peer, home, "opentaxii_app:app", settings, workers=workers, threads=4):
        yield peer


def _collection(identifier: str, title: str) -> dict[str, Any]:
    rights = {"can_read": True, "can_write": True, "media_types": ["application/stix+json;version=2.1"]}
    return {"id": identifier, "title": title, **rights, "objects": [], "manifest": []}


def _opentaxii_config(port: int, accounts: str, objects: str) -> dict[str, Any]:
    """Its settings; YAML takes JSON."""
    tables = {"create_tables": True}
    return {
        "domain": f"127.0.0.1:{port}",
        "support_basic_auth": True,
        "auth_api": {
            "class": "opentaxii.auth.sqldb.SQLDatabaseAPI",
            "parameters": {"db_connection": accounts, **tables, "secret": "made for the tests alone, and long enough"},
        },
        "taxii1": None,
        "taxii2": {
            "title": "Peer",
            "public_discovery": False,
            "max_content_length": MAX_CONTENT,
            "allow_custom_properties": True,
            "persistence_api": {
                "class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI",
                "parameters": {"db_connection": objects, **tables},
            },
        },
        "logging": {"opentaxii": "error", "root": "error"},
    }


@contextmanager
def _running(
    peer: Peer, home: Path, place: str, settings: Mapping[str, str], *, workers: int, threads: int
) -> Iterator[None]:
    """The server under gunicorn, ended with the block."""
    command: list[str | Path] = [home / "bin" / "python", "-W", "ignore", "-m", "gunicorn", place]
    command += ["--bind", peer.url.removeprefix("http://"), "--workers", str(workers), "--threads", str(threads)]
    command += ["--worker-class", "gthread", "--timeout", "600", "--chdir", SCRIPTS, "--log-level", "error"]
    with peer.log.open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait(peer, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(peer: Peer, process: subprocess.Popen[bytes]) -> None:
    """Wait until it answers; raises `NoPeer`."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"{peer.url}/taxii2/", headers=peer.headers, timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
        else:
            return
    raise NoPeer(f"{peer.name} does not start: {peer.log.read_text(encoding='utf-8', errors='replace')[-600:]}")
