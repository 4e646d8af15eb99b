"""Publishing: every rule, its code, and all reasons at once."""

from dataclasses import replace
from typing import Any

import pytest

from policies.group import Group
from policies.labels import Label
from policies.publish import Permit, may_publish
from policies.reasons import Reason, Refusal, Undecided
from support.agreements import AT, UNTIL, A, B, C, agreement, group_of, micros
from support.marked import Caller, Shelf, Thing, tlp

GREEN, AMBER, STRICT = Label.GREEN, Label.AMBER, Label.AMBER_STRICT
INDICATOR = "indicator--00000000-0000-4000-8000-000000000002"
TOOL = "tool--00000000-0000-4000-8000-000000000003"
STATEMENT = "marking-definition--00000000-0000-4000-8000-000000000004"
ADDRESS = "email-addr--00000000-0000-5000-8000-000000000005"
RED = tlp("red")[0]


def decide(
    *things: Thing,
    label: Label = AMBER,
    shelf: Shelf | None = None,
    group: Group | None = None,
    member: str = A,
    at: int = AT,
    **terms: Any,
) -> Permit:
    """A decision on a manifest of these objects in a group with these terms."""
    world = group or group_of(agreement(terms=terms))
    return may_publish(world, Caller(member), tlp=label, objects=things, held=shelf or Shelf(), at=at)


def reasons(*things: Thing, **more: Any) -> list[Reason]:
    """All reasons of a refusal."""
    with pytest.raises(Refusal) as refused:
        decide(*things, **more)
    return list(refused.value.reasons)


def codes(*things: Thing, **more: Any) -> list[str]:
    """Their codes."""
    return [reason.code for reason in reasons(*things, **more)]


def test_a_plain_object_is_permitted_under_its_manifests_label() -> None:
    """T-15. Red if an unmarked object has any other effective label than its manifest's."""
    permit = decide(Thing(), Thing(id=TOOL, markings=tlp("clear")))
    assert permit.ranks == (AMBER, AMBER)
    assert permit.warnings == ()
    assert permit.agreement.version == 1


PUBLICATION = {
    "expired": ({"at": micros(UNTIL) + 1}, "not-in-force"),
    "no party": ({"member": C}, "not-a-party"),
    "paused": ({"group": replace(group_of(agreement()), acceptances={})}, "not-a-party"),
    "receiver": ({"group": group_of(agreement(parties=[{"member": A, "role": "receiver"}, {"member": B}]))}, "role"),
    "observer": ({"group": group_of(agreement(parties=[{"member": A, "role": "observer"}, {"member": B}]))}, "role"),
    "red": ({"label": Label.RED}, "red"),
    "above the ceiling": ({"label": STRICT, "ceiling": "amber"}, "above-ceiling"),
}


@pytest.mark.parametrize(("how", "code"), PUBLICATION.values(), ids=PUBLICATION)
def test_reasons_against_a_publication(how: dict[str, Any], code: str) -> None:
    """Red if that check is taken out; with an object or without."""
    assert codes(Thing(), **how) == [code]
    assert codes(**how) == [code]


