"""What do the other rooms need to know of a STIX object? Values only; `feeds.bundle` makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class Item(Protocol):
    """One object of an envelope, as strict parsing hands it over."""

    @property
    def value(self) -> dict[str, Any]:
        """The parsed object."""

    @property
    def canonical(self) -> bytes:
        """Its RFC 8785 bytes."""

    @property
    def sha256(self) -> str:
        """SHA-256 of those bytes, 64 lower-case hexadecimal digits."""


class StixObject(NamedTuple):
    """A STIX object that passed the profile, and what decisions about it rest on.

    Attributes:
        id: STIX id, lower-case.
        type: STIX type, the prefix of the id.
        version: `modified`, else `created`, as written; None for objects with neither (STIX 2.1 §3.6).
        version_ns: The instant of `version` in nanoseconds since the epoch.
        created: `created` as written.
        author: `created_by_ref`; for an identity its own id; None where nobody is named.
        revoked: Whether this version ends the object (STIX 2.1 §3.6).
        markings: Ids of all markings: of the object, granular ones, and of objects embedded in observed data.
        tlp_labels: Entries of `labels` that begin with `tlp:`, trimmed and in lower case.
        mentions: Ids that stand anywhere in the object except its own, in lower case.
        claims_tlp: Whether this is a marking-definition that claims to be a TLP label.
        marking_kind: For a marking-definition `tlp`, `statement` or another kind; None for any other object.
        canonical: RFC 8785 bytes.
        sha256: SHA-256 of those bytes, 64 lower-case hexadecimal digits.
    """

    id: str
    type: str
    version: str | None
    version_ns: int | None
    created: str | None
    author: str | None
    revoked: bool
    markings: tuple[str, ...]
    tlp_labels: tuple[str, ...]
    mentions: tuple[str, ...]
    claims_tlp: bool
    marking_kind: str | None
    canonical: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """The objects of one publication, in the order of the envelope."""

    objects: tuple[StixObject, ...]

    def __iter__(self) -> Iterator[StixObject]:
        return iter(self.objects)

    def __len__(self) -> int:
        return len(self.objects)
