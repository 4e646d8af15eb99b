"""Groups: which version governs at an instant, and who stands where in it."""

from dataclasses import replace

import pytest

from policies.group import (
    Group,
    Rights,
    Version,
    came_into_force,
    in_force,
    may_accept,
    reign,
    rights,
    shown_to,
    standing,
)
from policies.life import State
from policies.reasons import NotAParty, NotInForce
from support.agreements import AT, FROM, UNTIL, A, B, C, D, agreement, group_of, micros
from support.clock import DAY
from support.marked import Caller

BEGIN = micros(FROM)
END = micros(UNTIL)
V1 = agreement()
V2 = agreement(version=2, validity={"from": FROM.replace(month=3)})
V2_BEGIN = V2.validity.from_
NOTHING = Rights(visible=False, can_read=False, can_write=False)


def states(first: State, second: State | None = None, **times: int | None) -> Group:
    """V1, and perhaps V2, in these states."""
    group = group_of(V1, V2)
    versions = [Version(V1, first, BEGIN)]
    if second is not None:
        versions.append(Version(V2, second, **({"approved_at": BEGIN} | times)))
    return replace(group, versions=tuple(versions))


@pytest.mark.parametrize(
    ("group", "at", "version"),
    [
        (states(State.APPROVED), BEGIN, 1),
        (states(State.APPROVED), BEGIN - 1, None),
        (states(State.APPROVED), END, 1),
        (states(State.APPROVED), END + 1, None),
        (states(State.PROPOSED), AT, None),
        (states(State.REJECTED), AT, None),
        (states(State.SUSPENDED), AT, None),
        (states(State.ENDED), AT, None),
        (states(State.APPROVED, State.APPROVED), V2_BEGIN - 1, 1),
        (states(State.APPROVED, State.APPROVED), V2_BEGIN, 2),
        (states(State.APPROVED, State.APPROVED, approved_at=V2_BEGIN + DAY), V2_BEGIN + DAY - 1, 1),
        (states(State.APPROVED, State.APPROVED, approved_at=V2_BEGIN + DAY), V2_BEGIN + DAY, 2),
        (states(State.APPROVED, State.SUSPENDED), V2_BEGIN, None),
        (states(State.APPROVED, State.ENDED), V2_BEGIN, None),
        (states(State.APPROVED, State.ENDED, ended_at=V2_BEGIN + 1), V2_BEGIN + 1, None),
        (states(State.APPROVED, State.ENDED, ended_at=V2_BEGIN - 1), V2_BEGIN, 1),
        (states(State.APPROVED, State.PROPOSED), V2_BEGIN, 1),
        (states(State.APPROVED, State.REJECTED), V2_BEGIN, 1),
        (states(State.SUSPENDED, State.APPROVED), V2_BEGIN, 2),
    ],
    ids=[
        "first instant",
        "before",
        "last instant",
        "expired by the clock alone",
        "proposed",
        "rejected",
        "suspended",
        "ended",
        "next not yet",
        "next takes over",
        "late approval not yet",
        "late approval takes over",
        "older stays dead under a suspended one",
        "older stays dead under an ended one",
        "ended in force",
        "ended before its day",
        "next proposed",
        "next rejected",
        "next ends a suspended one",
    ],
)
def test_in_force(group: Group, at: int, version: int | None) -> None:
    """T-21. Red if a date needs a job to pass, or an older version comes back to life."""
    if version is None:
        with pytest.raises(NotInForce) as refused:
            in_force(group, at)
        assert [reason.code for reason in refused.value.reasons] == ["not-in-force"]
    else:
        assert in_force(group, at).version == version


def test_a_version_approved_after_its_successor_never_governs() -> None:
    """Red if the last approval decides instead of the version's number."""
    group = replace(
        states(State.APPROVED),
        versions=(Version(V2, State.APPROVED, BEGIN), Version(V1, State.APPROVED, V2_BEGIN + 2 * DAY)),
    )
    assert [version.agreement.version for version, _ in reign(group, V2_BEGIN + 3 * DAY)] == [2]
    assert in_force(group, V2_BEGIN + 3 * DAY).version == 2


def test_came_into_force() -> None:
    """Red if a proposed version has a first instant, or an approved one of unknown date has none."""
    assert came_into_force(Version(V1, State.PROPOSED)) is None
    assert came_into_force(Version(V1, State.APPROVED)) == BEGIN


ROLES = agreement(
    parties=[
        {"member": A, "role": "publisher"},
        {"member": B, "role": "receiver"},
        {"member": C, "role": "observer"},
        {"member": D, "role": "both"},
    ]
)


@pytest.mark.parametrize(
    ("member", "read", "write"),
    [(A, False, True), (B, True, False), (C, False, False), (D, True, True)],
    ids=["publisher", "receiver", "observer", "both"],
)
def test_rights_by_role(member: str, read: bool, write: bool) -> None:  # noqa: FBT001  a table's columns
    """Red if a publisher may poll, a receiver post, or an observer sees that the collection exists."""
    assert rights(group_of(ROLES), Caller(member), AT) == Rights(visible=read or write, can_read=read, can_write=write)


def test_t01_strangers_paused_and_suspended_see_nothing() -> None:
    """T-01. Red if a collection shows itself to one who is no party, has not accepted, or while it is suspended."""
    group = group_of(V1)
    assert rights(group, Caller(C), AT) == NOTHING
    assert rights(replace(group, acceptances={A: {V1.digest: AT}}), Caller(B), AT) == NOTHING
    assert rights(states(State.SUSPENDED), Caller(A), AT) == NOTHING
    assert rights(group, Caller(A), END + 1) == NOTHING


def test_an_acceptance_holds_for_its_version_only() -> None:
    """Red if the acceptance of an older version counts for the one in force."""
    group = replace(group_of(V1, V2), acceptances={A: {V1.digest: BEGIN}})
    assert standing(group, A, V2_BEGIN - 1).agreement is V1
    with pytest.raises(NotAParty) as refused:
        standing(group, A, V2_BEGIN)
    assert refused.value.reasons[0].details == {"agreement": V2.digest}


def test_shown_versions() -> None:
    """Red if a member is shown a proposed version, one it is no party of, or is not shown the one to come."""
    without_b = agreement(version=3, parties=[{"member": A}], validity={"from": FROM.replace(month=6)})
    group = group_of(V1, V2, without_b)
    assert [shown.version for shown in shown_to(group, A, AT)] == [3, 2, 1]
    assert [shown.version for shown in shown_to(group, B, AT)] == [2, 1]
    assert [shown.version for shown in shown_to(group, B, V2_BEGIN)] == [2]
    assert shown_to(group, C, AT) == ()
    assert shown_to(states(State.PROPOSED), A, AT) == ()


def test_may_accept() -> None:
    """Red if an unknown, foreign, proposed, replaced, suspended or expired version can be accepted."""
    group = group_of(V1, V2)
    assert may_accept(group, A, V1.digest, AT) is V1
    assert may_accept(group, A, V2.digest, AT) is V2
    for member, digest, at in [(A, "0" * 64, AT), (C, V1.digest, AT), (A, V1.digest, V2_BEGIN)]:
        with pytest.raises(NotAParty, match="no version with this digest"):
            may_accept(group, member, digest, at)
    with pytest.raises(NotAParty):
        may_accept(states(State.PROPOSED), A, V1.digest, AT)
    with pytest.raises(NotInForce, match="suspended"):
        may_accept(states(State.SUSPENDED), A, V1.digest, AT)
    with pytest.raises(NotInForce, match="expired"):
        may_accept(group, A, V2.digest, END + 1)
