"""Would the hub take it? The same checks here, before anything is signed: form, patterns, markings, the agreement.

What only the hub can know (what others published, what lies on its shelf) is left to it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from feeds.bundle import read_bundle
from feeds.errors import Unreadable
from feeds.objects import StixObject
from feeds.patterns import full_check
from feeds.references import is_id
from keys.envelope import Item
from policies.agreement import Agreement
from policies.labels import Label
from policies.object_rules import ObjectRules

from .faults import Failure
from .reading import Found

_LOWER_CASE = "write it in lower case here and wherever it stands"
TOO_DEEP = "too long or too deep"


@dataclass(frozen=True, slots=True)
class Checked:
    """An object that has the form it must have: its bytes, what decisions rest on, and where it was found."""

    item: Item
    read: StixObject
    place: str


def check_form(found: Sequence[Found], at: int) -> tuple[list[Checked], list[Failure]]:
    """Which objects are STIX 2.1 as the hub takes it, and every fault of those that are not.

    Args:
        found: the objects.
        at: now, microseconds since the epoch.
    """
    items = [each.item for each in found]
    failures: list[Failure] = []
    try:
        reads = read_bundle(items, at).objects
    except Unreadable as error:
        reads = error.rest.objects
        places = {each.item.id: each.place for each in found}
        for fault in error.faults:
            place = places.get(fault.object_id or "")
            where = f" ({place})" if place else ""
            failures.append(Failure(fault.code, f"{fault.sentence}{where}", fault.object_id, fault.version))
    by_digest = {read.sha256: read for read in reads}
    checked = [
        Checked(each.item, by_digest[each.item.sha256], each.place) for each in found if each.item.sha256 in by_digest
    ]
    return checked, failures + _conflicts(checked)


def _conflicts(checked: Iterable[Checked]) -> list[Failure]:
    """Two objects of one id and one instant of version, with different bytes."""
    seen: dict[tuple[str, int | None], Checked] = {}
    failures = []
    for each in checked:
        first = seen.setdefault((each.read.id, each.read.version_ns), each)
        if first.read.sha256 != each.read.sha256 and each.read.version_ns is not None:
            sentence = (
                f"{each.place} has other bytes for this version than {first.place}; keep one, or renew `modified`"
            )
            both = (first.place, each.place)
            failures.append(Failure("conflicting-content", sentence, each.read.id, each.read.version, places=both))
    return failures


_TEXT = re.compile(r"[thb]?'(?:[^'\\]|\\.)*'", re.DOTALL)
"""A literal of a pattern: times, hexadecimal and binary ones have a grammar of their own, plain texts have none."""


@cache
def _shape_is_good(shape: str) -> bool:
    return not full_check(shape)


def _pattern_findings(pattern: str) -> list[str]:
    """What the full grammar finds wrong; patterns that differ in their texts alone are parsed once."""
    shape = _TEXT.sub(lambda found: "'x'" if found[0].startswith("'") else found[0], pattern)
    return [] if _shape_is_good(shape) else full_check(pattern)


def check_patterns(checked: Iterable[Checked], member: str) -> tuple[list[Failure], list[Failure]]:
    """(failures, warnings) of STIX patterns by the full grammar; others' patterns cannot be mended here: a warning.

    A pattern that is only too long for a common parser is a warning too.
    """
    failures: list[Failure] = []
    warnings: list[Failure] = []
    for each in checked:
        value = each.item.value
        pattern = value.get("pattern")
        if each.read.type != "indicator" or value.get("pattern_type") != "stix" or not isinstance(pattern, str):
            continue
        for finding in _pattern_findings(pattern):
            own = value.get("created_by_ref") == member and TOO_DEEP not in finding
            told = Failure("not-stix", f"pattern: {finding} ({each.place})", each.read.id, each.read.version)
            (failures if own else warnings).append(told)
    return failures, warnings


@dataclass(frozen=True, slots=True)
class _Here:
    """What is known of the shelf without the hub (`policies.object_rules.Held`): this publication alone."""

    lowest: dict[str, Label]
    kinds: dict[str, str]

    def own_lowest(self, stix_id: str) -> Label | None:
        """The laxest label of an object in this publication."""
        return self.lowest.get(stix_id)

    def markings(self, stix_id: str) -> str | None:
        """The kind of a marking-definition; one that is not here may lie on the shelf, which the hub will say."""
        return self.kinds.get(stix_id, "statement")

    def readable(self, stix_id: str, sha256: str, upto: Label) -> bool:
        """Whether others' bytes may be passed on: the hub will say."""
        del stix_id, sha256, upto
        return True

    def enrolled(self, identity_id: str) -> bool:
        """Whether an identity is a member: the hub will say."""
        del identity_id
        return False

    def creator(self, stix_id: str) -> None:
        """Whom an earlier version names: the hub will say."""


def check_policy(labelled: Sequence[tuple[StixObject, Label]], agreement: Agreement, member: str) -> list[Failure]:
    """Every reason of the agreement against publishing these objects, each under its manifest's label."""
    lowest: dict[str, Label] = {}
    for read, label in labelled:
        lowest[read.id] = min(label, lowest.get(read.id, label))
    here = _Here(lowest, {read.id: read.marking_kind for read, _ in labelled if read.marking_kind})
    failures = []
    for label in sorted({label for _, label in labelled}):
        rules = ObjectRules(agreement, member, label, here)
        reads = [read for read, own in labelled if own is label]
        if label > agreement.terms.ceiling and label is not Label.RED:
            sentence = f"{label.text} is above the agreement's ceiling {agreement.terms.ceiling.text}; keep it back"
            failures += [Failure("above-ceiling", sentence, read.id, read.version) for read in reads]
            continue
        for read in reads:
            reasons = rules.judge(read)[1]
            failures += [Failure(r.code, r.sentence, r.object_id, r.version, r.details) for r in reasons]
    return failures


def remedy_for(failures: Sequence[Failure]) -> str:
    """What to do about objects that a strict hub must refuse."""
    ids = [each.id for each in failures if each.id]
    odd = [stix_id for stix_id in ids if not is_id(stix_id)]
    hint = f" An id must be in its one spelling: {_LOWER_CASE}." if odd else ""
    return f"Mend these in the input, or take them out, and run the same command again.{hint}"
