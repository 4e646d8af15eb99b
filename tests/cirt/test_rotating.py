"""`cirt keys rotate`: the old key signs until the new one is confirmed; whatever stops a run, the next one goes on."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from hub.acts import Actor
from hub.cirt.profile import CONFIG, KEY, load_profile
from hub.cirt.rotating import NEXT
from hub.credentials import revoke_key, revoke_token
from hub.store import keyring, tokens
from keys.signer import generate_key_file
from support.joining import confirm, invitation, joined
from support.members import Neighbourhood, Team, Wsgi, bundle, indicators, run_cirt

OLIVIA = Actor("olivia", "root")
Start = Callable[..., Any]


@pytest.fixture
def pair(hood: Neighbourhood) -> tuple[Team, Team]:
    """A publisher who joined, and a reader."""
    a, b = joined(hood, "alpha"), joined(hood, "bravo")
    hood.group((a, "both", "amber"), (b, "both", "amber"), alias="first")
    return a, b


def publish(team: Team, folder: Path, number: int) -> Any:
    """Publish one object; the publication."""
    path = str(bundle(folder, "a.json", indicators(1, first=number)))
    team.clock.advance(1_000_000)
    return team.json("publish", path, "--group", "first", "--tlp", "green")["publications"][0]


def key_of(team: Team) -> str:
    """The id of the key that the profile signs with."""
    return load_profile(team.home).signer(None).kid


def states(hood: Neighbourhood, team: Team) -> list[str]:
    """The states of a member's keys at the hub."""
    with hood.world.hub.database.reading() as tx:
        return [key.state for key in keyring.of_member(tx, team.cirt.id)]


def finish(hood: Neighbourhood, team: Team, told: dict[str, Any]) -> None:
    """Confirm what is pending, and see that one more run takes the new key into use."""
    confirm(hood.world, "alpha", told["fingerprint"])
    done = team.json("keys", "rotate")
    assert (done["kid"], done["state"], done["switched"]) == (told["kid"], "confirmed", True)
    assert key_of(team) == told["kid"]
    assert not (team.home / NEXT).exists()
    assert team.json("whoami")["account"]["pending"] is False


@pytest.mark.parametrize("alg", ["Ed25519", "ES256"])
def test_the_old_key_signs_until_the_new_one_is_confirmed(
    hood: Neighbourhood, pair: tuple[Team, Team], tmp_path: Path, alg: str
) -> None:
    """Red if a key that nobody confirmed is taken into use, the stream breaks, or a reader takes the new key unseen."""
    a, b = pair
    publish(a, tmp_path, 0)
    assert b.json("poll", "--group", "first")["good"] is True
    b.run("keys", "pin", a.cirt.id, a.json("keys", "list")[0]["fingerprint"])
    before, config = key_of(a), (a.home / CONFIG).read_bytes()
    told = a.json("keys", "rotate", "--alg", alg)
    assert (told["alg"], told["state"], told["switched"]) == (alg, "pending", False)
    assert (key_of(a), (a.home / CONFIG).read_bytes()) == (before, config)
    assert publish(a, tmp_path, 1)["seq"] == 2
    assert b.json("poll", "--group", "first")["good"] is True
    assert a.json("keys", "rotate")["switched"] is False
    finish(hood, a, told)
    assert publish(a, tmp_path, 2)["seq"] == 3
    said = b.run("poll", "--group", "first", code=1)
    assert f"cirt keys pin {a.cirt.id} '{told['fingerprint']}'" in said.err
    b.run("keys", "pin", a.cirt.id, told["fingerprint"])
    answer = b.json("poll", "--group", "first")
    assert (answer["good"], set(answer["streams"].values())) == (True, {"complete"})
    assert b.json("verify", "--group", "first")["verdicts"] == {"verified": 3}
    assert a.json("accept", "first")["n"] > 1


def test_the_profile_works_without_the_old_key(hood: Neighbourhood, pair: tuple[Team, Team], tmp_path: Path) -> None:
    """Red if the token stays the old key's: revoking that one would lock the member out."""
    a, _ = pair
    old = key_of(a)
    finish(hood, a, a.json("keys", "rotate"))
    with hood.world.hub.database.writing() as tx:
        revoke_key(tx, "alpha", old, "it was old", OLIVIA, at=hood.world.clock())
    assert publish(a, tmp_path, 0)["seq"] == 1
    assert sorted(states(hood, a)) == ["confirmed", "revoked"]


