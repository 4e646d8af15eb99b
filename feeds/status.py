"""What became of a publication? The TAXII status resource (TAXII 2.1 §4.3.1) and the sentence form of its messages.

A message reads `code: sentence`, so that people read it and programs split it. Counts are those of the lists, which
clients check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from feeds.timestamps import format_taxii

UNKNOWN_ID: Final = "<unknown id>"
"""Stands for the id of an object that has no usable one: the property is required."""
RECEIPTS: Final = "x_cirt_hub_receipts"
"""Custom property (TAXII 2.1 §7.1.1): the hub's signed receipts, one compact JWS a manifest."""
DETAILS: Final = "x_cirt_hub_details"
"""Custom property of a failure: further facts for programs, such as the digest of the agreement in force."""
_SEPARATOR: Final = ": "


class Reported(Protocol):
    """One thing wrong with one object, as any room tells it (`feeds.errors.Fault` has this shape)."""

    @property
    def code(self) -> str:
        """A stable word for programs."""

    @property
    def sentence(self) -> str:
        """For people."""

    @property
    def object_id(self) -> str | None:
        """The object's id, where it has a usable one."""

    @property
    def version(self) -> str | None:
        """The object's version as written, where known."""

    @property
    def details(self) -> Mapping[str, object] | None:
        """Further facts for programs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object.

    Attributes:
        object_id: Its STIX id; None where it has no usable one.
        version: Its `modified`, else `created`, as written; None for neither (the time of the request stands in).
        message: For a failure `code: sentence`; for a success None or a remark.
        details: Further facts for programs.
    """

    object_id: str | None
    version: str | None = None
    message: str | None = None
    details: dict[str, Any] | None = None


def failure(fault: Reported) -> Outcome:
    """The outcome that reports a fault."""
    details = None if fault.details is None else dict(fault.details)
    return Outcome(fault.object_id, fault.version, join_message(fault.code, fault.sentence), details)


def join_message(code: str, sentence: str) -> str:
    """A message from its code and its sentence."""
    return f"{code}{_SEPARATOR}{sentence}"


def split_message(message: str) -> tuple[str, str]:
    """Code and sentence of a message; the code is empty where the message has none."""
    code, separator, sentence = message.partition(_SEPARATOR)
    if separator and code and all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in code):
        return code, sentence
    return "", message


def status(
    status_id: str,
    *,
    requested: int,
    successes: Sequence[Outcome] = (),
    failures: Sequence[Outcome] = (),
    pendings: Sequence[Outcome] = (),
    receipts: Sequence[str] = (),
) -> dict[str, Any]:
    """The status resource of one POST; `complete` as soon as nothing is pending.

    Args:
        status_id: A version 4 UUID, lower-case.
        requested: When the request came: microseconds since the epoch.
        successes: Objects held now, whether stored by this request or before.
        failures: Objects refused, each with its message.
        pendings: Objects not decided yet.
        receipts: The hub's receipts, one compact JWS a manifest.
    """
    lists = {"success": successes, "failure": failures, "pending": pendings}
    resource: dict[str, Any] = {
        "id": status_id,
        "status": "pending" if pendings else "complete",
        "request_timestamp": format_taxii(requested),
        "total_count": sum(map(len, lists.values())),
    }
    resource |= {f"{name}_count": len(entries) for name, entries in lists.items()}
    for plural, entries in (("successes", successes), ("failures", failures), ("pendings", pendings)):
        if entries:
            resource[plural] = [_details(entry, requested) for entry in entries]
    if receipts:
        resource[RECEIPTS] = list(receipts)
    return resource


def _details(outcome: Outcome, requested: int) -> dict[str, Any]:
    """One status-details entry; `id` and `version` are always filled (TAXII 2.1 §4.3.1)."""
    entry: dict[str, Any] = {
        "id": outcome.object_id or UNKNOWN_ID,
        "version": outcome.version or format_taxii(requested),
    }
    if outcome.message:
        entry["message"] = outcome.message
    if outcome.details:
        entry[DETAILS] = outcome.details
    return entry
