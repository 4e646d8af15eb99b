"""From files to what is to be signed: reading, checks, labels, marks and the cut into manifests; nothing is sent."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from hub.cirt.checking import Checked, check_form
from hub.cirt.faults import Failure, Faulty
from hub.cirt.leaving import Leaving
from hub.cirt.marking import MarkedCopies, marked
from hub.cirt.preparing import Prepared, Wish, prepare
from hub.cirt.reading import Found, objects_of, read_files
from hub.cirt.splitting import Part, envelopes, size_of, split
from hub.cirt.state import open_state
from keys.envelope import item_of
from policies.labels import PINNED_DEFINITIONS, TLP2_MARKINGS, Label
from support.agreements import A, agreement
from support.members import indicators
from support.stix_objects import AT, sdo

GREEN, AMBER, RED = (TLP2_MARKINGS[label] for label in ("green", "amber", "red"))
STATEMENT = "marking-definition--12345678-1234-4234-8234-123456789abc"
WHO = "identity--12345678-1234-4234-8234-123456789abc"


def found(*values: Mapping[str, Any]) -> list[Found]:
    """What reading these objects gives."""
    return [Found(item_of(dict(value)), "x.json") for value in values]


def prepared(folder: Path, *values: Mapping[str, Any], **changes: Any) -> Prepared:
    """What is to be signed of these objects, under green where nothing is said."""
    given: dict[str, Any] = {"member": A, "agreement": agreement(), "label": Label.GREEN, "as_is": False, "at": AT}
    with open_state(folder) as state:
        return prepare(found(*values), Wish(**given | changes), MarkedCopies(state))


def refused(folder: Path, *values: Mapping[str, Any], **changes: Any) -> list[tuple[str, str | None]]:
    """Codes and ids of the refusal of these objects."""
    with pytest.raises(Faulty) as caught:
        prepared(folder, *values, **changes)
    return [(failure.code, failure.id) for failure in caught.value.failures]


def statement(**changes: Any) -> dict[str, Any]:
    """A statement marking."""
    plain = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": STATEMENT,
        "created": "2026-10-20T09:58:11.120Z",
    }
    return {**plain, "definition_type": "statement", "definition": {"statement": "(c) somebody"}, **changes}


def identity(**changes: Any) -> dict[str, Any]:
    """An identity."""
    return sdo("identity", **{"id": WHO, "name": "Somebody", **changes})


@pytest.mark.parametrize("form", ["bundle", "envelope", "ndjson", "object"])
def test_every_form_of_input_is_read(tmp_path: Path, form: str) -> None:
    """Red if one of the forms that tools export cannot be read."""
    values = indicators(1 if form == "object" else 2)
    texts = {
        "bundle": json.dumps({"type": "bundle", "id": f"bundle--{STATEMENT[20:]}", "objects": values}),
        "envelope": json.dumps({"more": False, "objects": values}, indent=1),
        "ndjson": "\n".join(json.dumps(value) for value in values) + "\n\n",
        "object": json.dumps(values[0], indent=2),
    }
    path = tmp_path / "input"
    path.write_text(texts[form])
    assert [each.item.value for each in Leaving(frozenset()).readable(read_files([str(path)]))] == values


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'{"type":"bundle","objects":[{"id":"a"},{"id":"b","x":1e400}]}', "$.objects[1].x"),
        (b'{"type":"bundle","objects":[{"id":"a","id":"b"}]}', "$.objects[0]"),
        (b'{"id":"a"}\n{"id":"b"\n{"id":"c"}', "in:2: line 1"),
        (b'{"id":"a"}\n{"x":NaN}\n', "in:2: $.x"),
        (b"\xef\xbb\xbf{}", "byte 0"),
        (b"[1]", "$: a STIX object is a JSON object"),
        (b'{"objects":[7]}', "$.objects[0]: a STIX object is a JSON object"),
    ],
)
def test_a_fault_is_named_by_file_line_and_path(raw: bytes, told: str) -> None:
    """Red if an author is left to look for the fault."""
    failures = [each for each in objects_of("in", raw) if isinstance(each, Failure)]
    assert len(failures) == 1
    assert told in failures[0].message


def test_an_id_that_a_strict_hub_must_refuse_is_told_with_its_remedy(tmp_path: Path) -> None:
    """Red if the upper-case id of a real file is not named, with what to write instead."""
    odd = "indicator--8E2E2D2B-17D4-4CBF-938F-98EE46B3CD3F"
    with pytest.raises(Faulty) as caught:
        prepared(tmp_path, {**indicators(1)[0], "id": odd})
    (failure,) = caught.value.failures
    assert (failure.code, failure.id, caught.value.refused) == ("malformed", odd, False)
    assert odd.lower() in failure.message
    assert "lower case" in caught.value.sentence


def test_only_what_this_member_authored_is_marked(tmp_path: Path) -> None:
    """Red if somebody else's object, or nobody's, is touched, or an own one is not."""
    own, other, nobody = (*indicators(1, author=A), *indicators(1, first=1, author=WHO), *indicators(1, first=2))
    result = prepared(tmp_path, own, other, nobody)
    refs = [each.item.value.get("object_marking_refs") for each, _ in result.labelled]
    assert (refs, result.marked) == ([[GREEN], None, None], [own["id"]])
    assert result.labelled[0][0].item.value["modified"] == "2026-11-20T10:30:00.000Z"
    assert prepared(tmp_path, own, as_is=True).labelled[0][0].item.value == own


def test_ones_own_identity_is_marked(tmp_path: Path) -> None:
    """An identity is its own author. Red if the commonest bundle is refused for its first object."""
    result = prepared(tmp_path, identity(id=A), identity())
    marks = {each.item.id: each.item.value.get("object_marking_refs") for each, _ in result.labelled}
    assert (marks[A], marks[WHO]) == ([GREEN], None)


def test_the_marked_copy_is_kept_by_the_digest_of_the_input_and_the_label(tmp_path: Path) -> None:
    """Red if a later run renews `modified` again."""
    (own,) = indicators(1, author=A)
    first = prepared(tmp_path, own).labelled[0][0].item
    assert prepared(tmp_path, own, at=AT + 10_000_000).labelled[0][0].item == first
    assert prepared(tmp_path, own, at=AT + 10_000_000, label=Label.AMBER).labelled[0][0].item != first


def test_a_version_never_goes_back(tmp_path: Path) -> None:
    """Red if an object from a clock ahead of ours is marked with an earlier `modified`."""
    (own,) = indicators(1, author=A, modified="2026-11-20T23:00:00.1234567Z")
    assert marked(item_of(own), Label.GREEN, AT).value["modified"] == "2026-11-20T23:00:00.125Z"


def test_other_markings_stay(tmp_path: Path) -> None:
    """Red if marking drops a statement."""
    (own,) = indicators(1, author=A, object_marking_refs=[STATEMENT])
    result = prepared(tmp_path, own, statement())
    refs = {each.read.id: each.item.value.get("object_marking_refs") for each, _ in result.labelled}
    assert refs == {own["id"]: [GREEN, STATEMENT], STATEMENT: None}


def test_tlp_definitions_are_left_out_and_said(tmp_path: Path) -> None:
    """Red if a pinned definition is listed: the hub refuses it."""
    result = prepared(tmp_path, *(dict(each) for each in PINNED_DEFINITIONS), *indicators(1))
    assert [each.read.type for each, _ in result.labelled] == ["indicator"]
    assert [each.id for each in result.left_out] == list(TLP2_MARKINGS.values())


def test_unmarked_objects_need_a_label(tmp_path: Path) -> None:
    """Red if a label is guessed, or asked for where nothing needs one."""
    with pytest.raises(click.UsageError, match="--tlp"):
        prepared(tmp_path, *indicators(1), label=None)
    marked_one = indicators(1, author=WHO, object_marking_refs=[AMBER])
    result = prepared(tmp_path, *marked_one, identity(), label=None)
    assert [label for _, label in result.labelled] == [Label.AMBER, Label.AMBER]


def test_followers_go_with_the_laxest_that_refers_to_them(tmp_path: Path) -> None:
    """Red if an identity or statement goes under a stricter label than one of its referrers, also at second hand."""
    strict = indicators(1, author=WHO, object_marking_refs=[AMBER])
    lax = indicators(1, first=1, author=WHO, object_marking_refs=[GREEN])
    result = prepared(tmp_path, *strict, identity(object_marking_refs=[STATEMENT]), statement(), *lax, label=None)
    labels = {each.read.id: label for each, label in result.labelled}
    assert (labels[WHO], labels[STATEMENT]) == (Label.GREEN, Label.GREEN)


REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("red", {"object_marking_refs": [RED]}, {}),
    ("unknown-marking", {"labels": ["tlp:purple"]}, {}),
    ("above-ceiling", {"object_marking_refs": [AMBER]}, {"agreement": agreement(terms={"ceiling": "green"})}),
    ("unmarked", {}, {"agreement": agreement(terms={"unmarked": "refuse"})}),
    ("type-out-of-scope", {}, {"agreement": agreement(terms={"object_types": ["malware"]})}),
    ("future", {"modified": "2027-11-20T10:30:00.000Z"}, {}),
    ("malformed", {"object_marking_refs": GREEN}, {}),
]


@pytest.mark.parametrize(("code", "changes", "wish"), REFUSALS, ids=[case[0] for case in REFUSALS])
def test_what_the_hub_would_refuse_is_refused_here(
    tmp_path: Path, code: str, changes: dict[str, Any], wish: dict[str, Any]
) -> None:
    """Red if a check of the hub's is not made before anything is signed."""
    (value,) = indicators(1, **changes)
    assert (code, value["id"]) in refused(tmp_path, value, **wish)


