"""What is in this publication? Envelope items in, STIX objects out, or every fault of every object.

The order of looking: is it STIX 2.1 at all, the profile (ids, times, references, markings, pattern), then the OASIS
schema. Canonical bytes and digests pass through untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from feeds.errors import BadPattern, Fault, Finding, Unreadable, clipped
from feeds.markings import claims_tlp, marking_findings, marking_kind, markings, tlp_labels
from feeds.objects import Bundle, Item, StixObject
from feeds.patterns import door_check
from feeds.profile import NEWEST, Times, id_findings, not_stix, observable_kind, read_times
from feeds.references import mentions, reference_findings
from feeds.schemas import checker

__all__ = ["MAX_OBJECT", "Bundle", "Item", "StixObject", "read_bundle"]

MAX_OBJECT: Final = 1_048_576
"""Largest object in canonical bytes."""

_MAX_FINDINGS: Final = 10
_MAX_NAME: Final = 120
_MAX_ID: Final = 300
_MARKED: Final = frozenset({"labels", "object_marking_refs", "granular_markings", "objects"})


def read_bundle(items: Sequence[Item], at: int) -> Bundle:
    """Read the objects of an envelope: STIX 2.1 in the profile of the publication format.

    Args:
        items: Strictly parsed objects with their canonical bytes, in the order of the envelope.
        at: The hub's clock, in microseconds since the epoch.

    Raises:
        Unreadable: Objects have faults, with codes `not-stix`, `malformed`, `future` or `too-large`; it carries all
            faults and the bundle of the objects without any.
    """
    latest = at * 1_000 + NEWEST
    taken: list[StixObject] = []
    faults: list[Fault] = []
    for position, item in enumerate(items):
        read = _read(item, latest)
        if isinstance(read, StixObject):
            taken.append(read)
        else:
            faults.extend(_fault(item.value, position, finding) for finding in read[:_MAX_FINDINGS])
    bundle = Bundle(tuple(taken))
    if faults:
        raise Unreadable(tuple(faults), bundle)
    return bundle


def _read(item: Item, latest: int) -> StixObject | list[Finding]:
    value = item.value
    observable = observable_kind(value)
    first = not_stix(value, observable=observable)
    if first is not None:
        return [first]
    findings = id_findings(value)
    times = read_times(value, latest, findings)
    _profile(item, findings)
    # a definition that claims a TLP is refused by policy with a better word than the schema has for it
    if not claims_tlp(value):
        shape = checker(value["type"], observable=observable)
        if not shape.is_valid(value):
            findings += [finding for finding in shape.findings(value) if not _told(finding, findings)]
    return findings or _object(item, times)


def _profile(item: Item, findings: list[Finding]) -> None:
    """Size, references, markings and pattern; what is found is added to `findings`."""
    value = item.value
    if len(item.canonical) > MAX_OBJECT:
        findings.append(Finding("", f"is larger than {MAX_OBJECT} bytes: divide it", "too-large"))
    if references := reference_findings(value):
        findings += [finding for finding in references if finding.path != "object_marking_refs"]
    if not _MARKED.isdisjoint(value) and (marked := marking_findings(value)):
        findings += [finding for finding in marked if not _told(finding, findings)]
    if not isinstance(value.get("revoked", False), bool):
        findings.append(Finding("revoked", "must be true or false"))
    pattern = value.get("pattern")
    if value["type"] == "indicator" and isinstance(pattern, str):
        try:
            door_check(pattern, str(value.get("pattern_type")))
        except BadPattern as error:
            findings.append(Finding("pattern", error.sentence, error.code))


def _object(item: Item, times: Times) -> StixObject:
    value = item.value
    own = value["id"]
    return StixObject(
        id=own,
        type=value["type"],
        version=times.version,
        version_ns=times.version_ns,
        created=times.created,
        author=own if value["type"] == "identity" else value.get("created_by_ref"),
        revoked=value.get("revoked", False),
        markings=markings(value),
        tlp_labels=tlp_labels(value),
        mentions=mentions(item.canonical, own),
        claims_tlp=claims_tlp(value),
        marking_kind=marking_kind(value),
        canonical=item.canonical,
        sha256=item.sha256,
    )


def _told(finding: Finding, earlier: Sequence[Finding]) -> bool:
    """Whether an earlier finding speaks of the same place, or of one around or inside it."""
    path = finding.path
    return any(_within(path, other.path) or _within(other.path, path) for other in earlier if path and other.path)


def _within(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith((outer + ".", outer + "["))


def _fault(value: dict[str, Any], position: int, finding: Finding) -> Fault:
    """The finding with the object named: by its id, else by its place in the envelope."""
    own = value.get("id")
    usable = own if isinstance(own, str) and own.isprintable() and 0 < len(own) <= _MAX_ID else None
    version = value.get("modified", value.get("created"))
    name = usable[:_MAX_NAME] if usable else f"objects[{position}]"
    place = f"{name}: {finding.path}" if finding.path else name
    return Fault(
        code=finding.code,
        sentence=clipped(f"{place}: {finding.sentence}"),
        object_id=usable,
        version=version if isinstance(version, str) and len(version) < _MAX_NAME and version.isprintable() else None,
    )