OBJECTS: dict[str, tuple[Thing, dict[str, Any], list[str]]] = {
    "marked red": (Thing(markings=tlp("red")), {}, ["red"]),
    "granular red beside clear": (Thing(markings=tlp("clear", "red")), {}, ["red"]),
    "stricter": (Thing(markings=tlp("amber")), {"label": GREEN}, ["stricter-than-manifest"]),
    "stricter by label": (Thing(tlp_labels=("tlp:amber",)), {"label": GREEN}, ["stricter-than-manifest"]),
    "stricter and above the ceiling": (
        Thing(markings=tlp("amber+strict")),
        {"ceiling": "amber"},
        ["stricter-than-manifest", "above-ceiling"],
    ),
    "pinned definition": (Thing(id=RED, claims_tlp=True, marking_kind="tlp"), {}, ["forged-marking"]),
    "pinned id, says nothing": (Thing(id=RED, marking_kind="statement"), {}, ["forged-marking"]),
    "forged definition": (Thing(id=STATEMENT, claims_tlp=True, marking_kind="tlp"), {}, ["forged-marking"]),
    "unknown marking": (Thing(markings=(STATEMENT,)), {}, ["unknown-marking"]),
    "marked by a forged one": (
        Thing(markings=(STATEMENT,)),
        {"shelf": Shelf(kinds={STATEMENT: "tlp"})},
        ["unknown-marking"],
    ),
    "unknown label": (Thing(tlp_labels=("tlp:purple",)), {}, ["unknown-marking"]),
    "unmarked": (Thing(), {"unmarked": "refuse"}, ["unmarked"]),
    "marked by a statement only": (
        Thing(markings=(STATEMENT,)),
        {"unmarked": "refuse", "shelf": Shelf(kinds={STATEMENT: "statement"})},
        ["unmarked"],
    ),
    "out of scope": (Thing(id=TOOL), {"object_types": ["indicator"]}, ["type-out-of-scope"]),
    "personal data": (Thing(id=ADDRESS), {}, ["personal-data"]),
    "personal data inside": (
        Thing(id="observed-data--00000000-0000-4000-8000-000000000006", canonical=b'{"0":{"type":"user-account"}}'),
        {},
        ["personal-data"],
    ),
    "of another author than before": (Thing(author=A), {"shelf": Shelf(creators={Thing().id: B})}, ["not-author"]),
    "of nobody, but before of somebody": (Thing(), {"shelf": Shelf(creators={Thing().id: B})}, ["not-author"]),
    "not its author": (Thing(author=B), {"shelf": Shelf(members=frozenset({A, B}))}, ["not-author"]),
    "leaks": (
        Thing(mentions=(TOOL,)),
        {"label": GREEN, "shelf": Shelf(lowest={TOOL: AMBER})},
        ["leaks-reference"],
    ),
}


@pytest.mark.parametrize(("thing", "how", "expected"), OBJECTS.values(), ids=OBJECTS)
def test_reasons_against_an_object(thing: Thing, how: dict[str, Any], expected: list[str]) -> None:
    """T-09, T-14, T-15. Red if that rule is taken out, or its reason does not name the object and its version."""
    found = reasons(thing, **how)
    assert [reason.code for reason in found] == expected
    assert {(reason.object_id, reason.version) for reason in found} == {(thing.id, thing.version)}


PERMITTED: dict[str, tuple[Thing, dict[str, Any]]] = {
    "as strict as the manifest": (Thing(markings=tlp("amber")), {}),
    "statement of one's own": (Thing(markings=(STATEMENT,)), {"shelf": Shelf(kinds={STATEMENT: "statement"})}),
    "statement definition": (Thing(id=STATEMENT, marking_kind="statement"), {"unmarked": "refuse"}),
    "extension definition": (
        Thing(id="extension-definition--00000000-0000-4000-8000-000000000007"),
        {"unmarked": "refuse", "object_types": ["indicator"]},
    ),
    "identity is in scope": (
        Thing(id="identity--00000000-0000-4000-8000-000000000008"),
        {"object_types": ["indicator"]},
    ),
    "language content is in scope": (
        Thing(id="language-content--00000000-0000-4000-8000-000000000009"),
        {"object_types": ["indicator"]},
    ),
    "personal data allowed": (Thing(id=ADDRESS), {"personal_data": "allow"}),
    "one's own": (Thing(author=A), {"shelf": Shelf(members=frozenset({A, B}))}),
    "of no member": (Thing(author="identity--00000000-0000-4000-8000-00000000000a"), {}),
    "of the same author again": (Thing(author=A), {"shelf": Shelf(creators={Thing().id: A})}),
    "of nobody, version 5": (Thing(id="ipv4-addr--00000000-0000-5000-8000-00000000000b"), {}),
    "held under the same label": (Thing(mentions=(TOOL,)), {"shelf": Shelf(lowest={TOOL: AMBER})}),
    "held under a laxer label": (Thing(mentions=(TOOL,)), {"shelf": Shelf(lowest={TOOL: GREEN})}),
    "not held at all": (Thing(mentions=(TOOL,)), {"label": GREEN}),
    "a party mentioned": (Thing(mentions=(B,)), {"label": GREEN, "shelf": Shelf(lowest={B: AMBER})}),
}


@pytest.mark.parametrize(("thing", "how"), PERMITTED.values(), ids=PERMITTED)
def test_what_is_permitted(thing: Thing, how: dict[str, Any]) -> None:
    """Red if a rule goes further than it should."""
    assert decide(thing, **how).ranks == (how.get("label", AMBER),)


