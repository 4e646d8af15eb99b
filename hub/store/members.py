"""Members: which teams does this hub know, by which document, and does a changed document wait for approval?"""

from collections.abc import Sequence
from dataclasses import dataclass

from keys.member import MemberDocument

from .engine import Row, Tx


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as stored; `next_digest` and `next_document` are a changed text that is not approved yet."""

    no: int
    id: str
    alias: str
    name: str
    state: str
    digest: str
    document: bytes
    next_digest: str | None
    next_document: bytes | None
    created_at: int


_COLUMNS = "no, id, alias, name, state, digest, document, next_digest, next_document, created_at"


def _member(row: Row) -> MemberRow:
    no, identity, alias, name, state, digest, document, next_digest, next_document, created_at = row
    waiting = None if next_document is None else bytes(next_document)
    return MemberRow(no, identity, alias, name, state, digest, bytes(document), next_digest, waiting, created_at)


def find(tx: Tx, name: str) -> MemberRow | None:
    """The member with this id or alias."""
    row = tx.row(f"SELECT {_COLUMNS} FROM members WHERE id = :name OR alias = :name", name=name)
    return None if row is None else _member(row)


def every(tx: Tx) -> Sequence[MemberRow]:
    """All members, in the order they came."""
    return [_member(row) for row in tx.rows(f"SELECT {_COLUMNS} FROM members ORDER BY no")]


def add(tx: Tx, document: MemberDocument, *, state: str, at: int) -> bool:
    """Add a member; False if its id or alias is taken."""
    return bool(
        tx.run(
            "INSERT INTO members (id, alias, name, state, digest, document, created_at)"
            " VALUES (:id, :alias, :name, :state, :digest, :document, :at) ON CONFLICT DO NOTHING",
            id=document.id,
            alias=document.alias,
            name=document.name,
            state=state,
            digest=document.digest,
            document=document.raw,
            at=at,
        )
    )


def rewrite(tx: Tx, document: MemberDocument) -> None:
    """Put this text in the place of its member's one in use; nothing waits any more."""
    tx.run(
        "UPDATE members SET alias = :alias, name = :name, digest = :digest, document = :document,"
        " next_digest = NULL, next_document = NULL WHERE id = :member",
        member=document.id,
        alias=document.alias,
        name=document.name,
        digest=document.digest,
        document=document.raw,
    )


def put_by(tx: Tx, member: str, digest: str | None, document: bytes | None) -> None:
    """Keep a changed text beside the one in use until it is approved; None: nothing waits any more."""
    tx.run(
        "UPDATE members SET next_digest = :digest, next_document = :document WHERE id = :member",
        member=member,
        digest=digest,
        document=document,
    )


def move(tx: Tx, member: str, before: str, after: str) -> bool:
    """From one state to another; False if it is no longer in the first."""
    return bool(
        tx.run(
            "UPDATE members SET state = :after WHERE id = :member AND state = :before",
            member=member,
            before=before,
            after=after,
        )
    )


def hold(tx: Tx, member: str, digest: str) -> bool:
    """Lock the member's row until the transaction ends; False if that text no longer waits for approval."""
    return bool(
        tx.run(
            "UPDATE members SET state = state WHERE id = :member AND (next_digest = :digest"
            " OR (next_digest IS NULL AND digest = :digest AND state = 'proposed'))",
            member=member,
            digest=digest,
        )
    )
