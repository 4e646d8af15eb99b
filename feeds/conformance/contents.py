"""What does a page or a list of collections hold? The few things that the questions and the judges both read."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from feeds.conformance.exchanges import Exchange

FIRST: Final = "x-taxii-date-added-first"
LAST: Final = "x-taxii-date-added-last"
NO_PAGE: Final = "no collection with objects could be looked into"
Key = tuple[Any, Any]
"""A version of an object: id and version, as received."""


def keys_of(page: Exchange) -> list[Key]:
    """Which versions of which objects a page holds, in their order."""
    return [(str(each.get("id")), str(each.get("modified", each.get("created")))) for each in page.dicts("objects")]


def name_of(entry: dict[str, Any]) -> str | None:
    """A collection's id, if it may stand in an address."""
    identifier = entry.get("id")
    try:
        return identifier if isinstance(identifier, str) and UUID(identifier) else None
    except ValueError:
        return None


def identifier_in(collection: str) -> str:
    """The last part of a collection's address."""
    return collection.rstrip("/").rpartition("/")[2]


def readable(collections: Exchange) -> list[str]:
    """Ids of the collections that this account may read."""
    entries = collections.dicts("collections")
    return [found for each in entries if each.get("can_read") is True and (found := name_of(each))]


def ids(page: Exchange) -> list[str]:
    """The ids of a page's objects or records, in their order."""
    return [each["id"] for each in page.dicts("objects") if isinstance(each.get("id"), str)]


def dates(manifest: Exchange) -> list[str]:
    """The `date_added` of a manifest's records, in their order."""
    return [each["date_added"] for each in manifest.dicts("objects") if isinstance(each.get("date_added"), str)]
