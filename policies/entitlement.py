"""From where may it read? An account's entitlement in a group, and the starts that an acceptance gives."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Final

from policies.agreement import Agreement, Party
from policies.group import Account, Group, came_into_force, reign, standing
from policies.labels import Label
from policies.life import State
from policies.reasons import Refusal, fail_closed
from policies.terms import History, Onward

CAPS: Final = MappingProxyType(
    {Onward.NONE: Label.CLEAR, Onward.COMMUNITY: Label.GREEN, Onward.CLIENTS: Label.AMBER},
)
"""The strictest label for whoever redistributes, by the agreement's ``onward``; never amber+strict."""

NEVER: Final = 2**63 - 1
"""Beyond every position."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What an account may read in a group; constructed in this file only.

    Attributes:
        starts: (label, position) in order of the labels; never empty. A row is visible if its label is here with a
            start not after its position.
        clearance: the strictest of these labels.
        uniform: whether all starts are 0 and no label up to the clearance is left out: then ``rank <= clearance``
            decides alone.
    """

    starts: tuple[tuple[Label, int], ...]
    clearance: Label
    uniform: bool

    def sees(self, rank: int, position: int) -> bool:
        """Whether a row of that rank at that position is visible."""
        return any(label == rank and start <= position for label, start in self.starts)


def clearance(agreement: Agreement, party: Party, *, redistributes: bool) -> Label:
    """The highest label the party receives; through an account that ``redistributes`` as `CAPS` allows, if lower."""
    if redistributes or party.redistributes:
        return min(party.clearance, CAPS[agreement.terms.onward])
    return party.clearance


def entitlement(group: Group, account: Account, at: int) -> Entitlement | None:
    """What the account may read at ``at`` (microseconds); None: the collection does not exist for it.

    Raises `Undecided` if anything unexpected happens, which is a denial too.
    """
    with fail_closed():
        try:
            place = standing(group, account.member, at)
        except Refusal:
            return None
        if not place.party.role.receives:
            return None
        highest = clearance(place.agreement, place.party, redistributes=account.redistributes)
        recorded = open_from(group, account.member, at)
        starts = tuple(
            (label, max(recorded[label], _cap_lifted(group, account.member, label, at) if account.redistributes else 0))
            for label in Label
            if label <= highest and label in recorded
        )
        if not starts:
            return None
        uniform = all(start == 0 for _, start in starts) and len(starts) == starts[-1][0] + 1
        return Entitlement(starts, starts[-1][0], uniform)


def readers_from(group: Group, at: int) -> Mapping[Label, Mapping[Label, int]]:
    """From where everybody who reads rows of one label reads the labels up to it: label, label up to it, position.

    Whoever is shown a row of the first label now can read older rows of the second from that position on; `NEVER`
    where somebody cannot. Parties that are paused count, since they go on from their starts, and so do redistributing
    accounts of every party. Labels that nobody reads are absent.
    """
    every: list[Mapping[Label, int]] = []
    for member in group.starts:
        recorded = open_from(group, member, at)
        lifted = {label: max(start, _cap_lifted(group, member, label, at)) for label, start in recorded.items()}
        every += [recorded, lifted]
    return {
        label: {
            laxer: max(starts.get(laxer, NEVER) for starts in every if label in starts)
            for laxer in Label
            if laxer <= label
        }
        for label in Label
        if any(label in starts for starts in every)
    }


def open_from(group: Group, member: str, at: int) -> Mapping[Label, int]:
    """The member's recorded starts as they count at ``at``.

    A version accepted ahead of its first instant was accepted without knowing what would govern until then. Labels
    that another version closed in between open at that instant, so that no cursor is overtaken from behind. Whoever
    forgets an acceptance, at a withdrawal, has to record this.
    """
    starts = dict(group.starts.get(member, {}))
    accepted = group.acceptances.get(member, {})
    governed = reign(group, at)
    for place, (version, begin) in enumerate(governed):
        ahead = accepted.get(version.agreement.digest, begin)
        between = [
            _received(before.agreement, member)
            for (before, _), (_, end) in pairwise(governed[: place + 1])
            if ahead < end
        ]
        for label, start in starts.items():
            if any(received is None or received < label for received in between):
                starts[label] = max(start, begin)
    return starts


