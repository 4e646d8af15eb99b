"""Which rows does a publication add to its publisher's shelf, and which flags do they move?

`policies.shelf` judges each listed object against the rows already there; here its verdicts become rows, their version
flags (for every reader at once) and the sentence for the status. One shelf at a time, in memory, before any write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feeds.objects import StixObject
from policies.labels import Label
from policies.reasons import Reason
from policies.shelf import judge

from .store.selection import NONE
from .store.shelves import HeldRow, NewRow

#: Rows looked at for one publication, at most: about a third of a second under the lock.
MOST_EFFORT = 300_000
#: Contents of one object without versions, at most: every other reader searches them for repetitions.
MOST_CONTENTS = 1_000


@dataclass(slots=True)
class Slot:
    """A row of the shelf while it is being judged: one already held, or one about to be written.

    `order_ns` places it among the versions as the store will: for an object without a version, the time of its adding.
    """

    version_ns: int | None
    order_ns: int
    sha256: str
    rank: Label
    position: int | None
    created: str | None
    revoked: bool
    newer_rank: int = NONE
    older_rank: int = NONE
    repeat_rank: int = NONE
    row: HeldRow | None = None
    new: NewRow | None = None

    @property
    def flags(self) -> tuple[int, int, int]:
        """(newer, older, repeat): lowest rank of the rows that supersede, precede or repeat this one."""
        return self.newer_rank, self.older_rank, self.repeat_rank


def slot_of(row: HeldRow) -> Slot:
    """The slot of a held row."""
    return Slot(
        version_ns=row.version_ns if row.versioned else None,
        order_ns=row.version_ns,
        sha256=row.sha256,
        rank=Label(row.rank),
        position=row.position,
        created=row.created,
        revoked=row.revoked,
        newer_rank=row.newer_rank,
        older_rank=row.older_rank,
        repeat_rank=row.repeat_rank,
        row=row,
    )


@dataclass(slots=True)
class Shelf:
    """One publisher's shelf in one group, as far as this publication touches it.

    `slots` has the rows of each id that has several, or one from before; `fresh` tells of any other id where in
    `written` its one row is: most objects are new, and nothing has to be judged by them.
    """

    publisher: int
    readers_from: Mapping[Label, Mapping[Label, int]]
    at: int
    slots: dict[str, list[Slot]] = field(default_factory=dict)
    fresh: dict[str, int] = field(default_factory=dict)
    written: list[NewRow] = field(default_factory=list)
    remarks: dict[tuple[str, str], str] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    effort: int = 0

    def hold(self, held: Mapping[str, Sequence[HeldRow]]) -> None:
        """Put the rows already held onto it."""
        for stix_id, rows in held.items():
            self.slots[stix_id] = [slot_of(row) for row in rows]

    def place(self, new: StixObject, rank: Label, manifest: str) -> None:
        """Judge one listed object and note its row, the flags it moves, and what to say; or the reasons against it."""
        slots = self.slots.get(new.id)
        if slots is None:
            place = len(self.written)
            first = self.fresh.setdefault(new.id, place)
            if first == place:
                self.written.append(self._row(new, rank, manifest))
                return
            slots = self.slots[new.id] = [self._slot(first)]
        if self._is_too_much(new, len(slots)):
            return
        placing = judge(new, rank, slots, self.readers_from.get(rank, {}))
        if placing.reasons:
            self.reasons += placing.reasons
            return
        if placing.remark:
            self.remarks[new.id, new.sha256] = placing.remark
        if placing.label is not None:
            self.written.append(self._row(new, placing.label, manifest))
            slot = self._slot(len(self.written) - 1)
            for other in slots:
                _relate(slot, other)
            slots.append(slot)

    def _is_too_much(self, new: StixObject, rows: int) -> bool:
        """Note the reason if this id has more rows than can be judged while others wait for the lock."""
        self.effort += rows
        if self.effort > MOST_EFFORT:
            sentence = "too many versions of one object at once; publish fewer of them in one publication"
        elif new.version_ns is None and rows >= MOST_CONTENTS:
            sentence = f"you published {rows} contents under this id, which has no versions; take a new id"
        else:
            return False
        self.reasons.append(Reason("too-large", sentence, new.id, new.version))
        return True

    def _row(self, new: StixObject, rank: Label, manifest: str) -> NewRow:
        return NewRow(
            publisher=self.publisher,
            stix_id=new.id,
            type=new.type,
            version=new.version,
            version_ns=new.version_ns,
            created=new.created,
            revoked=new.revoked,
            marking_kind=new.marking_kind,
            rank=rank,
            sha256=new.sha256,
            manifest=manifest,
            body=new.canonical,
        )

    def _slot(self, place: int) -> Slot:
        """The slot of a row about to be written."""
        new = self.written[place]
        order = new.version_ns if new.version_ns is not None else self.at * 1000 + place
        return Slot(new.version_ns, order, new.sha256, Label(new.rank), None, new.created, new.revoked, new=new)

    def moved(self) -> list[tuple[int, int, int, int]]:
        """(row id, newer, older, repeat) of held rows whose flags changed; new rows take theirs along."""
        flags = []
        for slots in self.slots.values():
            for slot in slots:
                if slot.new is not None:
                    slot.new.newer_rank, slot.new.older_rank, slot.new.repeat_rank = slot.flags
                elif slot.row is not None and slot.flags != slot_of(slot.row).flags:
                    flags.append((slot.row.id, *slot.flags))
        return flags


def _relate(new: Slot, other: Slot) -> None:
    """Move the flags of a new row and one that lies there: lowest rank among those newer, older, or repeating it."""
    if other.sha256 == new.sha256 and other.version_ns == new.version_ns:
        other.newer_rank = min(other.newer_rank, new.rank)
        other.older_rank = min(other.older_rank, new.rank)
        other.repeat_rank = min(other.repeat_rank, new.rank)
    elif other.order_ns < new.order_ns:
        other.newer_rank = min(other.newer_rank, new.rank)
        new.older_rank = min(new.older_rank, other.rank)
    else:
        other.older_rank = min(other.older_rank, new.rank)
        new.newer_rank = min(new.newer_rank, other.rank)
