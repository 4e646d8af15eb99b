"""Why, or why not? The rule-by-rule account of who receives what, from the functions that decide it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from policies.agreement import Party
from policies.entitlement import NEVER, clearance, entitlement
from policies.group import Account, Group, Standing, in_force, standing
from policies.labels import Label
from policies.reasons import Reason, Refusal


class Row(Protocol):
    """A stored row of the group."""

    @property
    def rank(self) -> int:
        """Its effective label."""

    @property
    def position(self) -> int:
        """Its position."""

    @property
    def publisher(self) -> str:
        """Member id of its publisher."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether an account receives a row.

    Attributes:
        received: what a poll does.
        reasons: each rule in order; if the row is not received, the last one is why.
    """

    received: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whether a party would receive something published now, and why."""

    member: str
    received: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _PartyAccount:
    member: str
    redistributes: bool = False


@dataclass(frozen=True, slots=True)
class _NextRow:
    rank: Label
    publisher: str
    position: int = NEVER


def explain(group: Group, account: Account, row: Row, at: int) -> Explanation:
    """Whether the account receives the row at ``at`` (microseconds), and by which rules.

    The verdict is `entitlement` and `Entitlement.sees`, as for a poll; the reasons only tell how it came about.
    """
    granted = entitlement(group, account, at)
    received = granted is not None and granted.sees(row.rank, row.position)
    return Explanation(received, tuple(_account(group, account, row, at)))


def audience(group: Group, tlp: Label, at: int) -> tuple[Recipient, ...]:
    """What each party of the version in force would receive of something published now under ``tlp``.

    Raises `NotInForce`.
    """
    row = _NextRow(tlp, publisher="")
    told = [
        (party.member, explain(group, _PartyAccount(party.member), row, at)) for party in in_force(group, at).parties
    ]
    return tuple(Recipient(member, said.received, said.reasons) for member, said in told)


def _account(group: Group, account: Account, row: Row, at: int) -> Iterator[Reason]:
    try:
        place = standing(group, account.member, at)
    except Refusal as refusal:
        yield from refusal.reasons
        return
    yield Reason("in-force", f"version {place.agreement.version} of the agreement is in force")
    yield Reason("party", "the member is a party of it and has accepted it")
    if not place.party.role.receives:
        yield Reason("role", f"the member's role is {place.party.role}, which receives no objects")
        return
    yield Reason("receives", f"the member's role is {place.party.role}, which receives objects")
    yield from _label(group, account, place, row, at)


def _label(group: Group, account: Account, place: Standing, row: Row, at: int) -> Iterator[Reason]:
    label = Label(row.rank)
    highest = clearance(place.agreement, place.party, redistributes=account.redistributes)
    limit = _limit(place.party, highest)
    if label > highest:
        yield Reason("above-clearance", f"the object is under {label.text}; {limit}")
        return
    granted = entitlement(group, account, at)
    start = dict(granted.starts).get(label) if granted else None
    if start is None:
        yield Reason("not-opened", f"{label.text} was never opened for this member; it must accept the agreement anew")
        return
    yield Reason("clearance", f"the object is under {label.text}; {limit}")
    if row.position < start:
        sentence = f"{label.text} opened for this member after the object was published, and only for what came later"
        yield Reason("before-start", sentence, details={"start": start})
    else:
        yield Reason("start", f"{label.text} was open for this member when the object came", details={"start": start})


def _limit(party: Party, highest: Label) -> str:
    if highest < party.clearance:
        return f"the account passes things on, so it receives up to {highest.text} only"
    return f"the member receives up to {highest.text}"
