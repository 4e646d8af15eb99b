"""The reference model: who should receive what, told in the plainest way, to hold the hub against.

A listing is one object in one accepted manifest. A member sees a listing if its label was open for it, from a start
not after the listing's turn. It must receive exactly the contents of the listings it sees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

CLOSED = 10**9


@dataclass(frozen=True, slots=True)
class Content:
    """An object as bytes, with its place on a shelf; `version` None for an object without one."""

    publisher: str
    stix_id: str
    version: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Listing:
    """A content in an accepted manifest: its label, and the turn at which it came."""

    content: Content
    rank: int
    turn: int


@dataclass(slots=True)
class Member:
    """What the model knows of a member: its clearance, whether it has accepted, and since when each label is open."""

    clearance: int
    accepted: bool = False
    opened: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Model:
    """One group with `history = "from-joining"`: a label opens when it is first accepted, and stays open."""

    members: dict[str, Member]
    listings: list[Listing] = field(default_factory=list)
    turn: int = 0

    def accept(self, name: str) -> None:
        """A party accepts: labels that were never open for it open now."""
        member = self.members[name]
        member.accepted = True
        for rank in range(member.clearance + 1):
            member.opened.setdefault(rank, self.turn)

    def withdraw(self, name: str) -> None:
        """A party withdraws: it is paused and keeps its starts."""
        self.members[name].accepted = False

    def refusal(self, content: Content) -> str | None:
        """Why a publication of one object must be refused, by the rules of the shelf; None if it must not."""
        shelf = [seen.content for seen in self.listings if self._same_shelf(seen.content, content)]
        if any(held.version == content.version and held.body != content.body for held in shelf):
            return None if content.version is None else "conflicting-content"
        return None

    @staticmethod
    def _same_shelf(one: Content, other: Content) -> bool:
        return (one.publisher, one.stix_id) == (other.publisher, other.stix_id)

    def publish(self, content: Content, rank: int) -> None:
        """A manifest with this one object was accepted."""
        self.listings.append(Listing(content, rank, self.turn))
        self.turn += 1

    def sees(self, name: str) -> Iterator[Listing]:
        """The listings a member sees."""
        member = self.members[name]
        if member.accepted:
            for seen in self.listings:
                if seen.rank <= member.clearance and member.opened.get(seen.rank, CLOSED) <= seen.turn:
                    yield seen

    def every(self, name: str) -> list[bytes]:
        """Bodies a member receives under `match[version]=all`, sorted: each content once a shelf."""
        return sorted(content.body for content in {seen.content for seen in self.sees(name)})

    def edge(self, name: str, *, last: bool) -> list[bytes]:
        """Bodies of versioned objects a member receives as their last (or first) version, of each shelf; sorted."""
        best: dict[tuple[str, str], Content] = {}
        for seen in self.sees(name):
            content = seen.content
            if content.version is None:
                continue
            key = (content.publisher, content.stix_id)
            held = best.get(key)
            if held is None or held.version is None or (content.version > held.version) is last:
                best[key] = content
        return sorted(content.body for content in best.values())
