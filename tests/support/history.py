"""Was anything lost? A recorded history of who published and who received what, and the judge of it.

The record is made by those who were there: a publisher notes what was acknowledged to it, a poller what it received, in
the order in which it did. The judge knows nothing of the hub, so that it can be shown one that loses things.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Found:
    """What a history shows; all but `acknowledged` must be empty.

    Attributes:
        acknowledged: how many objects were.
        lost: poller → objects that were acknowledged and never came to it.
        twice: poller → objects that came again though it never asked for them again.
        unknown: poller → objects that nobody published.
        parted: poller → publications of which a part came.
    """

    acknowledged: int
    lost: Mapping[str, Sequence[str]]
    twice: Mapping[str, Sequence[str]]
    unknown: Mapping[str, Sequence[str]]
    parted: Mapping[str, Sequence[str]]

    @property
    def faults(self) -> dict[str, int]:
        """How often each fault was found."""
        kinds = {"lost": self.lost, "twice": self.twice, "unknown": self.unknown, "parted": self.parted}
        return {name: sum(map(len, found.values())) for name, found in kinds.items()}


@dataclass(slots=True)
class History:
    """The record of one run; may be written to by many threads."""

    posted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    received: dict[str, list[str]] = field(default_factory=dict)
    overlapping: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, publication: str, ids: Sequence[str]) -> None:
        """A publication is about to be posted, for the first time."""
        with self._lock:
            self.posted[publication] = tuple(ids)

    def acknowledge(self, publication: str) -> None:
        """It was answered as taken in."""
        with self._lock:
            self.acknowledged.add(publication)

    def receive(self, poller: str, ids: Sequence[str], *, overlapping: bool = False) -> None:
        """A page came; `overlapping`: this poller asks again for what it has, and passes over it."""
        with self._lock:
            self.received.setdefault(poller, []).extend(ids)
            if overlapping:
                self.overlapping.add(poller)

    def judge(self) -> Found:
        """What is wrong with the history, once every poller has polled to the end."""
        wanted = {stix_id for name in self.acknowledged for stix_id in self.posted[name]}
        known = {stix_id for ids in self.posted.values() for stix_id in ids}
        lost, twice, unknown, parted = {}, {}, {}, {}
        for poller, ids in self.received.items():
            came = Counter(ids)
            lost[poller] = sorted(wanted - came.keys())
            twice[poller] = [] if poller in self.overlapping else sorted(key for key in came if came[key] > 1)
            unknown[poller] = sorted(came.keys() - known)
            parted[poller] = [
                name for name, each in self.posted.items() if 0 < sum(stix_id in came for stix_id in each) < len(each)
            ]
        return Found(len(wanted), lost, twice, unknown, parted)
