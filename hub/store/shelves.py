"""What a publisher's shelf holds, and how rows come onto it: positions from the sequencer, flags for every reader."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import orjson

from feeds.timestamps import format_taxii

from .engine import Row, Tx
from .errors import ClockAhead
from .selection import NONE, SHELF, View, visible

MILLISECOND = 1_000
#: A sequencer further ahead of the clock than this means the clock jumped forward and came back.
MOST_AHEAD = 300_000_000


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row of a shelf, as far as a new version is judged by it."""

    id: int
    stix_id: str
    version: str
    version_ns: int
    versioned: bool
    created: str | None
    revoked: bool
    marking_kind: str | None
    sha256: str
    rank: int
    position: int
    newer_rank: int
    older_rank: int
    repeat_rank: int


_HELD = (
    "o.id, o.stix_id, o.version, o.version_ns, o.versioned, o.created, o.revoked, o.marking_kind, o.sha256, o.rank,"
    " o.position, o.newer_rank, o.older_rank, o.repeat_rank"
)


def _held(row: Row) -> HeldRow:
    stix_id, version, version_ns = row[1:4]
    return HeldRow(
        row[0],
        stix_id,
        version,
        version_ns,
        bool(row[4]),
        row[5],
        bool(row[6]),
        row[7],
        bytes(row[8]).hex(),
        *row[9:14],
    )


def lock(tx: Tx, grp: int, publisher: int) -> None:
    """Hold this publisher's shelf and streams in this group until the transaction ends (SQLite: it has one writer)."""
    tx.run(
        "INSERT INTO shelves (grp, publisher) VALUES (:grp, :publisher) ON CONFLICT DO NOTHING",
        grp=grp,
        publisher=publisher,
    )
    if tx.postgresql:
        tx.rows(
            "SELECT 1 FROM shelves WHERE grp = :grp AND publisher = :publisher FOR UPDATE",
            grp=grp,
            publisher=publisher,
        )


def held(tx: Tx, grp: int, publisher: int, ids: Collection[str]) -> Mapping[str, Sequence[HeldRow]]:
    """The rows this publisher holds in this group under the given STIX ids."""
    found: dict[str, list[HeldRow]] = {}
    if ids:
        for row in tx.rows(
            f"SELECT {_HELD} FROM {tx.each('objects', SHELF, 'stix_id', 'ids')}",
            grp=grp,
            publisher=publisher,
            ids=tx.listed(ids),
        ):
            found.setdefault(row[1], []).append(_held(row))
    return found


@dataclass(frozen=True, slots=True)
class HeldBody:
    """The stored bytes of an object, and its version as written (None: it has none)."""

    version: str | None
    body: bytes


def bodies(
    tx: Tx, grp: int, publisher: int, wanted: Iterable[tuple[str, str | None, str]]
) -> Mapping[tuple[str, str], HeldBody]:
    """(id, sha-256) → stored bytes, of those of the wanted (id, version, sha-256) that this publisher holds here."""
    digests = {(stix_id, sha256) for stix_id, _, sha256 in wanted}
    if not digests:
        return {}
    rows = tx.rows(
        "SELECT o.stix_id, o.sha256, o.versioned, o.version, o.body"
        f" FROM {tx.each('objects', SHELF, 'stix_id', 'ids')}",
        grp=grp,
        publisher=publisher,
        ids=tx.listed({stix_id for stix_id, _ in digests}),
    )
    found = {}
    for stix_id, sha256, versioned, version, body in rows:
        key = (str(stix_id), bytes(sha256).hex())
        if key in digests:
            found[key] = HeldBody(version if versioned else None, bytes(body))
    return found


def lowest_ranks(tx: Tx, grp: int, publisher: int, ids: Collection[str]) -> Mapping[str, int]:
    """The laxest label under which this publisher holds each of the given ids in this group."""
    if not ids:
        return {}
    rows = tx.rows(
        f"SELECT o.stix_id, min(o.rank) FROM {tx.each('objects', SHELF, 'stix_id', 'ids')} GROUP BY o.stix_id",
        grp=grp,
        publisher=publisher,
        ids=tx.listed(ids),
    )
    return {str(row[0]): int(row[1]) for row in rows}


def marking_kinds(tx: Tx, grp: int, publisher: int, ids: Collection[str]) -> Mapping[str, str]:
    """Kinds of the marking-definitions among `ids` on this publisher's shelf."""
    return {
        stix_id: rows[0].marking_kind or ""
        for stix_id, rows in held(tx, grp, publisher, ids).items()
        if rows[0].marking_kind
    }


def authors(tx: Tx, grp: int, publisher: int, ids: Collection[str]) -> Mapping[str, str | None]:
    """`created_by_ref` of the first row under each of the ids that has versions, on this publisher's shelf here.

    Without identities, which are their own authors whomever they name.
    """
    if not ids:
        return {}
    first = (
        f"{SHELF} AND o.versioned AND o.type <> 'identity' AND NOT EXISTS (SELECT 1 FROM objects p"
        " WHERE p.grp = o.grp AND p.stix_id = o.stix_id AND p.publisher = o.publisher AND p.position < o.position)"
    )
    rows = tx.rows(
        f"SELECT o.stix_id, o.body FROM {tx.each('objects', first, 'stix_id', 'ids')}",
        grp=grp,
        publisher=publisher,
        ids=tx.listed(ids),
    )
    return {str(stix_id): orjson.loads(bytes(body)).get("created_by_ref") for stix_id, body in rows}