def starts_on_acceptance(
    group: Group,
    agreement: Agreement,
    member: str,
    published: Collection[str],
    position: int,
    at: int,
) -> Mapping[Label, int]:
    """The member's starts after it accepts ``agreement`` at ``at``, to replace those recorded before.

    1. Who never read here starts at 0 if the agreement shares its history and every publisher so far has accepted
       this version, else after the last position.
    2. A label that was open all the time keeps its start.
    3. A label that was closed for a while opens after the last position, so that no cursor is overtaken from behind.
       Only where the member could not read at all meanwhile, and history is shared as in 1, does it go on.
    4. A label above the clearance is dropped, unless the version still in force grants it.

    A version accepted before it is in force opens nothing before its first instant: until then others may publish who
    never let the member in. Only before the group's first version nobody can. A stricter label never starts before a
    laxer one.

    Args:
        group: as recorded before this acceptance.
        agreement: the version accepted, one of the group's.
        member: the accepting party.
        published: ids of the members that have published in the group so far.
        position: the group's last position.
        at: microseconds since the epoch.
    """
    highest = _received(agreement, member)
    recorded = open_from(group, member, at)
    begin = next((came_into_force(v) for v in group.versions if v.agreement.digest == agreement.digest), None)
    ahead = begin is not None and begin > at
    opening = max(position + 1, begin or 0) if ahead else position + 1
    shared = (not ahead or _is_first(group, agreement)) and _history_is_shared(group, agreement, member, published)
    starts: dict[Label, int] = {}
    for label in Label:
        if highest is not None and label <= highest:
            starts[label] = _start(group, agreement, member, label, at, opening=opening, shared=shared)
        elif label in recorded and ahead:
            starts[label] = recorded[label]
    return dict(zip(starts, accumulate(starts.values(), max), strict=True))


def _start(
    group: Group, agreement: Agreement, member: str, label: Label, at: int, *, opening: int, shared: bool
) -> int:
    recorded = open_from(group, member, at)
    if not recorded:
        return 0 if shared else opening
    if label not in recorded:
        return opening
    meanwhile = [
        received
        for version in _governed_since(group, agreement, member, recorded[label], at)
        if (received := _received(version, member)) is None or received < label
    ]
    if not meanwhile or (shared and all(received is None for received in meanwhile)):
        return recorded[label]
    return opening


def _received(agreement: Agreement, member: str) -> Label | None:
    """The highest label the member receives under a version; None if it is no receiving party of it."""
    party = agreement.party(member)
    if party is None or not party.role.receives:
        return None
    return clearance(agreement, party, redistributes=False)


def _governed_since(group: Group, agreement: Agreement, member: str, start: int, at: int) -> list[Agreement]:
    """The versions before ``agreement`` that governed after ``start`` and from the last one that the member accepted.

    Positions are microseconds of the hub's clock, never below it, so a start can be compared with an instant.
    """
    governed = reign(group, at)
    ends = [*(begin for _, begin in governed[1:]), at]
    accepted = group.acceptances.get(member, {})
    before = [(v.agreement, end) for (v, _), end in zip(governed, ends, strict=False)]
    since = max((version.version for version, _ in before if version.digest in accepted), default=0)
    return [version for version, end in before if since <= version.version < agreement.version and end > start]


def _history_is_shared(group: Group, agreement: Agreement, member: str, published: Collection[str]) -> bool:
    """Whether all others who have published let the member in."""
    accepted = (agreement.digest in group.acceptances.get(other, {}) for other in published if other != member)
    return agreement.terms.history is History.ALL and all(accepted)


def _is_first(group: Group, agreement: Agreement) -> bool:
    """Whether no version can govern before this one: numbers only rise, and a rejected text stays rejected."""
    return all(v.agreement.version >= agreement.version or v.state is State.REJECTED for v in group.versions)


def _cap_lifted(group: Group, member: str, label: Label, at: int) -> int:
    """The position from which a redistributing account of the member may read the label; 0 if it always might.

    The cap is the agreement's, so a later version may lift it. Then the label opens at that version's first instant:
    starts are kept a member, and the account's cursor may have passed rows that were closed to it.
    """
    following = 0
    for version, begin in reversed(reign(group, at)):
        party = version.agreement.party(member)
        reads = party is not None and party.role.receives
        if party is not None and reads and clearance(version.agreement, party, redistributes=True) < label:
            return following
        following = begin
    return 0
