"""What would the hub say? Its dry run of each manifest to be, unsigned: nothing is stored, and nothing could be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import show
from .checking import Checked
from .faults import Failure
from .link import Link, dicts_of
from .signing import envelope_of
from .splitting import Part, size_of

_MARKING = "marking-definition--"


@dataclass(slots=True)
class Rehearsal:
    """The hub's judgement.

    Attributes:
        failures: what would be refused.
        recipients: label to the parties, with whether and why each would receive it.
    """

    failures: list[Failure] = field(default_factory=list)
    recipients: dict[str, Any] = field(default_factory=dict)


def rehearse(link: Link, group: str, parts: Sequence[Part], most: int) -> Rehearsal:
    """Ask about every part.

    Args:
        link: the way to the hub.
        group: UUID of the group.
        parts: all of the publication.
        most: bytes of the largest body that the hub takes.
    """
    markings = {each.read.id: each for part in parts for each in part.objects if each.read.id.startswith(_MARKING)}
    told = Rehearsal()
    with show.progress("asking", len(parts)) as steps:
        for part in steps.over(parts):
            raw = envelope_of([each.item for each in (*part.objects, *_needed(part, markings, most))])
            said = link.dry_run(group, raw, part.label.text)
            told.failures += _own(dicts_of(said, "failures"), part.objects)
            told.recipients |= said.get("recipients", {})
    return told


def _needed(part: Part, markings: Mapping[str, Checked], most: int) -> Iterable[Checked]:
    """Markings that lie in an earlier manifest, which the hub will have by then but does not have now."""
    held, room = {each.read.id for each in part.objects}, most - part.size
    for ref in dict.fromkeys(ref for each in part.objects for ref in each.read.mentions):
        if ref in markings and ref not in held:
            room -= size_of(markings[ref])
            if room > 0:
                yield markings[ref]


def _own(told: Iterable[Mapping[str, Any]], objects: Sequence[Checked]) -> Iterable[Failure]:
    """What is said of the part itself, with the places of the objects meant."""
    ids = {each.read.id for each in objects}
    for each in told:
        stix_id, version = each.get("id"), each.get("version")
        if stix_id in ids or not str(stix_id).startswith(_MARKING):
            places = tuple(o.place for o in objects if (o.read.id, o.read.version) == (stix_id, version))
            yield Failure(str(each.get("code")), str(each.get("message")), stix_id, version, places=places)
