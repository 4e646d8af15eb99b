"""From files to what is to be signed: checked, labelled, marked, with what was left out and why. Nothing is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import click

from keys.envelope import MANIFEST_TYPE
from policies.agreement import Agreement
from policies.labels import PINNED, Label, own_label
from policies.reasons import Refusal

from . import show
from .checking import Checked, check_form, check_patterns, check_policy, remedy_for
from .claims import check_claims
from .faults import Failure, Faulty
from .marking import MarkedCopies, may_mark
from .reading import Found
from .splitting import follows, labels_of_followers

_FORM = frozenset({"malformed", "not-stix", "too-large", "future", "conflicting-content"})


@dataclass(frozen=True, slots=True)
class Wish:
    """How a publication is wanted.

    Attributes:
        member: STIX identity id of the publisher.
        agreement: the version in force.
        label: for unmarked objects; None: not said.
        as_is: whether nothing is to be touched.
        at: now, microseconds since the epoch.
        leave: codes of faults for which an object is to be left out.
    """

    member: str
    agreement: Agreement
    label: Label | None
    as_is: bool
    at: int
    leave: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not published, and why; `code` where it would have been refused."""

    id: str | None
    message: str
    version: str | None = None
    code: str | None = None


@dataclass(slots=True)
class Prepared:
    """What is to be signed: objects in the order of the input, each with the label of its manifest.

    Attributes:
        labelled: the objects.
        marked: ids of the objects that were marked.
        left_out: what is not published.
        warnings: what should be looked at.
    """

    labelled: list[tuple[Checked, Label]] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)

    def view(self) -> dict[str, Any]:
        """The remarks as JSON."""
        return {
            "marked": self.marked,
            "left_out": [asdict(each) for each in self.left_out],
            "warnings": [each.view() for each in self.warnings],
        }


def prepare(found: Sequence[Found], wish: Wish, copies: MarkedCopies) -> Prepared:
    """Check and label all objects.

    Raises:
        Faulty: with every reason against publishing any of them; nothing was signed.
        UsageError: there are unmarked objects, and no label was said for them.
    """
    prepared = Prepared()
    wanted = list(_once(found, prepared))
    with show.progress("checking"):
        checked, failures = check_form(wanted, wish.at)
        wrong, prepared.warnings = check_patterns(checked, wish.member)
    failures += wrong
    own = _own_labels(checked, failures)
    _raise(_placed(failures, [(each.item.id, each.item.version, each.place) for each in wanted]))
    with copies.state.change():
        prepared.labelled = list(_labelled(checked, own, wish, copies, prepared))
    failures = check_policy([(each.read, label) for each, label in prepared.labelled], wish.agreement, wish.member)
    failures += check_claims(prepared.labelled)
    _raise(_placed(failures, [(each.read.id, each.read.version, each.place) for each, _ in prepared.labelled]))
    return prepared


def _once(found: Iterable[Found], prepared: Prepared) -> Iterable[Found]:
    """Each object once; pinned TLP definitions, which everybody has, and earlier manifests not at all."""
    seen: set[str] = set()
    for each in found:
        if each.item.sha256 in seen:
            continue
        seen.add(each.item.sha256)
        if each.item.id in PINNED:
            prepared.left_out.append(LeftOut(each.item.id, "the TLP definition is a constant that everybody has"))
        elif each.item.type == MANIFEST_TYPE:
            remark = "the manifest of an earlier publication; a new one is made"
            prepared.left_out.append(LeftOut(each.item.id, remark))
        else:
            yield each


def _own_labels(checked: Iterable[Checked], failures: list[Failure]) -> dict[str, Label | None]:
    """Digest to the label that an object carries itself."""
    labels: dict[str, Label | None] = {}
    for each in checked:
        try:
            labels[each.read.sha256] = own_label(each.read)
        except Refusal as refusal:
            failures += [Failure(r.code, r.sentence, r.object_id, r.version) for r in refusal.reasons]
    return labels


def _labelled(
    checked: Sequence[Checked], own: dict[str, Label | None], wish: Wish, copies: MarkedCopies, prepared: Prepared
) -> Iterable[tuple[Checked, Label]]:
    known: dict[str, Label] = {}
    for each in checked:
        label = own[each.read.sha256]
        if label is None and not follows(each.read):
            label = wish.label
        if label is not None:
            known[each.read.id] = min(label, known.get(each.read.id, label))
    followers = labels_of_followers((each.read for each in checked), known)
    unlabelled = [
        each for each in checked if own[each.read.sha256] is None and followers.get(each.read.id, wish.label) is None
    ]
    if unlabelled and "unmarked" in wish.leave:
        sentence = "it carries no TLP marking, and no label was said for such objects"
        _raise([Failure("unmarked", sentence, e.read.id, e.read.version, places=(e.place,)) for e in unlabelled])
    if unlabelled:
        raise click.UsageError(
            f"{len(unlabelled)} objects carry no TLP marking, the first of them {unlabelled[0].read.id}; say under"
            " which label to publish them: --tlp clear, green, amber or amber+strict"
        )
    for each in checked:
        label = own[each.read.sha256]
        if label is not None:
            yield each, label
            continue
        given = followers.get(each.read.id, wish.label)
        assert given is not None
        yield _marked(each, given, wish, copies, prepared), given


def _marked(each: Checked, label: Label, wish: Wish, copies: MarkedCopies, prepared: Prepared) -> Checked:
    """The object as it is published: marked, if this member authored it and nothing was said against it."""
    if wish.as_is or not may_mark(each.read, each.item, wish.member):
        return each
    copy = copies.of(each.item, label, wish.at)
    checked, failures = check_form([Found(copy, each.place)], wish.at)
    _raise(failures)
    prepared.marked.append(each.read.id)
    return checked[0]


def _placed(failures: Iterable[Failure], known: Sequence[tuple[str, str | None, str]]) -> list[Failure]:
    """The failures with the places of the objects they are about; `known`: id, version and place of each object."""
    places: dict[tuple[str | None, str | None], list[str]] = {}
    for stix_id, version, place in known:
        places.setdefault((stix_id, version), []).append(place)
    return [
        each if each.places else replace(each, places=tuple(places.get((each.id, each.version), ())))
        for each in failures
    ]


def _raise(failures: Sequence[Failure]) -> None:
    if failures:
        names = len({(each.id, each.version) for each in failures})
        raise Faulty(
            f"{names} of the objects would be refused, so nothing was signed. {remedy_for(failures)}",
            failures,
            refused=any(each.code not in _FORM for each in failures),
        )
