"""What was posted? A TAXII envelope (TAXII 2.1 §3.7) taken apart into objects, each with its canonical bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, cast

import orjson

from keys.entries import Entry
from keys.errors import Fault, KeysError, Malformed, NotAnEnvelope
from keys.json_rules import Breach, Refused, numbers, survey
from keys.strict_json import MAX_DEPTH, MAX_OBJECT, Json, admit, decode, parse, parse_checked, sha256_hex, write

MANIFEST_TYPE = "publication-manifest"
"""STIX type of the objects that sign the others."""

MAX_ITEMS = 10_000
"""Most objects of one envelope, manifests included: the answer to a refused one names each of them."""

_TOO_MANY = f"an envelope has at most {MAX_ITEMS} objects; post several envelopes, each with its own manifests"
_BEGIN = b'{"objects":['
_AROUND = 2  # levels of nesting around an object: the envelope and its list
_ROOM = MAX_DEPTH + _AROUND


class Item(NamedTuple):
    """One object of an envelope: its value and the one spelling of it, which is signed, stored and served.

    A tuple, for an envelope has a thousand of them.

    Attributes:
        value: the parsed object; not to be changed.
        canonical: its RFC 8785 bytes.
        sha256: their digest, 64 lower-case hexadecimal digits.
        entry: the object as a manifest lists it.
    """

    value: dict[str, Json]
    canonical: bytes
    sha256: str
    entry: Entry

    @property
    def id(self) -> str:
        """The STIX id; empty where there is none."""
        return self.entry.id

    @property
    def type(self) -> str:
        """The STIX type; empty where there is none."""
        return _text(self.value.get("type")) or ""

    @property
    def version(self) -> str | None:
        """`modified`, else `created`, as written; None for an object with neither (TAXII 2.1 §3.4.1)."""
        return self.entry.version


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one request carries, in the order of the request.

    Attributes:
        manifests: the publication manifests; nothing in them is proven yet.
        objects: all other objects.
        oversized: `too-large` for each object beyond 1 MiB; `verify` refuses the envelope for them.
    """

    manifests: tuple[Item, ...]
    objects: tuple[Item, ...]
    oversized: tuple[Fault, ...] = ()


def open_envelope(raw: bytes) -> Envelope:
    """Read a request body: an envelope, or a STIX bundle in its place; other members of it are ignored.

    Args:
        raw: the body, exactly as received.

    Raises:
        Malformed: not strict JSON, or not a JSON object (HTTP 400); names the path, and the object where known.
        NotAnEnvelope: no usable `objects`, or more than `MAX_ITEMS` of them (HTTP 422).
    """
    items = _read_canonical(raw) or _read_checked(raw)
    oversized = tuple(
        Fault("too-large", f"the object has more than {MAX_OBJECT} bytes; split or shorten it", item.id, item.version)
        for item in items
        if len(item.canonical) > MAX_OBJECT
    )
    manifests = tuple(item for item in items if item.value.get("type") == MANIFEST_TYPE)
    if not manifests:
        return Envelope((), tuple(items), oversized)
    objects = tuple(item for item in items if item.value.get("type") != MANIFEST_TYPE)
    return Envelope(manifests, objects, oversized)


def item_of(value: dict[str, Json]) -> Item:
    """The item of an object already parsed, or built here; raises Malformed if it may not be signed."""
    return _item(value, fractions=admit(value))


def read_item(raw: bytes) -> Item:
    """The item of one object's text, however spelled; raises Malformed."""
    value = parse(raw)
    if not isinstance(value, dict):
        raise Malformed("a STIX object is a JSON object", path="$")
    return item_of(value)


def written_item(value: dict[str, Json], text: bytes) -> Item:
    """The item of an object whose canonical bytes are known to be these."""
    version = _text(value.get("modified")) or _text(value.get("created"))
    digest = sha256_hex(text)
    return Item(value, text, digest, Entry(_text(value.get("id")) or "", version, digest))


def _item(value: dict[str, Json], *, fractions: bool) -> Item:
    return written_item(value, write(value, fractions=fractions))


def _read_canonical(raw: bytes) -> list[Item] | None:
    """The items of a body that is canonical throughout and holds nothing else; None for any other, and a faulty one."""
    try:
        top = orjson.loads(raw)
        if type(top) is not dict or top.keys() != {"objects"} or type(top["objects"]) is not list:
            return None
        objects = top["objects"]
        if len(objects) > MAX_ITEMS:
            return None
        return _read_plain(raw, objects)
    except (ValueError, TypeError, Breach, KeysError):
        return None  # the checked way finds the same fault and tells where it is


def _read_plain(raw: bytes, objects: list[object]) -> list[Item] | None:
    """The items, if the body is an envelope of exactly their canonical texts; each is looked at while it is at hand."""
    items: list[Item] = []
    at, before = 0, _BEGIN
    for value in objects:
        text = write(cast("Json", value), fractions=False)
        if not raw.startswith(before, at) or not raw.startswith(text, at + len(before)):
            return None
        items.append(_accept(value, text))
        at += len(before) + len(text)
        before = b","
    return items if items and len(raw) == at + 2 and raw.endswith(b"]}") else None


def _accept(value: object, text: bytes) -> Item:
    """The item of an object whose text is proven to be what orjson writes; raises Breach or Malformed."""
    if type(value) is not dict:
        raise Breach("an object of an envelope is a JSON object")
    plain = text.isascii() and b"\\" not in text
    if numbers(value) if plain else survey(value):  # a fraction: orjson's spelling proves nothing
        checked = cast("dict[str, Json]", parse_checked(text))
        return _item(checked, fractions=survey(checked))
    return written_item(value, text)


def _read_checked(raw: bytes) -> list[Item]:
    """The items of any body, or the error that names the path to its first fault."""
    top = decode(raw, depth=_ROOM)
    if not isinstance(top, dict):
        admit(top, depth=_ROOM)
        raise Malformed("the body is not a JSON object; post a TAXII envelope", path="$")
    objects = top.pop("objects", None)
    admit(top, depth=_ROOM)
    if not isinstance(objects, list) or not objects:
        admit(objects, depth=_ROOM - 1, at=("objects",))
        raise NotAnEnvelope("`objects` is not a list with at least one object (TAXII 2.1 §3.7)", path="$.objects")
    if len(objects) > MAX_ITEMS:
        raise NotAnEnvelope(_TOO_MANY, path="$.objects")
    return list(_checked_items(objects))


def _checked_items(objects: list[object]) -> Iterable[Item]:
    for index, value in enumerate(objects):
        try:
            fractions = admit(value, at=("objects", index))
        except Malformed as error:
            inner = value.value if isinstance(value, Refused) else value
            if isinstance(inner, dict):
                error.object_id, error.version = _text(inner.get("id")), _text(inner.get("modified"))
            raise
        if not isinstance(value, dict):
            raise NotAnEnvelope("an object of an envelope is a JSON object", path=f"$.objects[{index}]")
        yield _item(value, fractions=fractions)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
