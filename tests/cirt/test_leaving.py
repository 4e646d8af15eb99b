"""`--leave-out`: the rest is published, what was left out is told with who misses it, and nothing is half done."""

import json
from pathlib import Path
from typing import Any

import pytest

from policies.labels import TLP2_MARKINGS
from support.members import Neighbourhood, Team, bundle, indicators
from support.stix_objects import sdo

GREEN, AMBER = TLP2_MARKINGS["green"], TLP2_MARKINGS["amber"]
RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
GROUP = ("--group", "first", "--tlp", "green")


def publish(team: Team, folder: Path, objects: list[dict[str, Any]], *words: str, code: int = 0) -> Any:
    """What `cirt publish --json` answers."""
    return team.json("publish", str(bundle(folder, "a.json", objects)), *GROUP, *words, code=code)


def gone(answer: Any) -> list[tuple[str, str]]:
    """Id and code of what an answer says was left out."""
    return [(each["id"], each["code"]) for each in answer["left_out"]]


def received(team: Team) -> set[str]:
    """The ids of the objects that a poll brings."""
    path = team.home / "received.ndjson"
    team.run("poll", "--group", "first", "--ndjson", str(path))
    values = [json.loads(line) for line in path.read_bytes().splitlines()]
    return {each["id"] for each in values if each["type"] != "publication-manifest"}


