"""The members' walks over real HTTP, on both engines: join, accept, publish, poll, verify; and what is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from hub.acts import Actor
from hub.credentials import add_operator, confirm_key, invite
from hub.store import members as member_rows
from hub.store.registry import bump
from keys.acceptance import Action
from keys.member import MemberDocument
from policies.agreement import read_agreement
from policies.labels import TLP2_MARKINGS
from policies.life import State
from support.agreements import agreement_toml
from support.members import Neighbourhood, Team, bundle, indicators, neighbourhood, run_cirt
from support.papers import SHELL
from support.stix_objects import sdo

GREEN, AMBER = TLP2_MARKINGS["green"], TLP2_MARKINGS["amber"]


def test_from_invitation_to_verified(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if any step from `cirt join` to `cirt verify` breaks, or a token works before its key is confirmed."""
    world, a, home = hood.world, hood.team("alpha"), tmp_path / "new"
    identity = "identity--cccccccc-cccc-4ccc-8ccc-cccccccccccc"
    with world.hub.database.writing() as tx:
        document = MemberDocument(identity, "charlie", "CIRT charlie", "", (), "", "", "c" * 64, b"")
        member_rows.add(tx, document, state=State.APPROVED, at=world.clock())
        add_operator(tx, world.hub.secret, "olivia", SHELL, at=world.clock())
        bump(tx)
        url = world.hub.settings.public_url
        invitation = str(invite(tx, world.hub.secret, url, "charlie", SHELL, at=world.clock())["invitation"])
    joined = run_cirt(home, world.clock, "join", invitation, "--json").json
    assert joined["state"] == "pending"
    assert run_cirt(home, world.clock, "whoami", "--json").json["account"]["pending"] is True
    with world.hub.database.writing() as tx:
        confirm_key(tx, "charlie", joined["fingerprint"], Actor("olivia", "root"), at=world.clock())
    listed: list[dict[str, Any]] = [{"member": a.cirt.id}, {"member": identity}]
    world.agreement(listed, accepted=False, alias="first")
    a.run("accept", "first")
    assert run_cirt(home, world.clock, "accept", "first", "--json").json["starts"] == {
        "clear": 0,
        "green": 0,
        "amber": 0,
    }
    a.run("publish", str(bundle(tmp_path, "a.json", indicators(3))), "--group", "first", "--tlp", "green")
    polled = run_cirt(home, world.clock, "poll", "--group", "first", "--json").json
    assert (polled["objects"], polled["verdicts"]) == (3, {"verified": 3})
    verified = run_cirt(home, world.clock, "verify", "--group", "first", "--json").json
    assert (verified["good"], verified["streams"]) == (True, {f"{a.cirt.id}/green": "complete"})


