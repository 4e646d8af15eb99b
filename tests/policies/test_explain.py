"""Explanations: the rules in order, and the one that decided last."""

from dataclasses import replace

import pytest

from policies.explain import audience, explain
from policies.labels import Label
from policies.reasons import NotInForce
from support.agreements import AT, UNTIL, A, B, C, D, agreement, group_of, micros
from support.marked import Caller, Stored

CLEAR, GREEN, AMBER = Label.CLEAR, Label.GREEN, Label.AMBER
WORLD = group_of(
    agreement(
        parties=[
            {"member": A, "clearance": "amber+strict"},
            {"member": B, "role": "receiver"},
            {"member": C, "role": "publisher"},
            {"member": D, "role": "observer"},
        ]
    )
)
DIGEST = WORLD.versions[0].agreement.digest
IN = ["in-force", "party"]


def test_received_rule_by_rule() -> None:
    """Red if a rule is left out of the account, or the verdict is not a poll's."""
    said = explain(WORLD, Caller(B), Stored(AMBER, 5, A), AT)
    assert said.received
    assert [reason.code for reason in said.reasons] == [*IN, "receives", "clearance", "start"]


NOT_RECEIVED = {
    "stranger": (WORLD, Caller("identity--eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee"), ["not-a-party"]),
    "paused": (replace(WORLD, acceptances={A: {DIGEST: AT}}), Caller(B), ["not-a-party"]),
    "publisher": (WORLD, Caller(C), [*IN, "role"]),
    "observer": (WORLD, Caller(D), [*IN, "role"]),
    "redistributes": (WORLD, Caller(B, redistributes=True), [*IN, "receives", "above-clearance"]),
    "before the start": (
        replace(WORLD, starts={B: {CLEAR: 0, GREEN: 6, AMBER: 6}}),
        Caller(B),
        [*IN, "receives", "clearance", "before-start"],
    ),
    "never opened": (replace(WORLD, starts={B: {CLEAR: 0}}), Caller(B), [*IN, "receives", "not-opened"]),
    "no starts": (replace(WORLD, starts={}), Caller(B), [*IN, "receives", "not-opened"]),
}


@pytest.mark.parametrize(("group", "account", "expected"), NOT_RECEIVED.values(), ids=NOT_RECEIVED)
def test_not_received_because(group: object, account: Caller, expected: list[str]) -> None:
    """Red if the last reason is not the rule that decided."""
    said = explain(group, account, Stored(AMBER, 5, A), AT)  # type: ignore[arg-type]  # a table of mixed rows
    assert not said.received
    assert [reason.code for reason in said.reasons] == expected


def test_above_the_partys_own_clearance() -> None:
    """Red if a party without clearance is told that its account passes things on."""
    said = explain(WORLD, Caller(B), Stored(Label.AMBER_STRICT, 5, A), AT)
    assert [reason.code for reason in said.reasons][-1] == "above-clearance"
    assert "the member receives up to amber" in said.reasons[-1].sentence
    capped = explain(WORLD, Caller(B, redistributes=True), Stored(AMBER, 5, A), AT)
    assert "passes things on" in capped.reasons[-1].sentence


def test_from_the_start_on() -> None:
    """Red if the row at the very start is explained as too early."""
    world = replace(WORLD, starts={B: {CLEAR: 0, GREEN: 6}})
    told = [explain(world, Caller(B), Stored(GREEN, position, A), AT) for position in (5, 6)]
    assert [(said.received, said.reasons[-1].code) for said in told] == [(False, "before-start"), (True, "start")]


def test_audience() -> None:
    """Red if the dry run tells of other recipients than a poll has, or leaves a party out."""
    assert {one.member: one.received for one in audience(WORLD, AMBER, AT)} == {A: True, B: True, C: False, D: False}
    assert [one.member for one in audience(WORLD, Label.AMBER_STRICT, AT) if one.received] == [A]
    assert not any(one.received for one in audience(WORLD, Label.RED, AT))
    later = replace(WORLD, starts={**WORLD.starts, B: {CLEAR: AT, GREEN: AT, AMBER: AT}})
    assert all(one.received for one in audience(later, AMBER, AT) if one.member == B)


def test_no_audience_when_nothing_is_in_force() -> None:
    """Red if an expired agreement still has recipients."""
    with pytest.raises(NotInForce):
        audience(WORLD, CLEAR, micros(UNTIL) + 1)