def test_the_rest_is_published_and_what_mentions_the_gap_is_told(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if one object that must not go still stops all, or a mention of what was left out is passed over."""
    a, b = hood.pair()
    red, kept, other = indicators(3)
    red["object_marking_refs"], kept["description"] = [RED], f"see {red['id']}"
    answer = publish(a, tmp_path, [red, kept, other], "--leave-out", "red")
    assert gone(answer) == [(red["id"], "red")]
    assert [(each["id"], each["code"]) for each in answer["warnings"]] == [(kept["id"], "left-out-reference")]
    assert red["id"] in answer["warnings"][0]["message"]
    assert (answer["failures"], [each["objects"] for each in answer["publications"]]) == ([], [2])
    assert received(b) == {kept["id"], other["id"]}


def test_it_is_told_to_people_too(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if the list of what was left out is in the JSON alone."""
    a, _ = quick.pair()
    red, kept = indicators(2)
    red["object_marking_refs"], kept["description"] = [RED], f"see {red['id']}"
    said = a.run("publish", str(bundle(tmp_path, "a.json", [red, kept])), *GROUP, "--leave-out", "red")
    assert "left out 1 objects that would be refused" in said.err
    assert f"{red['id']} ({red['modified']})\n    red:" in said.err
    assert f"it mentions {red['id']}" in said.err


def test_the_hub_is_asked_before_anything_is_signed(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if what only the hub can know is found out by a refused envelope, or not at all."""
    a, b = hood.pair()
    theirs, ours = indicators(2, author=b.cirt.id), indicators(2, first=5)
    answer = publish(a, tmp_path, [*theirs, *ours], "--leave-out", "not-author")
    assert gone(answer) == [(each["id"], "not-author") for each in theirs]
    assert [(each["seq"], each["objects"]) for each in answer["publications"]] == [(1, 2)]
    assert [each["state"] for each in a.json("status")] == ["accepted"]
    assert received(b) == {each["id"] for each in ours}


def test_a_fault_of_another_kind_stops_all_of_it(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if naming one reason lets objects with another one go through, or go out."""
    a, b = hood.pair()
    red, theirs, fine = indicators(1)[0], indicators(1, first=1, author=b.cirt.id)[0], indicators(1, first=2)[0]
    red["object_marking_refs"] = [RED]
    for words, told in (
        ((), "red"),
        (("--leave-out", "red"), "not-author"),
        (("--leave-out", "not-author"), "red"),
    ):
        answer = publish(a, tmp_path, [red, theirs, fine], *words, code=4)
        assert [each["code"] for each in answer["failures"]] == [told]
    assert a.json("status") == []
    both = publish(a, tmp_path, [red, theirs, fine], "--leave-out", "red", "--leave-out", "not-author")
    assert sorted(code for _, code in gone(both)) == ["not-author", "red"]
    assert received(b) == {fine["id"]}


def test_labels_are_those_of_what_is_left(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if an identity keeps the lax label of an object that was left out: more would read it than need to."""
    a, b = hood.pair()
    identity = sdo("identity", name="A source")
    lax = indicators(1, author=b.cirt.id, object_marking_refs=[GREEN], description=f"from {identity['id']}")
    strict = indicators(1, first=1, author=identity["id"], object_marking_refs=[AMBER])
    answer = publish(a, tmp_path, [identity, *lax, *strict], "--leave-out", "not-author")
    assert [(each["tlp"], each["objects"]) for each in answer["publications"]] == [("amber", 2)]


def test_an_object_that_was_marked_here_is_found_again(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if the hub's word on the marked copy is not brought back to the input, whose version is another one."""
    a, b = hood.pair()
    publish(a, tmp_path, indicators(1, author=a.cirt.id, revoked=True))
    hood.world.clock.advance(60_000_000)
    again = indicators(1, author=a.cirt.id, modified="2026-10-21T00:00:00.000Z")
    fresh = indicators(1, first=1, author=a.cirt.id)
    refused = publish(a, tmp_path, [*again, *fresh], "--dry-run", code=4)
    (code,) = {each["code"] for each in refused["failures"]}
    answer = publish(a, tmp_path, [*again, *fresh], "--leave-out", code)
    assert gone(answer) == [(again[0]["id"], code)]
    assert answer["left_out"][0]["version"] == again[0]["modified"]
    assert [each["objects"] for each in answer["publications"]] == [1]
    assert fresh[0]["id"] in received(b)


def test_two_contents_of_one_version_both_go(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if one of two contents is published as it happens to come: nobody said which is right."""
    a, b = quick.pair()
    one, fine = indicators(2)
    other = {**one, "name": "Something else"}
    answer = publish(a, tmp_path, [one, other, fine], "--leave-out", "conflicting-content")
    assert gone(answer) == [(one["id"], "conflicting-content")] * 2
    assert received(b) == {fine["id"]}


def test_what_is_left_out_twice_is_told_once(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if the same bytes in two files count as two objects."""
    a, _ = quick.pair()
    red, fine = indicators(2)
    red["object_marking_refs"] = [RED]
    again = str(bundle(tmp_path, "b.json", [red]))
    answer = publish(a, tmp_path, [red, fine], again, again, "--leave-out", "red")
    assert gone(answer) == [(red["id"], "red")]


def test_nothing_left_is_a_refusal(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if a run that published nothing ends with 0."""
    a, _ = quick.pair()
    answer = publish(a, tmp_path, indicators(2, object_marking_refs=[RED]), "--leave-out", "red", code=4)
    assert [each["code"] for each in answer["failures"]] == ["red", "red"]
    assert a.json("status") == []


def test_an_object_that_cannot_be_read_is_left_out_and_a_file_is_not(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if a broken file counts as an object that may go: whatever it held would be missed in silence."""
    a, b = quick.pair()
    odd, fine = indicators(2)
    odd["id"] = odd["id"].upper()
    large = indicators(1, first=7, description="x" * 2**20)[0]
    words = ("--leave-out", "malformed", "--leave-out", "too-large")
    answer = publish(a, tmp_path, [large, odd, fine], *words)
    assert gone(answer) == [(large["id"], "too-large"), (odd["id"], "malformed")]
    assert received(b) == {fine["id"]}
    broken = tmp_path / "broken.json"
    broken.write_bytes(b'{"type": "bundle", "objects": [')
    told = a.json("publish", str(broken), *GROUP, "--leave-out", "malformed", code=1)
    assert [each["code"] for each in told["failures"]] == ["malformed"]


def test_unmarked_objects_may_be_left_out_instead_of_labelled(quick: Neighbourhood, tmp_path: Path) -> None:
    """Red if `--leave-out unmarked` still asks for a label."""
    a, b = quick.pair()
    bare, marked = indicators(1)[0], indicators(1, first=1, object_marking_refs=[GREEN])[0]
    path = str(bundle(tmp_path, "a.json", [bare, marked]))
    answer = a.json("publish", path, "--group", "first", "--leave-out", "unmarked")
    assert gone(answer) == [(bare["id"], "unmarked")]
    assert received(b) == {marked["id"]}


def test_a_dry_run_says_what_would_be_left_out(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if `--dry-run` judges other objects than the run would publish, or stores something."""
    a, b = hood.pair()
    theirs, ours = indicators(1, author=b.cirt.id), indicators(1, first=5)
    answer = publish(a, tmp_path, [*theirs, *ours], "--leave-out", "not-author", "--dry-run")
    assert (answer["accepted"], answer["objects"]) == (True, {"green": 1})
    assert gone(answer) == [(theirs[0]["id"], "not-author")]
    assert a.json("status") == []


def test_an_envelope_is_signed_of_the_rest(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if `cirt sign` does not know `--leave-out`, or signs what the hub would refuse."""
    a, b = hood.pair()
    out = tmp_path / "envelope.json"
    path = str(bundle(tmp_path, "a.json", [*indicators(1, author=b.cirt.id), *indicators(2, first=5)]))
    answer = a.json("sign", path, *GROUP, "--leave-out", "not-author", "--out", str(out))
    assert ([each["objects"] for each in answer["manifests"]], len(answer["left_out"])) == ([2], 1)
    assert len(json.loads(out.read_bytes())["objects"]) == 3


def test_a_marking_in_an_earlier_manifest_is_no_fault(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if the hub is asked about each manifest alone: a statement that lies in the laxer one is not there yet."""
    a, b = hood.pair()
    created = "2026-10-20T09:58:11.120Z"
    statement = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created": created,
        "definition_type": "statement",
        "definition": {"statement": "As is"},
    }
    lax = indicators(1, object_marking_refs=[GREEN, statement["id"]])
    strict = indicators(1, first=1, object_marking_refs=[AMBER, statement["id"]])
    objects = [statement, *lax, *strict]
    assert publish(a, tmp_path, objects, "--dry-run")["accepted"] is True
    answer = publish(a, tmp_path, objects, "--leave-out", "unknown-marking")
    assert (gone(answer), [each["objects"] for each in answer["publications"]]) == ([], [2, 1])
    assert len(received(b)) == 3


@pytest.mark.parametrize("code", ["agreement-changed", "stream-position", "role", "with-its-envelope", "RED", ""])
def test_what_no_object_is_to_blame_for_cannot_be_left_out(quick: Neighbourhood, tmp_path: Path, code: str) -> None:
    """Red if a code that concerns the whole publication is taken: nothing that is left out would cure it."""
    a, _ = quick.pair()
    said = a.run("publish", str(bundle(tmp_path, "a.json", indicators(1))), *GROUP, "--leave-out", code, code=2)
    assert "above-ceiling" in said.err
