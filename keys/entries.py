"""What does a manifest list? Its entries: id, version as written, digest; their one order and their digest."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from keys.errors import EntriesMismatch, Malformed
from keys.instants import version_ns
from keys.shapes import DIGEST, UUID
from keys.strict_json import Json, sha256_hex, write

MAX_ENTRIES = 1000
"""Entries of one manifest at most."""

_STIX_ID = re.compile(f"[a-z0-9][a-z0-9-]{{2,249}}--{UUID.pattern}")
_MEMBERS = {"id", "sha256", "version"}


class Entry(NamedTuple):
    """One object as a manifest names it; a tuple, for a thousand of them are compared at a time.

    Attributes:
        id: STIX id.
        version: the object's `modified`, else `created`, as written; `None` for an object with neither.
        sha256: digest of its canonical bytes, 64 lower-case hexadecimal digits.
    """

    id: str
    version: str | None
    sha256: str


def order(entry: Entry) -> tuple[str, str]:
    """Sorting key of entries: by id, then by version as text, `null` first."""
    return (entry.id, entry.version or "")


def entries_json(entries: Sequence[Entry]) -> list[Json]:
    """The entries as the manifest carries them."""
    return [{"id": entry.id, "sha256": entry.sha256, "version": entry.version} for entry in entries]


def entries_digest(listed: list[Json]) -> str:
    """The digest that the signed payload carries for the `entries` list."""
    # written without a look at the rules for signing: what is no list of entries is refused by `read_entries`
    return sha256_hex(write(listed, fractions=False))


def read_entries(listed: Json) -> tuple[Entry, ...]:
    """Entries from a parsed `entries` list: shape, number, order, no two with the same id and instant.

    Raises:
        Malformed: not a list of 1 to 1,000 well-formed entries.
        EntriesMismatch: not sorted, or two for the same version of an object.
    """
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_ENTRIES:
        raise Malformed(f"a manifest lists 1 to {MAX_ENTRIES} entries; split larger publications", path="$.entries")
    entries = tuple([_read(value, index) for index, value in enumerate(listed)])
    keys = [order(entry) for entry in entries]
    if keys != sorted(keys):
        index = next(index for index, (before, key) in enumerate(pairwise(keys), start=1) if key < before)
        raise EntriesMismatch("entries are sorted by id, then version, null first", path=f"$.entries[{index}]")
    _check_unique(entries)
    return entries


def _read(value: Json, index: int) -> Entry:
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise Malformed("an entry has exactly id, version and sha256", path=f"$.entries[{index}]")
    stix_id, version, sha256 = value["id"], value["version"], value["sha256"]
    if type(stix_id) is not str or _STIX_ID.fullmatch(stix_id) is None:
        raise Malformed("an entry's id is a STIX id, lower-case: type--uuid", path=f"$.entries[{index}].id")
    if type(sha256) is not str or DIGEST.fullmatch(sha256) is None:
        raise Malformed("a digest is 64 lower-case hexadecimal digits", path=f"$.entries[{index}].sha256")
    if version is None:
        return Entry(stix_id, None, sha256)
    try:
        version_ns(version)
    except Malformed as error:
        error.path = f"$.entries[{index}].version"
        raise
    return Entry(stix_id, str(version), sha256)


def _check_unique(entries: Sequence[Entry]) -> None:
    """No two entries for one id and one instant: 10:00:00Z and 10:00:00.0Z are the same version."""
    repeated = {entry.id for before, entry in pairwise(entries) if before.id == entry.id}
    seen: set[tuple[str, int | None]] = set()
    for index, entry in enumerate(entries):
        if entry.id in repeated:
            key = (entry.id, None if entry.version is None else version_ns(entry.version))
            if key in seen:
                raise EntriesMismatch(
                    f"{entry.id} is listed twice with the same version; list each version once",
                    path=f"$.entries[{index}]",
                )
            seen.add(key)
