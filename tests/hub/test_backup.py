"""A hub in one file and back: nothing lost, nothing open to others, nothing written over, nothing believed unseen."""

import json
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from hub import archive
from hub.acts import AlreadyThere, Refused
from hub.archive import BadBackup
from hub.backups import back_up
from hub.cli.main import main
from hub.config import Settings
from hub.restoring import Unsound, Wish, restore
from hub.running import Hub, open_hub
from hub.soundness import inspect
from hub.store import copying, schema
from hub.store.engine import Database
from hub.store.errors import CopyFailed
from support.clock import DAY, SECOND, Clock
from support.dump import dump
from support.papers import SHELL
from support.postgres import Cluster, binaries
from support.stage import indicator
from support.stix_objects import AT
from support.world import Cirt, World


def silent(_done: int, _total: int | None) -> None:
    """Tell nobody."""


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """Give a hub on each engine, with PostgreSQL's programs where the tests have them."""
    world = World(tmp_path / "hub", database_url, Clock(AT), postgresql_bin=str(binaries()))
    yield world
    world.close()


@pytest.fixture
def elsewhere(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Give the settings of another machine: an empty data directory and an empty database of the same engine."""
    folder = tmp_path / "elsewhere"
    if world.hub.database.name == "sqlite":
        yield replace(world.settings, data_dir=folder, database_url=f"sqlite:///{folder / 'hub.db'}")
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create_database()
    yield replace(world.settings, data_dir=folder, database_url=url)
    cluster.drop_database(url)


def filled(world: World) -> tuple[Cirt, Cirt, Any]:
    """A group of two, with three publications under two labels."""
    a, b = world.cirt("a"), world.cirt("b")
    group = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    for number, label in ((1, "green"), (2, "amber"), (3, "green")):
        assert a.publish(group, [indicator(number), indicator(number + 10)], label)["failure_count"] == 0
        world.clock.advance(SECOND)
    return a, b, group


def taken(world: World, path: Path, *, secrets: bool = True) -> dict[str, Any]:
    """Take a backup."""
    return back_up(world.settings, path, SHELL, secrets=secrets, clock=world.clock, told=silent)


def put_back(world: World, path: Path, settings: Settings, **wish: Any) -> dict[str, Any]:
    """Restore a backup into the hub of these settings."""
    return restore(settings, path, SHELL, Wish(**wish), clock=world.clock, told=silent)


def opened(settings: Settings, clock: Clock) -> Hub:
    """The restored hub."""
    return open_hub(settings, clock=clock)


def rows(hub: Hub) -> dict[str, Any]:
    """What it holds, without what a restore itself changes."""
    return dump(hub.database, "hub", "audit", "groups")


def test_what_was_backed_up_is_restored(world: World, elsewhere: Settings, tmp_path: Path) -> None:
    """Red if a table, a row or a secret is left out, or the trail does not tell both acts."""
    filled(world)
    answer = taken(world, tmp_path / "backup")
    restored = put_back(world, tmp_path / "backup", elsewhere, verify=True, digest=answer["digest"])
    assert (restored["verified"]["objects"], restored["verified"]["manifests"]) == (6, 3)
    hub = opened(elsewhere, world.clock)
    assert rows(hub) == rows(world.hub)
    assert hub.secret == world.hub.secret
    assert hub.receipts.kid == world.hub.receipts.kid
    with hub.database.reading() as tx:
        (act,) = tx.rows("SELECT action, digest FROM audit WHERE action = 'restore'")
    with world.hub.database.reading() as tx:
        (before,) = tx.rows("SELECT action, digest FROM audit WHERE action = 'backup'")
    hub.close()
    assert (act[1], before[1]) == (answer["digest"], answer["digest"])


def test_a_backup_is_for_its_owner_and_without_secrets_unless_asked(world: World, tmp_path: Path) -> None:
    """T-35. Red if another user may read it, or the secret or the receipt key is in it unasked."""
    a, _, _ = filled(world)
    taken(world, tmp_path / "plain", secrets=False)
    taken(world, tmp_path / "full")
    for name in ("plain", "full"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    plain, full = ((tmp_path / name).read_bytes() for name in ("plain", "full"))
    key = world.settings.receipt_key_path.read_bytes().splitlines()[1]
    for secret in (world.hub.secret, key):
        assert secret not in plain
        assert secret in full
    assert a.token.encode() not in full
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_backup_under_load_is_one_instant(world: World, elsewhere: Settings, tmp_path: Path) -> None:
    """Publishing goes on while the copy is made; what is in it is whole. Red if pages of two instants are mixed."""
    a, _, group = filled(world)
    done = Event()

    def publish() -> None:
        for number in range(100, 400):
            if done.is_set():
                return
            assert a.publish(group, [indicator(number)])["failure_count"] == 0

    thread = Thread(target=publish)
    thread.start()
    try:
        answer = taken(world, tmp_path / "backup")
    finally:
        done.set()
        thread.join()
    restored = put_back(world, tmp_path / "backup", elsewhere, verify=True)
    assert restored["verified"]["objects"] == answer["counts"]["objects"]
    assert restored["verified"]["fault_count"] == 0


def test_nothing_is_written_over(world: World, elsewhere: Settings, tmp_path: Path) -> None:
    """Red if a backup replaces a file, or a restore a hub, unasked."""
    filled(world)
    taken(world, tmp_path / "backup")
    with pytest.raises(AlreadyThere):
        taken(world, tmp_path / "backup")
    put_back(world, tmp_path / "backup", elsewhere)
    with pytest.raises(Refused, match="--replace"):
        put_back(world, tmp_path / "backup", elsewhere)
    hub = opened(elsewhere, world.clock)
    with pytest.raises(CopyFailed, match="in use"):
        put_back(world, tmp_path / "backup", elsewhere, replace=True)
    hub.close()
    again = put_back(world, tmp_path / "backup", elsewhere, replace=True)
    assert (again["put_aside"] is not None) == (world.hub.database.name == "sqlite")
    opened(elsewhere, world.clock).close()


def test_without_its_secrets_a_hub_is_not_opened(world: World, elsewhere: Settings, tmp_path: Path) -> None:
    """Red if a hub gets another secret than the one its tokens were made with, or none, and nobody is told."""
    filled(world)
    taken(world, tmp_path / "backup", secrets=False)
    with pytest.raises(Refused, match="holds no secret"):
        put_back(world, tmp_path / "backup", elsewhere)
    elsewhere.secret_path.write_bytes(bytes(range(32)))
    elsewhere.secret_path.chmod(0o600)
    elsewhere.receipt_key_path.write_bytes(world.settings.receipt_key_path.read_bytes())
    elsewhere.receipt_key_path.chmod(0o600)
    with pytest.raises(Refused, match="not the secret of the hub"):
        put_back(world, tmp_path / "backup", elsewhere)
    elsewhere.secret_path.write_bytes(world.hub.secret)
    put_back(world, tmp_path / "backup", elsewhere)
    opened(elsewhere, world.clock).close()


def _packed(path: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> None:
    """Write a backup anew with its members changed."""
    with tarfile.open(path) as tar:
        members = [(entry.name, (tar.extractfile(entry) or BytesIO()).read()) for entry in tar]
    with tarfile.open(path, "w") as tar:
        for name, content in (change(*member) for member in members):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))


def _stated(**changes: Any) -> Callable[[str, bytes], tuple[str, bytes]]:
    def change(name: str, content: bytes) -> tuple[str, bytes]:
        return (
            (name, json.dumps(json.loads(content) | changes).encode()) if name == archive.STATEMENT else (name, content)
        )

    return change


def _spoiled(name: str, content: bytes) -> tuple[str, bytes]:
    return (name, content[:-1] + bytes([content[-1] ^ 1])) if name == archive.DATABASE else (name, content)


SPOILT = {
    "bit": (_spoiled, BadBackup, "not as it was written"),
    "path": (lambda name, content: (f"../{name}" if name == "secret" else name, content), BadBackup, "does not belong"),
    "format": (_stated(format=2), BadBackup, "format 2"),
    "later": (_stated(schema="9999"), Refused, "later version"),
    "engine": (_stated(engine="oracle"), Refused, "oracle database"),
    "type": (_stated(secret_mark=7), BadBackup, "cannot be read"),
    "field": (_stated(more=1), BadBackup, "cannot be read"),
    "files": (_stated(files={"database": "", "../x": ""}), BadBackup, "other files"),
}


def test_a_spoilt_backup_changes_nothing(world: World, elsewhere: Settings, tmp_path: Path) -> None:
    """Red if a backup is believed whose bytes, names, version or engine are not what they must be, or that was cut."""
    filled(world)
    digest = taken(world, tmp_path / "good")["digest"]
    good = (tmp_path / "good").read_bytes()
    path = tmp_path / "spoilt"
    for change, error, sentence in SPOILT.values():
        path.write_bytes(good)
        _packed(path, change)
        with pytest.raises(error, match=sentence):
            put_back(world, path, elsewhere)
        with pytest.raises(BadBackup, match="another file"):
            put_back(world, path, elsewhere, digest=digest)
    for cut in (0, 100, 3_000, len(good) - 20_000):
        path.write_bytes(good[:cut])
        with pytest.raises(BadBackup, match="damaged"):
            put_back(world, path, elsewhere)
    assert not list(elsewhere.data_dir.iterdir())


SPOILING = {
    "bytes": ("UPDATE objects SET body = (SELECT body FROM objects WHERE id = 2) WHERE id = 1", "another digest"),
    "both": (
        "UPDATE objects SET (body, sha256) = (SELECT body, sha256 FROM objects WHERE id = 2) WHERE id = 1",
        "another object's",
    ),
    "manifest": ("UPDATE objects SET manifest = (SELECT digest FROM manifests WHERE id = 3) WHERE id = 1", "list it"),
    "lost": ("DELETE FROM objects WHERE id = 3", "is not there"),
    "key": ("UPDATE keys SET member = 'identity--x'", "not on record"),
    "other key": (
        "UPDATE keys SET jwk = (SELECT jwk FROM keys ORDER BY member DESC LIMIT 1)",
        "keys on record cannot be read",
    ),
    "text": ("UPDATE agreements SET document = (SELECT document FROM members LIMIT 1)", "text of the agreement"),
    "count": ("DELETE FROM tokens", "the table tokens has"),
    "head": ("UPDATE streams SET seq = 1 WHERE seq = 2", "than its head"),
    "no head": ("DELETE FROM streams WHERE seq = 1", "has no head"),
    "chain": ("DELETE FROM manifests WHERE seq = 1 AND rank = 1", "does not follow"),
    "position": ("UPDATE objects SET position = 1 WHERE id = 2", "below the one before"),
    "twice": ("UPDATE objects SET position = (SELECT position FROM objects WHERE id = 5) WHERE id = 6", "stands twice"),
    "sequencer": ("UPDATE groups SET last_position = 5", "never given out"),
}


class Enough(Exception):
    """Ends a transaction in which something was spoilt."""


def test_what_was_not_signed_is_found(world: World) -> None:
    """Red if the check that guards against one of these changes is left out of `inspect`."""
    filled(world)
    with world.hub.database.reading() as tx:
        assert inspect(tx, schema.counts(tx)).faults == []
    for what, (statement, sentence) in SPOILING.items():
        with suppress(Enough), world.hub.database.writing() as tx:
            before = schema.counts(tx)
            assert tx.run(statement), what
            faults = inspect(tx, before).faults
            assert any(word in fault for fault in faults for word in sentence.split("|")), (what, faults)
            raise Enough


def test_a_signature_that_does_not_hold_is_found(world: World) -> None:
    """Red if a manifest passes that has the signature of another one of the same key."""
    filled(world)
    with world.hub.database.writing() as tx:
        bodies = [bytes(row[0]).decode() for row in tx.rows("SELECT body FROM manifests ORDER BY id")]
        own, other = (json.loads(body)["jws"].rpartition(".")[2] for body in bodies[:2])
        tx.run("UPDATE manifests SET body = :body WHERE id = 1", body=bodies[0].replace(own, other).encode())
        faults = inspect(tx).faults
    assert len(faults) == 1
    assert "its signature does not hold" in faults[0]


def test_an_unsound_backup_is_not_opened(world: World, elsewhere: Settings, tmp_path: Path) -> None:
    """Red if `--verify` only tells afterwards: a hub must not be served that holds what nobody signed."""
    filled(world)
    with world.hub.database.writing() as tx:
        tx.run(SPOILING["bytes"][0])
    taken(world, tmp_path / "backup")
    with pytest.raises(Unsound, match="another digest"):
        put_back(world, tmp_path / "backup", elsewhere, verify=True)
    assert not elsewhere.secret_path.exists()
    if world.hub.database.name == "postgresql":
        with closing(Database(elsewhere.database)) as database, database.reading() as tx:
            assert tx.row("SELECT 1 FROM hub") is None
    else:
        assert not list(elsewhere.data_dir.iterdir())


def test_positions_are_never_given_out_twice(world: World, tmp_path: Path) -> None:
    """Red if a restored sequencer goes on from where the backup had it: pollers are beyond that already."""
    a, _, group = filled(world)
    taken(world, tmp_path / "backup")
    world.clock.advance(DAY)
    a.publish(group, [indicator(20)])
    with world.hub.database.reading() as tx:
        ((last,),) = tx.rows("SELECT last_position FROM groups")
        tables = schema.counts(tx)
    world.hub.close()
    world.clock.advance(-DAY)
    put_back(world, tmp_path / "backup", world.settings, replace=True, verify=True)
    with closing(Database(world.settings.database)) as database, database.reading() as tx:
        assert schema.counts(tx).keys() == tables.keys()
    with closing(Database(world.settings.database)) as database, database.reading() as tx:
        assert tx.rows("SELECT last_position FROM groups")[0][0] >= last


def test_the_commands(
    world: World,
    elsewhere: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Red if a command's answer lacks a field, progress goes to stdout, or the operator is not told what it means."""
    filled(world)

    def run(settings: Settings, *words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("HUB_DATA_DIR", str(settings.data_dir))
        monkeypatch.setenv("HUB_DATABASE_URL", settings.database)
        monkeypatch.setenv("HUB_POSTGRESQL_BIN", str(binaries()))
        code = main([*words, "--json"])
        said = capsys.readouterr()
        return code, said.out, said.err

    code, out, _ = run(world.settings, "backup", str(tmp_path / "backup"), "--with-secrets")
    taken = json.loads(out)
    assert (code, taken["secrets"], taken["counts"]["objects"]) == (0, True, 6)
    assert run(world.settings, "backup", str(tmp_path / "backup"))[0] == 1
    code, out, err = run(elsewhere, "restore", str(tmp_path / "backup"), "--verify", "--digest", taken["digest"])
    assert (code, json.loads(out)["new_epoch"], "added_after" in err) == (0, True, True)
    code, _, err = run(elsewhere, "restore", str(tmp_path / "backup"))
    assert (code, "--replace" in err) == (4, True)
    assert run(elsewhere, "restore", str(tmp_path / "backup"), "--digest", "0" * 64)[0] == 1


def test_postgresql_s_programs_are_asked_for_in_plain_words(world: World, tmp_path: Path) -> None:
    """Red if a machine without `pg_dump` gets a traceback, or a sentence that does not say what to install."""
    if world.hub.database.name == "postgresql":
        world.settings = replace(world.settings, postgresql_bin=str(tmp_path))
        with pytest.raises(CopyFailed, match=r"postgresql-client.*HUB_POSTGRESQL_BIN"):
            taken(world, tmp_path / "backup")
        assert list(tmp_path.glob("*backup*")) == []
    else:
        assert taken(world, tmp_path / "backup")["bytes"] > 0


def test_no_password_stands_among_the_processes(tmp_path: Path) -> None:
    """T-35. Red if the database's password is given to `pg_dump` as a word that everybody can list."""
    url = sa.make_url("postgresql+psycopg://hub:planted%3Asecret@db.example.org/hub")
    with copying._address(url) as address:
        assert "planted" not in address
        passfile = Path(address.partition("passfile=")[2].split()[0].strip("'"))
        assert passfile.read_text() == "*:*:*:*:planted\\:secret\n"
        assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
    assert not passfile.exists()
