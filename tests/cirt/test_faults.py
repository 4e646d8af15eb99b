"""The network breaks, the process is stopped, the hub forgets: nothing is half done, and the next run goes on."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from hub.acts import Actor
from hub.cirt.profile import KEY, Profile, load_profile
from hub.cirt.state import open_state
from hub.moves import move_agreement
from hub.store import keyring
from hub.store.registry import bump
from keys import base64url
from keys.jwk import fingerprint, load_jwk
from keys.signer import generate_key_file
from policies.agreement import read_agreement
from policies.life import Verb
from support.agreements import agreement_toml
from support.clock import DAY, Clock
from support.members import Neighbourhood, Wsgi, bundle, indicators, run_cirt
from support.stix_objects import UUID

Between = Callable[[Wsgi, dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def busy(start: Callable[..., Any]) -> Iterable[bytes]:
    """The answer of a hub that is to be asked later, so much later that nobody waits for it."""
    start("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "999")])
    return [b""]


def lost_answers(seen: list[bytes]) -> Between:
    """Take every publication in, and never say so."""

    def between(app: Wsgi, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return app(environ, start)
        list(app(environ, lambda *_: None))
        seen.append(b"")
        return busy(start)

    return between


def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if a retry signs anew: the stream would hold two manifests for one publication."""
    a, b = hood.pair()
    words = ("publish", str(bundle(tmp_path, "a.json", indicators(2))), "--group", "first", "--tlp", "green")
    seen: list[bytes] = []
    hood.doors.between = lost_answers(seen)
    a.run(*words, code=5)
    assert len(seen) == 1
    (kept,) = a.json("status")
    assert kept["state"] == "pending"
    hood.doors.between = None
    answer = a.json(*words)
    assert [(each["manifest"], each["seq"]) for each in answer["publications"]] == [(kept["manifest"], 1)]
    assert b.json("poll", "--group", "first")["verdicts"] == {"verified": 2}


