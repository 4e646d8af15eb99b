"""Are discovery, API root, collections and status what they must be? Rows on the resources that lead to the objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from feeds.accept import MEDIA_TYPE, media_ranges
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

_LISTS: Final = ("api_roots", "collections", "objects", "versions", "media_types")
_ABSOLUTE: Final = re.compile(r"https?://[^/?#]+(/[^?#]*)?")
_RELATIVE: Final = re.compile(r"/(?!/)[^?#]*")
_HTTPS_ONLY: Final = "https://"
_NO_DISCOVERY: Final = "there is no discovery resource"
_NO_ROOT: Final = "no API root of this server is known"


def discovery_found(notes: Notes) -> Judgement:
    """Row 20."""
    return judge_each([notes.exchanges.get("discovery")], status_in(200), _NO_DISCOVERY)


def roots(notes: Notes) -> Judgement:
    """Row 21."""
    found = _resource(notes, "discovery")
    if found is None:
        return unseen(_NO_DISCOVERY)
    return ok(found) if found.listed("api_roots") else broken(found, "no API root is named for this account")


def discovery_title(exchange: Exchange) -> str | None:
    """Row 70."""
    value = exchange.resource
    if not isinstance(value.get("title"), str):
        return "no text `title`"
    for name in ("description", "contact", "default"):
        if name in value and not isinstance(value[name], str):
            return f"`{name}` is no text"
    return None


def default_is_a_root(notes: Notes) -> Judgement:
    """Row 71."""
    found = _resource(notes, "discovery")
    if found is None:
        return unseen(_NO_DISCOVERY)
    if "default" not in found.resource:
        return not_applicable("no default is named")
    default = found.resource["default"]
    if default in found.listed("api_roots"):
        return ok(found, shown(default))
    return broken(found, f"`default` is {shown(default)}, which is not among `api_roots` in these letters")


def root_addresses(notes: Notes) -> Judgement:
    """Row 72."""
    found = _resource(notes, "discovery")
    if found is None or not found.listed("api_roots"):
        return unseen(_NO_DISCOVERY)
    for each in found.listed("api_roots"):
        absolute = isinstance(each, str) and _ABSOLUTE.fullmatch(each) and (notes.local or each.startswith(_HTTPS_ONLY))
        if not absolute and not (isinstance(each, str) and _RELATIVE.fullmatch(each)):
            return broken(found, f"{shown(each)} is neither an https address nor a path from `/`, without a query")
    return ok(found)


def handy_addresses(notes: Notes) -> Judgement:
    """Row 74."""
    found = _resource(notes, "discovery")
    if found is None or not found.listed("api_roots"):
        return unseen(_NO_DISCOVERY)
    if "default" not in found.resource:
        return broken(found, "no `default` is named")
    for each in (found.resource["default"], *found.listed("api_roots")):
        if not (isinstance(each, str) and urlsplit(each).scheme and each.endswith("/")):
            return broken(found, f"{shown(each)} is not absolute, or does not end in `/`")
    return ok(found)


def root_shape(exchange: Exchange) -> str | None:
    """Row 75."""
    value = exchange.resource
    if not isinstance(value.get("title"), str):
        return f"{exchange.came}, no text `title`"
    missing = [name for name in ("versions", "max_content_length") if name not in value]
    return f"no `{missing[0]}`" if missing else None


def root_versions(exchange: Exchange) -> str | None:
    """Row 76."""
    listed = exchange.listed("versions")
    for each in listed:
        ranges = list(media_ranges(each)) if isinstance(each, str) else []
        if len(ranges) != 1 or ranges[0].subtype != "taxii+json" or not ranges[0].versions():
            return f"{shown(each)} is no TAXII media type with its version"
    return None if MEDIA_TYPE in listed else f"`{MEDIA_TYPE}` is not listed"


def root_length(exchange: Exchange) -> str | None:
    """Row 77."""
    length = exchange.resource.get("max_content_length")
    if isinstance(length, int) and not isinstance(length, bool) and length > 0:
        return None
    return f"`max_content_length` is {shown(repr(length))}"


def no_empty_lists(notes: Notes) -> Judgement:
    """Row 63."""
    return judge_each((each for each in notes.answered().values() if each.resource), _empty_list, "no resource came")


def _empty_list(exchange: Exchange) -> str | None:
    inner = exchange.dicts("collections")
    for value in (exchange.resource, *inner):
        for name in _LISTS:
            if value.get(name) == []:
                return f"`{name}` is an empty list; it belongs left out"
    return None


def literal_types(notes: Notes) -> Judgement:
    """Row 64."""
    answers = (each for each in notes.answered().values() if "more" in each.resource or each.dicts("collections"))
    return judge_each(answers, _no_literal, "no page and no list of collections came")


def _no_literal(exchange: Exchange) -> str | None:
    if not isinstance(exchange.resource.get("more", False), bool):
        return f"`more` is {shown(repr(exchange.resource['more']))}"
    return next(_no_flags(exchange), None)


def _no_flags(exchange: Exchange) -> Iterator[str]:
    for entry in exchange.dicts("collections"):
        for name in ("can_read", "can_write"):
            if name in entry and not isinstance(entry[name], bool):
                yield f"`{name}` is {shown(repr(entry[name]))}"


def no_nulls(notes: Notes) -> Judgement:
    """Row 65."""
    return judge_each((each for each in notes.answered().values() if each.resource), _null, "no resource came")


def _null(exchange: Exchange) -> str | None:
    for value in (exchange.resource, *exchange.dicts("collections")):
        for name, each in value.items():
            if each is None:
                return f"{shown(name)} is null; it belongs left out"
    return None


def _resource(notes: Notes, name: str) -> Exchange | None:
    found = notes.get(name)
    return found if found is not None and found.resource else None


_MUST, _SHOULD, _TRAP = Level.MUST, Level.SHOULD, Level.TRAP
ROWS: Final = (
    Row(20, _MUST, "TAXII 2.1 §8.2.1", "discovery is at /taxii2/", "Serve discovery at `/taxii2/`.", discovery_found),
    Row(21, _MUST, "TAXII 2.1 §4.2", "there is an API root", "Name at least one API root in discovery.", roots),
    Row(63, _MUST, "TAXII 2.1 §2", "no list is empty", "Leave out a list that would be empty.", no_empty_lists),
    Row(64, _MUST, "TAXII 2.1 §2", "booleans are literals", "Send `true` and `false` as literals.", literal_types),
    Row(65, _SHOULD, "TAXII 2.1 §3.8", "nothing is null", "Leave a property out rather than send null.", no_nulls),
    Row(
        70,
        _MUST,
        "TAXII 2.1 §4.1.1",
        "discovery has a title",
        "Give the discovery resource a text `title`; its other properties are texts too.",
        named(["discovery"], discovery_title, _NO_DISCOVERY),
    ),
    Row(
        71,
        _MUST,
        "TAXII 2.1 §4.1.1",
        "default is one of api_roots",
        "Write `default` exactly as it stands among `api_roots`: clients look it up by its letters.",
        default_is_a_root,
    ),
    Row(
        72,
        _MUST,
        "TAXII 2.1 §4.1.1",
        "API roots are https addresses, or paths from /",
        "Name API roots by https addresses or by paths that begin with one `/`, without a query.",
        root_addresses,
    ),
    Row(
        74,
        _TRAP,
        "TAXII 2.1 §4.1.1",
        "API roots are absolute, end in / and have a default",
        "Publish absolute addresses ending in `/` and name a default: cytaxii2 and OpenCTI's connector need them.",
        handy_addresses,
    ),
    Row(
        75,
        _MUST,
        "TAXII 2.1 §4.2.1",
        "the API root has title, versions, max_content_length",
        "Add what is missing to the API root resource.",
        named(["root"], root_shape, _NO_ROOT),
    ),
    Row(
        76,
        _MUST,
        "TAXII 2.1 §4.2.1",
        "versions are media types with their version",
        f"List `{MEDIA_TYPE}` in full: Microsoft Sentinel refuses anything else.",
        named(["root"], root_versions, _NO_ROOT),
    ),
    Row(
        77,
        _MUST,
        "TAXII 2.1 §4.2.1",
        "max_content_length is a number of bytes",
        "Send a whole number above 0: MISP packs its envelopes to it.",
        named(["root"], root_length, _NO_ROOT),
    ),
    Row(
        89,
        _MUST,
        "TAXII 2.1 §4.3",
        "an unknown status is 404, a bad id 404 or 400",
        "Answer 404 for statuses that are not there, whatever their id looks like.",
        named(["no status", "bad status"], status_in(400, 404), _NO_ROOT),
    ),
)
