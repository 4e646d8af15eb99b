"""Are objects, manifest and versions what they must be? Rows on the pages that carry content, and their headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from feeds.conformance.contents import NO_PAGE, ids
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
    unseen,
)
from feeds.errors import shown

_STIX: Final = ("objects", "object", "version all", "walk 1", "walk 2", "bare")
_SPEC_VERSIONS: Final = frozenset({"2.0", "2.1"})


def envelope(exchange: Exchange) -> str | None:
    """Row 110."""
    if not exchange.ok:
        return f"{exchange.came}; 200 belongs there"
    if not isinstance(exchange.value, dict):
        return "the body is no JSON object"
    if exchange.value.get("type") == "bundle" or "items" in exchange.value:
        return "a bundle or a list of `items` instead of an envelope"
    value = exchange.value.get("objects", [])
    return None if isinstance(value, list) else "`objects` is no list"


def stix_objects(exchange: Exchange) -> str | None:
    """Row 111."""
    for each in exchange.listed("objects"):
        if not isinstance(each, dict) or each.get("type") == "bundle":
            return "a bundle, or something that is no object, stands among the objects"
        kind, _, rest = str(each.get("id")).partition("--")
        if kind != each.get("type") or not _is_uuid(rest):
            return f"{shown(each.get('id'))} is no id of {shown(each.get('type'))}"
    return None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def valid_stix(exchange: Exchange) -> str | None:
    """Row 207: what every STIX object must say of itself (STIX 2.1 §3.2)."""
    for each in exchange.dicts("objects"):
        spec = each.get("spec_version")
        if spec is not None and spec not in _SPEC_VERSIONS:
            return f"`spec_version` of {shown(each.get('id'))} is {shown(spec)}"
        if "modified" in each and "created" not in each:
            return f"{shown(each.get('id'))} has `modified` without `created`"
    return None


def bare(notes: Notes) -> Judgement:
    """Row 114: the parameters are optional, so a request without any is served."""
    return judge_each([notes.exchanges.get("bare")], envelope, NO_PAGE)


def capped(notes: Notes) -> Judgement:
    """Row 199."""
    found = notes.exchanges.get("bare")
    if found is None or found.lost:
        return unseen(NO_PAGE)
    return broken(found, found.came) if found.status is None else ok(found)


def nothing_matches(exchange: Exchange) -> str | None:
    """Row 112."""
    if not exchange.ok:
        return f"{exchange.came}; 200 with an empty envelope belongs there"
    if not isinstance(exchange.value, dict):
        return "the body is no envelope"
    return "`objects` is there though nothing can match" if "objects" in exchange.value else None


def manifest_shape(exchange: Exchange) -> str | None:
    """Row 100."""
    if not exchange.ok or not isinstance(exchange.value, dict):
        return f"{exchange.came}; a manifest belongs there"
    value = exchange.value.get("objects", [])
    return None if isinstance(value, list) and value != [{}] else "`objects` is no list of records"


def records(notes: Notes) -> Judgement:
    """Row 101."""
    found = notes.get("manifest")
    if found is None or not found.listed("objects"):
        return unseen(NO_PAGE)
    allowed = _types_of(notes)
    for each in found.listed("objects"):
        if not isinstance(each, dict) or not all(isinstance(each.get(k), str) for k in ("id", "date_added", "version")):
            return broken(found, "a record without text `id`, `date_added` or `version`")
        if allowed and "media_type" in each and each["media_type"] not in allowed:
            return broken(found, f"{shown(each['media_type'])} is not among the collection's `media_types`")
    return ok(found)


def _types_of(notes: Notes) -> list[Any]:
    found = notes.get("collection")
    return [] if found is None else found.listed("media_types")


def same_in_both(notes: Notes) -> Judgement:
    """Row 102."""
    pages = notes.get("objects"), notes.get("manifest")
    if not pages[0] or not pages[1] or not ids(pages[0]) or not pages[1].ok:
        return unseen(NO_PAGE)
    objects, manifest = ids(pages[0]), ids(pages[1])
    common = min(len(objects), len(manifest))
    if not common or objects[:common] != manifest[:common]:
        return broken(pages[1], "the manifest lists other objects, or in another order, than the same GET of objects")
    return ok(pages[1])


def versions_as_written(notes: Notes) -> Judgement:
    """Row 61."""
    page, manifest, listed = notes.get("objects"), notes.get("manifest"), notes.get("versions")
    if page is None or manifest is None or not ids(page):
        return unseen(NO_PAGE)
    written: dict[str, set[str]] = {}
    for each in page.dicts("objects"):
        if isinstance(each.get("id"), str) and (stamp := _stamp(each)):
            written.setdefault(each["id"], set()).add(stamp)
    for record in manifest.dicts("objects"):
        stamps = written.get(str(record.get("id")))
        if stamps and record.get("version") not in stamps:
            return broken(manifest, f"{shown(record.get('version'))} where the object says {shown(min(stamps))}")
    stamps = written.get(notes.subject or "")
    if stamps and listed is not None and listed.ok and not stamps & {str(each) for each in listed.listed("versions")}:
        return broken(listed, f"{shown(min(stamps))}, as the object says, is not listed in these letters")
    return ok(manifest)


def _stamp(entry: Mapping[str, Any]) -> str | None:
    value = entry.get("modified", entry.get("created"))
    return value if isinstance(value, str) else None


def by_id(exchange: Exchange) -> str | None:
    """Row 140."""
    wrong = envelope(exchange)
    if wrong:
        return wrong
    found = set(ids(exchange))
    return None if len(found) == 1 else f"{len(found)} different objects where one was asked for"


def no_object(exchange: Exchange) -> str | None:
    """Row 142."""
    empty = exchange.ok and isinstance(exchange.value, dict) and not exchange.listed("objects")
    return None if exchange.status == 404 or empty else f"{exchange.came}; 404 belongs there"  # noqa: PLR2004


def version_list(exchange: Exchange) -> str | None:
    """Row 144."""
    if not exchange.ok or not isinstance(exchange.value, dict):
        return f"{exchange.came}; a list of versions belongs there"
    listed = exchange.value.get("versions", [])
    good = isinstance(listed, list) and all(isinstance(each, str) for each in listed)
    return None if good else "`versions` is no list of texts"


def versions_in_order(notes: Notes) -> Judgement:
    """Row 145."""
    found, records = notes.get("versions"), notes.get("records of object")
    listed = [] if found is None else [str(each) for each in found.listed("versions")]
    if found is None or records is None or len(listed) < 2:  # noqa: PLR2004 - an order takes two
        return not_applicable("the object looked at has one version")
    added = list(dict.fromkeys(str(each.get("version")) for each in records.dicts("objects")))
    common = [each for each in added if each in listed]
    return ok(found) if listed == common else broken(found, "another order than that in which they were added")


_MUST, _SHOULD, _TRAP = Level.MUST, Level.SHOULD, Level.TRAP
ROWS: Final = (
    Row(
        61,
        _MUST,
        "TAXII 2.1 §4.3.1, §5.3.1, §5.8",
        "versions are the object's own text",
        "Give the version letter by letter as the object's `modified` (else `created`) spells it.",
        versions_as_written,
    ),
    Row(
        100,
        _MUST,
        "TAXII 2.1 §5.3.1",
        "the manifest is a manifest",
        "Answer the manifest endpoint with an object whose `objects` lists records.",
        named(["manifest"], manifest_shape, NO_PAGE),
    ),
    Row(
        101,
        _MUST,
        "TAXII 2.1 §5.3.1",
        "records have id, date_added, version",
        "Complete the records; `media_type` is one of the collection's.",
        records,
    ),
    Row(
        102,
        _MUST,
        "TAXII 2.1 §5.3",
        "the manifest lists what objects lists",
        "Let both endpoints select and order the same rows.",
        same_in_both,
    ),
    Row(
        110,
        _MUST,
        "TAXII 2.1 §3.7, §5.4",
        "objects come in an envelope",
        "Answer with an envelope: `more`, `next`, `objects`.",
        named(["objects"], envelope, NO_PAGE),
    ),
    Row(
        111,
        _MUST,
        "TAXII 2.1 §3.7",
        "only STIX objects stand in it",
        "List STIX objects themselves, never a bundle, each with an id of its own type.",
        named(_STIX, stix_objects, NO_PAGE),
    ),
    Row(
        112,
        _MUST,
        "TAXII 2.1 §3.7, §5.4",
        "nothing found is an empty envelope",
        "Answer 200 with `objects` left out where nothing matches.",
        named(["future"], nothing_matches, NO_PAGE),
    ),
    Row(
        114,
        _MUST,
        "TAXII 2.1 §5.4",
        "a GET without any filter is served",
        "All filters are optional: choose a page size where `limit` is absent.",
        bare,
    ),
    Row(
        140,
        _MUST,
        "TAXII 2.1 §5.6",
        "one object comes in an envelope",
        "Answer with an envelope that holds the object's latest version.",
        named(["object"], by_id, NO_PAGE),
    ),
    Row(
        142,
        _MUST,
        "TAXII 2.1 §5.6",
        "an unknown object is 404",
        "Answer 404, or an empty envelope, for an id that is not there.",
        named(["no object"], no_object, NO_PAGE),
    ),
    Row(
        144,
        _MUST,
        "TAXII 2.1 §5.8",
        "versions are a list of texts",
        "Answer the versions endpoint with `versions`, a list of texts.",
        named(["versions"], version_list, NO_PAGE),
    ),
    Row(
        145,
        _SHOULD,
        "TAXII 2.1 §3.5",
        "versions ascend",
        "List versions in the order in which they were added.",
        versions_in_order,
    ),
    Row(
        199,
        _SHOULD,
        "TAXII 2.1 appendix B",
        "an answer is bounded",
        "Cap the objects of one answer, whatever is asked.",
        capped,
    ),
    Row(
        207,
        _MUST,
        "TAXII 2.1 §8.1; STIX 2.1 §3.2",
        "what is served is STIX",
        "Serve each object as it was published: `spec_version` is `2.1`.",
        named(_STIX, valid_stix, NO_PAGE),
    ),
)
