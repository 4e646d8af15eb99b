"""T-66, F-20: what an earlier version left is brought forward whole or not at all, and serves the same bytes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask.testing import FlaskClient
from sqlalchemy import event

from hub.app import create_app
from hub.certificates import certificates_of
from hub.cli.main import main
from hub.config import Settings, load_settings
from hub.founding import make_hub
from hub.running import open_hub
from hub.soundness import inspect
from hub.store import schema
from hub.store.engine import Database
from hub.store.errors import NotInitialised
from hub.store.tables import metadata
from support.clock import Clock
from support.papers import SHELL
from support.stage import indicator
from support.stix_objects import AT
from support.upgrades import KEPT, VERSIONS, kept, load, settings_of
from support.world import World

ROOT = Path(__file__).resolve().parents[2]
TAXII = "application/taxii+json;version=2.1"
PATIENCE = 20.0  # seconds


class Killed(BaseException):
    """What a kill looks like from inside."""


def asked(client: FlaskClient, page: dict[str, Any], token: str) -> dict[str, Any]:
    """The same request again; of the answer what was kept."""
    answer = client.get(page["path"], headers={"Authorization": f"Bearer {token}", "Accept": TAXII})
    headers = {name: answer.headers.get(name) for name in page["headers"]}
    told = {"status": answer.status_code, "headers": headers, "body": answer.get_data(as_text=True)}
    return {"who": page["who"], "path": page["path"], **told}


@pytest.mark.parametrize("version", VERSIONS)
def test_t66_an_earlier_database_serves_the_same_pages(version: str, database_url: str, tmp_path: Path) -> None:
    """T-66. Red if a migration changes a byte that was served, a page token of before, a right, or loses a row."""
    told = load(version, database_url)
    settings = settings_of(tmp_path / "hub", database_url)
    if f"-{schema.head()}" not in version:
        with pytest.raises(NotInitialised, match="--exist-ok"):
            open_hub(settings)
    make_hub(settings, SHELL, exist_ok=True)
    with closing(open_hub(settings, clock=Clock(told["at"]))) as hub:
        client = create_app(hub).test_client(use_cookies=False)
        assert len(told["pages"]) > 40
        for page in told["pages"]:
            found = asked(client, page, told["tokens"][page["who"]])
            assert (kept(found) if "sha256" in page else found) == page
        with hub.database.reading() as tx:
            assert inspect(tx).faults == []
            assert certificates_of(tx) == told.get("certificates", [])
            registry = hub.registries.of(tx)
    shown = [each["fingerprint"] for each in told.get("certificates", []) if each["revoked_at"] is None]
    assert list(registry.certificates) == shown


@pytest.mark.parametrize("version", VERSIONS)
def test_t66_an_earlier_hub_toml_is_read(version: str) -> None:
    """T-66. Red if a setting of an earlier version is unknown to this one, or no longer means what it said."""
    settings = load_settings({"HUB_CONFIG": str(KEPT / version / "hub.toml")})
    assert settings == Settings()


def test_t66_a_later_database_is_refused_by_every_command(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """T-66. A downgrade is told in a sentence. Red if one command opens the database, or has a traceback."""
    load(VERSIONS[0], database_url)
    settings = settings_of(tmp_path / "hub", database_url)
    make_hub(settings, SHELL, exist_ok=True)
    with closing(Database(database_url)) as database, database.writing() as tx:
        tx.run("UPDATE alembic_version SET version_num = '9999'")
    monkeypatch.setenv("HUB_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    for words in (["init", "--exist-ok"], ["member", "list"], ["serve"], ["backup", str(tmp_path / "backup")]):
        assert main(words) == 1
        said = capsys.readouterr().err
        assert "later version of this program (schema 9999)" in said
        assert "Traceback" not in said
    assert not (tmp_path / "backup").exists()


@contextmanager
def breaking(n: int) -> Iterator[list[str]]:
    """Die before the n-th statement that any connection runs; the statements so far."""
    ran: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        ran.append(statement)
        if len(ran) == n:
            raise Killed

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


def difference(database: Database) -> list[Any]:
    """How the database differs from what the tables say."""
    with database.migrating() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


@pytest.mark.parametrize("before", [pytest.param(None, marks=pytest.mark.long), VERSIONS[0]])
def test_f20_a_migration_broken_off_at_any_step(before: str | None, database_url: str) -> None:
    """F-20. Red if a migration leaves anything behind when it ends half-way, or cannot be begun again."""
    if before:
        load(before, database_url)
    n, done = 0, False
    while not done:
        n += 1
        assert n < 200
        with closing(Database(database_url, create=True)) as database:
            try:
                with breaking(n):
                    schema.upgrade(database)
                done = True
            except Killed:
                with database.reading() as tx:
                    found = schema.version(tx) if schema.made(tx) else None
                assert found == (before.rpartition("-")[2] if before else None)
    assert n > 5
    with closing(Database(database_url)) as database:
        assert difference(database) == []


KILLED = """
import os, sys
import sqlalchemy as sa
from sqlalchemy import event
from hub.store import schema
from hub.store.engine import Database
ran = []
def note(connection, cursor, statement, *_):
    ran.append(statement)
    if sys.argv[2] in statement:
        os._exit(9)
