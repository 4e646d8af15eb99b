"""`cirt-hub` as scripts and people meet it: answers, exit codes, one sentence for every failure, no traceback ever."""

import json
import os
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from hub.cirt.main import execute as cirt
from hub.cli import main as program
from hub.cli.errors import exit_code, tell
from hub.cli.main import commands, main
from hub.cli.showing import lines, plain
from hub.founding import without_password
from hub.release import VERSION
from hub.store.engine import Database
from hub.store.errors import Busy
from support.papers import A, agreement, member_toml

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `cirt-hub` in this process on a fresh database: exit code, parsed answer (or text), what stderr got."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)

    def call(*arguments: str, as_json: bool = True) -> tuple[int, Any, str]:
        code = main([*arguments, *(["--json"] if as_json else [])])
        said = capsys.readouterr()
        return code, json.loads(said.out) if as_json and said.out else said.out, said.err

    return call


@pytest.fixture
def papers(tmp_path: Path) -> Sequence[str]:
    """Files of a member's and an agreement's document."""
    found = []
    for name, raw in (("member.toml", member_toml()), ("agreement.toml", agreement())):
        (tmp_path / name).write_bytes(raw)
        found.append(str(tmp_path / name))
    return found


def test_t65_init_makes_a_hub_once(run: Run, tmp_path: Path) -> None:
    """T-65. Red if an existing hub is touched without being asked, or others may read its files."""
    code, answer, _ = run("init")
    assert code == 0
    assert set(answer) >= {"data_dir", "database", "public_url", "receipt_key"}
    data = tmp_path / "data"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data, data / "secret", data / "receipt.pem")}
    assert modes == {"data": 0o700, "secret": 0o600, "receipt.pem": 0o600}
    assert run("init")[0] == 1
    assert run("init", "--exist-ok")[1] == answer


def test_t65_the_database_is_for_its_owner_wherever_it_lies(tmp_path: Path) -> None:
    """Red if others may read the database of a directory that was there before, with its hub.toml in it."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "hub.toml").write_text('title = "x"\n')
    program = "import os, sys; os.umask(0o022); from hub.cli.main import main; sys.exit(main())"
    environment = {"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[2]), "HUB_DATA_DIR": str(data)}
    subprocess.run([sys.executable, "-c", program, "init"], check=True, capture_output=True, env=environment)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.iterdir() if path.name != "hub.toml"}
    assert modes["hub.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_t65_init_does_not_replace_a_lost_secret(run: Run, tmp_path: Path) -> None:
    """Red if a hub without its secret is given another one: every token would silently be void."""
    run("init")
    (tmp_path / "data" / "secret").unlink()
    code, _, said = run("init", "--exist-ok")
    assert (code, "copy it from the backup" in said) == (4, True)
    assert not (tmp_path / "data" / "secret").exists()


def test_t65_a_placeholder_secret_is_refused(run: Run, tmp_path: Path) -> None:
    """T-65. Red if 32 bytes of the same letter pass for a secret."""
    run("init")
    (tmp_path / "data" / "secret").write_bytes(b"a" * 32)
    assert run("member", "list")[0] == 1
    (tmp_path / "data" / "secret").chmod(0o644)
    code, _, said = run("serve", as_json=False)
    assert (code, "chmod 600" in said) == (1, True)


def test_the_whole_way_from_import_to_token(run: Run, papers: Sequence[str]) -> None:
    """Red if one of the answers that scripts rely on lacks a field, or a command an exit code."""
    run("init")
    assert {"operator", "secret"} <= set(run("operator", "add", "alice")[1])
    run("operator", "add", "bob")
    code, taken, _ = run("import", *papers)
    assert (code, [(each["kind"], each["version"], each["state"]) for each in taken]) == (
        0,
        [("member", None, "proposed"), ("agreement", 1, "proposed")],
    )
    assert all({"kind", "id", "version", "digest", "state"} <= set(each) for each in taken)
    assert run("invite", "aa")[0] == 4
    for kind, name in (("member", A), ("agreement", "example-rapid")):
        assert run("approve", kind, name, "--by", "alice")[1]["approvals"] == 1
        assert run("approve", kind, name, "--by", "alice")[0] == 4
        assert run("approve", kind, name, "--by", "nobody")[0] == 1
        assert run("approve", kind, name, "--by", "bob")[1]["state"] == "approved"
    assert {"invitation", "expires"} <= set(run("invite", "aa")[1])
    token = run("token", "add", "aa", "--label", "feed", "--redistributes")[1]
    assert {"token_id", "token"} <= set(token)
    assert [(row["token_id"], row["redistributes"]) for row in run("token", "list")[1]] == [(token["token_id"], True)]
    assert run("token", "revoke", token["token_id"])[0] == 0
    assert run("key", "list", "aa")[1] == []
    assert run("key", "confirm", "aa", "--fingerprint", "x", "--by", "alice")[0] == 4
    assert [row["alias"] for row in run("member", "list")[1]] == ["aa"]
    assert run("member", "show", "aa")[1]["approved_by"] == ["alice", "bob"]
    assert run("agreement", "suspend", "example-rapid", "--reason", "drill")[1]["state"] == "suspended"
    assert run("agreement", "resume", "example-rapid", "--by", "nobody")[0] == 1
    assert run("agreement", "resume", "example-rapid", "--by", "bob")[1]["state"] == "approved"
    assert run("explain", "example-rapid", "indicator--x", "aa")[0] == 1
    assert run("agreement", "end", "example-rapid")[1]["state"] == "ended"


def test_every_act_is_told_to_the_trail(run: Run, papers: Sequence[str], database_url: str) -> None:
    """Red if an act, a refusal or the shell's user is missing from the audit trail."""
    run("init")
    run("operator", "add", "alice")
    run("import", papers[0])
    run("approve", "member", "aa", "--by", "alice")
    run("approve", "member", "aa", "--by", "alice")
    database = Database(database_url)
    with database.reading() as tx:
        rows = tx.rows("SELECT actor, action, detail FROM audit ORDER BY id")
    database.close()
    acts = ["init", "operator-add", "import", "approve", "approve-refused"]
    assert [action for _, action, _ in rows] == acts
    assert all(json.loads(detail)["user"] for _, _, detail in rows)
    assert rows[3][0] == "alice"


