"""What holds now? A sharing group with all its versions, acceptances and starts, and who stands where in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from policies.agreement import Agreement, Party
from policies.labels import Label
from policies.life import State
from policies.reasons import NotAParty, NotInForce, Refusal, fail_closed

_MAY_GOVERN: Final = frozenset({State.PROPOSED, State.APPROVED, State.SUSPENDED})


class Account(Protocol):
    """Who asks: a member, through one of its tokens."""

    @property
    def member(self) -> str:
        """STIX identity id of the member."""

    @property
    def redistributes(self) -> bool:
        """Whether what this token reads is passed on to others."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the agreement under review or reviewed.

    Attributes:
        agreement: the document read.
        state: where its review stands.
        approved_at: microseconds since the epoch at which the last needed approval was given.
        ended_at: microseconds at which it was ended. An end before ``from`` means that it never came into force;
            an unknown one (None) counts as later, so that an older version does not come back to life.
    """

    agreement: Agreement
    state: State
    approved_at: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A sharing group.

    Attributes:
        versions: in any order.
        acceptances: member id to digest to microseconds of acceptance; withdrawn acceptances are absent.
        starts: member id to label to the position from which the member reads that label.
    """

    id: str
    proofs: str
    alias: str
    versions: tuple[Version, ...]
    acceptances: Mapping[str, Mapping[str, int]]
    starts: Mapping[str, Mapping[Label, int]]


@dataclass(frozen=True, slots=True)
class Rights:
    """What TAXII 2.1 §5.1 tells an account about a collection; invisible ones do not exist for it."""

    visible: bool
    can_read: bool
    can_write: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A party that has accepted the version in force."""

    agreement: Agreement
    party: Party


def came_into_force(version: Version) -> int | None:
    """The instant (microseconds) from which the version governs, past or future; None if it never will.

    That is its ``from``, or its approval where that came later.
    """
    if version.state in (State.PROPOSED, State.REJECTED):
        return None
    begin = version.agreement.validity.from_
    if version.approved_at is not None:
        begin = max(begin, version.approved_at)
    never = version.ended_at is not None and version.ended_at <= begin
    return None if never else begin


def reign(group: Group, at: int) -> tuple[tuple[Version, int], ...]:
    """The versions that have governed until ``at``, oldest number first, each with the instant from which it did.

    The last one governs now: coming into force, a version ends the one before it for all, so an older one never
    comes back to life when its successor is suspended, ended or expired.
    """
    governed: list[tuple[Version, int]] = []
    successor = at + 1
    for version in sorted(group.versions, key=lambda version: version.agreement.version, reverse=True):
        begin = came_into_force(version)
        if begin is not None and begin < successor:
            governed.append((version, begin))
            successor = begin
    return tuple(reversed(governed))


def in_force(group: Group, at: int) -> Agreement:
    """The version in force at ``at`` (microseconds); raises `NotInForce`.

    The clock decides here and now: no job has to run for a version to come into force or to expire.
    """
    governed = reign(group, at)
    if not governed:
        raise NotInForce("no version of this agreement is in force yet; wait for its first day or its approval")
    version = governed[-1][0]
    name = f"version {version.agreement.version} of this agreement"
    if version.state is State.SUSPENDED:
        raise NotInForce(f"{name} is suspended; the hub's operators can resume it")
    if version.state is not State.APPROVED:
        raise NotInForce(f"{name} has ended; a new version must be agreed")
    if at > version.agreement.validity.until:
        raise NotInForce(f"{name} has expired; a new version must be agreed")
    return version.agreement


def titles(group: Group, at: int) -> frozenset[str]:
    """The titles of the version that governs at ``at`` and of those that may govern later, if they are approved."""
    oldest = max((version.agreement.version for version, _ in reign(group, at)), default=0)
    return frozenset(
        version.agreement.title
        for version in group.versions
        if version.state in _MAY_GOVERN
        and version.agreement.version >= oldest
        and at <= version.agreement.validity.until
    )


def shown_to(group: Group, member: str, at: int) -> tuple[Agreement, ...]:
    """The versions a member may see, newest first: of those that govern or will, the ones it is a party of."""
    governed = {version.agreement.digest for version, _ in reign(group, at)[-1:]}
    shown = [
        version.agreement
        for version in group.versions
        if (version.agreement.digest in governed or _is_to_come(version, at)) and version.agreement.party(member)
    ]
    return tuple(sorted(shown, key=lambda agreement: agreement.version, reverse=True))


def _is_to_come(version: Version, at: int) -> bool:
    begin = came_into_force(version)
    return version.state is State.APPROVED and begin is not None and begin > at


def standing(group: Group, member: str, at: int) -> Standing:
    """The member's place in the version in force; raises `NotInForce` or `NotAParty`."""
    agreement = in_force(group, at)
    party = agreement.party(member)
    if party is None:
        raise NotAParty("this member is no party of the agreement")
    if agreement.digest not in group.acceptances.get(member, {}):
        sentence = f"version {agreement.version} of the agreement is not accepted; accept it, then everything goes on"
        raise NotAParty(sentence, {"agreement": agreement.digest})
    return Standing(agreement, party)


def rights(group: Group, account: Account, at: int) -> Rights:
    """What the account may do with the group's collections at ``at``; an observer sees the agreement, not these.

    An account that redistributes only polls: what it is told of publications could be stricter than what it may read.
    """
    try:
        with fail_closed():
            role = standing(group, account.member, at).party.role
    except Refusal:
        return Rights(visible=False, can_read=False, can_write=False)
    writes = role.publishes and not account.redistributes
    return Rights(visible=role.receives or writes, can_read=role.receives, can_write=writes)


def may_accept(group: Group, member: str, digest: str, at: int) -> Agreement:
    """The version with that digest, if the member may accept it now, in force or still to come.

    Raises `NotAParty` where the member is shown no such version, `NotInForce` where it has expired, ended or is
    suspended.
    """
    agreement = next((shown for shown in shown_to(group, member, at) if shown.digest == digest), None)
    if agreement is None:
        raise NotAParty("there is no version with this digest that this member is a party of; fetch the agreement anew")
    if any(version.agreement.digest == digest for version, _ in reign(group, at)):
        return in_force(group, at)
    return agreement