event.listen(sa.Engine, sys.argv[3], note)
schema.upgrade(Database(sys.argv[1], create=True))
"""


@pytest.mark.parametrize("when", ["before_cursor_execute", "after_cursor_execute"])
def test_f20_a_process_killed_while_it_migrates(database_url: str, when: str) -> None:
    """F-20. Red if what a killed process left keeps the next one from migrating, or is half a schema."""
    load(VERSIONS[0], database_url)
    words = [sys.executable, "-c", KILLED, database_url, "UPDATE alembic_version", when]
    environ = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(words, check=False, cwd=ROOT, env=environ).returncode == 9
    with closing(Database(database_url)) as database:
        with database.reading() as tx:
            assert schema.version(tx) == VERSIONS[0].rpartition("-")[2]
            with pytest.raises(NotInitialised, match="this program needs"):
                schema.check(tx)
        schema.upgrade(database)
        assert difference(database) == []
        with database.reading() as tx:
            schema.check(tx)
            assert inspect(tx).faults == []


def test_f16_f20_two_nodes_migrate_at_once(database_url: str) -> None:
    """One of them does it; the other waits and finds it done. Red if migrations take no lock that all nodes ask for."""
    load(VERSIONS[0], database_url)
    halted, go = Event(), Event()

    def halt(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "UPDATE alembic_version" in statement and not halted.is_set():
            halted.set()
            assert go.wait(PATIENCE)

    def node() -> None:
        with closing(Database(database_url)) as database:
            schema.upgrade(database)

    event.listen(sa.Engine, "before_cursor_execute", halt)
    try:
        with ThreadPoolExecutor() as threads:
            first = threads.submit(node)
            assert halted.wait(PATIENCE)
            second = threads.submit(node)
            with suppress(TimeoutError):
                second.result(0.5)
            assert not second.done(), "it waits for the first"
            go.set()
            first.result(PATIENCE)
            second.result(PATIENCE)
    finally:
        go.set()
        event.remove(sa.Engine, "before_cursor_execute", halt)
    with closing(Database(database_url)) as database:
        assert difference(database) == []


def test_f20_a_hub_goes_on_beside_a_later_schema(database_url: str, tmp_path: Path) -> None:
    """Within a rolling upgrade another node has brought the database on, by what can be added (expand, then contract).

    Polls and publications go on here, and `/readyz` says that this process is to be replaced. Red if a request asks
    for the schema's version, or names no columns and so meets those it does not know.
    """
    world = World(tmp_path, database_url, Clock(AT))
    a = world.cirt("a")
    group = world.agreement([(a, "both", "amber")])
    assert a.publish(group, [indicator(1)])["failure_count"] == 0
    with world.hub.database.writing() as tx:
        for name in metadata.tables:
            tx.run(f"ALTER TABLE {name} ADD COLUMN later TEXT")
        tx.run("UPDATE alembic_version SET version_num = '9999'")
    for value in (indicator(2), indicator(1, modified="2026-11-19T11:00:00.000Z")):
        assert a.publish(group, [value])["failure_count"] == 0
    assert a.ids(group.id) == [indicator(2)["id"], indicator(1)["id"]]
    assert len(a.poll(group.proofs)) == 3
    ready = create_app(world.hub).test_client(use_cookies=False).get("/readyz")
    assert (ready.status_code, ready.get_json(force=True)["failing"]) == (503, ["schema"])
    world.close()
