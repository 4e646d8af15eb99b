"""Who received what, and why did others not? The hub's own account of each sample, held against what has arrived."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.acts import Unknown
from hub.explaining import explain_object
from hub.running import Hub
from hub.store.engine import Tx
from hub.store.registry import Registry
from keys.envelope import Item, open_envelope
from policies.labels import Label

from . import cast

Held = Mapping[tuple[str, str], frozenset[str]]
"""(team's alias, group's alias) to the digests of what it has received there."""


@dataclass(frozen=True, slots=True)
class Share:
    """How one team fares with the objects of one label.

    Attributes:
        member: its alias.
        published: whether they are its own.
        entitled: how many of them the hub's rules let it receive.
        arrived: how many of them have arrived.
        reason: why the rest has not; empty where nothing is withheld.
    """

    member: str
    published: bool
    entitled: int
    arrived: int
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """The objects of one incident under one label, and each team's share in them."""

    publication: cast.Publication
    label: Label
    objects: int
    shares: tuple[Share, ...]


def is_published(hub: Hub, publication: cast.Publication) -> bool:
    """Whether the hub holds every object of it from its publisher."""
    with hub.database.reading() as tx:
        registry = hub.registries.of(tx)
        try:
            for item in _items(publication):
                _row(hub, tx, registry, publication, item, publication.publisher)
        except Unknown:
            return False
        return True


def lines(hub: Hub, held: Held) -> list[Line]:
    """A line for each label of each incident, laxest label first. Raises `Unknown` for one that is not published."""
    with hub.database.reading() as tx:
        registry = hub.registries.of(tx)
        return [
            line
            for publication in cast.PUBLICATIONS
            for line in _lines(publication, held, lambda *asked: _row(hub, tx, registry, *asked))
        ]


def _lines(publication: cast.Publication, held: Held, row: Callable[..., Mapping[str, Any]]) -> Iterator[Line]:
    members = [member.alias for member in cast.members()]
    found: dict[Label, list[tuple[Item, dict[str, Mapping[str, Any]]]]] = {}
    for item in _items(publication):
        rows = {member: row(publication, item, member) for member in members}
        found.setdefault(Label.of(rows[members[0]]["label"]), []).append((item, rows))
    for label, items in sorted(found.items()):
        shares = []
        for member in members:
            arrived = held.get((member, publication.group), frozenset())
            withheld = [rows[member] for _, rows in items if not rows[member]["received"]]
            shares.append(
                Share(
                    member,
                    published=member == publication.publisher,
                    entitled=len(items) - len(withheld),
                    arrived=sum(item.sha256 in arrived for item, _ in items),
                    reason=withheld[0]["reasons"][-1]["sentence"] if withheld else "",
                )
            )
        yield Line(publication, label, len(items), tuple(shares))


def _items(publication: cast.Publication) -> tuple[Item, ...]:
    return open_envelope(publication.path.read_bytes()).objects


def _row(
    hub: Hub, tx: Tx, registry: Registry, publication: cast.Publication, item: Item, member: str
) -> Mapping[str, Any]:
    """The publisher's row of the object, and whether the member receives it. Raises `Unknown`."""
    publisher = registry.member_aliases[publication.publisher].id
    told = explain_object(tx, registry, publication.group, item.id, member, hub.clock())
    own = [row for row in told["rows"] if row["publisher"] == publisher and item.version in {None, row["version"]}]
    if not own:
        raise Unknown(f"{publication.publisher} has not published {item.id} in {publication.group}")
    laxest: Mapping[str, Any] = own[-1]
    return laxest
