"""Does `cirt-hub doctor` see what ails a hub, and name what mends it? One thing spoilt at a time."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from hub import doctor, overdue
from hub.cli.main import commands, main
from hub.credentials import add_operator
from hub.doctor import examine
from hub.findings import Finding, Level
from hub.running import wall_clock
from hub.store import certificates
from hub.store.engine import Tx
from policies.life import State
from support import x509
from support.agreements import agreement_toml
from support.clock import DAY, HOUR, SECOND, Clock
from support.papers import SHELL, imported, member_toml
from support.postgres import binaries
from support.stage import indicator
from support.stix_objects import AT
from support.world import World

C = "identity--cccccccc-cccc-4ccc-8ccc-cccccccccccc"
SPACE = SimpleNamespace(total=10**12, used=0, free=10**12)


@pytest.fixture
def sound(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Give a hub that nothing is amiss with."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SPACE)
    with closing(_sound(tmp_path, database_url)) as world:
        yield world


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Give the same on SQLite alone."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SPACE)
    with closing(_sound(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}")) as world:
        yield world


def _sound(tmp_path: Path, database_url: str) -> World:
    """Two operators, two members who poll, an agreement of long standing."""
    tmp_path.joinpath("hub").mkdir(mode=0o700)
    world = World(tmp_path / "hub", database_url, Clock(AT), postgresql_bin=str(binaries()))
    if world.hub.database.name == "sqlite":
        tmp_path.joinpath("hub.db").chmod(0o600)
    a, b = world.cirt("a"), world.cirt("b")
    group = world.agreement([(a, "both", "amber"), (b, "both", "amber")], alias="first")
    with world.hub.database.writing() as tx:
        for name in ("alice", "bob"):
            add_operator(tx, world.hub.secret, name, SHELL, at=world.clock())
    a.publish(group, [indicator(1)])
    for cirt in (a, b):
        cirt.poll(group.id)
    world.hub.deliveries.flush()
    return world


def found(world: World, **changes: Any) -> list[Finding]:
    """What the doctor finds, but for what is always so on this machine: the old SQLite, and a PostgreSQL for tests."""
    findings = examine(replace(world.settings, **changes), world.clock())
    return [each for each in findings if "WAL-reset" not in each.what and "fsync" not in each.what]


def _sql(statement: str) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        with world.hub.database.writing() as tx:
            assert tx.run(statement)

    return spoil


def _proposed(world: World) -> None:
    imported(world, member_toml(C, "charlie"))
    imported(world, agreement_toml(alias="other", title="Another"))


def _certified(days: int, **told: str) -> Callable[[World], str]:
    """Bind a client certificate to member a that is good for so many days more."""

    def spoil(world: World) -> str:
        with world.hub.database.writing() as tx:
            return bind(tx, world.cirts["a"].id, world.clock() + days * DAY, **told)

    return spoil


def bind(tx: Tx, member: str, until: int, label: str = "sensor") -> str:
    """Bind a certificate that is good until then; its id."""
    made = {"fingerprint": f"{until:064x}", "subject": "CN=sensor", "valid_from": 0, "valid_until": until, "at": AT}
    identity = certificates.add(tx, member=member, label=label, redistributes=False, **made)  # type: ignore[arg-type]
    assert identity
    return identity


SPOILT: Mapping[str, tuple[Callable[[World], object], str, str, str]] = MappingProxyType(
    {
        "secret open": (lambda w: w.settings.secret_path.chmod(0o644), "error", "open to others", "chmod 600"),
        "secret gone": (lambda w: w.settings.secret_path.unlink(), "error", "cannot be read", "copy the hub's secret"),
        "placeholder": (lambda w: w.settings.secret_path.write_bytes(b"x" * 32), "error", "random bytes", "secret"),
        "receipt key": (lambda w: w.settings.receipt_key_path.unlink(), "error", "no receipt can be signed", "copy"),
        "folder": (lambda w: w.settings.data_dir.chmod(0o755), "warning", "others may enter", "chmod 700"),
        "schema": (_sql("UPDATE alembic_version SET version_num = '9999'"), "error", "later version", "init"),
        "old": (_sql("UPDATE alembic_version SET version_num = '0001'"), "error", "schema 0001", "init --exist-ok"),
        "clock": (lambda w: w.clock.advance(-HOUR), "error", "more than five minutes ahead", "timedatectl"),
        "operators": (_sql("DELETE FROM operators WHERE name = 'bob'"), "warning", "there are 1", "operator add"),
        "unconfirmed": (
            _sql("UPDATE keys SET state = 'pending' WHERE member = (SELECT min(id) FROM members)"),
            "warning",
            "waits to be confirmed",
            "key confirm",
        ),
        "no key": (_sql("DELETE FROM keys"), "warning", "no confirmed key", "cirt-hub invite"),
        "certificate over": (
            _certified(-1),
            "warning",
            "(sensor) of a expired on 2026-11-19",
            "cirt-hub cert add a FILE",
        ),
        "certificate soon": (
            _certified(29),
            "warning",
            "(sensor) of a is good until 2026-12-19",
            "cirt-hub cert revoke",
        ),
        "silent": (lambda w: w.clock.advance(8 * DAY), "warning", "has not polled first since", "member show"),
        "never": (_sql("DELETE FROM deliveries"), "warning", "has not polled first so far", "token list"),
        "proposed": (_proposed, "info", "waits for approval", "cirt-hub approve"),
        "one title": (
            lambda w: w.agreement([(cirt, "both", "amber") for cirt in w.cirts.values()], alias="twin"),
            "warning",
            "share the title",
            "cirt-hub import",
        ),
        "not accepted": (_sql("DELETE FROM acceptances"), "info", "has not accepted", "cirt accept first"),
    }
)


def test_a_sound_hub_has_no_findings(sound: World) -> None:
    """Red if anything is told of a hub that nothing is amiss with."""
    assert found(sound) == []


def test_what_waits_for_people_is_told_at_once(sound: World) -> None:
    """Red if one finding hides another, or a question is asked that one of the engines does not understand."""
    told = ("operators", "unconfirmed", "certificate over", "certificate soon", "never", "proposed")
    for what in told:
        SPOILT[what][0](sound)
    findings = found(sound)
    for what in told:
        _, level, sentence, mend = SPOILT[what]
        assert any((each.level, sentence in each.what, mend in each.mend) == (level, True, True) for each in findings)
    assert [each.level for each in findings] == sorted((each.level for each in findings), key=list(Level).index)


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_amiss_is_told_with_what_mends_it(quick: World, what: str) -> None:
    """Red if this check is left out, is of another level, or does not name the command."""
    spoil, level, sentence, mend = SPOILT[what]
    spoil(quick)
    findings = found(quick)
    assert [each for each in findings if each.level == level and sentence in each.what and mend in each.mend], findings
    assert {each.level for each in findings} <= {level, "info" if level == "warning" else level}


def test_an_agreement_that_ends_is_told_ahead(quick: World) -> None:
    """Red if nobody is told that release stops by itself in less than a month."""
    quick.clock.now = AT
    with quick.hub.database.reading() as tx:
        (group,) = quick.hub.registries.of(tx).groups.values()
    until = group.versions[0].agreement.validity.until
    quick.clock.now = until - 29 * DAY
    assert any("ends on" in each.what and "cirt-hub import" in each.mend for each in found(quick))


def test_client_certificates_that_nobody_waits_for_are_not_told(quick: World) -> None:
    """Red if a certificate of long standing, a revoked one or one of a suspended member is told, or a day is wrong."""
    a, b = (quick.cirts[name].id for name in "ab")
    with quick.hub.database.writing() as tx:
        bind(tx, a, quick.clock() + overdue.SOON_DAYS * DAY)
        certificates.revoke(tx, bind(tx, a, quick.clock() - DAY, ""), quick.clock())
        bind(tx, b, quick.clock() + DAY)
        tx.run("UPDATE members SET state = :state WHERE id = :id", state=State.SUSPENDED, id=b)
    assert found(quick) == []
    quick.clock.advance(SECOND)
    (soon,) = found(quick)
    assert "is good until" in soon.what
    quick.clock.advance(overdue.SOON_DAYS * DAY - SECOND)
    assert any("is good until" in each.what for each in found(quick)), "its last microsecond"
    quick.clock.advance(1)
    assert any("expired on" in each.what for each in found(quick))


def test_a_database_that_is_not_there_is_told(sound: World, tmp_path: Path) -> None:
    """Red if the doctor fails where it should find."""
    gone = f"sqlite:///{tmp_path / 'none.db'}"
    (finding,) = found(sound, database_url=gone)
    assert (finding.level, "cirt-hub init" in finding.mend) == ("error", True)
    away = found(sound, database_url=f"postgresql+psycopg://hub@/x?host={tmp_path}")
    assert [(each.level, "HUB_DATABASE_URL" in each.mend) for each in away] == [("error", True)]


@pytest.mark.parametrize(("free", "level"), [(10 * doctor.MEBIBYTE, "error"), (1_000 * doctor.MEBIBYTE, "warning")])
def test_f04_a_full_disk_is_told(quick: World, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    """F-04. Red if a full disk is not named as what stops publishing."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(total=10**9, used=0, free=free))
    assert {(each.level, "free space" in each.mend) for each in found(quick)} == {(level, True)}