def test_what_never_arrived_is_posted_by_the_next_run(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if an envelope is kept only after its post, or forgotten by a run with other files."""
    a, b = hood.pair()

    def shut(app: Wsgi, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return app(environ, start)
        return busy(start)

    hood.doors.between = shut
    first = str(bundle(tmp_path, "a.json", indicators(2)))
    said = a.run("publish", first, "--group", "first", "--tlp", "green", code=5)
    assert "run the same command again" in said.err
    hood.doors.between = None
    more = bundle(tmp_path, "b.json", indicators(1, first=7))
    answer = a.json("publish", str(more), "--group", "first", "--tlp", "green")
    assert [(each["seq"], each["objects"]) for each in answer["publications"]] == [(1, 2), (2, 1)]
    assert b.json("poll", "--group", "first")["verdicts"] == {"verified": 3}


def test_a_kept_envelope_that_is_damaged_is_given_up_and_said(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if a bad sector in one envelope keeps this member from publishing for ever."""
    a, _ = quick.pair()
    words = ("publish", str(bundle(tmp_path, "a.json", indicators(2))), "--group", "first", "--tlp", "green")
    quick.doors.between = lost_answers([])
    a.run(*words, code=5)
    quick.doors.between = None
    (kept,) = a.json("status")
    (a.home / kept["envelope"]).write_bytes(b'{"objects":[')
    assert "lost-envelope" in a.run(*words, code=1).err
    assert a.json(*words)["publications"][0]["seq"] == 2


def test_a_receipt_that_is_not_the_hubs_is_no_success(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if the receipt is not verified with the key pinned when joining."""
    a, b = quick.pair()
    other = load_profile(b.home)
    profile = load_profile(a.home)
    spoiled = Profile(
        profile.home, profile.hub, profile.member, profile.alias, profile.name, profile.key, profile.token,
        other.ring().of_member(b.cirt.id)[0].key,
    )  # fmt: skip
    spoiled.save()
    words = ("publish", str(bundle(tmp_path, "a.json", indicators(1))), "--group", "first", "--tlp", "green")
    assert "bad-receipt" in a.run(*words, code=1).err
    profile.save()
    assert a.json(*words)["publications"][0]["seq"] == 1


FORGOTTEN = {
    "the last": "UPDATE streams SET seq = 1, digest = (SELECT digest FROM manifests WHERE seq = 1)",
    "all": "DELETE FROM streams",
    "what it was": "UPDATE streams SET digest = (SELECT digest FROM manifests WHERE seq = 1)",
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_a_hub_that_forgot_is_not_signed_for(hood: Neighbourhood, tmp_path: Path, what: str) -> None:
    """Red if a hub restored from an old copy makes its publisher fork its own stream (`rewound`)."""
    a, _ = hood.pair()
    for number in range(2):
        path = bundle(tmp_path, f"{number}.json", indicators(1, first=number))
        a.run("publish", str(path), "--group", "first", "--tlp", "green")
    with hood.world.hub.database.writing() as tx:
        tx.run(FORGOTTEN[what])
        tx.run("DELETE FROM manifests WHERE seq = 2")
    more = bundle(tmp_path, "more.json", indicators(1, first=9))
    said = a.run("publish", str(more), "--group", "first", "--tlp", "green", code=1)
    assert "rewound" in said.err
    assert len(a.json("status")) == 2


def test_two_machines_of_one_member_continue_each_other(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if the second machine forks the stream, or believes a key that the hub alone vouches for."""
    a, b = hood.pair()
    home = tmp_path / "second"
    home.mkdir(mode=0o700)
    signer = generate_key_file(home / KEY, None)
    with hood.world.hub.database.writing() as tx:
        keyring.add(tx, kid=signer.kid, member=a.cirt.id, jwk=dict(signer.jwk), at=0)
        keyring.confirm(tx, signer.kid, "olivia")
        bump(tx)
    first = load_profile(a.home)
    second = Profile(
        home, first.hub, first.member, first.alias, first.name, f"file:{home / KEY}", first.token, first.receipt_key
    )
    second.save()
    run_cirt(home, a.clock, "accept", "first")
    publish = ("publish", str(bundle(tmp_path, "a.json", indicators(1))), "--group", "first", "--tlp", "green")
    run_cirt(home, a.clock, *publish)
    said = a.run(*publish, code=1)
    assert f"cirt keys pin {a.cirt.id} '{fingerprint(signer.kid)}'" in said.err
    a.run("keys", "pin", a.cirt.id, fingerprint(signer.kid))
    assert a.json(*publish)["publications"][0]["seq"] == 2
    polled = b.json("poll", "--group", "first", code=None)
    assert polled["verdicts"] == {"verified": 1}
    assert polled["streams"] == {f"{a.cirt.id}/green": "complete"}


def test_a_key_that_was_not_pinned_is_an_unknown_signer_until_it_is(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if a changed key is believed by itself, or what it signed stays doubted after it was pinned."""
    a, b = hood.pair()
    publish = ("publish", str(bundle(tmp_path, "a.json", indicators(2))), "--group", "first", "--tlp", "green")
    a.run(*publish)
    said = b.json("poll", "--group", "first", "--require-confirmed", code=1)
    assert said["verdicts"] == {"unknown-signer": 2}
    assert [each["verdict"] for each in said["manifests"]] == ["unknown-signer"]
    mark = str(said["first_seen"][0]["fingerprint"])
    assert b.run("keys", "pin", a.cirt.id, f"{mark[5:]} {mark[:4]}", code=1).out == ""
    b.run("keys", "pin", a.cirt.id, mark)
    assert b.json("poll", "--group", "first", "--require-confirmed")["verdicts"] == {"verified": 2}
    assert b.json("verify", "--group", "first", "--require-confirmed")["verdicts"] == {"verified": 2}


def test_a_key_can_be_pinned_after_a_group_was_left(quick: Neighbourhood) -> None:
    """Red if `cirt keys pin` asks for the keys of a group that does not exist for this member any more."""
    a, b = quick.pair()
    gone = quick.group((a, "both", "amber"), (b, "both", "amber"), alias="gone")
    b.run("withdraw", "gone")
    others = agreement_toml(id=gone.id, proofs=gone.proofs, alias="gone", version=2, parties=[{"member": a.cirt.id}])
    quick.world.approve(read_agreement(others))
    quick.world.clock.advance(1_000_000)
    assert [each["alias"] for each in b.json("agreements")] == ["first"]
    b.run("keys", "pin", a.cirt.id, fingerprint(a.cirt.signer.kid))


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_a_poll_that_was_cut_off_goes_on_where_it_was(quick: Neighbourhood, tmp_path: Path, at: int) -> None:
    """Red if the cursor moves before the page is on disk, or a page is lost or written twice."""
    a, b = quick.pair()
    for number in range(3):
        path = bundle(tmp_path, f"{number}.json", indicators(3, first=10 * number))
        a.run("publish", str(path), "--group", "first", "--tlp", "green")
        quick.world.clock.advance(1_000_000)
    out = tmp_path / "b.ndjson"
    calls: list[str] = []

    def cut(app: Wsgi, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("/objects/"):
            calls.append(environ["PATH_INFO"])
            environ["QUERY_STRING"] = environ["QUERY_STRING"].replace("limit=1000", "limit=4")
            if len(calls) == at:
                return busy(start)
        return app(environ, start)

    quick.doors.between = cut
    b.run("poll", "--group", "first", "--ndjson", str(out), code=5)
    with out.open("ab") as file:
        file.write(b'{"torn')
    calls += ["-"] * 10
    answer = b.json("poll", "--group", "first", "--ndjson", str(out))
    assert answer["good"], answer
    ids = [json.loads(line)["id"] for line in out.read_bytes().splitlines()]
    assert (len(ids), len(set(ids))) == (12, 12)
    assert b.json("verify", "--group", "first")["verdicts"] == {"verified": 9}


def test_a_hub_cannot_choose_where_pages_are_written(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if the alias that a hub tells may lead out of the profile's folder."""
    a, b = quick.pair()
    a.run("publish", str(bundle(tmp_path, "a.json", indicators(1))), "--group", "first", "--tlp", "green")

    def renamed(app: Wsgi, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        said: list[Any] = []
        environ.pop("HTTP_ACCEPT_ENCODING", None)  # the words are to be changed
        body = b"".join(app(environ, lambda *words: said.extend(words)))
        body = body.replace(b'"alias":"first"', b'"alias":"../../../x"')
        kept = [(name, value) for name, value in said[1] if name.lower() != "content-length"]
        start(said[0], [*kept, ("Content-Length", str(len(body)))])
        return [body]

    quick.doors.between = renamed
    assert "`alias`" in b.run("poll", "--group", "first", code=1).err
    assert not (tmp_path / "x").exists()


def test_a_file_of_somebody_else_is_not_written_over(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if `--ndjson` cuts a file that this profile did not write."""
    _, b = quick.pair()
    path = tmp_path / "precious.txt"
    path.write_text("mine")
    assert "was not written by this profile" in b.run("poll", "--group", "first", "--ndjson", str(path), code=1).err
    assert path.read_text() == "mine"


def test_exit_codes_tell_what_is_wrong(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if a script cannot tell a wrong token from a hub that does not answer, or from wrong usage."""
    a, _ = quick.pair()
    assert run_cirt(tmp_path / "nowhere", a.clock, "whoami", code=1).err.count("cirt join") == 1
    assert a.run("poll", code=2).err.count("--group") > 0
    profile = load_profile(a.home)
    Profile(
        profile.home, profile.hub, profile.member, profile.alias, profile.name, profile.key, "chub_wrong",
        profile.receipt_key,
    ).save()  # fmt: skip
    assert a.json("whoami", code=3)["error"]["code"] == "not-authenticated"
    profile.save()
    assert a.run("poll", "--group", "other", code=1).err.count("cirt agreements") == 1
    (a.home / "config.toml").chmod(0o644)
    assert "chmod 600" in a.run("whoami", code=1).err


def test_a_group_that_is_shut_is_told_as_such(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if a suspended or withdrawn agreement looks like one that does not exist, or does not end with 4."""
    a, b = quick.pair()
    words = ("publish", str(bundle(tmp_path, "a.json", indicators(1))), "--group", "first", "--tlp", "green")
    a.run("withdraw", "first")
    assert a.json(*words, code=4)["error"]["code"] == "not-accepted"
    assert a.json("poll", "--group", "first", code=4)["error"]["code"] == "not-accepted"
    a.run("accept", "first")
    hub = quick.world.hub
    with hub.database.writing() as tx:
        move_agreement(tx, hub.registries.of(tx), "first", Verb.SUSPEND, Actor("", "test"), at=hub.clock())
    for said in (a.json(*words, code=4), b.json("poll", "--group", "first", code=4)):
        assert said["error"]["code"] == "not-in-force"
        assert "version 1 is suspended" in said["error"]["message"]


def test_nothing_received_is_no_rewound_stream(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if `verify` before the first poll, or after one to standard output, accuses the hub."""
    a, b = quick.pair()
    a.run("publish", str(bundle(tmp_path, "a.json", indicators(1))), "--group", "first", "--tlp", "green")
    b.run("accept", "first")
    assert "cirt poll --group first" in b.run("verify", "--group", "first", code=1).err
    b.run("poll", "--group", "first")
    b.run("verify", "--group", "first")


def test_a_usage_error_is_json_too(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if a script that asked for JSON gets nothing: whether labels are missing depends on its data."""
    a, _ = quick.pair()
    words = ("publish", str(bundle(tmp_path, "a.json", indicators(1))), "--group")
    assert "--tlp" in a.json(*words, "first", code=2)["error"]["message"]
    assert a.json(*words, "", code=2)["error"]["code"] == "usage"


def test_it_cannot_be_reached(tmp_path: Path) -> None:
    """Red if a hub that does not answer ends with another code than 5."""
    offered = {"hub": "http://127.0.0.1:1", "member": f"identity--{UUID}", "nonce": "n" * 43}
    said = run_cirt(tmp_path / "home", Clock(), "join", base64url.encode(json.dumps(offered).encode()), code=5)
    assert "cannot be reached" in said.err
    assert (tmp_path / "home" / KEY).stat().st_mode & 0o777 == 0o600


def test_parties_that_have_gone_silent_are_named(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if a stream that was cut off at its end looks like a quiet day."""
    a, b = quick.pair()
    a.run("publish", str(bundle(tmp_path, "a.json", indicators(1))), "--group", "first", "--tlp", "green")
    assert b.json("poll", "--group", "first")["silent"] == []
    quick.world.clock.advance(31 * DAY)
    said = b.run("poll", "--group", "first", "--json")
    assert said.json["silent"] == [{"member": a.cirt.id, "last": "2026-11-20T10:30:00.000Z"}]
    assert "silent for more than 30 days" in said.err


def test_a_baseline_that_is_not_the_hubs_is_not_kept(quick: Neighbourhood) -> None:
    """Red if the baseline is believed without the pinned receipt key: gaps would be judged by a forger's word."""
    a = quick.team("alpha")
    b = quick.team("bravo")
    quick.world.agreement([(a.cirt, "both", "amber"), (b.cirt, "both", "amber")], accepted=False, alias="first")
    profile = load_profile(a.home)
    Profile(
        profile.home, profile.hub, profile.member, profile.alias, profile.name, profile.key, profile.token,
        load_jwk(dict(b.cirt.signer.jwk)),
    ).save()  # fmt: skip
    assert "bad-signature" in a.run("accept", "first", code=1).err
    with open_state(a.home) as state:
        assert state.rows("SELECT * FROM baselines") == []


def test_it_starts_without_the_libraries_of_a_server() -> None:
    """Red if `cirt` needs Flask or SQLAlchemy, which members do not install."""
    absent = ["flask", "werkzeug", "sqlalchemy", "alembic", "psycopg", "granian", "structlog"]
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r})); from hub.cirt.main import execute; execute(['-h'])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Usage: cirt" in said.stdout
