"""May it go there? The decision on one manifest with its objects, with every reason if the answer is no."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.agreement import Agreement
from policies.group import Account, Group, Standing, standing
from policies.labels import Label, Marked
from policies.object_rules import Held, ObjectRules
from policies.reasons import Reason, Refusal, fail_closed


@dataclass(frozen=True, slots=True)
class Permit:
    """The proof that a manifest's objects may be published; constructed in this file only.

    Attributes:
        ranks: effective label of each object, in the order given.
        agreement: the version in force that it was decided under.
        warnings: what is allowed but should be looked at.
    """

    ranks: tuple[Label, ...]
    agreement: Agreement
    warnings: tuple[Reason, ...]


def may_publish(
    group: Group, account: Account, *, tlp: Label, objects: Sequence[Marked], held: Held, at: int
) -> Permit:
    """Decide on one manifest of an envelope.

    1. The agreement is in force and the member is a party that has accepted it; nothing else is told to a stranger.
    2. The party may publish, and the manifest's label can enter the collection.
    3. Each object passes every rule.

    Args:
        group: the group posted to.
        account: who posts.
        tlp: the manifest's label.
        objects: what the manifest lists, from the envelope or the publisher's shelf.
        held: facts about that shelf.
        at: microseconds since the epoch.

    Raises `Refusal` with all reasons: deny overrides, and an unexpected error is a denial (`Undecided`).
    """
    with fail_closed():
        place = standing(group, account.member, at)  # 1
        reasons = _publication(place, tlp)  # 2
        rules = ObjectRules(place.agreement, account.member, tlp, held)  # 3
        ranks: list[Label] = []
        for marked in objects:
            rank, found = rules.judge(marked)
            ranks.append(rank)
            if found:
                reasons += found
        if reasons:
            raise Refusal(tuple(reasons))
        warnings = tuple(warning for marked in objects for warning in rules.warnings(marked))
        return Permit(tuple(ranks), place.agreement, warnings)


def _publication(place: Standing, tlp: Label) -> list[Reason]:
    reasons = []
    ceiling = place.agreement.terms.ceiling
    if not place.party.role.publishes:
        sentence = f"this member's role is {place.party.role}; publishing needs the role publisher or both"
        reasons.append(Reason("role", sentence))
    if tlp is Label.RED:
        reasons.append(Reason("red", "red is for named individuals and never enters a collection; do not publish it"))
    elif tlp > ceiling:
        sentence = f"the manifest's label {tlp.text} is above the agreement's ceiling {ceiling.text}; keep it back"
        reasons.append(Reason("above-ceiling", sentence))
    return reasons
