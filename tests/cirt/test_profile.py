"""What lies in the profile, and how it is told: private files, whole files, keys with a passphrase, clean terminals."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cirt.destinations import open_destination
from hub.cirt.faults import CirtError, Exit, NotJoined, ending
from hub.cirt.main import cirt
from hub.cirt.profile import KEY, Profile, load_profile
from hub.cirt.run import Run
from hub.cirt.show import plain
from hub.cirt.state import State, open_state, scratch_state
from hub.durable import locked, write_whole
from keys.jwk import load_jwk
from keys.signer import generate_key_file
from support.clock import Clock
from support.members import Neighbourhood, bundle, indicators, run_cirt
from support.signing import signer_of
from support.stix_objects import UUID

ODD = 'quotes " and \\, tab \t, bell \x07, delete \x7f, \U0001f980'


def profile(home: Path, **changes: str) -> Profile:
    """A profile in a folder."""
    texts = {"hub": "https://hub.example", "member": f"identity--{UUID}", "alias": "a", "name": ODD}
    texts |= {"key": f"file:{home / KEY}", "token": "t"} | changes
    return Profile(home, **texts, receipt_key=load_jwk(dict(signer_of("the hub").jwk)))


def test_a_profile_reads_back(tmp_path: Path) -> None:
    """Red if a name with quotes, control characters or a crab breaks the file."""
    profile(tmp_path).save()
    assert load_profile(tmp_path) == profile(tmp_path)
    assert (tmp_path / "config.toml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["hub = ", 'hub = "x"\n', "\xff"])
def test_a_damaged_profile_is_told(tmp_path: Path, text: str) -> None:
    """Red if a damaged file ends in a traceback."""
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(CirtError, match=r"config\.toml"):
        load_profile(tmp_path)


def test_no_profile_says_how_to_begin(tmp_path: Path) -> None:
    """Red if a first-time user is not told of `cirt join`."""
    with pytest.raises(NotJoined, match="cirt join"):
        load_profile(tmp_path)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Red if a failed write leaves half a file, or a draft."""
    path = tmp_path / "file"
    write_whole(path, b"old")
    with pytest.raises(TypeError):
        write_whole(path, "new")  # type: ignore[arg-type]  # fails after the draft was opened
    assert (path.read_bytes(), [each.name for each in tmp_path.iterdir()]) == (b"old", ["file"])


def test_two_runs_do_not_work_at_once(tmp_path: Path) -> None:
    """Red if the lock is not exclusive: two runs would sign the same place of a stream."""
    script = f"import fcntl; fcntl.flock(open({str(tmp_path / 'lock')!r}, 'a'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with locked(tmp_path / "lock"):
        assert subprocess.run([sys.executable, "-c", script], check=False, capture_output=True).returncode == 1
    assert subprocess.run([sys.executable, "-c", script], check=False, capture_output=True).returncode == 0


def test_the_passphrase_comes_from_the_file_named(tmp_path: Path) -> None:
    """Red if the line end counts as part of it, or a missing passphrase is not told how to give."""
    signer = generate_key_file(tmp_path / KEY, b"a secret")
    (tmp_path / "phrase").write_bytes(b"a secret\n")
    run = Run(tmp_path, passphrase_file=tmp_path / "phrase")
    assert run.signer(profile(tmp_path)).kid == signer.kid
    with open(os.devnull) as nothing:  # noqa: PTH123 - a device, not a path
        sys.stdin, before = nothing, sys.stdin
        try:
            with pytest.raises(CirtError, match="CIRT_PASSPHRASE_FILE"):
                Run(tmp_path).signer(profile(tmp_path))
        finally:
            sys.stdin = before


def test_others_text_moves_no_cursor() -> None:
    """Red if a name from another organisation can clear the screen or turn the reading direction."""
    assert plain("a\x1b[2Jb\u202ec\n") == "a\ufffd[2Jb\ufffdc\ufffd"
    assert plain("هنگ‌کنگ") == "هنگ‌کنگ"


def test_a_change_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """Red if a block that raised leaves rows, also from a block within."""
    with open_state(tmp_path) as state:
        with pytest.raises(sqlite3.IntegrityError), state.change():
            _insert_twice(state)
        assert state.rows("SELECT * FROM marked") == []
    assert (tmp_path / "state.sqlite3").stat().st_mode & 0o777 == 0o600