def test_publish_answers_as_scripts_expect(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if a field of the stable answer is missing, or the receipt is not kept."""
    a, _ = hood.pair()
    answer = a.json("publish", str(bundle(tmp_path, "a.json", indicators(2))), "--group", "first", "--tlp", "amber")
    (publication,) = answer["publications"]
    assert set(publication) == {"manifest", "group", "tlp", "seq", "objects", "status_id", "receipt"}
    assert (publication["tlp"], publication["seq"], publication["objects"]) == ("amber", 1, 2)
    assert answer["failures"] == []
    (kept,) = a.json("status")
    assert (kept["state"], kept["status_id"]) == ("accepted", publication["status_id"])
    assert a.json("status", publication["status_id"])["failure_count"] == 0


def test_own_objects_are_marked_once_and_a_second_run_publishes_the_same_bytes(
    hood: Neighbourhood, tmp_path: Path
) -> None:
    """Red if the marked copy is not kept by the input's digest: every run would make a further version."""
    a, b = hood.pair()
    path = bundle(tmp_path, "a.json", [*indicators(2, author=a.cirt.id), *indicators(1, first=9)])
    first = a.json("publish", str(path), "--group", "first", "--tlp", "green")
    assert len(first["marked"]) == 2
    hood.world.clock.advance(60_000_000)
    a.run("publish", str(path), "--group", "first", "--tlp", "green")
    b.run("poll", "--group", "first", "--ndjson", str(tmp_path / "b.ndjson"))
    received = [json.loads(line) for line in (tmp_path / "b.ndjson").read_bytes().splitlines()]
    objects = [each for each in received if each["type"] == "indicator"]
    assert len(objects) == 3
    assert [each.get("object_marking_refs") for each in objects] == [[GREEN], [GREEN], None]


def test_as_is_touches_nothing(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if `--as-is` marks all the same."""
    a, b = hood.pair()
    path = bundle(tmp_path, "a.json", indicators(1, author=a.cirt.id))
    a.run("publish", str(path), "--group", "first", "--tlp", "green", "--as-is")
    b.run("poll", "--group", "first", "--ndjson", str(tmp_path / "b.ndjson"))
    received = [json.loads(line) for line in (tmp_path / "b.ndjson").read_bytes().splitlines()]
    assert json.loads(path.read_bytes())["objects"][0] in received


def test_labels_go_their_own_ways(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if objects of two labels share a manifest, or an identity goes under a stricter label than it needs."""
    a, b, c = hood.team("alpha"), hood.team("bravo"), hood.team("charlie")
    parties = ((a, "both", "amber"), (b, "both", "amber"), (c, "both", "green"))
    hood.group(*parties, alias="first")
    identity = sdo("identity", name="Somebody")
    strict = indicators(1, author=identity["id"], object_marking_refs=[AMBER])
    lax = indicators(1, first=1, author=identity["id"], object_marking_refs=[GREEN])
    answer = a.json("publish", str(bundle(tmp_path, "a.json", [identity, *strict, *lax])), "--group", "first")
    assert [(each["tlp"], each["objects"]) for each in answer["publications"]] == [("green", 2), ("amber", 1)]
    assert b.json("poll", "--group", "first")["verdicts"] == {"relayed": 3}
    assert c.json("poll", "--group", "first")["objects"] == 2


def test_one_envelope_where_it_fits_several_where_it_must(tmp_path: Path, database_url: str) -> None:
    """Red if the hub's size limit is not kept, or what fits into one transaction is torn apart."""
    from_hub: list[int] = []
    with_limit = {"max_content_length": 64 * 1024}
    with neighbourhood(tmp_path, database_url, **with_limit) as hood:
        a, b = hood.pair()
        path = bundle(tmp_path, "a.json", indicators(200))
        answer = a.json("publish", str(path), "--group", "first", "--tlp", "green")
        from_hub = [each["objects"] for each in answer["publications"]]
        assert len({each["status_id"] for each in answer["publications"]}) == len(from_hub) > 1
        assert b.json("poll", "--group", "first")["verdicts"] == {"verified": 200}
    assert sum(from_hub) == 200


def test_more_than_a_thousand_go_in_one_transaction(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if a manifest lists more than 1,000, or the second thousand travels by itself."""
    a, b = quick.pair()
    answer = a.json("publish", str(bundle(tmp_path, "a.json", indicators(1_001))), "--group", "first", "--tlp", "green")
    assert [(each["seq"], each["objects"]) for each in answer["publications"]] == [(1, 1_000), (2, 1)]
    assert len({each["status_id"] for each in answer["publications"]}) == 1
    assert b.json("poll", "--group", "first")["objects"] == 1_001


def test_a_dry_run_tells_and_stores_nothing(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if `--dry-run` signs, marks for good, or does not name who would receive it."""
    a, b = hood.pair()
    path = str(bundle(tmp_path, "a.json", indicators(1, author=a.cirt.id)))
    told = a.json("publish", path, "--group", "first", "--tlp", "green", "--dry-run")
    assert [each["received"] for each in told["recipients"]["green"]] == [True, True]
    assert told["accepted"] is True
    assert a.json("status") == []
    assert b.json("poll", "--group", "first")["objects"] == 0


def test_a_dry_run_tells_what_receivers_could_not_read(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if the second opinion of stix2 is not asked, decides, or is asked for each publication, which takes long."""
    a, _ = hood.pair()
    value = {**indicators(2)[1], "valid_until": "2026-11-20T10:00:00.123456789Z"}
    path = str(bundle(tmp_path, "a.json", [indicators(1)[0], value]))
    words = ("publish", path, "--group", "first", "--tlp", "green")
    told = a.json(*words, "--dry-run")
    assert (told["accepted"], told["objects"]) == (True, {"green": 2})
    assert [(each["id"], each["code"]) for each in told["warnings"]] == [(value["id"], "stix2-refuses")]
    said = a.run(*words, "--dry-run").err
    assert "look at these; they are published all the same" in said
    assert "stix2-refuses: the library stix2, with which many receivers read, refuses it" in said
    assert a.json(*words)["warnings"] == []


def test_what_the_hub_refuses_is_told_by_object_and_ends_with_4(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if a refusal by the hub ends with 0, or what was refused counts as published."""
    a, b = hood.pair()
    path = bundle(tmp_path, "a.json", indicators(2, author=b.cirt.id))
    said = a.run("publish", str(path), "--group", "first", "--tlp", "green", "--json", code=4)
    assert said.json["publications"] == []
    assert {each["code"] for each in said.json["failures"]} >= {"not-author"}
    ours = a.json("publish", str(bundle(tmp_path, "b.json", indicators(1))), "--group", "first", "--tlp", "green")
    assert ours["publications"][0]["seq"] == 1


def test_a_new_text_must_be_accepted_before_anything_is_signed(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if the hub can bring in a new text, and new recipients, without this member's word."""
    a, b = hood.pair()
    path = str(bundle(tmp_path, "a.json", indicators(1)))
    second = read_agreement(
        agreement_toml(
            id=(first := _agreement(hood)).id,
            proofs=first.proofs,
            alias="first",
            version=2,
            parties=[{"member": a.cirt.id}, {"member": b.cirt.id}],
        )
    )
    hood.world.approve(second)
    hood.world.clock.advance(1_000_000)
    said = a.run("publish", path, "--group", "first", "--tlp", "green", code=4)
    assert "cirt accept first" in said.err
    assert a.json("status") == []
    hood.world.accept(a.cirt, second)  # as another machine of theirs, or a lying hub, would have it
    assert "agreement-changed" in a.run("publish", path, "--group", "first", "--tlp", "green", code=4).err
    a.run("accept", "first")
    assert a.json("publish", path, "--group", "first", "--tlp", "green")["publications"][0]["seq"] == 1
    assert "paused" in b.run("poll", "--group", "first", code=4).err
    b.run("accept", "first")
    assert b.json("poll", "--group", "first")["verdicts"] == {"verified": 1}


def test_who_returns_accepts_what_is_in_force(quick: Neighbourhood) -> None:
    """Red if `accept` after `withdraw` signs the version to come instead, or what was withdrawn counts as accepted."""
    a, b = quick.pair()
    first = _agreement(quick)
    later = {"validity": {"from": datetime(2027, 1, 1, tzinfo=UTC)}, "parties": [{"member": t.cirt.id} for t in (a, b)]}
    second = read_agreement(agreement_toml(id=first.id, proofs=first.proofs, alias="first", version=2, **later))
    quick.world.approve(second)
    quick.world.clock.advance(1_000_000)
    a.run("withdraw", "first")
    assert "version 1: in force, not accepted from this profile" in a.run("agreements", "first").out
    assert [a.json("accept", "first")["version"] for _ in range(2)] == [1, 2]


def test_what_comes_before_the_first_day_is_no_gap(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if streams of a version accepted ahead are owed from the heads of the acceptance, or from the beginning."""
    a, b = hood.team("alpha"), hood.team("bravo")
    first = hood.group((a, "both", "amber"), alias="first", terms={"history": "from-joining"})
    clock = hood.world.clock
    begin = clock() // 1_000_000 + 86_400
    second = read_agreement(
        agreement_toml(
            id=first.id,
            proofs=first.proofs,
            alias="first",
            version=2,
            validity={"from": datetime.fromtimestamp(begin, UTC)},
            parties=[{"member": a.cirt.id}, {"member": b.cirt.id}],
        )
    )

    def publish(number: int) -> None:
        clock.advance(1_000_000)
        path = str(bundle(tmp_path, "a.json", indicators(1, first=number)))
        a.run("publish", path, "--group", "first", "--tlp", "amber")

    publish(1)
    hood.world.approve(second)
    clock.advance(1_000_000)
    assert "TLP:AMBER published from 2026-11-21T10:30:00.000000Z on" in b.run("accept", "first").err
    publish(2)
    a.run("accept", "first", "--digest", second.digest)
    clock.now = (begin + 1) * 1_000_000
    for number in (3, 4):
        publish(number)
    answer = b.json("poll", "--group", "first")
    assert (answer["objects"], answer["streams"]) == (2, {f"{a.cirt.id}/amber": "complete"})
    b.run("accept", "first")
    publish(5)
    assert b.json("poll", "--group", "first")["streams"] == {f"{a.cirt.id}/amber": "complete"}


def test_a_word_is_never_said_again(hood: Neighbourhood) -> None:
    """Red if the counter does not rise above what another machine used."""
    a, _ = hood.pair()
    hood.world.accept(a.cirt, _agreement(hood), action=Action.ACCEPT)
    assert a.json("withdraw", "first")["n"] == 3
    assert a.json("accept", "first")["n"] == 4


def test_an_envelope_for_one_group_is_refused_in_another(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if hub or reader takes a publication that was signed for another group."""
    a, b = hood.pair()
    second = hood.group((a, "both", "amber"), (b, "both", "amber"), alias="second")
    envelope = _signed(a, tmp_path)
    answer = _post(hood, a, second.id, envelope.read_bytes())
    assert answer["failure_count"] == 3
    assert any(each["message"].startswith("wrong-group:") for each in answer["failures"])
    b.run("poll", "--group", "second")
    said = b.run("verify", "--group", "second", str(envelope), "--json", code=1)
    assert said.json["verdicts"] == {"foreign": 2}
    assert [each["verdict"] for each in said.json["manifests"]] == ["foreign"]
    assert "wrong-group" in said.json["manifests"][0]["message"]


def test_a_signed_envelope_can_be_posted_by_any_client(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if what `cirt sign` writes is not a whole publication, or the next one does not follow it."""
    a, b = hood.pair()
    envelope = _signed(a, tmp_path)
    assert _post(hood, a, _agreement(hood).id, envelope.read_bytes())["failure_count"] == 0
    after = a.json(
        "publish", str(bundle(tmp_path, "b.json", indicators(1, first=5))), "--group", "first", "--tlp", "green"
    )
    assert after["publications"][0]["seq"] == 2
    assert b.json("poll", "--group", "first")["streams"] == {f"{a.cirt.id}/green": "complete"}


def test_who_receives_it_can_be_asked(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if `cirt explain` does not give the hub's account."""
    a, b = hood.pair()
    a.run("publish", str(bundle(tmp_path, "a.json", indicators(1))), "--group", "first", "--tlp", "green")
    name = str(indicators(1)[0]["id"])
    assert b.json("explain", name, "--group", "first")["received"] is True
    assert a.json("explain", name, "--group", "first", "--member", "bravo")["member"] == b.cirt.id
    assert b.run("explain", name, "--group", "first", "--member", "alpha", code=1).out == ""


def _signed(team: Team, folder: Path) -> Path:
    """The envelope that `cirt sign` writes of two objects, for the group `first`."""
    envelope = folder / "envelope.json"
    words = ("--group", "first", "--tlp", "green", "--out", str(envelope))
    team.run("sign", str(bundle(folder, "a.json", indicators(2))), *words)
    return envelope


def _agreement(hood: Neighbourhood) -> Any:
    with hood.world.hub.database.reading() as tx:
        registry = hood.world.hub.registries.of(tx)
        return registry.collections["first"].group.versions[0].agreement


def _post(hood: Neighbourhood, team: Team, collection: str, raw: bytes) -> Any:
    headers = {**team.cirt.headers, "Content-Type": team.cirt.headers["Accept"]}
    url = f"{hood.doors.url}/live/collections/{collection}/objects/"
    return requests.post(url, raw, headers=headers, timeout=20).json()
