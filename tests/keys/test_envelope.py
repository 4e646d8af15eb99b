"""Envelopes: what was posted, object by object, or the one answer to a body that is none (T-37, T-40, T-42)."""

import json
from typing import Any

import pytest

from keys.envelope import item_of, open_envelope, read_item
from keys.errors import Malformed, NotAnEnvelope
from keys.strict_json import MAX_OBJECT, canonical, sha256_hex
from support.signing import body, manifest_of, objects

SPELLINGS = {
    "canonical": canonical,
    "as-clients-post": lambda value: json.dumps(value).encode(),
    "indented": lambda value: json.dumps(value, indent=2, ensure_ascii=False).encode(),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_bytes_do_not_depend_on_the_spelling(spell: Any) -> None:
    """T-48. Red if white space, order of keys or escapes of the request reach the signed bytes."""
    value: dict[str, Any] = {
        "type": "note",
        "id": "note--1",
        "modified": "2026",
        "created": "2025",
        "content": "é\u20ac",
        "n": [1, 2.5],
    }
    envelope = open_envelope(spell({"objects": [value], "more": False}))
    (item,) = envelope.objects
    assert item.canonical == canonical(value)
    assert item.sha256 == sha256_hex(item.canonical)
    assert item.value == value
    assert (item.type, item.id, item.version) == ("note", "note--1", "2026")
    assert envelope.manifests == ()


def test_manifests_are_told_apart_in_order() -> None:
    """Red if manifests stay among the objects, or the order of the request is lost."""
    one, two = objects(2)
    manifest = manifest_of([one])
    envelope = open_envelope(body(two, manifest, one))
    assert envelope.manifests == (manifest,)
    assert envelope.objects == (two, one)


def test_bundle_is_taken_as_envelope() -> None:
    """TAXII row 126. Red if a bundle's own members disturb."""
    (one,) = objects(1)
    raw = b'{"id":"bundle--1","objects":[' + one.canonical + b'],"spec_version":"2.0","type":"bundle"}'
    assert open_envelope(raw).objects == (one,)


@pytest.mark.parametrize("raw", ["null", "true", "1", '"x"', "[]", '[{"objects":[]}]', "1.5"])
def test_top_level_is_an_object(raw: str) -> None:
    """T-42. Red if anything but a JSON object passes, or is answered as an envelope (400, not 422)."""
    with pytest.raises(Malformed, match="not a JSON object") as refused:
        open_envelope(raw.encode())
    assert not isinstance(refused.value, NotAnEnvelope)


@pytest.mark.parametrize(
    "raw", ["{}", '{"more":false}', *(f'{{"objects":{v}}}' for v in ("null", "{}", '"x"', "[]", "1"))]
)
def test_objects_are_a_list_with_something_in_it(raw: str) -> None:
    """T-42, TAXII row 125. Red if an envelope without a usable `objects` passes, or is answered as unreadable."""
    with pytest.raises(NotAnEnvelope) as refused:
        open_envelope(raw.encode())
    assert refused.value.path == "$.objects"


@pytest.mark.parametrize("member", ["null", "1", '"x"', "[]"])
def test_every_object_is_an_object(member: str) -> None:
    """T-42. Red if a member of the list that is no JSON object passes."""
    with pytest.raises(NotAnEnvelope) as refused:
        open_envelope(f'{{"objects":[{{}},{member}]}}'.encode())
    assert refused.value.path == "$.objects[1]"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ('{"objects":[{},{"id":"x--1","modified":"m","a":[{"b":1,"b":2}]}]}', "$.objects[1].a[0]"),
        ('{"objects":[{},{"id":"x--1","modified":"m","id":"x--1"}]}', "$.objects[1]"),
        ('{"objects":[{},{"id":"x--1","modified":"m","n":1e16}]}', "$.objects[1].n"),
    ],
)
def test_fault_names_path_and_object(raw: str, path: str) -> None:
    """T-37. Red if the publisher is not told which object, or where in it."""
    with pytest.raises(Malformed) as refused:
        open_envelope(raw.encode())
    assert (refused.value.path, refused.value.object_id, refused.value.version) == (path, "x--1", "m")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b'{"more":NaN,"objects":[{}]}', "$.more"),
        (b'{"x":{"a":1,"a":1},"objects":[{}]}', "$.x"),
        (b'{"objects":[{}],"objects":[{}]}', "$"),
        (b'{"objects":1e16}', "$.objects"),
    ],
)
def test_ignored_members_are_strict_too(raw: bytes, path: str) -> None:
    """T-37. Red if what stands beside the objects escapes the rules (two readers could see two envelopes)."""
    with pytest.raises(Malformed) as refused:
        open_envelope(raw)
    assert refused.value.path == path


@pytest.mark.parametrize("levels", [64, 65])
@pytest.mark.parametrize("spell", ["canonical", "spaced"])
def test_depth_is_counted_from_the_object(levels: int, spell: str) -> None:
    """T-40. Red if the same object passes alone and is refused in an envelope, or the other way round."""
    inner = b'{"x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
    raw = b'{"objects":[' + inner + b"]}" + (b" " if spell == "spaced" else b"")
    if levels == 64:
        assert open_envelope(raw).objects[0].canonical == inner
        assert read_item(inner).canonical == inner
        return
    with pytest.raises(Malformed) as refused:
        open_envelope(raw)
    assert refused.value.path == "$.objects[0].x" + "[0]" * 63
    with pytest.raises(Malformed):
        read_item(inner)


def test_100000_levels_in_an_envelope() -> None:
    """T-40. Red if RecursionError escapes, or the path does not lead to the 65th level of the object."""
    raw = b'{"objects":[{"id":"x","a":' + b"[" * 100_000
    with pytest.raises(Malformed) as refused:
        open_envelope(raw)
    assert refused.value.path == "$.objects[0].a" + "[0]" * 63


def padded(size: int, number: int) -> dict[str, Any]:
    value: dict[str, Any] = {"id": f"note--{number}", "modified": "m", "x": ""}
    return value | {"x": "x" * (size - len(canonical(value)))}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_size_of_an_object(spell: Any) -> None:
    """Limit of 1 MiB. Red if it is off by one, counts the spelling, or names the first large object only."""
    sizes = [MAX_OBJECT, MAX_OBJECT + 1, 100, MAX_OBJECT + 2]
    values = [padded(size, number) for number, size in enumerate(sizes)]
    assert len(open_envelope(spell({"objects": [values[0], values[2]]})).objects) == 2
    found = open_envelope(spell({"objects": values})).oversized
    told = [(fault.code, fault.object_id, fault.version) for fault in found]
    assert told == [("too-large", "note--1", "m"), ("too-large", "note--3", "m")]


@pytest.mark.parametrize(
    ("value", "version"),
    [
        ({"created": "c", "modified": "m"}, "m"),
        ({"created": "c"}, "c"),
        ({}, None),
        ({"created": 1, "modified": None}, None),
    ],
)
def test_version_of_an_object(value: dict[str, Any], version: str | None) -> None:
    """TAXII row 146. Red if `created` wins, or a version is made up."""
    assert item_of(value).version == version
    assert item_of(value).entry == ("", version, item_of(value).sha256)


def test_one_object_alone() -> None:
    """Red if a lone object is read otherwise than in an envelope."""
    (one,) = objects(1)
    assert read_item(json.dumps(one.value, indent=1).encode()) == one
    with pytest.raises(Malformed):
        read_item(b"[]")