def test_two_contents_of_one_version_are_refused(tmp_path: Path) -> None:
    """Red if a manifest would list one version twice."""
    one, two = indicators(1)[0], indicators(1, name="another")[0]
    assert refused(tmp_path, one, two) == [("conflicting-content", one["id"])]


def test_a_mention_of_something_stricter_is_refused(tmp_path: Path) -> None:
    """Red if a laxer object may name one that is published under a stricter label only."""
    (strict,) = indicators(1, object_marking_refs=[AMBER])
    (lax,) = indicators(1, first=1, description=f"see {strict['id']}")
    assert refused(tmp_path, strict, lax) == [("leaks-reference", lax["id"])]


def test_a_broken_pattern_of_ones_own_is_refused_and_anothers_a_warning(tmp_path: Path) -> None:
    """Red if an author publishes a pattern that nobody can use, or cannot pass on what another wrote."""
    broken = "[ipv4-addr:value = ]"
    (own,) = indicators(1, author=A, pattern=broken)
    assert refused(tmp_path, own) == [("not-stix", own["id"])]
    (other,) = indicators(1, author=WHO, pattern=broken)
    assert [warning.id for warning in prepared(tmp_path, other).warnings] == [other["id"]]


def test_patterns_that_differ_in_texts_alone_are_judged_alike_and_others_not(tmp_path: Path) -> None:
    """Red if a fault outside the texts, or in a time, is hidden by a good pattern of the same look."""
    times = "[ipv4-addr:value = 'a'] START t'{}' STOP t'2026-11-20T10:00:00Z'"
    good = indicators(1, author=A, pattern=times.format("2026-11-19T10:00:00Z"))
    quoted = indicators(1, first=1, author=A, pattern=r"[file:name = 'it\'s \\' OR file:name = 'b]']")
    assert len(prepared(tmp_path, *good, *quoted).labelled) == 2
    bad = indicators(1, first=2, author=A, pattern=times.format("2026-11-19"))
    assert refused(tmp_path, *good, *bad) == [("not-stix", bad[0]["id"])]


