"""What the decision needs to know about a publication's surroundings: the publisher's own shelf, and what it may read.

Looks only at this publisher's rows in this group, and at rows it may itself read there: no answer depends on what a
member may not see.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from feeds.objects import StixObject
from policies.entitlement import entitlement
from policies.labels import PINNED, Label
from policies.life import State

from .access import Seen
from .store import shelves
from .store.engine import Tx
from .store.registry import Account, Registry
from .store.selection import View
from .store.shelves import HeldRow


@dataclass(frozen=True, slots=True)
class Facts:
    """The `Held` of `policies.publish`, for one publication."""

    lowest: Mapping[str, Label]
    kinds: Mapping[str, str]
    reads: Mapping[tuple[str, str], int]
    members: Registry
    creators: Mapping[str, str | None]

    def own_lowest(self, stix_id: str) -> Label | None:
        """The laxest label among all the publisher's own copies in this group, this publication included."""
        return self.lowest.get(stix_id)

    def markings(self, stix_id: str) -> str | None:
        """The kind of a marking-definition in this publication or on the publisher's shelf; None if in neither."""
        return self.kinds.get(stix_id)

    def readable(self, stix_id: str, sha256: str, upto: Label) -> bool:
        """Whether the publisher may itself read these bytes by others, under a label no stricter than `upto`."""
        rank = self.reads.get((stix_id, sha256))
        return rank is not None and rank <= upto

    def enrolled(self, identity: str) -> bool:
        """Whether this identity is a member of the hub, suspended or not; who is proposed or rejected is nobody."""
        return _is_enrolled(self.members, identity)

    def creator(self, stix_id: str) -> str | None:
        """The author that the publisher's first version names, here or in this publication; None: nobody."""
        return self.creators.get(stix_id)


def _is_enrolled(registry: Registry, identity: str | None) -> bool:
    member = registry.members.get(identity or "")
    return member is not None and member.state in {State.APPROVED, State.SUSPENDED}


def gather(
    tx: Tx,
    registry: Registry,
    account: Account,
    seen: Seen,
    listed: Sequence[tuple[StixObject, Label]],
    held: Mapping[str, Sequence[HeldRow]],
    at: int,
) -> Facts:
    """Read the facts for the objects of a publication, each with the label of the manifest that lists it.

    `held` are the publisher's rows of their ids.
    """
    group = seen.collection
    lowest: dict[str, Label] = {}
    mentioned: set[str] = set()
    for item, label in listed:
        if lowest.setdefault(item.id, label) > label:
            lowest[item.id] = label
        mentioned.update(item.mentions)
    for stix_id, rows in held.items():
        lowest[stix_id] = Label(min([lowest[stix_id], *(row.rank for row in rows)]))
    elsewhere = shelves.lowest_ranks(tx, group.no, account.member_no, mentioned - lowest.keys())
    lowest.update({stix_id: Label(rank) for stix_id, rank in elsewhere.items()})
    kinds = {item.id: item.marking_kind for item, _ in listed if item.marking_kind}
    marked = {ref for item, _ in listed for ref in item.markings if ref not in PINNED and ref not in kinds}
    authored = {item.id for item, _ in listed if item.author != account.member and _is_enrolled(registry, item.author)}
    granted = entitlement(group.group, account, at)
    view = View(group.no, tuple((int(label), start) for label, start in granted.starts) if granted else ())
    return Facts(
        lowest=lowest,
        kinds={**shelves.marking_kinds(tx, group.no, account.member_no, marked), **kinds},
        reads=shelves.readable(tx, view, account.member_no, authored),
        members=registry,
        creators={**_oldest(listed, lowest), **shelves.authors(tx, group.no, account.member_no, held.keys())},
    )


def _oldest(listed: Sequence[tuple[StixObject, Label]], ids: Collection[str]) -> dict[str, str | None]:
    """The author of the first version of each id that this publication lists in several; `ids` are all it lists."""
    if len(listed) == len(ids):
        return {}
    versions = sorted((item.version_ns, item.id, item.author) for item, _ in listed if item.version_ns is not None)
    return {stix_id: author for _, stix_id, author in reversed(versions)}
