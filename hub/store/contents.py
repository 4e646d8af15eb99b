"""What does the database hold, all of it? Rows some at a time, for whoever looks at everything."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.labels import Label

from .engine import Row, Tx
from .selection import SHELF

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A row of `manifests`; `identity` is what its bytes must say: digest, id, seq, publisher, group, label."""

    grp: int
    publisher: int
    rank: int
    seq: int
    position: int
    digest: str
    stix_id: str
    body: bytes
    identity: tuple[str, str, int, str, str, str]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A row of `objects`: place, digests in lower-case hexadecimal, bytes."""

    grp: int
    publisher: int
    position: int
    stix_id: str
    sha256: str
    manifest: str
    body: bytes


_MANIFEST = (
    "SELECT m.id, m.grp, m.publisher, m.rank, m.seq, m.position, m.digest, m.stix_id, m.body, p.id, g.id"
    " FROM manifests m LEFT JOIN members p ON p.no = m.publisher LEFT JOIN groups g ON g.no = m.grp"
)


def _manifest(row: Row) -> StoredManifest:
    grp, publisher, rank, seq, position, digest, stix_id, body, iss, group = row[1:]
    identity = (digest, stix_id, seq, iss, group, Label(rank).text)
    return StoredManifest(grp, publisher, rank, seq, position, digest, stix_id, bytes(body), identity)


def manifests(tx: Tx) -> Iterator[StoredManifest]:
    """Every manifest, each stream in its order."""
    after = -1
    while rows := tx.rows(f"{_MANIFEST} WHERE m.id > :after ORDER BY m.id LIMIT :most", after=after, most=AT_ONCE):
        after = rows[-1][0]
        yield from map(_manifest, rows)


def manifest(tx: Tx, grp: int, publisher: int, digest: str) -> StoredManifest | None:
    """A publisher's manifest in a group, by its payload's digest."""
    row = tx.row(
        f"{_MANIFEST} WHERE m.digest = :digest AND m.grp = :grp AND m.publisher = :publisher",
        digest=digest,
        grp=grp,
        publisher=publisher,
    )
    return _manifest(row) if row else None


def objects(tx: Tx) -> Iterator[StoredObject]:
    """Every row of an object, oldest first."""
    after = -1
    statement = (
        "SELECT id, grp, publisher, position, stix_id, sha256, manifest, body FROM objects"
        " WHERE id > :after ORDER BY id LIMIT :most"
    )
    while rows := tx.rows(statement, after=after, most=AT_ONCE):
        after = rows[-1][0]
        for _, grp, publisher, position, stix_id, sha256, listed, body in rows:
            yield StoredObject(grp, publisher, position, stix_id, bytes(sha256).hex(), listed, bytes(body))


def stored(tx: Tx, grp: int, publisher: int, ids: Sequence[str]) -> frozenset[tuple[str, str]]:
    """(STIX id, SHA-256) of a publisher's objects in a group with these ids."""
    rows = tx.rows(
        f"SELECT o.stix_id, o.sha256 FROM {tx.each('objects', SHELF, 'stix_id', 'ids')}",
        grp=grp,
        publisher=publisher,
        ids=tx.listed(ids),
    )
    return frozenset((stix_id, bytes(sha256).hex()) for stix_id, sha256 in rows)


def heads(tx: Tx) -> Mapping[tuple[int, int, int], tuple[int, str]]:
    """(group, publisher, rank) -> (seq, digest) of every stream's head."""
    rows = tx.rows("SELECT grp, publisher, rank, seq, digest FROM streams")
    return {(grp, publisher, rank): (seq, digest) for grp, publisher, rank, seq, digest in rows}


def agreements(tx: Tx) -> Iterator[tuple[str, str, bytes]]:
    """(id and version, digest, exact bytes) of every version of every agreement."""
    for group, version, digest, document in tx.rows("SELECT group_id, version, digest, document FROM agreements"):
        yield f"{group} version {version}", digest, bytes(document)


_ALL = "(SELECT grp, position FROM objects UNION ALL SELECT grp, position FROM manifests)"


def misplaced(tx: Tx) -> Iterator[str]:
    """What is wrong with positions: twice in a group, not ascending as rows came in, or beyond the sequencer."""
    twice = f"SELECT grp, position FROM {_ALL} AS a GROUP BY grp, position HAVING count(*) > 1 LIMIT 10"
    for grp, position in tx.rows(twice):
        yield f"the position {position} stands twice in the group number {grp}"
    for table in ("objects", "manifests"):
        back = (
            f"SELECT grp, position FROM (SELECT grp, position, lag(position) OVER (PARTITION BY grp ORDER BY id) AS"
            f" before FROM {table}) AS a WHERE before >= position LIMIT 10"
        )
        for grp, position in tx.rows(back):
            yield f"the position {position} of {table} in the group number {grp} is below the one before it"
    beyond = (
        f"SELECT a.grp, max(a.position) FROM {_ALL} AS a LEFT JOIN groups g ON g.no = a.grp GROUP BY a.grp,"
        " g.last_position HAVING g.last_position IS NULL OR max(a.position) > g.last_position LIMIT 10"
    )
    for grp, position in tx.rows(beyond):
        yield f"the position {position} in the group number {grp} was never given out by its sequencer"