def test_nothing_is_imported_if_one_file_is_at_fault(run: Run, papers: Sequence[str], tmp_path: Path) -> None:
    """Red if the good ones of several files are taken in."""
    run("init")
    (tmp_path / "bad.toml").write_bytes(member_toml(name="x") + b"oops = 1\n")
    code, answer, said = run("import", papers[0], str(tmp_path / "bad.toml"))
    assert (code, answer) == (1, "")
    assert "bad.toml: line 5, oops" in said
    assert run("import", str(tmp_path / "none.toml"))[0] == 1
    assert run("member", "list")[1] == []


def test_t36_a_members_words_do_not_move_the_cursor(run: Run, papers: Sequence[str], database_url: str) -> None:
    """T-36. Red if a name is printed as it stands."""
    run("init")
    run("import", papers[0])
    database = Database(database_url)
    with database.writing() as tx:
        tx.run("UPDATE members SET name = :name", name="\x1b[2J\u202egpj\r\nroot \u200d ok\x9b1m")
    database.close()
    _, text, _ = run("member", "list", as_json=False)
    assert not [c for c in text if unicodedata.category(c) in {"Cc", "Cf"} and c not in "\n\u200d"]
    assert "\x1b" not in run("member", "list", as_json=False)[1]
    assert run("member", "list")[1][0]["name"].startswith("\x1b")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nonsense",), 2),
        ((), 2),
        (("approve", "feed", "x", "--by", "y"), 2),
        (("approve", "member", "x"), 2),
        (("--help",), 0),
        (("--version",), 0),
        (("serve", "--tls-cert", "x"), 2),
        (("member", "list"), 1),
    ],
)
def test_exit_codes_of_usage(run: Run, arguments: tuple[str, ...], code: int) -> None:
    """Red if a mistyped command ends as if it had failed, or a hub that is not there with success."""
    assert run(*arguments, as_json=False)[0] == code


