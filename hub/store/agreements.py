"""Agreements: every version's exact bytes and where its review stands, and the group that the first approval opens."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.agreement import Agreement

from .engine import Row, Tx


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of an agreement as stored; times are microseconds since the epoch."""

    group_id: str
    version: int
    digest: str
    document: bytes
    state: str
    proposed_at: int
    approved_at: int | None
    ended_at: int | None


_COLUMNS = "group_id, version, digest, document, state, proposed_at, approved_at, ended_at"


def _version(row: Row) -> VersionRow:
    return VersionRow(row[0], row[1], row[2], bytes(row[3]), *row[4:])


def versions(tx: Tx, group_id: str) -> Sequence[VersionRow]:
    """All versions of an agreement, oldest first."""
    rows = tx.rows(f"SELECT {_COLUMNS} FROM agreements WHERE group_id = :id ORDER BY version", id=group_id)
    return [_version(row) for row in rows]


def every(tx: Tx) -> Sequence[VersionRow]:
    """All versions of all agreements."""
    return [_version(row) for row in tx.rows(f"SELECT {_COLUMNS} FROM agreements ORDER BY group_id, version")]


def add(tx: Tx, document: Agreement, *, state: str, at: int) -> bool:
    """Add a version; False if that number or that text is there already."""
    return bool(
        tx.run(
            "INSERT INTO agreements (group_id, version, digest, document, state, proposed_at)"
            " VALUES (:group_id, :version, :digest, :document, :state, :at) ON CONFLICT DO NOTHING",
            group_id=document.id,
            version=document.version,
            digest=document.digest,
            document=document.raw,
            state=state,
            at=at,
        )
    )


def rewrite(tx: Tx, document: Agreement, *, at: int) -> bool:
    """Put this text in the place of the same version's that is still proposed; False if it no longer is."""
    return bool(
        tx.run(
            "UPDATE agreements SET digest = :digest, document = :document, proposed_at = :at"
            " WHERE group_id = :group_id AND version = :version AND state = 'proposed'",
            group_id=document.id,
            version=document.version,
            digest=document.digest,
            document=document.raw,
            at=at,
        )
    )


def hold(tx: Tx, digest: str) -> bool:
    """Lock a proposed version's row until the transaction ends; False if that text no longer waits for approval."""
    return bool(
        tx.run("UPDATE agreements SET state = state WHERE digest = :digest AND state = 'proposed'", digest=digest)
    )


def move(tx: Tx, digest: str, before: str, after: str, at: int) -> bool:
    """From one state to another; False if the version is no longer in the first: of two at once exactly one wins.

    `at` may have been read before a wait for the database, and instants are compared with positions. So the group's
    sequencer is held until the transaction ends, and what is written lies after everything published so far.
    """
    group = tx.row("SELECT group_id FROM agreements WHERE digest = :digest", digest=digest)
    place = lock_group(tx, group[0]) if group else None
    return bool(
        tx.run(
            "UPDATE agreements SET state = :after,"
            " approved_at = CASE WHEN :after = 'approved' AND approved_at IS NULL THEN :at ELSE approved_at END,"
            " ended_at = CASE WHEN :after = 'ended' THEN :at ELSE ended_at END"
            " WHERE digest = :digest AND state = :before",
            digest=digest,
            before=before,
            after=after,
            at=max(at, place[1] + 1) if place else at,
        )
    )


def open_group(tx: Tx, *, identity: str, proofs: str, alias: str) -> bool:
    """Make the group's collections and sequencer; False if one of the three names is another group's."""
    tx.run(
        "INSERT INTO groups (id, proofs, alias, last_position) VALUES (:id, :proofs, :alias, 0) ON CONFLICT DO NOTHING",
        id=identity,
        proofs=proofs,
        alias=alias,
    )
    return tx.row("SELECT proofs, alias FROM groups WHERE id = :id", id=identity) == (proofs, alias)


def group_names(tx: Tx) -> Sequence[tuple[str, str, str]]:
    """(id, proofs id, alias) of every group that was opened."""
    return [(row[0], row[1], row[2]) for row in tx.rows("SELECT id, proofs, alias FROM groups ORDER BY id")]


def lock_group(tx: Tx, group_id: str) -> tuple[int, int] | None:
    """Hold the group's sequencer until the transaction ends; (its number, last position), or None without a group."""
    row = tx.row(
        f"SELECT no, last_position FROM groups WHERE id = :id{' FOR UPDATE' if tx.postgresql else ''}", id=group_id
    )
    return None if row is None else (int(row[0]), int(row[1]))
