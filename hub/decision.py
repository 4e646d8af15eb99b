"""The decision on a publication: policy and shelf, for the real walk and for the dry run alike. Writes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from feeds.objects import StixObject
from feeds.status import Reported
from policies.entitlement import readers_from
from policies.labels import Label
from policies.publish import Permit, may_publish
from policies.reasons import Refusal

from .access import Seen
from .facts import gather
from .placement import Shelf
from .store import shelves
from .store.engine import Tx
from .store.registry import Account, Registry
from .store.shelves import HeldRow


class Refused(Exception):
    """A publication is refused, with every fault that was found; nothing of it was written."""

    def __init__(self, faults: Sequence[Reported]) -> None:
        super().__init__("; ".join(f"{fault.code}: {fault.sentence}" for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who publishes where and when (microseconds), as one transaction sees it."""

    registry: Registry
    account: Account
    seen: Seen
    at: int

    @property
    def group(self) -> int:
        """The group's number in the store."""
        return self.seen.collection.no


@dataclass(frozen=True, slots=True)
class Listed:
    """What one manifest publishes: its label, its digest (empty in a dry run), its objects."""

    label: Label
    digest: str
    objects: Sequence[StixObject]


def decide(tx: Tx, asked: Asked, listing: Sequence[Listed], faults: Iterable[Reported]) -> Shelf:
    """The rows this publication adds to its publisher's shelf.

    Args:
        tx: any transaction; only read.
        asked: who publishes where.
        listing: one entry a manifest.
        faults: what was found wrong before, told together with what is found here.

    Raises `Refused` with every fault.
    """
    found = list(faults)
    ids = {item.id for listed in listing for item in listed.objects}
    held = shelves.held(tx, asked.group, asked.account.member_no, ids)
    permits = _permits(tx, asked, listing, held, found)
    shelf = Shelf(asked.account.member_no, readers_from(asked.seen.collection.group, asked.at), asked.at)
    shelf.hold(held)
    for listed, permit in sorted(zip(listing, permits, strict=True), key=lambda pair: pair[0].label):
        if permit is not None:
            placed = zip(listed.objects, permit.ranks, strict=True)
            for item, rank in sorted(placed, key=lambda pair: not pair[0].revoked):  # the end first, then its history
                shelf.place(item, rank, listed.digest)
    found += shelf.reasons
    if found:
        raise Refused(found)
    return shelf


def _permits(
    tx: Tx, asked: Asked, listing: Sequence[Listed], held: Mapping[str, Sequence[HeldRow]], found: list[Reported]
) -> list[Permit | None]:
    """The decision on each manifest; every reason against it goes to `found`."""
    labelled = [(item, listed.label) for listed in listing for item in listed.objects]
    facts = gather(tx, asked.registry, asked.account, asked.seen, labelled, held, asked.at)
    permits: list[Permit | None] = []
    for listed in listing:
        try:
            permit = may_publish(
                asked.seen.collection.group,
                asked.account,
                tlp=listed.label,
                objects=listed.objects,
                held=facts,
                at=asked.at,
            )
        except Refusal as refusal:
            found += refusal.reasons
            permits.append(None)
        else:
            permits.append(permit)
    return permits