def readable(tx: Tx, view: View, others_than: int, ids: Collection[str]) -> Mapping[tuple[str, str], int]:
    """(id, sha-256) → laxest rank, of the rows of other publishers that this reader may read."""
    if not ids or not view.starts:
        return {}
    starts = {f"start{rank}": start for rank, start in view.starts}
    others = f"o.grp = :grp AND o.publisher <> :publisher AND {visible(view)}"
    rows = tx.rows(
        f"SELECT o.stix_id, o.sha256, min(o.rank) FROM {tx.each('objects', others, 'stix_id', 'ids')}"
        " GROUP BY o.stix_id, o.sha256",
        grp=view.grp,
        publisher=others_than,
        ids=tx.listed(ids),
        **starts,
    )
    return {(str(row[0]), bytes(row[1]).hex()): int(row[2]) for row in rows}


@dataclass(slots=True)
class NewRow:
    """A row about to be written; its position, and with it the version of an unversioned object, comes last."""

    publisher: int
    stix_id: str
    type: str
    version: str | None
    version_ns: int | None
    created: str | None
    revoked: bool
    marking_kind: str | None
    rank: int
    sha256: str
    manifest: str
    body: bytes
    newer_rank: int = NONE
    older_rank: int = NONE
    repeat_rank: int = NONE


def runs(ranks: Iterable[int]) -> list[int]:
    """How many rows go into each range of positions, so that the last row of every rank ends one.

    Some clients cut the date of the last row they were sent to milliseconds and ask for what is later: whoever may not
    read the stricter rows of a publication would be sent its last ones again at every poll.
    """
    ends = sorted({rank: place for place, rank in enumerate(ranks, start=1)}.values())
    return [end - start for start, end in pairwise([0, *ends])]


def take_positions(tx: Tx, grp: int, counts: Sequence[int], at: int) -> list[range]:
    """Positions from the group's sequencer, one range a count; each ends on a whole millisecond.

    To be called last before the inserts and the commit: the row lock orders commits as it orders positions, so no
    poller can be overtaken from behind. Never below the previous position, whatever the clock (`at`,
    microseconds) does.
    Raises `ClockAhead` when the sequencer lies more than five minutes ahead of `at`.
    """
    row = tx.row(f"SELECT last_position FROM groups WHERE no = :grp{' FOR UPDATE' if tx.postgresql else ''}", grp=grp)
    last = int(row[0]) if row else 0
    if last > at + MOST_AHEAD:
        raise ClockAhead(
            "the group's last position lies more than five minutes ahead of this machine's clock; nothing was"
            " published: set the clock right, or wait until it has caught up"
        )
    ranges = []
    for count in counts:
        if count == 0:
            ranges.append(range(0))
            continue
        end = max(last + 1, at) + count - 1
        end += -end % MILLISECOND
        ranges.append(range(end - count + 1, end + 1))
        last = end
    tx.run("UPDATE groups SET last_position = :last WHERE no = :grp", last=last, grp=grp)
    return ranges


_COLUMNS = (
    *("grp", "position", "publisher", "stix_id", "type", "version", "version_ns", "versioned", "created", "revoked"),
    *("marking_kind", "rank", "newer_rank", "older_rank", "repeat_rank", "sha256", "manifest", "body"),
)


def add(tx: Tx, grp: int, rows: Sequence[NewRow], positions: Sequence[int]) -> Mapping[str, str]:
    """Insert rows at their positions.

    Returns STIX id → version text of the objects without a version of their own: the time at which they were added.
    """
    dated = {
        row.stix_id: format_taxii(position)
        for row, position in zip(rows, positions, strict=True)
        if row.version is None
    }
    tx.insert(
        "objects",
        _COLUMNS,
        [
            (
                grp,
                position,
                row.publisher,
                row.stix_id,
                row.type,
                row.version or dated[row.stix_id],
                position * 1000 if row.version_ns is None else row.version_ns,
                row.version is not None,
                row.created,
                row.revoked,
                row.marking_kind,
                int(row.rank),
                int(row.newer_rank),
                int(row.older_rank),
                int(row.repeat_rank),
                bytes.fromhex(row.sha256),
                row.manifest,
                row.body,
            )
            for row, position in zip(rows, positions, strict=True)
        ],
    )
    return dated


def flag(tx: Tx, flags: Iterable[tuple[int, int, int, int]]) -> None:
    """Write (row id, newer, older, repeat) flags of rows that a new row supersedes or precedes."""
    tx.run_many(
        "UPDATE objects SET newer_rank = :newer, older_rank = :older, repeat_rank = :repeat WHERE id = :id",
        [{"id": i, "newer": newer, "older": older, "repeat": repeat} for i, newer, older, repeat in flags],
    )