def test_certificates_near_their_end_are_told(quick: World, tmp_path: Path) -> None:
    """Red if a certificate that is over, about to be, or unreadable is passed over."""
    over, soon = x509.expired(tmp_path).certificate, x509.make(tmp_path, "soon", days=2).certificate
    now = wall_clock()
    levels = [each.level for path in (over, soon, tmp_path / "none") for each in doctor._certificates([path], now)]
    assert levels == ["error", "warning", "error"]


def test_the_command_ends_with_1_on_an_error(
    sound: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Red if a script cannot tell a hub that is amiss from one that is not, or the answer has another shape."""
    monkeypatch.setenv("HUB_DATA_DIR", str(sound.settings.data_dir))
    monkeypatch.setenv("HUB_DATABASE_URL", sound.settings.database_url)
    sound.settings.secret_path.chmod(0o644)
    assert main(["doctor", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert {frozenset(each) for each in answer["findings"]} == {frozenset({"level", "what", "mend"})}
    assert main(["doctor"]) == 1
    assert "chmod 600" in capsys.readouterr().out


def test_every_command_named_as_a_remedy_exists() -> None:
    """Red if a finding sends its reader to a command that is not there."""
    sources = [Path(module.__file__ or "").read_text("utf-8") for module in (doctor, overdue)]
    named = {words[1] for text in sources for words in _commands(text)}
    assert len(named) > 7
    assert named <= set(commands.commands)


def _commands(text: str) -> Iterator[list[str]]:
    for part in text.split("cirt-hub ")[1:]:
        yield ["cirt-hub", part.split()[0].strip("`\"',;:")]