def lost(app: Wsgi, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Take the key in, and never say so."""
    if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) != ("POST", "/api/v1/keys"):
        return app(environ, start)
    list(app(environ, lambda *_: None))
    start("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "999")])
    return [b""]


def test_a_lost_answer_is_asked_for_again(hood: Neighbourhood, pair: tuple[Team, Team]) -> None:
    """Red if each try makes a further key, or leaves a token behind that nobody has."""
    a, _ = pair
    for _ in range(2):
        hood.doors.between = lost
        a.run("keys", "rotate", code=5)
    hood.doors.between = None
    told = a.json("keys", "rotate")
    assert sorted(states(hood, a)) == ["confirmed", "pending"]
    with hood.world.hub.database.reading() as tx:
        given = [each for each in tokens.listed(tx, a.cirt.id) if each.kid == told["kid"]]
    assert sorted(each.revoked_at is None for each in given) == [False, False, True]
    finish(hood, a, told)


@pytest.mark.parametrize("step", ["named", "made", "enrolled, never told", "switched"])
def test_a_run_that_was_stopped_is_gone_on_with(hood: Neighbourhood, pair: tuple[Team, Team], step: str) -> None:
    """Red if what a stopped run left on disk cannot be gone on with, or is begun a second time."""
    a, _ = pair
    if step in {"named", "made"}:
        (a.home / NEXT).write_text('{"key": "key-2.pem", "token": null}')
        made = generate_key_file(a.home / "key-2.pem", None) if step == "made" else None
        told = a.json("keys", "rotate")
        assert made is None or told["kid"] == made.kid
        finish(hood, a, told)
    elif step == "switched":
        told = a.json("keys", "rotate")
        left = (a.home / NEXT).read_bytes()
        finish(hood, a, told)
        (a.home / NEXT).write_bytes(left)
        assert a.json("keys", "rotate") == {**told, "state": "confirmed", "switched": True}
    else:
        told = a.json("keys", "rotate")
        (a.home / NEXT).write_text('{"key": "key-2.pem", "token": null}')
        confirm(hood.world, "alpha", told["fingerprint"])
        done = a.json("keys", "rotate")
        assert (done["kid"], done["switched"]) == (told["kid"], True)
    assert sorted(path.name for path in a.home.glob("*.pem")) == ["key-2.pem", "key.pem"]
    assert len(states(hood, a)) == 2


def test_a_new_key_that_was_revoked_is_given_up(hood: Neighbourhood, pair: tuple[Team, Team]) -> None:
    """Red if a rotation that cannot end well can never be begun again."""
    a, _ = pair
    old, told = key_of(a), a.json("keys", "rotate")
    with hood.world.hub.database.writing() as tx:
        revoke_key(tx, "alpha", told["kid"], "a mistake", OLIVIA, at=hood.world.clock())
    assert "begins again" in a.run("keys", "rotate", code=1).err
    again = a.json("keys", "rotate")
    assert again["kid"] != told["kid"]
    assert key_of(a) == old
    finish(hood, a, again)


def test_a_token_that_was_revoked_is_asked_for_anew(hood: Neighbourhood, pair: tuple[Team, Team]) -> None:
    """Red if the profile switches to a token that does not work, or the same key cannot be given another one."""
    a, _ = pair
    told = a.json("keys", "rotate")
    with hood.world.hub.database.writing() as tx:
        (given,) = (each.id for each in tokens.listed(tx, a.cirt.id) if each.kid == told["kid"])
        revoke_token(tx, given, OLIVIA, at=hood.world.clock())
    assert "run `cirt keys rotate` again" in a.run("keys", "rotate", code=1).err
    finish(hood, a, a.json("keys", "rotate"))


def test_files_of_a_rotation_are_its_owners_alone(quick: Neighbourhood) -> None:
    """Red if the token to be, or the new key, can be read by others."""
    a = joined(quick, "alpha")
    told = a.run("keys", "rotate", "--json")
    token = json.loads((a.home / NEXT).read_bytes())["token"]
    assert {path.stat().st_mode & 0o777 for path in (a.home / NEXT, a.home / "key-2.pem")} == {0o600}
    assert token not in told.out + told.err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": "../x.pem", "token": null}', '{"key": "k", "token": 1}'])
def test_a_damaged_rotation_is_told(quick: Neighbourhood, text: str) -> None:
    """Red if a damaged file ends in a traceback, or leads out of the profile's folder."""
    a = joined(quick, "alpha")
    (a.home / NEXT).write_text(text)
    assert "move it away" in a.run("keys", "rotate", code=1).err


def test_joining_again_knows_the_key_that_is_used(quick: Neighbourhood) -> None:
    """Red if `cirt join` after a rotation takes `key.pem` up again, which was given up."""
    a = joined(quick, "alpha")
    told = a.json("keys", "rotate")
    finish(quick, a, told)
    again = run_cirt(a.home, a.clock, "join", invitation(quick.world, "alpha"), "--json").json
    assert (again["kid"], again["state"]) == (told["kid"], "confirmed")
    (a.home / "key-2.pem").rename(a.home / "lost.pem")
    new = run_cirt(a.home, a.clock, "join", invitation(quick.world, "alpha"), "--json").json
    assert new["state"] == "pending"
    assert new["kid"] not in {told["kid"], a.cirt.signer.kid}
    assert (a.home / KEY).exists()


def test_a_key_that_was_stolen_is_believed_no_more(
    hood: Neighbourhood, pair: tuple[Team, Team], tmp_path: Path
) -> None:
    """Red if the hub's word alone changes the ring, or `keys revoke` leaves what the key signed verified."""
    a, b = pair
    publish(a, tmp_path, 0)
    b.run("poll", "--group", "first")
    with hood.world.hub.database.writing() as tx:
        revoke_key(tx, "alpha", key_of(a), "stolen", OLIVIA, at=hood.world.clock())
    mark = next(each["fingerprint"] for each in b.json("keys", "list") if each["member"] == a.cirt.id)
    assert f"cirt keys revoke {a.cirt.id} '{mark}'" in b.run("poll", "--group", "first").err
    assert b.json("verify", "--group", "first")["verdicts"] == {"verified": 1}
    b.run("keys", "revoke", a.cirt.id, mark[:-4], code=1)
    assert b.json("keys", "revoke", a.cirt.id, mark)["state"] == "revoked"
    assert b.json("verify", "--group", "first", code=1)["verdicts"] == {"unknown-signer": 1}
    assert "cirt keys revoke" not in b.run("poll", "--group", "first", code=None).err
    assert "cannot be confirmed" in b.run("keys", "pin", a.cirt.id, mark, code=1).err
