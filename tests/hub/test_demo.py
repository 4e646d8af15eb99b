"""`cirt-hub demo`, as a process: who receives what, a second run, a stopped one, a taken port, and a clean end."""

import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.config import Settings
from hub.demo.ground import DemoFailed, check

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {"cirt-hub": "hub.cli.main", "cirt": "hub.cirt.main"}
TEAMS = ("norvandia", "sahlira", "quelmar", "lantern-sea")


def command(program: str, *arguments: str) -> list[str]:
    """Return the command line of a program, installed or not."""
    return [sys.executable, "-c", f"import sys; from {PROGRAMS[program]} import main; sys.exit(main())", *arguments]


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return the environment of a demo in this directory."""
    return {"PATH": os.defpath, "HUB_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)} | more


def run(data: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a demo up to its table."""
    return subprocess.run(
        command("cirt-hub", "demo", "--no-serve", *options),
        capture_output=True,
        text=True,
        check=False,
        env=environment(data, **more),
        cwd=ROOT,
    )


def played(data: Path, *options: str) -> tuple[dict[str, Any], str]:
    """Run a demo without serving on; its table as data, and what it said meanwhile."""
    done = run(data, "--port", "0", "--json", *options)
    assert done.returncode == 0, done.stderr
    table: dict[str, Any] = json.loads(done.stdout)
    return table, done.stderr


@contextmanager
def started(data: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A demo that goes on until it is ended."""
    with subprocess.Popen(
        command("cirt-hub", "demo", "--port", "0", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(data),
        cwd=ROOT,
    ) as demo:
        try:
            yield demo
        finally:
            demo.send_signal(signal.SIGTERM)


def manifests(data: Path) -> int:
    """Return how many manifests the hub of this directory holds."""
    connection = sqlite3.connect(f"file:{data / 'hub.db'}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM manifests").fetchone()[0])
    finally:
        connection.close()


def shares(table: Mapping[str, Any]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return (file, label, member) to (received, withheld)."""
    return {
        (line["file"], line["label"], party["member"]): (party["received"], party["withheld"])
        for line in table["received"]
        for party in line["parties"]
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """Give the directory of a first run, its table, and what it said."""
    data = tmp_path_factory.mktemp("demo") / "var"
    return data, *played(data)


def test_who_receives_what_and_why_not(first: tuple[Path, dict[str, Any], str]) -> None:
    """Red if the redistributing party receives AMBER, or a reason is lost on the way from `explain`."""
    table = first[1]
    assert table["published"] == 5
    wave = {key[1:]: value for key, value in shares(table).items() if key[0] == "bank-phishing.json"}
    assert wave["green", "lantern-sea"] == (11, 0)
    assert wave["amber", "quelmar"] == (20, 0)
    assert wave["amber", "lantern-sea"] == (0, 20)
    assert wave["amber+strict", "sahlira"] == (9, 0)
    assert wave["amber+strict", "quelmar"] == wave["amber+strict", "lantern-sea"] == (0, 9)
    reasons = {
        (line["label"], party["member"]): party["reason"]
        for line in table["received"]
        if line["group"] == "rapid-response"
        for party in line["parties"]
    }
    assert "the account passes things on" in reasons["amber", "lantern-sea"]
    assert "receives up to amber" in reasons["amber+strict", "quelmar"]
    assert reasons["amber+strict", "sahlira"] is None


def test_what_arrived_is_what_the_rules_say(first: tuple[Path, dict[str, Any], str]) -> None:
    """Red if a team's poll brings one object more or fewer than `explain` accounts for."""
    lines = first[1]["received"]
    assert sum(line["objects"] for line in lines) == 134
    for line in lines:
        for party in line["parties"]:
            assert party["received"] == line["objects"] - party["withheld"], (line["file"], party)
            assert bool(party["withheld"]) == (party["reason"] is not None)


def test_every_team_can_prove_what_it_holds(first: tuple[Path, dict[str, Any], str]) -> None:
    """Red if an object is altered between publisher and reader, or a stream has a gap."""
    verified = first[1]["verified"]
    assert {(each["member"], each["group"]) for each in verified} == {
        (team, group) for team in TEAMS for group in ("early-warning", "rapid-response")
    }
    assert {word for each in verified for word in each["verdicts"]} <= {"verified", "relayed"}
    assert {state for each in verified for state in each["streams"].values()} == {"complete"}


def test_secrets_stay_with_their_owners(first: tuple[Path, dict[str, Any], str]) -> None:
    """Red if a token, an operator's secret or an invitation is printed, or a team's folder is open to others."""
    data, table, said = first
    told = said + json.dumps(table)
    secrets = [path.read_text(encoding="utf-8").strip() for path in data.joinpath("demo").glob("*.secret")]
    for team in TEAMS:
        home = data / "demo" / team
        assert home.stat().st_mode & 0o777 == 0o700
        assert home.joinpath("key.pem").stat().st_mode & 0o777 == 0o600
        secrets += re.findall(r'token = "(.+)"', home.joinpath("config.toml").read_text(encoding="utf-8"))
    assert len(secrets) == 2 + len(TEAMS)
    assert [secret for secret in secrets if secret in told] == []
    assert all(path.stat().st_mode & 0o077 == 0 for path in data.joinpath("demo").glob("*.secret"))
    keys = [path for path in data.rglob("*") if path.is_file() and b"PRIVATE KEY-----" in path.read_bytes()]
    assert len(keys) == len(TEAMS) + 1


def test_a_second_run_publishes_nothing_twice(first: tuple[Path, dict[str, Any], str]) -> None:
    """Red if `is_published` always says no: each incident would get a second manifest."""
    data, table, _ = first
    before = manifests(data)
    again, said = played(data)
    assert (again["published"], manifests(data)) == (0, before)
    assert said.count("not published again") == 5
    assert shares(again) == shares(table)


def test_it_serves_shows_commands_that_work_and_ends_on_a_signal(first: tuple[Path, dict[str, Any], str]) -> None:
    """Red if a command of the advice names a wrong folder, SIGTERM leaves the server, or the end is no success."""
    data = first[0]
    with started(data) as demo:
        assert demo.stdout is not None
        lines = []
        for line in demo.stdout:
            lines.append(line.rstrip("\n"))
            if " explain " in line:
                break
        told = "\n".join(lines)
        url = re.search(r"serves at (http://127\.0\.0\.1:\d+) until Ctrl-C", told)
        assert url is not None
        advised = [line.strip() for line in lines if re.match(r"  (HUB_DATA_DIR|CIRT_HOME)=", line)]
        assert len(advised) == 4
        done = [pasted(line) for line in advised]
        assert [each.returncode for each in done] == [0] * 4, [each.stderr for each in done]
        assert "passes things on" in done[-1].stdout
        demo.send_signal(signal.SIGTERM)
        rest, _ = demo.communicate()
    assert demo.returncode == 0
    assert "ended" in rest
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(url[1].rpartition(":")[2]))) != 0


