"""Certificates of members: bound once, to approved members, told in the audit trail, taken back at once."""

import json
from pathlib import Path

import pytest

from hub.acts import AlreadyThere, BadValue, Refused, Unknown
from hub.certificates import add_certificate, certificates_of, revoke_certificate
from hub.cli.main import main
from hub.store.registry import Registry
from keys.certificate import read_certificate
from keys.errors import CertificateRefused
from policies.life import State
from support.papers import ALICE
from support.world import World
from support.x509 import Shown, expired, make_for
from support.x509 import make as make_now


def registry(world: World) -> Registry:
    """The registry as the next request sees it."""
    with world.hub.database.reading() as tx:
        return world.hub.registries.of(tx)


def make(folder: Path) -> Shown:
    """A certificate that is good when the world's clock stands."""
    return make_for(folder, "20261118000000Z", "20261122000000Z")


def added(world: World, member: str, raw: bytes, **options: bool | str) -> dict[str, object]:
    """Bind a certificate."""
    with world.hub.database.writing() as tx:
        return add_certificate(tx, member, raw, ALICE, at=world.clock(), **options)  # type: ignore[arg-type]


def test_a_certificate_is_bound_told_and_taken_back(world: World, tmp_path: Path) -> None:
    """T-32. Red if the revision is not raised: another worker would let a revoked certificate in for ever."""
    aa = world.cirt("aa")
    made = make(tmp_path)
    fingerprint = read_certificate(made.pem).fingerprint
    assert registry(world).certificates == {}
    told = added(world, "aa", made.pem, label="feed", redistributes=True)
    found = registry(world).certificates[fingerprint].account
    assert (found.member, found.redistributes, found.pending, found.token) == (aa.id, True, False, told["certificate"])
    assert registry(world).tokens[found.token] == found
    with world.hub.database.reading() as tx:
        assert certificates_of(tx) == certificates_of(tx, "aa") == [told]
    with world.hub.database.writing() as tx:
        revoke_certificate(tx, found.token, ALICE, at=world.clock())
    assert (registry(world).certificates, found.token in registry(world).tokens) == ({}, False)
    with world.hub.database.reading() as tx:
        assert [row["revoked_at"] is not None for row in certificates_of(tx)] == [True]
        rows = tx.rows("SELECT actor, action, subject, detail FROM audit WHERE action LIKE 'cert-%' ORDER BY id")
    assert [tuple(row[:3]) for row in rows] == [("alice", "cert-add", aa.id), ("alice", "cert-revoke", aa.id)]
    detail = json.loads(rows[0][3])
    assert (detail["fingerprint"], detail["redistributes"], detail["label"]) == (fingerprint, True, "feed")


def test_a_certificate_is_of_one_member_for_good(world: World, tmp_path: Path) -> None:
    """Red if a second member takes it over, or a revoked one comes back by being added again."""
    for name in ("aa", "bb"):
        world.cirt(name)
    made = make(tmp_path)
    told = added(world, "aa", made.pem)
    for name in ("aa", "bb"):
        with pytest.raises(AlreadyThere, match="bound already"):
            added(world, name, made.pem)
    with world.hub.database.writing() as tx:
        revoke_certificate(tx, str(told["certificate"]), ALICE, at=world.clock())
    with pytest.raises(AlreadyThere, match="revoked, which is for good"):
        added(world, "bb", made.pem)
    with world.hub.database.writing() as tx, pytest.raises(Unknown, match="cert list"):
        revoke_certificate(tx, str(told["certificate"]), ALICE, at=world.clock())


def test_what_must_not_be_bound_is_refused(world: World, tmp_path: Path) -> None:
    """Red if an expired certificate, a member that is not approved, a long label or a wrong file leaves a row."""
    world.cirt("aa")
    made = make(tmp_path)
    with pytest.raises(Refused, match="expired at 2020-01-01"):
        added(world, "aa", expired(tmp_path).pem)
    with pytest.raises(CertificateRefused, match="private key"):
        added(world, "aa", made.key.read_bytes())
    with pytest.raises(BadValue, match="at most 100"):
        added(world, "aa", made.pem, label="x" * 101)
    with pytest.raises(Unknown):
        added(world, "zz", made.pem)
    with world.hub.database.writing() as tx:
        tx.run("UPDATE members SET state = :state", state=State.SUSPENDED)
    with pytest.raises(Refused, match="suspended"):
        added(world, "aa", made.pem)
    with world.hub.database.reading() as tx:
        assert certificates_of(tx) == []
        with pytest.raises(Unknown):
            certificates_of(tx, "zz")


def test_a_suspended_members_certificate_opens_nothing(world: World, tmp_path: Path) -> None:
    """T-32. Red if only tokens are looked at when a member is suspended."""
    world.cirt("aa")
    added(world, "aa", make(tmp_path).pem)
    with world.hub.database.writing() as tx:
        tx.run("UPDATE members SET state = :state", state=State.SUSPENDED)
        tx.run("UPDATE hub SET revision = revision + 1")
    assert registry(world).certificates == {}


def test_the_command_binds_lists_and_revokes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Red if a file that is missing or wrong ends in a traceback, a refusal is exit 0, or a listing names no owner."""
    world.cirt("aa")
    monkeypatch.setenv("HUB_DATA_DIR", str(world.settings.data_dir))
    monkeypatch.setenv("HUB_DATABASE_URL", world.settings.database_url)
    shown = make_now(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["cert", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    for words, expected, sentence in (
        (("add", "aa", str(tmp_path / "none.pem")), 1, "none.pem: No such file"),
        (("add", "aa", str(shown.key)), 1, "private key"),
        (("add", "zz", str(shown.certificate)), 1, "no member 'zz'"),
        (("revoke", "c-none"), 1, "cert list"),
    ):
        code, out, err = run(*words)
        assert (code, out, sentence in err, "Traceback" in err) == (expected, "", True, False), err
    told = json.loads(run("add", "aa", str(shown.certificate), "--redistributes", "--by", "alice", "--json")[1])
    assert (told["member"], told["redistributes"]) == ("aa", True)
    assert json.loads(run("list", "--json")[1]) == json.loads(run("list", "aa", "--json")[1]) == [told]
    assert run("revoke", told["certificate"], "--by", "alice")[0] == 0
    assert json.loads(run("list", "--json")[1])[0]["revoked_at"]