def _insert_twice(state: State) -> None:
    for _ in range(2):
        with state.change():
            state.run("INSERT INTO marked VALUES ('a', 'green', x'00')")


def test_a_scratch_state_leaves_nothing(tmp_path: Path) -> None:
    """Red if verifying leaves files behind."""
    with scratch_state(tmp_path) as state, state.change():
        state.run("INSERT INTO marked VALUES ('a', 'green', x'00')")
    assert list(tmp_path.iterdir()) == []


def test_a_growing_file_is_cut_to_its_whole_pages(tmp_path: Path) -> None:
    """Red if a torn tail stays, or a file that lost pages is written on."""
    path = tmp_path / "out.ndjson"
    with open_state(tmp_path) as state:
        with open_destination(state, 1, tmp_path, str(path)) as destination:
            written = destination.page("objects", 1, [b"{}"])
        state.run("UPDATE files SET size = ?", written.size)
        path.write_bytes(b"{}\n{to")
        with open_destination(state, 1, tmp_path, str(path)):
            assert path.read_bytes() == b"{}\n"
        path.write_bytes(b"{")
        with pytest.raises(CirtError, match="put it back"), open_destination(state, 1, tmp_path, str(path)):
            pass
        path.unlink()  # moved away by its owner
        with open_destination(state, 1, tmp_path, str(path)):
            assert path.read_bytes() == b""


def test_every_command_speaks_json() -> None:
    """Red if a command is added without `--json`."""
    for name, command in cirt.commands.items():
        every = getattr(command, "commands", {name: command})
        for each in every.values():
            assert "--json" in [option for parameter in each.params for option in parameter.opts], name


def test_an_unforeseen_error_is_told_without_a_traceback(tmp_path: Path) -> None:
    """Red if a damaged state file, or a fault of `cirt` itself, prints a traceback."""
    profile(tmp_path, hub="http://127.0.0.1:1").save()
    (tmp_path / "state.sqlite3").write_bytes(b"this is no database" * 100)
    said = run_cirt(tmp_path, Clock(), "status", "--json", code=1)
    assert said.json["error"]["code"] == "state"
    assert ending(ZeroDivisionError()) is None


def test_endings_of_errors_from_the_rooms() -> None:
    """Red if the table loses a row: scripts go by these codes."""
    assert ending(OSError(28, "No space left on device", "/x")) is not None
    told = ending(NotJoined("begin"))
    assert told is not None
    assert (told.exit, told.code) == (Exit.FAILED, "not-joined")


def test_objects_go_to_standard_output_for_other_programs(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if `--ndjson -` mixes words into the data, or a reader that goes away moves the cursor."""
    a, b = quick.pair()
    a.run("publish", str(bundle(tmp_path, "a.json", indicators(900))), "--group", "first", "--tlp", "green")
    program = [
        sys.executable,
        "-c",
        "from hub.cirt.main import main; main()",
        "poll",
        "--group",
        "first",
        "--ndjson",
        "-",
    ]
    environ = {"CIRT_HOME": str(b.home), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(program, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as gone:
        assert gone.stdout is not None
        gone.stdout.close()
        assert gone.stderr is not None
        assert b"Traceback" not in gone.stderr.read()
        assert gone.wait() == 1
    whole = subprocess.run(program, env=environ, capture_output=True, check=False)
    lines = [json.loads(line) for line in whole.stdout.splitlines()]
    assert (whole.returncode, len(lines)) == (0, 901), whole.stderr
    assert b"received 900 objects" in whole.stderr


def test_what_is_no_invitation_is_told_and_makes_no_key(tmp_path: Path) -> None:
    """Red if `join` goes on with half a text, or tells of a fault in JSON instead of what to do."""
    said = run_cirt(tmp_path / "none", Clock(), "join", "eyJodWIiOiJodHRw", "--json", code=1)
    assert said.json["error"]["code"] == "bad-invitation"
    assert "copy the whole text, or ask the hub's operator" in said.err
    assert not (tmp_path / "none").exists()
