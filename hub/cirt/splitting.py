"""Which objects go together? A publication cut into manifests: by label, by a thousand, by what the hub takes at once.

Identities, statement markings and extension definitions go with the laxest manifest that refers to them, the first of
these: a reader meets them before, or with, what needs them, and no label is stricter than it must be.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from feeds.objects import StixObject
from keys.entries import MAX_ENTRIES
from keys.envelope import MAX_ITEMS
from policies.labels import Label

from .checking import Checked
from .faults import Failure

FOLLOWERS = frozenset({"identity", "marking-definition", "extension-definition"})
_AROUND = 16  # bytes of an envelope around its objects
_MANIFEST = 2_500  # bytes of a manifest besides its entries, rounded up
_ENTRY = 110  # bytes of an entry besides id and version, rounded up


@dataclass(slots=True)
class Part:
    """What one manifest will list: objects of one label."""

    label: Label
    objects: list[Checked] = field(default_factory=list)
    size: int = _MANIFEST

    def fits(self, objects: Sequence[Checked], most: int) -> bool:
        """Whether these may still come along."""
        whole = self.size + sum(map(size_of, objects)) + _AROUND
        return len(self.objects) + len(objects) <= MAX_ENTRIES and whole <= most

    def add(self, objects: Iterable[Checked]) -> None:
        """Take these in."""
        for each in objects:
            self.objects.append(each)
            self.size += size_of(each)


def size_of(checked: Checked) -> int:
    """Bytes that an object adds to its envelope, its entry included."""
    read = checked.read
    return len(read.canonical) + 1 + _ENTRY + len(read.id) + len(read.version or "null")


def follows(read: StixObject) -> bool:
    """Whether an unmarked object takes its label from those that refer to it."""
    return read.type in FOLLOWERS


def labels_of_followers(objects: Iterable[StixObject], labels: Mapping[str, Label]) -> dict[str, Label]:
    """For followers without a label, the laxest label of those that refer to them, also through one another.

    Args:
        objects: all objects of the publication.
        labels: STIX id to label (the laxest of its versions), of the objects whose label is known.
    """
    by_id: dict[str, list[StixObject]] = {}
    for read in objects:
        by_id.setdefault(read.id, []).append(read)
    found: dict[str, Label] = {}
    for label in sorted(set(labels.values())):
        waiting = [stix_id for stix_id, own in labels.items() if own is label]
        while waiting:
            for ref in _references(by_id[waiting.pop()]):
                if ref in by_id and ref not in labels and ref not in found and follows(by_id[ref][0]):
                    found[ref] = label
                    waiting.append(ref)
    return found


def _references(versions: Iterable[StixObject]) -> Iterator[str]:
    for read in versions:
        yield from read.mentions


def split(labelled: Sequence[tuple[Checked, Label]], most: int) -> list[Part]:
    """The manifests to be, laxest label first, each small enough for an envelope of its own.

    Args:
        labelled: the objects in the order of the input, each with its label.
        most: bytes of the largest body that the hub takes.
    """
    parts: list[Part] = []
    for label in sorted({label for _, label in labelled}):
        parts += _split_label([checked for checked, own in labelled if own is label], label, most)
    return parts


def _split_label(objects: Sequence[Checked], label: Label, most: int) -> Iterator[Part]:
    followers: dict[str, list[Checked]] = {}
    for each in objects:
        if follows(each.read):
            followers.setdefault(each.read.id, []).append(each)
    part = Part(label)
    # what nobody refers to comes last
    for each in sorted(objects, key=lambda each: follows(each.read)):
        if follows(each.read) and each.read.id not in followers:
            continue
        together = list(_with_followers(each, followers))
        whole = Part(label).fits(together, most)
        for piece in [together] if whole else [[one] for one in together]:
            if part.objects and not part.fits(piece, most):
                yield part
                part = Part(label)
            part.add(piece)
    if part.objects:
        yield part


def _with_followers(checked: Checked, followers: dict[str, list[Checked]]) -> Iterator[Checked]:
    """The object after the followers it needs that are not placed yet."""
    own = followers.pop(checked.read.id, None)
    for ref in checked.read.mentions:
        if ref in followers:
            for needed in followers.pop(ref):
                yield from _with_followers(needed, followers)
    yield from own or (checked,)


def too_large(objects: Iterable[Checked], most: int) -> list[Failure]:
    """The objects that the hub takes in no envelope at all."""
    sentence = f"with its manifest it is larger than the {most} bytes that this hub takes at once; divide it"
    return [
        Failure("too-large", sentence, each.read.id, each.read.version, places=(each.place,))
        for each in objects
        if not Part(Label.CLEAR).fits([each], most)
    ]


def envelopes(parts: Sequence[Part], most: int) -> list[list[Part]]:
    """The parts packed into envelopes, in order: as much in one as the hub takes, since it takes one whole or not."""
    packed: list[list[Part]] = []
    left = room = 0
    for part in parts:
        number = len(part.objects) + 1
        if not packed or part.size > left or number > room:
            packed.append([])
            left, room = most - _AROUND, MAX_ITEMS
        packed[-1].append(part)
        left -= part.size
        room -= number
    return packed
