"""Which markings does an object carry, and are they well written? Their meaning is judged elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from feeds.errors import Finding, shown
from feeds.references import id_fault, is_id

TLP_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
"""The OASIS extension that carries TLP 2.0."""

_KIND: Final = "marking-definition"
_PREFIX: Final = _KIND + "--"
_TOLD: Final = 5
_TEXT: Final = frozenset({str})


def markings(value: dict[str, Any]) -> tuple[str, ...]:
    """Ids of all markings of a well-written object: its own, granular ones, and those of embedded observables."""
    if "granular_markings" not in value and "objects" not in value:
        return tuple(value.get("object_marking_refs", ()))
    return tuple(dict.fromkeys(ref for _, part in _parts(value) for ref in _refs(part)))


def tlp_labels(value: dict[str, Any]) -> tuple[str, ...]:
    """Entries of `labels` that begin with `tlp:`, trimmed and in lower case; embedded observables count."""
    if "labels" not in value and "objects" not in value:
        return ()
    trimmed = [label.strip().lower() for _, part in _parts(value) for label in part.get("labels", ())]
    return tuple([label for label in trimmed if label.startswith("tlp:")])


def claims_tlp(value: dict[str, Any]) -> bool:
    """Whether this is a marking-definition that claims to be a TLP label, of version 1 or 2."""
    if value.get("type") != _KIND:
        return False
    extensions = value.get("extensions")
    kind = value.get("definition_type")
    return (isinstance(extensions, dict) and TLP_EXTENSION in extensions) or (
        isinstance(kind, str) and kind.strip().lower() == "tlp"
    )


def marking_kind(value: dict[str, Any]) -> str | None:
    """For a marking-definition `tlp`, its `definition_type`, or `extension`; None for any other object."""
    if value.get("type") != _KIND:
        return None
    if claims_tlp(value):
        return "tlp"
    kind = value.get("definition_type")
    return kind.strip().lower() if isinstance(kind, str) else "extension"


def marking_findings(value: dict[str, Any]) -> list[Finding]:
    """What is wrong with labels and markings, of the object and of the observables embedded in it (§7.2)."""
    if _is_plainly_marked(value):
        return []
    findings: list[Finding] = []
    for prefix, part in _parts(value):
        if "labels" in part:
            findings += _label_findings(f"{prefix}labels", part["labels"])
        if "object_marking_refs" in part:
            findings += _marking_refs(f"{prefix}object_marking_refs", part["object_marking_refs"], value.get("id"))
        if "granular_markings" in part:
            findings += _granular_findings(f"{prefix}granular_markings", part)
    return findings


def _is_plainly_marked(value: dict[str, Any]) -> bool:
    """Whether labels and markings are as in most objects: nothing embedded or granular, and ids known to be right."""
    if "granular_markings" in value or "objects" in value or value.get("type") == _KIND:
        return False
    refs, labels = value.get("object_marking_refs"), value.get("labels", ())
    if type(refs) is list and refs:
        plain = all(type(ref) is str and ref.startswith(_PREFIX) and is_id(ref) for ref in refs)
    else:
        plain = refs is None and "object_marking_refs" not in value
    return plain and (labels == () or (type(labels) is list and {*map(type, labels)} <= _TEXT))


def _parts(value: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The object and the observables embedded in it, each with the path that leads to its properties."""
    parts = [("", value)]
    embedded = value.get("objects")
    if isinstance(embedded, dict):
        parts += [(f"objects.{name[:60]}.", part) for name, part in embedded.items() if isinstance(part, dict)]
    return parts


def _refs(part: dict[str, Any]) -> Iterator[str]:
    yield from part.get("object_marking_refs", ())
    for marking in part.get("granular_markings", ()):
        if "marking_ref" in marking:
            yield marking["marking_ref"]


def _label_findings(path: str, labels: object) -> list[Finding]:
    if isinstance(labels, list) and all(isinstance(label, str) for label in labels):
        return []
    return [Finding(path, "must be a list of texts")]


def _marking_refs(path: str, refs: object, own_id: object) -> list[Finding]:
    """A bare text in place of the list would make a naive loop see no marking at all."""
    if not isinstance(refs, list) or not refs:
        return [Finding(path, "must be a list of ids of marking-definitions, or be left out")]
    wrong = [(at, fault) for at, ref in enumerate(refs) if (fault := _marking_ref(ref, own_id))]
    return [Finding(f"{path}[{at}]", fault) for at, fault in wrong[:_TOLD]]


def _marking_ref(ref: object, own_id: object) -> str:
    """What is wrong with one reference to a marking; empty for nothing."""
    if not is_id(ref):
        return id_fault(ref)
    if not str(ref).startswith(_PREFIX):
        return f"{shown(ref)} is not the id of a marking-definition: name one"
    return "a marking-definition cannot mark itself: take the reference out" if ref == own_id else ""


def _granular_findings(path: str, part: dict[str, Any]) -> list[Finding]:
    entries = part["granular_markings"]
    if not isinstance(entries, list) or not entries:
        return [Finding(path, "must be a list of granular markings, or be left out")]
    findings = [finding for at, entry in enumerate(entries) for finding in _one_granular(f"{path}[{at}]", entry, part)]
    return findings[:_TOLD]


def _one_granular(path: str, entry: object, part: dict[str, Any]) -> Iterator[Finding]:
    """One granular marking: selectors that resolve, and exactly one of `marking_ref` and `lang` (STIX 2.1 §7.2.3)."""
    if not isinstance(entry, dict):
        yield Finding(path, "must be an object with `selectors` and one of `marking_ref` and `lang`")
        return
    if ("marking_ref" in entry) == ("lang" in entry):
        yield Finding(path, "must have exactly one of `marking_ref` and `lang`")
    if "marking_ref" in entry and (fault := _marking_ref(entry["marking_ref"], part.get("id"))):
        yield Finding(f"{path}.marking_ref", fault)
    selectors = entry.get("selectors")
    if not isinstance(selectors, list) or not selectors:
        yield Finding(f"{path}.selectors", "must be a list of selectors such as `description` or `labels.[0]`")
        return
    for at, selector in enumerate(selectors):
        if not isinstance(selector, str) or not _resolves(selector, part):
            yield Finding(
                f"{path}.selectors[{at}]",
                f"{shown(selector)} selects nothing: name a property that is there, list entries as `labels.[0]`",
            )


def _resolves(selector: str, part: dict[str, Any]) -> bool:
    """Whether the selector leads to something present in the object."""
    place: object = part
    for step in selector.split("."):
        if isinstance(place, dict) and step in place:
            place = place[step]
        elif isinstance(place, list) and (at := _index(step)) is not None and at < len(place):
            place = place[at]
        else:
            return False
    return True


def _index(step: str) -> int | None:
    digits = step[1:-1]
    if step.startswith("[") and step.endswith("]") and digits.isascii() and digits.isdigit() and len(digits) < 8:  # noqa: PLR2004 - no list of ten million entries fits an object
        return int(digits)
    return None
