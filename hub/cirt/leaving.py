"""What is left out of a publication because it was asked for, and what of the rest misses it?

An object goes if one of its faults has a code that was named; then all is judged anew, since labels and mentions may
hang on what went. Only if nothing can go, and a fault is left, is the publication refused as ever.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .faults import Failure, Faulty
from .preparing import LeftOut, Prepared
from .reading import Found

CODES = (
    "malformed",
    "not-stix",
    "too-large",
    "future",
    "red",
    "above-ceiling",
    "stricter-than-manifest",
    "forged-marking",
    "unknown-marking",
    "unmarked",
    "type-out-of-scope",
    "personal-data",
    "leaks-reference",
    "not-author",
    "conflicting-content",
    "created-changed",
    "already-revoked",
    "stricter-revocation",
)
"""Reasons that lie in one object. All others concern the whole publication, and leaving objects out cures none."""


@dataclass(slots=True)
class Leaving:
    """What may be left out of one publication, and what was.

    Attributes:
        codes: the reasons named.
        left: the fault for which each object went, in order.
    """

    codes: frozenset[str]
    left: list[Failure] = field(default_factory=list)

    def readable(self, found: Sequence[Found | Failure]) -> list[Found]:
        """The objects that could be read; raises `Faulty` for a fault that may not be left out."""
        faults = [each for each in found if isinstance(each, Failure)]
        if any(fault.code not in self.codes or not fault.places for fault in faults):
            raise Faulty("the input cannot be read; nothing was signed", faults, refused=False)
        self.left += faults
        return [each for each in found if isinstance(each, Found)]

    def prepare(
        self,
        found: Sequence[Found],
        attempt: Callable[[Sequence[Found]], Prepared],
        judge: Callable[[Prepared], Sequence[Failure]],
    ) -> Prepared:
        """The publication without what had to go.

        Args:
            found: the objects.
            attempt: prepares some of them; raises `Faulty`.
            judge: what the hub would refuse of what was prepared; asked only if something may be left out.

        Raises:
            Faulty: a fault of another code; or nothing is left.
        """
        while True:
            try:
                prepared = attempt(found)
                faults: Sequence[Failure] = judge(prepared) if self.codes and prepared.labelled else ()
            except Faulty as refused:
                rest = self._without(found, refused.failures)
                if len(rest) == len(found):
                    raise
            else:
                rest = self._without(found, faults)
                if len(rest) == len(found):
                    return self._finished(prepared, faults)
            found = rest

    def _without(self, found: Sequence[Found], faults: Sequence[Failure]) -> list[Found]:
        """The objects none of whose faults was named; the others are entered as left out."""
        going: dict[str, Failure] = {}
        for fault in faults:
            if fault.code in self.codes:
                for place in fault.places:
                    going.setdefault(place, fault)
        gone: set[str] = set()  # the same bytes may stand in several places
        for each in found:
            if each.place in going and each.item.sha256 not in gone:
                gone.add(each.item.sha256)
                fault = going[each.place]
                self.left.append(Failure(fault.code, fault.message, each.item.id, each.item.version))
        return [each for each in found if each.item.sha256 not in gone]

    def _finished(self, prepared: Prepared, faults: Sequence[Failure]) -> Prepared:
        """What is published, with what was left out and who mentions it."""
        if faults:
            raise Faulty("some objects would be refused for other reasons; nothing was signed", faults, refused=True)
        if self.left and not prepared.labelled:
            raise Faulty("nothing is left to publish; nothing was signed", self.left, refused=True)
        prepared.left_out += [LeftOut(each.id, each.message, each.version, each.code) for each in self.left]
        kept = {each.read.id for each, _ in prepared.labelled}
        gone = {each.id: each.code for each in self.left if each.id is not None and each.id not in kept}
        for each, _ in prepared.labelled:
            for mention in each.read.mentions:
                if mention in gone:
                    sentence = (
                        f"it mentions {mention}, which is left out ({gone[mention]}): who receives it has that object"
                        " only if it was published before"
                    )
                    prepared.warnings.append(Failure("left-out-reference", sentence, each.read.id, each.read.version))
        return prepared
