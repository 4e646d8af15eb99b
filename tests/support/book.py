"""A reader's ledger in memory: what `keys.verdicts` asks for, in a few lines, to judge and to compare with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from keys.entries import Entry
from keys.verdicts import Footing, Judged, Loose, Source, Verdict
from support.signing import AGREEMENT, ALICE, BOB, GROUP, MARKINGS, ring_of
from support.stix_objects import AT


def footing(**changes: Any) -> Footing:
    """What a reader judges by that knows Alice and Bob, and an agreement under which nothing expires."""
    given: dict[str, Any] = {"ring": ring_of(ALICE, BOB), "group": GROUP, "agreements": {AGREEMENT: None}}
    return Footing(**given | {"markings": MARKINGS, "at": AT} | changes)


@dataclass(slots=True)
class Book:
    """The ledger; see `keys.verdicts.Ledger` for what each of its acts means."""

    manifests: list[Judged] = field(default_factory=list)
    awaited: dict[bytes, dict[int, int]] = field(default_factory=dict)
    arrived: dict[bytes, Verdict] = field(default_factory=dict)
    lost: dict[bytes, Loose] = field(default_factory=dict)

    def add_manifest(self, judged: Judged, place: str, /) -> int | None:
        del place
        if any(known.item.sha256 == judged.item.sha256 for known in self.manifests):
            return None
        self.manifests.append(judged)
        return len(self.manifests) - 1

    def await_(self, number: int, keys: Sequence[bytes], /) -> None:
        for place, key in enumerate(keys):
            if key not in self.arrived:
                self.awaited.setdefault(key, {})[number] = place

    def sources(self, key: bytes, /) -> Sequence[Source]:
        return [self._source(number) for number in self.awaited.get(key, {})]

    def _source(self, number: int) -> Source:
        judged = self.manifests[number]
        assert judged.manifest is not None
        return Source(judged.manifest.iss, judged.proven, judged.expires)

    def settled(self, key: bytes, /) -> Verdict | None:
        return self.arrived.get(key)

    def settle(self, key: bytes, verdict: Verdict, /) -> None:
        self.arrived[key] = verdict
        self.awaited.pop(key, None)
        self.lost.pop(key, None)

    def keep_loose(self, loose: Loose, /) -> None:
        self.lost[loose.key] = loose

    def loose(self, keys: Sequence[bytes] | None = None, /) -> Iterator[Loose]:
        return iter([each for key, each in self.lost.items() if keys is None or key in keys])

    def missing(self) -> Iterator[tuple[Entry, str]]:
        for numbers in self.awaited.values():
            for number, place in numbers.items():
                judged = self.manifests[number]
                if judged.proven and judged.manifest is not None:
                    yield judged.manifest.entries[place], judged.manifest.id
                    break
