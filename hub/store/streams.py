"""Streams: the chain of manifests of one publisher, in one group, under one label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keys.head import Head

from . import selection
from .engine import Tx


def heads(tx: Tx, grp: int, publisher: int) -> Mapping[int, Head]:
    """Rank → head, of one publisher's streams in a group."""
    rows = tx.rows(
        "SELECT rank, seq, digest FROM streams WHERE grp = :grp AND publisher = :publisher",
        grp=grp,
        publisher=publisher,
    )
    return {rank: Head(seq, digest) for rank, seq, digest in rows}


def all_heads(tx: Tx, grp: int, upto: int) -> Sequence[tuple[int, int, Head]]:
    """(publisher number, rank, head) of every stream of a group up to a rank."""
    rows = tx.rows(
        "SELECT publisher, rank, seq, digest FROM streams WHERE grp = :grp AND rank <= :upto ORDER BY publisher, rank",
        grp=grp,
        upto=upto,
    )
    return [(publisher, rank, Head(seq, digest)) for publisher, rank, seq, digest in rows]


def advance(tx: Tx, grp: int, publisher: int, rank: int, head: Head) -> None:
    """Move a stream's head."""
    tx.run(
        "INSERT INTO streams (grp, publisher, rank, seq, digest) VALUES (:grp, :publisher, :rank, :seq, :digest)"
        " ON CONFLICT (grp, publisher, rank) DO UPDATE SET seq = excluded.seq, digest = excluded.digest",
        grp=grp,
        publisher=publisher,
        rank=rank,
        seq=head.seq,
        digest=head.digest,
    )


def published(tx: Tx, grp: int) -> Sequence[int]:
    """Numbers of the members that have published in a group so far."""
    return [row[0] for row in tx.rows("SELECT DISTINCT publisher FROM streams WHERE grp = :grp", grp=grp)]


@dataclass(frozen=True, slots=True)
class KeptManifest:
    """A manifest about to be kept, with its place."""

    position: int
    publisher: int
    rank: int
    seq: int
    digest: str
    agreement: str
    stix_id: str
    version: str
    version_ns: int
    status: str
    body: bytes


def keep(tx: Tx, grp: int, manifests: Sequence[KeptManifest]) -> None:
    """Insert manifests at their positions."""
    names = tuple(KeptManifest.__slots__)
    tx.insert("manifests", ("grp", *names), [(grp, *(getattr(kept, name) for name in names)) for kept in manifests])


def answered(tx: Tx, grp: int, publisher: int, digests: Sequence[str]) -> Mapping[str, str]:
    """Payload digest → status id, of those already accepted from this publisher in this group."""
    rows = tx.rows(
        f"SELECT o.digest, o.status FROM {tx.each('manifests', selection.SHELF, 'digest', 'digests')}",
        grp=grp,
        publisher=publisher,
        digests=tx.listed(digests),
    )
    return {str(row[0]): str(row[1]) for row in rows}


def manifest_ids(tx: Tx, grp: int, publisher: int, ids: Sequence[str]) -> Sequence[str]:
    """Those of the ids under which this publisher has a manifest in this group already."""
    rows = tx.rows(
        f"SELECT o.stix_id FROM {tx.each('manifests', selection.SHELF, 'stix_id', 'ids')}",
        grp=grp,
        publisher=publisher,
        ids=tx.listed(ids),
    )
    return [str(row[0]) for row in rows]


def since(tx: Tx, grp: int, publisher: int, rank: int, seq: int, most: int, size: int) -> tuple[Sequence[bytes], bool]:
    """Bodies of a publisher's own manifests of one stream after `seq`, in order, and whether another follows.

    At most `most` of them and about `size` bytes, at least one.
    """
    statement = (
        "SELECT m.seq AS position, m.body FROM manifests m WHERE m.grp = :grp AND m.publisher = :publisher"
        " AND m.rank = :rank AND m.seq > :seq ORDER BY m.seq LIMIT :most"
    )
    values: dict[str, int] = {"grp": grp, "publisher": publisher, "rank": rank, "seq": seq, "most": most + 1}
    if tx.postgresql:
        statement, values["size"] = selection.sized(statement), size
    taken: list[bytes] = []
    for rows in tx.stream(statement, **values):
        for _, body in rows:
            size -= len(body)
            if len(taken) == most or (size < 0 and taken):
                return taken, True
            taken.append(bytes(body))
    return taken, False
