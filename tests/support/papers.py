"""Documents as they are imported: read, proposed and approved by the acts of operators, not put into tables."""

from typing import Any

from hub.acts import Actor
from hub.documents import Document, read_document
from hub.review import approve, propose
from support import agreements
from support.world import World

SHELL = Actor("", "root")
ALICE = Actor("alice", "root")
A = agreements.A


def member_toml(identity: str = A, alias: str = "aa", name: str = "CERT AA", **more: str) -> bytes:
    """A member document."""
    values = {"kind": "member", "id": identity, "alias": alias, "name": name, **more}
    return "".join(f'{key} = "{value}"\n' for key, value in values.items()).encode()


def imported(world: World, raw: bytes) -> dict[str, Any]:
    """Import one document; the answer."""
    with world.hub.database.writing() as tx:
        return propose(tx, read_document("paper.toml", raw), SHELL, at=world.clock())


def approved(
    world: World, kind: str, name: str, *, by: str, needed: int = 2, digest: str | None = None
) -> dict[str, Any]:
    """Let one operator approve; the answer."""
    with world.hub.database.writing() as tx:
        return approve(tx, kind, name, Actor(by, "root"), at=world.clock(), needed=needed, digest=digest)


def brought_in(world: World, raw: bytes) -> Document:
    """Import a document and let both operators approve it."""
    document = read_document("paper.toml", raw)
    imported(world, raw)
    for operator in ("alice", "bob"):
        approved(world, "agreement" if raw.startswith(b'kind = "agreement"') else "member", document.id, by=operator)
    return document


def member(world: World, alias: str = "aa", identity: str = A) -> Document:
    """An approved member without keys."""
    return brought_in(world, member_toml(identity, alias))


def agreement(**changes: Any) -> bytes:
    """An agreement's text; see `agreement_toml`."""
    return agreements.agreement_toml(**changes)
