"""The SQL of a page: which rows may this reader see, from which position, in one statement.

Keys are paged a rank at a time over a covering index and united; bodies are joined only for the keys that are left
after the LIMIT, so a reader entitled to 1 % does not pay for 100 %. Whether a row is the last, the first or a repeated
one is two integer comparisons on flags written at ingest, for every reader who may read from the start; readers with
later starts are judged by a query over what they can see.
"""

from dataclasses import dataclass
from functools import lru_cache

#: Ranks above every label: the flag of a row that nothing supersedes.
NONE = 5

#: Condition: a row of one publisher in one group.
SHELF = "o.grp = :grp AND o.publisher = :publisher"

#: Above this many `match[type]` values one filtered scan is shorter than a union of them.
MOST_UNITED_TYPES = 40


@dataclass(frozen=True, slots=True)
class View:
    """What one reader may see of a group: (rank, first readable position) for each label, laxest first."""

    grp: int
    starts: tuple[tuple[int, int], ...]

    @property
    def uniform(self) -> bool:
        """True if every label is readable from the start, so that the stored flags hold for this reader."""
        return all(start == 0 for _, start in self.starts)

    @property
    def clearance(self) -> int:
        """The highest rank, or -1 for a reader of nothing."""
        return max((rank for rank, _ in self.starts), default=-1)


@dataclass(frozen=True, slots=True)
class Filters:
    """The object filters of one request (TAXII 2.1 §3.4), already parsed. None: not filtered."""

    ids: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    last: bool = True
    first: bool = False
    every: bool = False
    instants_ns: tuple[int, ...] = ()
    nothing: bool = False  # a filter that no object of this hub can match, such as STIX 2.0


@dataclass(frozen=True, slots=True)
class Shape:
    """All of a request that changes the statement's text; the rest are parameters."""

    ranks: tuple[int, ...]
    uniform: bool
    ids: int | None
    types: int | None
    last: bool
    first: bool
    every: bool
    instants: int


def shape_of(view: View, filters: Filters) -> Shape:
    """The statement's shape for this reader and these filters."""
    return Shape(
        ranks=tuple(rank for rank, _ in view.starts),
        uniform=view.uniform,
        ids=None if filters.ids is None else len(filters.ids),
        types=None if filters.types is None else len(filters.types),
        last=filters.last,
        first=filters.first,
        every=filters.every,
        instants=len(filters.instants_ns),
    )


def parameters(view: View, filters: Filters, after: int, limit: int) -> dict[str, object]:
    """The parameters that go with `keys`."""
    values: dict[str, object] = {"grp": view.grp, "clearance": view.clearance, "after": after, "most": limit}
    for rank, start in view.starts:
        values[f"from{rank}"] = max(after, start - 1)
        values[f"start{rank}"] = start
    values |= {f"id{i}": value for i, value in enumerate(filters.ids or ())}
    values |= {f"type{i}": value for i, value in enumerate(filters.types or ())}
    values |= {f"instant{i}": value for i, value in enumerate(filters.instants_ns)}
    return values


def _list(name: str, count: int) -> str:
    return ", ".join(f":{name}{i}" for i in range(count))


def _visible(alias: str, shape: Shape) -> str:
    # the unary plus keeps planners from walking an index of ranks where an id is at hand
    terms = [f"(+{alias}.rank = {rank} AND +{alias}.position >= :start{rank})" for rank in shape.ranks]
    return f"({' OR '.join(terms)})" if terms else "1 = 0"


def _superseded(shape: Shape, comparison: str) -> str:
    """For readers with later starts: is there a row on the same shelf, visible to them, that compares so?"""
    return (
        "EXISTS (SELECT 1 FROM objects n WHERE n.grp = o.grp AND n.stix_id = o.stix_id AND n.publisher = o.publisher"
        f" AND {comparison} AND {_visible('n', shape)})"
    )


