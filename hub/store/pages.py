"""Pages of the two collections of a group: stored bytes, in order of position, never parsed on the way out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from . import selection
from .engine import Row, Tx
from .selection import Filters, View

MANIFEST_TYPE = "publication-manifest"

BODY = "k.position, o.body"
MANIFEST_BODY = "m.position, m.body"
RECORD = "k.position, o.stix_id, o.version"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, position first in each; `more` tells whether another row follows."""

    rows: list[Row]
    more: bool

    @property
    def first(self) -> int | None:
        """Position of the first row, or None on an empty page."""
        return self.rows[0][0] if self.rows else None

    @property
    def last(self) -> int | None:
        """Position of the last row, or None on an empty page."""
        return self.rows[-1][0] if self.rows else None


def _cut(chunks: Iterable[Sequence[Row]], limit: int, size: int) -> Page:
    """The rows up to `limit` and about `size` bytes of bodies, always at least one."""
    taken: list[Row] = []
    left = size
    for rows in chunks:
        for row in rows:
            left -= len(row[1])
            if len(taken) == limit or (left < 0 and taken):
                return Page(taken, more=True)
            taken.append(row)
    return Page(taken, more=False)


def object_bodies(tx: Tx, view: View, filters: Filters, after: int, limit: int, size: int) -> Page:
    """A page of (position, canonical bytes) of the data collection: at most `limit` rows and about `size` bytes."""
    return _objects(tx, BODY, view, filters, after, limit, size)


def object_records(tx: Tx, view: View, filters: Filters, after: int, limit: int) -> Page:
    """A page of (position, STIX id, version text) of the data collection."""
    return _objects(tx, RECORD, view, filters, after, limit, limit * 1000)


def _objects(tx: Tx, columns: str, view: View, filters: Filters, after: int, limit: int, size: int) -> Page:
    if filters.nothing or not view.starts:
        return Page([], more=False)
    statement = selection.page(selection.shape_of(view, filters), columns)
    return _read(tx, columns, statement, selection.parameters(view, filters, after, limit + 1), limit, size)


def _read(tx: Tx, columns: str, statement: str, values: dict[str, Any], limit: int, size: int) -> Page:
    if tx.postgresql and columns in {BODY, MANIFEST_BODY}:
        statement = selection.sized(statement)
        values["size"] = size
    return _cut(tx.stream(statement, **values), limit, size)


def object_versions(tx: Tx, view: View, filters: Filters, after: int, limit: int) -> Page:
    """A page of (position, version text): the distinct texts of one id, oldest addition first (TAXII 2.1 §5.8)."""
    if filters.nothing or not view.starts:
        return Page([], more=False)
    terms = " AND ".join(selection.version_terms(selection.shape_of(view, filters)))
    statement = (
        "SELECT min(o.position) AS position, o.version FROM objects o WHERE o.grp = :grp AND o.stix_id = :id0"
        f" AND {selection.visible(view)} AND {terms}"
        " GROUP BY o.version HAVING min(o.position) > :after ORDER BY 1 LIMIT :most"
    )
    return _cut([tx.rows(statement, **selection.parameters(view, filters, after, limit + 1))], limit, limit * 1000)


def object_exists(tx: Tx, view: View, stix_id: str) -> bool:
    """Whether any version of the id is visible to this reader; the same plan whatever the answer."""
    statement = f"SELECT 1 FROM objects o WHERE o.grp = :grp AND o.stix_id = :id0 AND {selection.visible(view)} LIMIT 1"
    return tx.row(statement, **selection.parameters(view, Filters(ids=(stix_id,)), 0, 1)) is not None


def _proofs(columns: str, view: View, filters: Filters) -> str:
    terms = [selection.visible(view, "m"), "m.grp = :grp", "m.position > :after"]
    if filters.ids is not None:
        terms.append(
            f"m.stix_id IN ({', '.join(f':id{i}' for i in range(len(filters.ids)))})" if filters.ids else "1 = 0"
        )
    if not (filters.every or filters.last or filters.first):
        terms.append(f"m.version_ns IN ({', '.join(f':instant{i}' for i in range(len(filters.instants_ns)))})")
    return f"SELECT {columns} FROM manifests m WHERE {' AND '.join(terms)} ORDER BY m.position LIMIT :most"


def _manifests(tx: Tx, columns: str, view: View, filters: Filters, after: int, limit: int, size: int) -> Page:
    if filters.nothing or not view.starts or (filters.types is not None and MANIFEST_TYPE not in filters.types):
        return Page([], more=False)
    values: dict[str, Any] = selection.parameters(view, filters, after, limit + 1)
    return _read(tx, columns, _proofs(columns, view, filters), values, limit, size)


def manifest_bodies(tx: Tx, view: View, filters: Filters, after: int, limit: int, size: int) -> Page:
    """A page of (position, canonical bytes) of the proofs collection."""
    return _manifests(tx, MANIFEST_BODY, view, filters, after, limit, size)


def manifest_records(tx: Tx, view: View, filters: Filters, after: int, limit: int) -> Page:
    """A page of (position, STIX id, version text) of the proofs collection."""
    return _manifests(tx, "m.position, m.stix_id, m.version", view, filters, after, limit, limit * 1000)


def manifest_versions(tx: Tx, view: View, filters: Filters, after: int, limit: int) -> Page:
    """A page of (position, version text) of one manifest: it has one version, for ever."""
    return _manifests(tx, "m.position, m.version", view, filters, after, limit, limit * 1000)


def manifest_exists(tx: Tx, view: View, stix_id: str) -> bool:
    """Whether this reader may see the manifest."""
    return bool(manifest_versions(tx, view, Filters(ids=(stix_id,)), -1, 1).rows)
