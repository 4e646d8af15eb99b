"""What is in these files? STIX bundles, envelopes, single objects or NDJSON, parsed strictly, faults with path."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from keys.envelope import Item, item_of
from keys.errors import KeysError, Malformed
from keys.strict_json import MAX_DEPTH, Json, parse

from .faults import CirtError, Failure

STANDARD_INPUT = "-"
_AROUND = 2  # levels of nesting around an object: the envelope and its list


@dataclass(frozen=True, slots=True)
class Found:
    """An object and where it was found, as `file` or `file:line` and a path."""

    item: Item
    place: str


def parse_envelope(raw: bytes) -> Json:
    """Strict JSON with room for the envelope around its objects; raises `Malformed`."""
    return parse(raw, depth=MAX_DEPTH + _AROUND)


def read_files(names: Sequence[str]) -> list[Found | Failure]:
    """The objects of all files, in order, and what is wrong with them: each fault with file, line and path.

    Raises OSError where a file cannot be read, `CirtError` where there is nothing in them.
    """
    found = [each for name in names for each in objects_of(name, read_bytes(name))]
    if not found:
        raise CirtError(f"there is no STIX object in {', '.join(names)}", code="nothing")
    return found


def read_bytes(name: str) -> bytes:
    """The bytes of a file; `-` is standard input."""
    if name == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    return Path(name).read_bytes()


def objects_of(name: str, raw: bytes) -> Iterator[Found | Failure]:
    """The objects of one file's bytes, and what is wrong with it."""
    lines = raw.split(b"\n")
    if sum(1 for line in lines if line.strip()) > 1 and _is_object(lines[0]):
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield from _objects_in(f"{name}:{number}", line)
    else:
        yield from _objects_in(name, raw)


def _is_object(line: bytes) -> bool:
    """Whether a first line is a whole JSON object, so that the file is NDJSON."""
    try:
        return isinstance(parse_envelope(line), dict)
    except Malformed as fault:
        return line.lstrip()[:1] == b"{" and line.rstrip()[-1:] == b"}" and not fault.path.startswith("line")


def _objects_in(place: str, raw: bytes) -> Iterator[Found | Failure]:
    """The objects of one JSON text: a bundle, an envelope, or an object itself."""
    try:
        value = parse_envelope(raw)
    except KeysError as fault:
        yield Failure(fault.code, f"{place}: {fault}", fault.object_id)
        return
    held = value.get("objects") if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(held, list) and value.get("type") in {None, "bundle"}:
        for index, inner in enumerate(held):
            yield _object(f"{place}: $.objects[{index}]", inner)
    else:
        yield _object(f"{place}: $", value)


def _object(place: str, value: Json) -> Found | Failure:
    if not isinstance(value, dict):
        return Failure("malformed", f"{place}: a STIX object is a JSON object")
    try:
        return Found(item_of(value), place)
    except KeysError as fault:
        sentence = f"{place}{fault.path.removeprefix('$')}: {fault.sentence}"
        stix_id = value.get("id")
        return Failure(fault.code, sentence, stix_id if isinstance(stix_id, str) else None, places=(place,))
