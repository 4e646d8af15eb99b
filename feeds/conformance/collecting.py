"""Is each collection what it must be? Rows on the list of collections, their rights, names and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from feeds.conformance.exchanges import Exchange, Notes
from feeds.conformance.rows import (
    Judgement,
    Level,
    Row,
    broken,
    judge_each,
    named,
    not_applicable,
    ok,
    status_in,
    unseen,
)
from feeds.errors import shown

_V4: Final = 4
_NO_ROOT: Final = "no API root of this server is known"
_NO_LIST: Final = "there is no list of collections"


def identifiers(exchange: Exchange) -> str | None:
    """Row 62."""
    for entry in exchange.dicts("collections"):
        if not _is_v4(entry.get("id")):
            return f"{shown(entry.get('id'))} is no UUID of version 4"
    return None


def _is_v4(text: object) -> bool:
    try:
        found = UUID(text) if isinstance(text, str) else None
    except ValueError:
        return False
    return found is not None and found.version == _V4


def stable_order(notes: Notes) -> Judgement:
    """Row 91."""
    first, again = notes.get("collections"), notes.get("collections again")
    if first is None or again is None or not first.ok or not again.ok:
        return unseen(_NO_LIST)
    one, other = ([each.get("id") for each in found.dicts("collections")] for found in (first, again))
    return ok(again) if one == other else broken(again, "another order than a moment before")


def collection_shape(notes: Notes) -> Judgement:
    """Row 92."""
    return judge_each((notes.get("collections"), notes.get("collection")), _no_collection, _NO_LIST)


def _no_collection(exchange: Exchange) -> str | None:
    if not exchange.ok:
        return f"{exchange.came}; 200 belongs there"
    if isinstance(exchange.value, dict) and "collections" not in exchange.value and "id" not in exchange.value:
        return None if not exchange.value else f"{exchange.came}, neither `collections` nor a collection"
    for entry in exchange.dicts("collections") or [dict(exchange.resource)]:
        if wrong := _wrong_entry(entry):
            return wrong
    return None


def _wrong_entry(entry: Mapping[str, Any]) -> str | None:
    for name, kind in {"id": str, "title": str, "can_read": bool, "can_write": bool}.items():
        if not isinstance(entry.get(name), kind):
            return f"`{name}` of a collection is missing or has the wrong type"
    wrong = [name for name in ("description", "alias") if name in entry and not isinstance(entry[name], str)]
    return f"`{wrong[0]}` of a collection is no text" if wrong else None


def rights_hold(notes: Notes) -> Judgement:
    """Row 93."""
    if (closed := notes.get("closed")) is not None and (wrong := status_in(403, 404)(closed)):
        return broken(closed, f"{wrong}, since `can_read` is false")
    open_one = notes.get("objects")
    if open_one is None:
        return ok(closed) if closed is not None else unseen("no collection says that it may be read")
    wrong = status_in(200)(open_one)
    return broken(open_one, f"{wrong}, since `can_read` is true") if wrong else ok(open_one)


def aliases(exchange: Exchange) -> str | None:
    """Row 94."""
    found = [str(each["alias"]) for each in exchange.dicts("collections") if "alias" in each]
    twice = [each for each in found if found.count(each) > 1]
    return f"the alias {shown(twice[0])} names two collections" if twice else None


def alias_works(notes: Notes) -> Judgement:
    """Row 95."""
    found = notes.get("alias")
    return not_applicable("the collection has no alias") if found is None else judge_each([found], status_in(200), "")


def media_types(notes: Notes) -> Judgement:
    """Row 96."""
    return judge_each((notes.get("collections"), notes.get("collection")), _no_types, _NO_LIST)


def _no_types(exchange: Exchange) -> str | None:
    for entry in exchange.dicts("collections") or [dict(exchange.resource)]:
        listed = entry.get("media_types", ["application/stix+json"])
        if not isinstance(listed, list) or not all(isinstance(each, str) and "/" in each for each in listed):
            return "`media_types` is no list of media types"
    return None


_MUST, _SHOULD, _TRAP = Level.MUST, Level.SHOULD, Level.TRAP
_ID: Final = "Use RFC 4122 version 4 UUIDs as identifiers of collections and statuses."
ROWS: Final = (
    Row(62, _MUST, "TAXII 2.1 §2", "ids are UUIDs, v4", _ID, named(["collections"], identifiers, _NO_LIST)),
    Row(
        91,
        _MUST,
        "TAXII 2.1 §3.3",
        "collections keep their order",
        "List collections in one fixed order, by id for example.",
        stable_order,
    ),
    Row(
        92,
        _MUST,
        "TAXII 2.1 §5.2.1",
        "collections have id, title, can_read, can_write",
        "Give every collection these four with texts and literal booleans.",
        collection_shape,
    ),
    Row(
        93,
        _MUST,
        "TAXII 2.1 §5.2.1",
        "can_read agrees with what the endpoints do",
        "Compute `can_read` for the very account that asks, by the rule that guards the objects.",
        rights_hold,
    ),
    Row(
        94,
        _MUST,
        "TAXII 2.1 §5.2.1",
        "aliases are unique",
        "Give each collection of an API root an alias of its own.",
        named(["collections"], aliases, _NO_LIST),
    ),
    Row(
        95,
        _SHOULD,
        "TAXII 2.1 §5.2.1",
        "an alias works in addresses",
        "Take the alias wherever the id is taken: EclecticIQ relies on it.",
        alias_works,
    ),
    Row(
        96,
        _MUST,
        "TAXII 2.1 §5.2.1",
        "media_types are media types",
        "List in `media_types` what the collection holds, or leave it out.",
        media_types,
    ),
    Row(
        97,
        _MUST,
        "TAXII 2.1 §5.2",
        "an unknown collection is 404",
        "Answer 404 for collections that are not there or may not be known.",
        named(["no collection", "no collection objects"], status_in(404), _NO_ROOT),
    ),
)
