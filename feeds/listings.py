"""What does a page look like? Envelope, manifest and versions, joined from stored bytes, and the headers beside them.

Nothing is parsed or encoded again on the way out: the bytes that were signed are the bytes that are sent. `more` is
always present; `next` stands exactly where `more` is true, and then the page is not empty (clients loop otherwise).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from feeds.accept import STIX_MEDIA_TYPE
from feeds.timestamps import format_taxii

FIRST_HEADER: Final = "X-TAXII-Date-Added-First"
LAST_HEADER: Final = "X-TAXII-Date-Added-Last"
_EMPTY: Final = b'{"more":false}'


@dataclass(frozen=True, slots=True)
class Record:
    """One manifest record (TAXII 2.1 §5.3.1).

    Attributes:
        stix_id: The object's id.
        position: When this version was added to this collection: microseconds since the epoch.
        version: The object's `modified`, else `created`, as written; None for an object with neither, whose
            `date_added` then is its version.
    """

    stix_id: str
    position: int
    version: str | None


def envelope(bodies: Sequence[bytes], *, next_token: str | None = None) -> bytes:
    """An envelope of stored objects (TAXII 2.1 §3.7), byte for byte.

    Args:
        bodies: The canonical JSON of each object, in the order of their positions.
        next_token: The token of the page after this one; None where this is the last.

    Raises:
        ValueError: an empty page that promises more.
    """
    return _page(b"objects", bodies, next_token)


def manifest(records: Iterable[Record], *, next_token: str | None = None) -> bytes:
    """A manifest page (TAXII 2.1 §5.3.1), with `next` as the envelope has it; see `envelope`."""
    return _page(b"objects", [_record(each) for each in records], next_token)


def versions(texts: Iterable[str], *, next_token: str | None = None) -> bytes:
    """A versions page (TAXII 2.1 §5.8.1): version texts as written, in the order of their positions; see `envelope`."""
    return _page(b"versions", [orjson.dumps(each) for each in texts], next_token)


def date_added_headers(first: int | None, last: int | None) -> dict[str, str]:
    """The two X-TAXII headers of a page from the positions of its first and last row; none for an empty page (§3.2)."""
    if first is None or last is None:
        return {}
    return {FIRST_HEADER: format_taxii(first), LAST_HEADER: format_taxii(last)}


def _record(record: Record) -> bytes:
    """One manifest record as bytes; ids and versions are encoded, since they came from outside."""
    added = format_taxii(record.position)
    version = added if record.version is None else record.version
    return orjson.dumps({"id": record.stix_id, "date_added": added, "media_type": STIX_MEDIA_TYPE, "version": version})


def _page(name: bytes, bodies: Sequence[bytes], next_token: str | None) -> bytes:
    """One list with `more` and `next` before it; a single join, so that the page is copied once."""
    if not bodies:
        if next_token is not None:
            raise ValueError("An empty page cannot promise more: clients would ask for ever.")
        return _EMPTY
    before = b'{"more":false,"' if next_token is None else b'{"more":true,"next":' + orjson.dumps(next_token) + b',"'
    parts = list(bodies)
    parts[0] = before + name + b'":[' + parts[0]
    parts[-1] += b"]}"
    return b",".join(parts)
