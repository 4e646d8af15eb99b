"""Who asks for which collection, and may it? What an account may not know does not exist for it."""

from dataclasses import dataclass
from typing import Literal

from policies.entitlement import Entitlement, entitlement
from policies.group import Rights, rights

from .store.registry import Account, Collection, Registry
from .store.selection import View


class AccessError(Exception):
    """Base of what the doors answer to someone who may not."""


class Absent(AccessError):
    """Not there, or not to be known: the same answer."""


class Forbidden(AccessError):
    """Known to the account, but without the right asked for."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A collection as one account sees it now."""

    collection: Collection
    rights: Rights
    entitlement: Entitlement | None

    @property
    def can_read(self) -> bool:
        """The account may poll it."""
        return self.rights.can_read and self.entitlement is not None

    @property
    def can_write(self) -> bool:
        """The account may publish to it: manifests travel with their objects, so never to the proofs."""
        return self.rights.can_write and self.collection.kind == "data"

    @property
    def view(self) -> View:
        """The rows it may read. Raises `Forbidden` without the right to read."""
        if not self.can_read or self.entitlement is None:
            raise Forbidden("this account may not read this collection")
        starts = tuple((int(label), position) for label, position in self.entitlement.starts)
        return View(self.collection.no, starts)


def find(registry: Registry, account: Account, name: str, at: int) -> Seen:
    """The collection of this id or alias. Raises `Absent` when it is not there, or not for this account."""
    collection = registry.collections.get(name)
    if collection is None or account.pending:
        raise Absent("no such collection")
    granted = rights(collection.group, account, at)
    if not granted.visible:
        raise Absent("no such collection")
    return Seen(collection, granted, entitlement(collection.group, account, at))


def listed(registry: Registry, account: Account, at: int) -> list[Seen]:
    """Every collection this account may know of, ascending by id."""
    found = []
    for name in sorted({collection.id for collection in registry.collections.values()}):
        try:
            found.append(find(registry, account, name, at))
        except Absent:
            continue
    return found


def require(seen: Seen, right: Literal["read", "write"]) -> Seen:
    """Raises `Forbidden` unless the account has the right."""
    if not (seen.can_read if right == "read" else seen.can_write):
        raise Forbidden(f"this account may not {right} this collection")
    return seen


def for_oneself(account: Account) -> Account:
    """The account, if it may ask what its member has published; raises `Forbidden` for one that redistributes."""
    if account.redistributes:
        raise Forbidden("a token that redistributes only polls; use another one of this member's")
    return account
