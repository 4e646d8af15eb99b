"""Entitlements: who reads which label from where, and what redistributing costs."""

from dataclasses import replace

import pytest

from policies.entitlement import NEVER, clearance, entitlement, readers_from
from policies.group import Group
from policies.labels import Label
from policies.life import State
from policies.reasons import Undecided
from support.agreements import AT, FROM, A, B, C, agreement, group_of
from support.marked import Caller

CLEAR, GREEN, AMBER, STRICT = Label.CLEAR, Label.GREEN, Label.AMBER, Label.AMBER_STRICT
MARCH = FROM.replace(month=3)


@pytest.mark.parametrize(
    ("onward", "party", "account", "own", "expected"),
    [
        ("none", False, False, "amber+strict", STRICT),
        ("none", False, True, "amber+strict", CLEAR),
        ("none", True, False, "amber+strict", CLEAR),
        ("community", True, False, "amber+strict", GREEN),
        ("community", False, True, "amber", GREEN),
        ("clients", False, True, "amber+strict", AMBER),
        ("clients", True, True, "amber+strict", AMBER),
        ("clients", True, True, "clear", CLEAR),
    ],
)
def test_clearance_of_redistributors(
    onward: str,
    party: bool,  # noqa: FBT001
    account: bool,  # noqa: FBT001
    own: str,
    expected: Label,
) -> None:
    """Red if either mark is overlooked, amber+strict passes on, or the cap raises a lower clearance."""
    terms = agreement(
        terms={"onward": onward}, parties=[{"member": A}, {"member": B, "clearance": own, "redistributes": party}]
    )
    receiver = terms.party(B)
    assert receiver is not None
    assert clearance(terms, receiver, redistributes=account) is expected
    granted = entitlement(group_of(terms), Caller(B, account), AT)
    assert granted is not None
    assert granted.clearance is expected


V1 = agreement()


@pytest.mark.parametrize(
    ("group", "member"),
    [
        (group_of(V1), C),
        (replace(group_of(V1), acceptances={A: {V1.digest: AT}}), B),
        (group_of(agreement(parties=[{"member": A}, {"member": B, "role": "publisher"}])), B),
        (group_of(agreement(parties=[{"member": A}, {"member": B, "role": "observer"}])), B),
        (replace(group_of(V1), versions=(replace(group_of(V1).versions[0], state=State.SUSPENDED),)), B),
        (replace(group_of(V1), starts={}), B),
    ],
    ids=["stranger", "paused", "publisher", "observer", "suspended", "no starts"],
)
def test_t12_nothing_at_all(group: Group, member: str) -> None:
    """T-12. Red if one of them may read anything."""
    assert entitlement(group, Caller(member), AT) is None


def test_uniform() -> None:
    """Red if a reader with a later start, or without a label, is given to the two comparisons on columns."""
    world = group_of(V1)
    granted = entitlement(world, Caller(B), AT)
    assert granted is not None
    assert granted.starts == ((CLEAR, 0), (GREEN, 0), (AMBER, 0))
    assert granted.uniform
    for starts in ({CLEAR: 0, GREEN: 7}, {CLEAR: 0, AMBER: 0}):
        other = entitlement(replace(world, starts={B: starts}), Caller(B), AT)
        assert other is not None
        assert not other.uniform


def test_sees_from_its_start_on() -> None:
    """Red if a start is taken as after or before instead of from, or another label's start is used."""
    granted = entitlement(replace(group_of(V1), starts={B: {CLEAR: 0, GREEN: 7}}), Caller(B), AT)
    assert granted is not None
    assert [granted.sees(GREEN, position) for position in (6, 7, 8)] == [False, True, True]
    assert granted.sees(CLEAR, 0)
    assert not granted.sees(AMBER, 100)
    assert not granted.sees(Label.RED, 100)


def test_t21_a_lowered_clearance_binds_at_once() -> None:
    """T-21. Red if recorded starts outlive the clearance of the version in force."""
    lowered = agreement(version=2, parties=[{"member": A}, {"member": B, "clearance": "clear"}])
    world = replace(group_of(V1, lowered), starts={B: {CLEAR: 0, GREEN: 0, AMBER: 0}})
    granted = entitlement(world, Caller(B), AT)
    assert granted is not None
    assert granted.starts == ((CLEAR, 0),)


LIFTED = agreement(version=2, validity={"from": MARCH}, terms={"onward": "community"})
LIFTED_AT = LIFTED.validity.from_


def test_t21_a_lifted_cap_opens_forward() -> None:
    """T-21. Red if an account that redistributes reads, behind its cursor, what a lifted cap opens."""
    world = group_of(V1, LIFTED)
    account = Caller(B, redistributes=True)
    before, after = entitlement(world, account, LIFTED_AT - 1), entitlement(world, account, LIFTED_AT)
    assert before is not None
    assert before.starts == ((CLEAR, 0),)
    assert after is not None
    assert after.starts == ((CLEAR, 0), (GREEN, LIFTED_AT))
    whole = entitlement(world, Caller(B), LIFTED_AT)
    assert whole is not None
    assert whole.uniform


def test_an_error_is_a_denial() -> None:
    """Red if something unexpected while deciding comes out as anything but a refusal."""

    class Broken:
        member = B

        @property
        def redistributes(self) -> bool:
            raise RuntimeError

    with pytest.raises(Undecided) as refused:
        entitlement(group_of(V1), Broken(), AT)
    assert isinstance(refused.value.__cause__, RuntimeError)


def test_readers_from_takes_the_latest_start() -> None:
    """Red if one reader with a later start, or without a laxer label, is forgotten when bytes are listed again."""
    world = replace(group_of(V1), starts={A: {CLEAR: 0, GREEN: 0}, B: {CLEAR: 5, GREEN: 9, AMBER: 9}})
    assert readers_from(world, AT) == {
        CLEAR: {CLEAR: 5},
        GREEN: {CLEAR: 5, GREEN: 9},
        AMBER: {CLEAR: 5, GREEN: 9, AMBER: 9},
    }
    holed = replace(world, starts={A: {GREEN: 0}})
    assert readers_from(holed, AT) == {GREEN: {CLEAR: NEVER, GREEN: 0}}


def test_readers_from_knows_redistributing_accounts() -> None:
    """Red if an account that started later than its member is shown a manifest without its objects."""
    world = replace(group_of(V1, LIFTED), starts={B: {CLEAR: 0, GREEN: 0}})
    assert readers_from(world, LIFTED_AT)[GREEN] == {CLEAR: 0, GREEN: LIFTED_AT}


def test_entitlements_are_values() -> None:
    """Red if an entitlement can be changed after it was granted."""
    granted = entitlement(group_of(V1), Caller(A), AT)
    assert granted is not None
    with pytest.raises(AttributeError):
        granted.clearance = AMBER  # type: ignore[misc]  # that it cannot is what is tested