def test_both_commands_tell_their_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Red if one of them does not know the option, or they disagree."""
    assert (main(["--version"]), cirt(["--version"])) == (0, 0)
    assert capsys.readouterr().out == f"cirt-hub, version {VERSION}\ncirt, version {VERSION}\n"


def test_an_unknown_setting_is_a_usage_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red if `BadSetting` is missing from the table."""
    monkeypatch.setenv("HUB_TYPO", "1")
    code, _, said = run("init")
    assert (code, "HUB_TYPO" in said) == (2, True)


def test_a_value_that_cannot_be_one_is_a_usage_error(run: Run, papers: Sequence[str]) -> None:
    """Red if a mistyped value counts as refused by policy, or the trail is told of it as of a refused act."""
    run("init")
    run("operator", "add", "alice")
    run("import", papers[0])
    assert run("operator", "add", "al ice")[0] == 2
    assert run("key", "revoke", "aa", "kid", "--reason", " ")[0] == 2
    assert run("approve", "member", "aa", "--by", "alice")[1]["state"] == "proposed"
    run("operator", "add", "bob")
    run("approve", "member", "aa", "--by", "bob")
    assert run("token", "add", "aa", "--label", "x" * 101)[0] == 2


@pytest.mark.parametrize("url", ["mysql://x/y", "nowhere"])
def test_an_unknown_database_is_a_usage_error(run: Run, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Red if the URL is first looked at where it is opened: whoever set it would be told of a failure."""
    monkeypatch.setenv("HUB_DATABASE_URL", url)
    for arguments in (("init",), ("member", "list")):
        code, _, said = run(*arguments)
        assert (code, "HUB_DATABASE_URL must be like" in said) == (2, True)


def test_a_busy_database_is_exit_5() -> None:
    """Red if `Busy` counts as an ordinary failure: scripts try again on 5 only."""
    assert exit_code(Busy("later")) == 5


def test_a_fault_of_the_program_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Red if a traceback is printed, or the error's own words, which may hold a secret."""

    @click.command("broken")
    def broken() -> None:
        raise KeyError("cirthub_planted-secret")

    commands.add_command(broken)
    try:
        assert main(["broken"]) == 1
    finally:
        del commands.commands["broken"]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "KeyError in broken (test_cli.py:" in said
    assert "planted" not in said


def test_an_error_of_the_system_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Red if the file's name is lost."""
    assert tell(PermissionError(13, "Permission denied", "/x/y"), program.PROGRAM) == 1
    assert capsys.readouterr().err == "cirt-hub: /x/y: Permission denied\n"


def test_text_answers_have_no_colour_and_stay_readable() -> None:
    """Red if an empty list vanishes, or a nested one is printed as Python."""
    rows = [{"a": None, "b": True, "c": ["x", "y"]}, {"a": "", "b": 1, "c": []}]
    assert list(lines(rows)) == ["a  b    c", "-  yes  x, y", "-  1    -"]
    assert list(lines([])) == ["none"]
    assert list(lines({"a_b": {"c": 1}, "rows": [{"d": {"e": 2}}]})) == ["a b:", "  c: 1", "rows:", "  d:", "    e: 2"]
    assert plain("\u200d\u0627\x07") == "\u200d\u0627?"


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:planted@h/x", "postgresql:///x?password=planted&host=h", "postgresql://u@/x?sslPassword=planted"],
)
def test_no_password_of_a_url_is_shown(url: str) -> None:
    """T-35. Red if a place is forgotten where a driver takes a password."""
    assert "planted" not in without_password(url)
    assert without_password("postgresql://u@h/x?sslmode=require") == "postgresql://u@h/x?sslmode=require"


def test_init_makes_the_folders_of_both_secrets(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Red if the secret's folder must be there before, unlike the receipt key's."""
    for name in ("secret", "receipt_key"):
        monkeypatch.setenv(f"HUB_{name.upper()}_FILE", str(tmp_path / name / "file"))
    assert run("init")[0] == 0
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("secret", "receipt_key")} == {0o700}


def test_a_password_in_the_database_url_is_not_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """T-35. Red if `init` prints the URL as it was set."""
    url = os.environ["HUB_DATABASE_URL"]
    if url.startswith("postgresql"):
        monkeypatch.setenv("HUB_DATABASE_URL", url.replace("//hub@", "//hub:planted-password@"))
    code, answer, said = run("init")
    assert (code, "planted-password" in json.dumps(answer) + said) == (0, False)
