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


@dataclass(slots=True)
class Slot:
    """A row of the shelf while it is being judged: one already held, or one about to be written."""

    version_ns: int | None
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
    """One publisher's shelf in one group, as far as this publication touches it."""

    publisher: int
    readers_from: Mapping[Label, Mapping[Label, int]]
    slots: dict[str, list[Slot]] = field(default_factory=dict)
    written: list[NewRow] = field(default_factory=list)
    remarks: dict[tuple[str, str], str] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)

    def hold(self, held: Mapping[str, Sequence[HeldRow]]) -> None:
        """Put the rows already held onto it."""
        for stix_id, rows in held.items():
            self.slots[stix_id] = [slot_of(row) for row in rows]

    def place(self, new: StixObject, rank: Label, manifest: str) -> None:
        """Judge one listed object and note its row, the flags it moves, and what to say; or the reasons against it."""
        slots = self.slots.get(new.id)
        if slots is None:  # the common case: nothing lies there to be judged by
            self._write(new, rank, self.slots.setdefault(new.id, []), manifest)
            return
        placing = judge(new, rank, slots, self.readers_from.get(rank, {}))
        if placing.reasons:
            self.reasons += placing.reasons
            return
        if placing.remark:
            self.remarks[new.id, new.sha256] = placing.remark
        if placing.label is not None:
            self._write(new, placing.label, slots, manifest)

    def _write(self, new: StixObject, rank: Label, slots: list[Slot], manifest: str) -> None:
        row = NewRow(
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
        slot = Slot(new.version_ns, new.sha256, rank, None, new.created, new.revoked, new=row)
        for other in slots:
            _relate(slot, other)
        slots.append(slot)
        self.written.append(row)

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
    elif new.version_ns is None or (other.version_ns is not None and other.version_ns < new.version_ns):
        other.newer_rank = min(other.newer_rank, new.rank)
        new.older_rank = min(new.older_rank, other.rank)
    else:
        other.older_rank = min(other.older_rank, new.rank)
        new.newer_rank = min(new.newer_rank, other.rank)
