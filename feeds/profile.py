"""Is it STIX 2.1 in the one spelling that is taken here? Type, id, version of the standard, and times.

Narrower than STIX where two spellings would name one thing: everything a decision or a key rests on has one form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from feeds.errors import BadTimestamp, Finding, shown
from feeds.references import id_fault, is_id
from feeds.schemas import is_known, is_observable
from feeds.timestamps import parse_stix

NEWEST: Final = 86_400_000_000_000
"""How far a version may lie ahead of the hub's clock, in nanoseconds: 24 hours."""

_NOT_STIX: Final = "not-stix"
_SAMPLE: Final = "2.1"
_TYPE_MAX: Final = 250


@dataclass(frozen=True, slots=True)
class Times:
    """The times of an object that has no fault in them.

    Attributes:
        created: As written; None where there is none.
        created_ns: The same in nanoseconds since the epoch.
        version: `modified`, else `created`, as written.
        version_ns: The same in nanoseconds since the epoch.
    """

    created: str | None
    created_ns: int | None
    version: str | None
    version_ns: int | None


def not_stix(value: dict[str, Any], *, observable: bool) -> Finding | None:
    """Why this is no STIX 2.1 object at all, so that nothing else needs to be said; None if it is one (§3.2, §8).

    Args:
        value: The parsed object.
        observable: Whether `observable_kind` holds: only then may `spec_version` be left out.
    """
    stix_type = value.get("type")
    if not isinstance(stix_type, str) or not 0 < len(stix_type) <= _TYPE_MAX:
        return Finding("type", "must be a text that names a STIX 2.1 type: this is not a STIX object", _NOT_STIX)
    if stix_type == "bundle":
        return Finding("type", "is a bundle inside the envelope: post the objects it holds, one by one", _NOT_STIX)
    if "id" not in value:
        return Finding("id", "is missing: every STIX 2.1 object has one", _NOT_STIX)
    spec = value.get("spec_version", _SAMPLE if observable else None)
    if spec == _SAMPLE:
        return None
    if spec is None:
        said = "is missing, as in STIX 2.0"
    else:
        said = f"is {shown(spec)}" if isinstance(spec, str) else "is not a text"
    return Finding("spec_version", f"{said}; only STIX 2.1 is taken: convert it and write `2.1`", _NOT_STIX)


def observable_kind(value: dict[str, Any]) -> bool:
    """Whether the object is a cyber-observable one: by type, else by extension, else by having no times (§3.2)."""
    stix_type = value.get("type")
    if isinstance(stix_type, str) and is_known(stix_type):
        return is_observable(stix_type)
    extensions = value.get("extensions")
    if isinstance(extensions, dict):
        kinds = [part.get("extension_type") for part in extensions.values() if isinstance(part, dict)]
        if "new-sco" in kinds:
            return True
        if "new-sdo" in kinds or "new-sro" in kinds:
            return False
    return "created" not in value and "modified" not in value


def id_findings(value: dict[str, Any]) -> list[Finding]:
    """What is wrong with the object's own id (§2.9)."""
    own = value["id"]
    if not is_id(own):
        return [Finding("id", id_fault(own))]
    prefix = f"{value['type']}--"
    if not own.startswith(prefix) or len(own) != len(prefix) + 36:
        return [Finding("id", f"begins with another type than `type` says: it must begin with {shown(prefix)}")]
    return []


def read_times(value: dict[str, Any], latest: int, findings: list[Finding]) -> Times:
    """The times of the object; what is wrong with them is added to `findings` (§3.2, §3.6).

    Args:
        value: The parsed object.
        latest: The last instant allowed, in nanoseconds since the epoch.
        findings: Grows by what is found.
    """
    created = created_ns = version = version_ns = None
    if "created" in value:
        created, created_ns = _read_time("created", value["created"], latest, findings)
        version, version_ns = created, created_ns
    if "modified" in value:
        if value["modified"] == created and not findings:
            return Times(created, created_ns, created, created_ns)
        version, version_ns = _read_time("modified", value["modified"], latest, findings)
        if created_ns is not None and version_ns is not None and version_ns < created_ns:
            findings.append(Finding("modified", "is earlier than `created`: a version cannot precede its object"))
    return Times(created, created_ns, version, version_ns)


def _read_time(name: str, text: object, latest: int, findings: list[Finding]) -> tuple[str | None, int | None]:
    if not isinstance(text, str):
        findings.append(Finding(name, "must be a text such as `2026-11-20T09:58:11.120Z`"))
        return None, None
    try:
        instant = parse_stix(text)
    except BadTimestamp as error:
        findings.append(Finding(name, error.sentence))
        return None, None
    if instant > latest:
        findings.append(
            Finding(name, f"{shown(text)} is over 24 hours ahead of this clock: set the clock that wrote it", "future")
        )
    return text, instant
