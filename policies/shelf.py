"""What becomes of it on the shelf? An object against the rows its publisher already holds under that id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from policies.labels import Label
from policies.reasons import Reason


class Slot(Protocol):
    """A row of the publisher's shelf under one id: held, or about to be written in this transaction."""

    @property
    def version_ns(self) -> int | None:
        """Instant of the version in nanoseconds; None for an object without one."""

    @property
    def sha256(self) -> str:
        """Digest of the canonical bytes."""

    @property
    def created(self) -> str | None:
        """``created`` as written."""

    @property
    def revoked(self) -> bool:
        """Whether this version ends the object."""

    @property
    def rank(self) -> Label:
        """Effective label."""

    @property
    def position(self) -> int | None:
        """Position; None: it gets one in this transaction."""


class Versioned(Protocol):
    """An object about to be placed."""

    @property
    def id(self) -> str:
        """STIX id."""

    @property
    def version(self) -> str | None:
        """``modified``, else ``created``, as written."""

    @property
    def version_ns(self) -> int | None:
        """Its instant in nanoseconds; None for an object without one."""

    @property
    def created(self) -> str | None:
        """``created`` as written."""

    @property
    def revoked(self) -> bool:
        """Whether this version ends the object."""

    @property
    def sha256(self) -> str:
        """Digest of the canonical bytes."""


@dataclass(frozen=True, slots=True)
class Placing:
    """What to do with an object.

    Attributes:
        label: the label to write a row under; None if nothing is to be written.
        remark: what the publisher should be told although nothing is wrong, or "".
        reasons: why it is refused; nothing is written then.
    """

    label: Label | None
    remark: str = ""
    reasons: tuple[Reason, ...] = ()


def judge(new: Versioned, rank: Label, held: Sequence[Slot], readers_from: Mapping[Label, int]) -> Placing:
    """Judge one object that is published under ``rank`` against the publisher's rows of the same id.

    Args:
        new: the object.
        rank: its effective label.
        held: all rows of that id on the shelf, in any order, those of this transaction included.
        readers_from: for each label up to ``rank`` the position from which every reader of ``rank`` reads it
            (`policies.entitlement.readers_from`); a label that is absent has no reader to wait for.

    Bytes that some reader of ``rank`` cannot read where they lie are written again, under ``rank`` itself: under a
    laxer label the row would reach parties that see none of the manifests that list it. What was released stays so.

    The answer depends on the rows as a set, so the order of an envelope does not matter.
    """
    same = [slot for slot in held if slot.sha256 == new.sha256 and slot.version_ns == new.version_ns]
    if any(slot.rank <= rank and _reaches(slot, readers_from) for slot in same):
        laxest = min(slot.rank for slot in same)
        remark = f"held already under {laxest.text}; nothing was stored"
        if laxest < rank:
            remark += f", and the stricter label {rank.text} does not take back what was released"
        return Placing(None, remark)
    reasons = _reasons(new, min([rank, *(slot.rank for slot in same)]), held)
    if reasons:
        return Placing(None, reasons=reasons)
    if not same:
        return Placing(rank)
    return Placing(
        rank, f"held already, written again under {rank.text} so that every reader of this publication gets it"
    )


def _reaches(slot: Slot, readers_from: Mapping[Label, int]) -> bool:
    return slot.position is None or slot.position >= readers_from.get(slot.rank, 0)


def _reasons(new: Versioned, rank: Label, held: Sequence[Slot]) -> tuple[Reason, ...]:
    found: list[tuple[str, str]] = []
    if new.version_ns is not None and any(s.version_ns == new.version_ns and s.sha256 != new.sha256 for s in held):
        found.append(("conflicting-content", "you published other content as this version; give it a new `modified`"))
    if any(_instant(slot.created) != _instant(new.created) for slot in held):
        found.append(("created-changed", "`created` differs from your earlier versions; it never changes, restore it"))
    ends = [slot for slot in held if slot.revoked and slot.sha256 != new.sha256]
    others = [slot for slot in held if not slot.revoked]
    if ends and (new.version_ns is None or any(_is_newer(new, end) for end in ends)):
        found.append(("already-revoked", "you revoked this object, which is final; publish a new one under a new id"))
    elif new.revoked and any(_is_newer(slot, new) for slot in others):
        found.append(("already-revoked", "a later version than this revocation is published; revoke that one"))
    if new.revoked:
        found += _unheard(rank, min((slot.rank for slot in others), default=None))
    elif ends:
        found += _unheard(min(end.rank for end in ends), rank)
    return tuple(Reason(code, sentence, new.id, new.version) for code, sentence in found)


def _unheard(revocation: Label, version: Label | None) -> list[tuple[str, str]]:
    """A revocation that would not reach everyone who may read a version of the object."""
    if version is None or revocation <= version:
        return []
    sentence = (
        f"the revocation is under {revocation.text}, a version under {version.text}, so some who hold the object would"
        f" never learn of its end; publish the revocation under {version.text}"
    )
    return [("stricter-revocation", sentence)]


def _is_newer(one: Versioned | Slot, other: Versioned | Slot) -> bool:
    return one.version_ns is not None and other.version_ns is not None and one.version_ns > other.version_ns


def _instant(created: str | None) -> str | None:
    """``created`` with one spelling an instant: the sub-second digits may end in zeros (STIX 2.1 §2.16)."""
    if created is None:
        return None
    seconds, dot, fraction = created.removesuffix("Z").partition(".")
    return f"{seconds}.{fraction.rstrip('0')}" if dot else f"{seconds}."