def test_an_envelope_holds_no_more_than_can_be_read() -> None:
    """Red if more than 10,000 objects and manifests are packed together: no hub reads them back."""
    parts = [Part(Label.GREEN, objects=checked(*indicators(1)) * 999) for _ in range(11)]
    assert [len(packed) for packed in envelopes(parts, 10_000_000)] == [10, 1]


def checked(*values: Mapping[str, Any]) -> list[Checked]:
    """These objects as they come out of the checks."""
    result, failures = check_form(found(*values), AT)
    assert failures == []
    return result


def test_a_follower_stands_in_the_first_manifest_that_needs_it() -> None:
    """Red if a reader meets objects before their author, though both are there."""
    objects = checked(*indicators(1_500), identity(), *indicators(1, first=2_000, author=WHO))
    parts = split([(each, Label.GREEN) for each in objects], 10_000_000)
    assert [len(part.objects) for part in parts] == [1_000, 502]
    assert [each.read.id for each in parts[1].objects[-2:]] == [WHO, objects[-1].read.id]


def test_nothing_is_lost_and_nothing_too_large() -> None:
    """Red if a cut drops or repeats an object, or a part outgrows the hub's limit."""
    objects = checked(identity(), *indicators(300, author=WHO))
    most = 20_000
    parts = split([(each, Label.AMBER) for each in objects], most)
    assert sorted(each.read.id for part in parts for each in part.objects) == sorted(each.read.id for each in objects)
    assert all(part.size <= most for part in parts)
    assert [part for packed in envelopes(parts, most) for part in packed] == parts
    assert len(envelopes(parts, 10_000_000)) == 1


def test_an_object_that_refers_to_more_than_a_manifest_holds_is_still_published() -> None:
    """Red if followers that do not fit with their referrer make a manifest of more than 1,000."""
    names = [f"identity--12345678-1234-4234-8234-{index:012x}" for index in range(1_100)]
    many = indicators(1, description=" ".join(names))
    objects = checked(*(identity(id=name) for name in names), *many)
    parts = split([(each, Label.GREEN) for each in objects], 10_000_000)
    assert max(len(part.objects) for part in parts) <= 1_000
    assert sum(len(part.objects) for part in parts) == 1_101


def test_the_size_is_never_below_what_is_sent() -> None:
    """Red if the estimate of an entry is too small: the hub would refuse the envelope."""
    (one,) = checked(identity())
    entry = {"id": one.read.id, "sha256": one.read.sha256, "version": one.read.version}
    assert size_of(one) >= len(one.read.canonical) + len(json.dumps(entry, separators=(",", ":"))) + 2