def version_terms(shape: Shape) -> list[str]:
    """Conditions on `o`: not repeated by a newer visible row, and among the versions asked for."""
    if shape.uniform:
        repeated, last, first = "o.repeat_rank > :clearance", "o.newer_rank > :clearance", "o.older_rank > :clearance"
    else:  # a flag that nobody moved needs no search; a repeated row has the version, or was added later
        repeat = (
            "n.sha256 = o.sha256 AND n.position > o.position AND n.version_ns >= o.version_ns"
            " AND (n.version_ns = o.version_ns OR NOT o.versioned)"
        )
        newer = "(n.version_ns > o.version_ns OR (n.version_ns = o.version_ns AND n.position > o.position))"
        older = "n.version_ns < o.version_ns AND n.sha256 <> o.sha256"
        repeated = f"NOT (o.repeat_rank < {NONE} AND {_superseded(shape, repeat)})"
        last = f"NOT (o.newer_rank < {NONE} AND {_superseded(shape, newer)})"
        first = f"NOT (o.older_rank < {NONE} AND {_superseded(shape, older)})"
    if shape.every:
        return [repeated]
    wanted = [last] * shape.last + [first] * shape.first
    if shape.instants:
        wanted.append(f"o.version_ns IN ({_list('instant', shape.instants)})")
    return [repeated, f"({' OR '.join(wanted)})" if wanted else "1 = 0"]


def _part(terms: list[str]) -> str:
    return (
        f"SELECT * FROM (SELECT o.id, o.position FROM objects o WHERE {' AND '.join(terms)}"
        " ORDER BY o.position LIMIT :most) AS part"
    )


@lru_cache(maxsize=512)
def keys(shape: Shape) -> str:
    """Statement of (id, position), ascending by position, at most `:most`, for the objects this reader may see."""
    terms = version_terms(shape)
    parts = []
    if shape.ids is not None:
        one = ["o.grp = :grp", f"o.stix_id IN ({_list('id', shape.ids)})", _visible("o", shape), "+o.position > :after"]
        if shape.types is not None:
            one.append(f"COALESCE(o.type, '') IN ({_list('type', shape.types)})")
        parts.append(_part([*one, *terms]))
    else:
        for rank in shape.ranks:
            within = ["o.grp = :grp", f"o.rank = {rank}", f"o.position > :from{rank}", *terms]
            if shape.types is None:
                parts.append(_part(within))
            elif shape.types > MOST_UNITED_TYPES:
                parts.append(_part([*within, f"COALESCE(o.type, '') IN ({_list('type', shape.types)})"]))
            else:
                parts += [_part([*within, f"o.type = :type{i}"]) for i in range(shape.types)]
    if not parts:
        return "SELECT id, position FROM objects WHERE 1 = 0"
    return f"{' UNION ALL '.join(parts)} ORDER BY position LIMIT :most"


@lru_cache(maxsize=512)
def page(shape: Shape, columns: str) -> str:
    """Statement of `columns` of the objects `o`, joined to their keys after the LIMIT."""
    return f"SELECT {columns} FROM ({keys(shape)}) AS k CROSS JOIN objects o WHERE o.id = k.id ORDER BY k.position"


def sized(statement: str) -> str:
    """The rows of a page of bodies up to about `:size` bytes and the one after: for an engine that sends all at once.

    Two rows at the least, so that a single large one does not hide that another follows.
    """
    return (
        "SELECT position, body FROM (SELECT position, body, sum(octet_length(body)) OVER before AS size,"
        f" row_number() OVER before AS number FROM ({statement}) AS page WINDOW before AS (ORDER BY position)) AS sized"
        " WHERE size - octet_length(body) <= :size OR number <= 2 ORDER BY position"
    )


def visible(view: View, alias: str = "o") -> str:
    """Condition: the row is within this reader's labels and starts (parameters as of `parameters`)."""
    return _visible(alias, shape_of(view, Filters()))