@pytest.mark.parametrize(
    ("label", "read", "permitted"),
    [(AMBER, AMBER, True), (AMBER, GREEN, True), (GREEN, AMBER, False), (AMBER, None, False)],
    ids=["same label", "laxer", "stricter", "not readable"],
)
def test_t09_passing_on_what_one_may_read(label: Label, read: Label | None, permitted: bool) -> None:  # noqa: FBT001
    """T-09, S2. Red if a member's object goes wider than it was read, or other bytes pass under its author's name."""
    thing = Thing(author=B)
    rows = {(thing.id, thing.sha256): read} if read is not None else {}
    shelf = Shelf(members=frozenset({A, B}), read=rows)
    if permitted:
        assert decide(thing, label=label, shelf=shelf).ranks == (label,)
    else:
        assert codes(thing, label=label, shelf=shelf) == ["not-author"]
    changed = replace(thing, canonical=b'{"other":1}')
    assert codes(changed, label=label, shelf=shelf) == ["not-author"]


def test_all_reasons_are_told_at_once() -> None:
    """Red if the first reason ends the search, within an object or over all of them."""
    group = group_of(
        agreement(
            terms={"ceiling": "green", "unmarked": "refuse", "object_types": ["note"]},
            parties=[{"member": A, "role": "receiver"}, {"member": B}],
        )
    )
    shelf = Shelf(members=frozenset({A, B}), lowest={TOOL: STRICT})
    everything = Thing(author=B, mentions=(TOOL,), markings=(STATEMENT,), tlp_labels=("tlp:x",), claims_tlp=True)
    found = reasons(everything, Thing(id=ADDRESS, markings=tlp("red")), group=group, shelf=shelf)
    assert [reason.code for reason in found] == [
        "role",
        "above-ceiling",
        *("forged-marking", "unknown-marking", "unknown-marking", "unmarked", "type-out-of-scope"),
        *("not-author", "leaks-reference"),
        *("red", "type-out-of-scope", "personal-data"),
    ]
    assert all(reason.sentence for reason in found)


def test_a_red_object_is_named_in_a_red_manifest_too() -> None:
    """Red if red objects are told only where they are stricter than their manifest."""
    assert codes(Thing(markings=tlp("red")), label=Label.RED) == ["red", "red"]


def test_a_stranger_is_told_nothing_of_the_agreement() -> None:
    """T-05. Red if one who is no party learns the ceiling or the types from the reasons."""
    assert codes(Thing(markings=tlp("red")), member=C, label=Label.RED) == ["not-a-party"]


@pytest.mark.parametrize(
    ("canonical", "warned"),
    [
        (b'{"pattern":"[email-addr:value = \'a@example.org\']"}', "email-addr"),
        (b'{"pattern":"[a:b = \'x\\"\'] AND [ user-account :user_id = \'x\']"}', "user-account"),
        (b'{"description":"email-addr:value","pattern":"[ipv4-addr:value = \'192.0.2.1\']"}', None),
        (b'{"pattern":"[x-email-addr:value = \'x\']"}', None),
        (b"{}", None),
    ],
    ids=["plain", "after a quote, with blanks", "elsewhere", "custom type", "none"],
)
def test_a_pattern_that_names_personal_data_is_a_warning(canonical: bytes, warned: str | None) -> None:
    """Red if such a pattern is refused, or passes in silence."""
    permit = decide(Thing(canonical=canonical))
    assert [warning.code for warning in permit.warnings] == (["personal-data"] if warned else [])
    assert all(warned is not None and warned in warning.sentence for warning in permit.warnings)
    assert decide(Thing(canonical=canonical), personal_data="allow").warnings == ()


@pytest.mark.parametrize("question", ["own_lowest", "markings", "readable", "enrolled", "creator"])
def test_an_error_anywhere_is_a_refusal(question: str) -> None:
    """Red if a shelf that fails to answer lets a publication pass, or breaks out as another error."""

    class Failing(Shelf):
        def __getattribute__(self, name: str) -> Any:
            if name == question:
                raise OSError(question)
            return super().__getattribute__(name)

    thing = Thing(author=B, mentions=(TOOL,), markings=(STATEMENT,))
    with pytest.raises(Undecided) as refused:
        decide(thing, shelf=Failing(members=frozenset({B})))
    assert isinstance(refused.value.__cause__, OSError)
