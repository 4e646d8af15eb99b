"""Objects and shelves for tests of decisions: plain values, no STIX reading, no store."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.labels import TLP2_MARKINGS, Label


@dataclass(frozen=True, slots=True)
class Thing:
    """An object as the decisions see it; an indicator without an author unless said otherwise."""

    id: str = "indicator--00000000-0000-4000-8000-000000000001"
    author: str | None = None
    markings: tuple[str, ...] = ()
    tlp_labels: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    claims_tlp: bool = False
    marking_kind: str | None = None
    version: str | None = "2026-01-05T00:00:00.000Z"
    version_ns: int | None = 1
    created: str | None = "2026-01-05T00:00:00.000Z"
    revoked: bool = False
    canonical: bytes = b"{}"

    @property
    def type(self) -> str:
        """The prefix of the id."""
        return self.id.partition("--")[0]

    @property
    def sha256(self) -> str:
        """Digest of the canonical bytes."""
        return hashlib.sha256(self.canonical).hexdigest()


def tlp(*texts: str) -> tuple[str, ...]:
    """Ids of the TLP 2.0 markings of these labels."""
    return tuple(TLP2_MARKINGS[text] for text in texts)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a publisher holds: facts by id, and nothing else."""

    lowest: Mapping[str, Label] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[tuple[str, str], Label] = field(default_factory=dict)
    members: frozenset[str] = frozenset()
    creators: Mapping[str, str] = field(default_factory=dict)

    def own_lowest(self, stix_id: str, /) -> Label | None:
        """The laxest label of the copies held."""
        return self.lowest.get(stix_id)

    def markings(self, stix_id: str, /) -> str | None:
        """The kind of a marking-definition held."""
        return self.kinds.get(stix_id)

    def readable(self, stix_id: str, sha256: str, upto: Label, /) -> bool:
        """Whether bytes of others can be read under a label up to ``upto``."""
        label = self.read.get((stix_id, sha256))
        return label is not None and label <= upto

    def enrolled(self, identity_id: str, /) -> bool:
        """Whether the identity is a member."""
        return identity_id in self.members

    def creator(self, stix_id: str, /) -> str | None:
        """Whom the first version held names."""
        return self.creators.get(stix_id)


@dataclass(frozen=True, slots=True)
class Caller:
    """An account."""

    member: str
    redistributes: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of a group."""

    rank: int
    position: int
    publisher: str = ""
