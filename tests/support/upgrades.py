"""Databases of earlier versions, as `tests/upgrades/make_fixture.py` kept them: loaded as they were, on each engine."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from hub.config import Settings
from keys.signer import generate_key_file

KEPT = Path(__file__).resolve().parents[1] / "upgrades"
VERSIONS = tuple(sorted(path.name for path in KEPT.iterdir() if path.joinpath("sqlite.sql").exists()))
SECRET = sha256(b"the secret of the hubs that upgrades are tried on").digest()


def load(version: str, url: str) -> dict[str, Any]:
    """Put a version's database into an empty one; its clock, tokens and pages."""
    engine = url.partition(":")[0].partition("+")[0]
    script = KEPT.joinpath(version, f"{engine}.sql").read_text("utf-8")
    if engine == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(script)
    else:
        with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"), autocommit=True) as database:
            database.execute(script.encode())
    told: dict[str, Any] = json.loads(KEPT.joinpath(version, f"{engine}.json").read_text("utf-8"))
    return told


def kept(page: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as it is kept: of its body the SHA-256."""
    told = {name: value for name, value in page.items() if name != "body"}
    return told | {"sha256": sha256(page["body"].encode()).hexdigest()}


def settings_of(folder: Path, url: str) -> Settings:
    """Settings over a loaded database, with the secret that its tokens were made with; the receipt key is a new one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = Settings(data_dir=folder, database_url=url)
    settings.secret_path.write_bytes(SECRET)
    settings.secret_path.chmod(0o600)
    generate_key_file(settings.receipt_key_path, None)
    return settings