def pasted(line: str) -> subprocess.CompletedProcess[str]:
    """Run a command line as it was shown; the program from this tree, since it may not be installed."""
    assignment, program, *arguments = shlex.split(line)
    name, _, value = assignment.partition("=")
    known = command(Path(program).name, *arguments)
    variables = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), name: value}
    return subprocess.run(known, capture_output=True, text=True, check=False, env=variables, cwd=ROOT)


def test_a_stopped_run_is_gone_on_with_and_a_reset_begins_anew(tmp_path: Path) -> None:
    """Red if a run after a stop publishes twice or not at all, or `--reset` leaves the old keys."""
    data = tmp_path / "var"
    with started(data) as demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            if "published 'DDoS" in line:
                break
        demo.send_signal(signal.SIGTERM)
        _, said = demo.communicate()
    assert demo.returncode == 1
    assert "the next run goes on from there" in said
    assert played(data)[0]["published"] <= 3
    assert manifests(data) == 12
    key = data.joinpath("demo", "quelmar", "key.pem").read_bytes()
    assert played(data, "--reset")[0]["published"] == 5
    assert data.joinpath("demo", "quelmar", "key.pem").read_bytes() != key
    assert manifests(data) == 12


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    """Red if the port is not looked at first: the teams would join a hub that is somebody else's."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(tmp_path / "var", "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1 is taken: stop what listens there, or choose another" in done.stderr
    assert not (tmp_path / "var" / "hub.db").exists()


def test_the_port_of_the_first_run_is_kept(first: tuple[Path, dict[str, Any], str]) -> None:
    """Red if a second run on another port is not told where the teams know the hub, and what to type."""
    settings = (first[0] / "hub.toml").read_text()
    port = int(settings.partition("http://127.0.0.1:")[2].partition('"')[0])
    done = run(first[0], "--port", str(port % 60000 + 1024))
    assert done.returncode == 1
    assert f"make run PORT={port}" in done.stderr
    assert f"demo --reset --port {port % 60000 + 1024}" in done.stderr


def test_another_hub_is_left_alone(tmp_path: Path) -> None:
    """Red if `--reset` sweeps a directory that no demo made: it would delete a hub in use."""
    data = tmp_path / "data"
    subprocess.run(command("cirt-hub", "init"), check=True, capture_output=True, env=environment(data))
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    for options in ((), ("--reset",)):
        done = run(data, *options)
        assert done.returncode == 1
        assert "holds a hub that no demo made" in done.stderr
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_two_at_once_are_told_apart(first: tuple[Path, dict[str, Any], str]) -> None:
    """Red if the lock goes: two demos would join the same teams with two keys each."""
    with started(first[0]) as demo:
        assert demo.stderr is not None
        demo.stderr.readline()
        second = run(first[0])
        demo.send_signal(signal.SIGTERM)
        demo.communicate()
    assert second.returncode == 1
    assert "a demo runs in" in second.stderr


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"database_url": "postgresql+psycopg://db.example/hub"}, "unset HUB_DATABASE_URL"),
        ({"secret_file": "/etc/secret"}, "unset HUB_SECRET_FILE"),
        ({"public_url": "https://hub.example.org"}, "unset HUB_PUBLIC_URL"),
        ({"public_url": "http://127.0.0.1"}, "unset HUB_PUBLIC_URL"),
    ],
)
def test_settings_of_a_real_hub_are_refused(tmp_path: Path, settings: dict[str, Any], sentence: str) -> None:
    """Red if the demo takes HUB_DATABASE_URL: it would write its teams into a real hub's database."""
    with pytest.raises(DemoFailed, match=sentence):
        check(Settings(data_dir=tmp_path, **settings))
