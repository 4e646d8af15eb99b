"""Strict JSON: one reading, one spelling, and a path to whatever breaks the rules (T-37 to T-41, T-49)."""

import importlib.util
import json
import math
import struct
from pathlib import Path
from types import ModuleType

import pytest
import rfc8785

from keys.errors import Malformed, NotCanonical
from keys.strict_json import MAX_DEPTH, MAX_INTEGER, Json, canonical, parse, parse_canonical, parse_checked, sha256_hex

VECTORS = Path(__file__).parent.parent / "vectors"


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DEFECTS: dict[str, str] = json.loads((VECTORS / "strict_json" / "where.txt").read_text())
NUMBERS = [
    tuple(line.split())
    for line in (VECTORS / "rfc8785_numbers.txt").read_text().splitlines()
    if not line.startswith("#")
]


def test_golden_files_are_what_the_generator_writes() -> None:
    """Red if a file was edited by hand, forgotten or left over."""
    written = module_of(VECTORS / "make_strict_json.py").files()
    assert {path.name: path.read_bytes() for path in (VECTORS / "strict_json").iterdir()} == written


@pytest.mark.parametrize("name", DEFECTS)
@pytest.mark.parametrize("read", [parse, parse_checked])
def test_defect_is_refused_with_its_path(name: str, read: type) -> None:
    """T-37 to T-41. Red if the rule named by the file is dropped, or the path to the fault is lost."""
    raw = (VECTORS / "strict_json" / f"{name}.json").read_bytes()
    with pytest.raises(Malformed) as refused:
        read(raw)
    assert refused.value.path == DEFECTS[name]
    assert refused.value.code == "malformed"
    assert len(refused.value.sentence) < 300
    assert refused.value.sentence.isprintable()


def test_duplicate_key_is_named() -> None:
    """T-37. Red if the sentence does not say which key, or says it unescaped."""
    with pytest.raises(Malformed, match=r'the key "two\\nlines" stands twice'):
        parse(b'{"two\\nlines":1,"two\\u000alines":2}')


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"a":1e400}', "beyond"),
        (b'{"a":NaN}', "NaN"),
        (b"\xef\xbb\xbf1", "byte order mark"),
        (b"\0[\0]", "UTF-16-BE"),
    ],
)
def test_sentence_names_the_fault(raw: bytes, words: str) -> None:
    """T-38, T-41. Red if one fault is told in the words of another."""
    with pytest.raises(Malformed, match=words):
        parse(raw)


@pytest.mark.parametrize("value", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("closed", [True, False])
def test_nesting_100000_levels(value: str, *, closed: bool) -> None:
    """T-40. Red if RecursionError escapes, or the fault is told elsewhere than at the 65th level."""
    levels = 100_000 // value.count("[") if "[" in value else 100_000
    ends = {"[": "]", "{": "}"}
    closing = "".join(ends[sign] for sign in reversed(value) if sign in ends)
    raw = value * levels + ("1" + closing * levels if closed else "")
    with pytest.raises(Malformed, match="nested deeper than 64") as refused:
        parse(raw.encode())
    assert refused.value.path == {"[": "$" + "[0]" * 64, '{"a":': "$" + ".a" * 64, '[{"a":': "$" + "[0].a" * 32}[value]


def test_path_to_depth_skips_what_stands_before() -> None:
    """T-40. Red if brackets within texts, or closed lists before the place, are counted."""
    raw = b'{"a":"[[{\\"{","b":[[],{},{"c":' + b"[" * 5000 + b"]" * 5000 + b"}]}"
    with pytest.raises(Malformed) as refused:
        parse(raw)
    assert refused.value.path == "$.b[2].c" + "[0]" * 61


def test_depth_64_is_accepted() -> None:
    """T-40. Red if the limit is off by one (64 levels pass, the 65th does not; see the golden files)."""
    raw = b"[" * MAX_DEPTH + b'"x"' + b"]" * MAX_DEPTH
    assert canonical(parse(raw)) == raw
    mixed = b'{"a":[' * 32 + b"1" + b"]}" * 32
    assert parse(mixed) == parse_checked(mixed)


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_rfc_8785_number_table(bits: str, text: str) -> None:
    """T-49, RFC 8785 Appendix B. Red if a double is spelled otherwise, or one beyond 2^53-1 or -0 is let through."""
    value: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    if text != "-":
        assert rfc8785.dumps(value).decode() == text
    minus_zero = value == 0 and math.copysign(1, value) < 0
    if text == "-" or abs(value) > MAX_INTEGER or minus_zero:
        with pytest.raises(Malformed):
            canonical([value])
        with pytest.raises(Malformed):
            parse(json.dumps([value]).encode())
    else:
        assert canonical([value]) == f"[{text}]".encode()
        assert canonical(parse(f"[{text}]".encode())) == f"[{text}]".encode()
        assert parse(json.dumps([value]).encode()) == [value]


def test_rfc_8785_example() -> None:
    """T-49, RFC 8785 §3.2.2 and §3.2.4, without its 1E30. Red if escapes, order or numbers are spelled otherwise."""
    raw = (
        rb'{ "numbers": [333333333.33333329, 4.50, 2e-3, 0.000000000000000000000000001],'
        rb' "string": "\u20ac$\u000F\u000aA' + rb"'" + rb'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false] }'
    )
    expected = (
        rb'{"literals":[null,true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA' + b"'" + rb'B\"\\\\\"/"}'
    )
    assert canonical(parse(raw)) == expected
    with pytest.raises(Malformed) as refused:
        parse(raw.replace(b"4.50,", b"4.50, 1E30,"))
    assert refused.value.path == "$.numbers[2]"


def test_rfc_8785_order_of_keys() -> None:
    """T-49, RFC 8785 §3.2.3, non-BMP included. Red if the library sorts otherwise, or such keys are let through."""
    names = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    text = rfc8785.dumps(dict.fromkeys(reversed(names), 1))
    assert list(json.loads(text)) == names
    with pytest.raises(Malformed, match="other than ASCII"):
        parse(text)
    with pytest.raises(Malformed, match="other than ASCII"):
        canonical(dict.fromkeys(names, 1))


def test_ascii_keys_sort_by_code_unit() -> None:
    """T-49. Red if keys sort by locale, by length or without case."""
    assert canonical({"b": 1, "B": 2, "a_b": 3, "a-b": 4, "": 5, "aa": 6}) == (
        b'{"":5,"B":2,"a-b":4,"a_b":3,"aa":6,"b":1}'
    )


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"1.0", 1),
        (b"1e2", 100),
        (b"100e-2", 1),
        (b"0.0", 0),
        (b"0e400", 0),
        (b"1e-400", 0),
        (b"9007199254740991", MAX_INTEGER),
        (b"-9007199254740991.0", -MAX_INTEGER),
        (b"-1.50", -1.5),
        (b' {"a" : [ ] }\r\n\t', {"a": []}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\u007f\\u2028\\/"', "\x7f\u2028/"),
        (b'"\\ufdfa\\u0fff\\ufffd"', "\ufdfa\u0fff\ufffd"),
        (b"null", None),
        (b"true", True),
    ],
)
def test_what_is_accepted_however_spelled(raw: bytes, value: Json) -> None:
    """T-48. Red if a lawful spelling is refused, or a whole number comes back as a float."""
    found = parse(raw)
    assert found == value
    assert type(found) is type(value)
    assert parse(canonical(found)) == found


@pytest.mark.parametrize("raw", [b' {"a":1}', b'{"b":1,"a":1}', b'{"a":1.0}', b'{"a":"\\u0041"}', b'{"a":"\\/"}'])
def test_signed_payload_has_one_spelling(raw: bytes) -> None:
    """T-48. Red if a payload is taken in any other spelling than the canonical one."""
    parse(raw)
    with pytest.raises(NotCanonical):
        parse_canonical(raw)
    assert parse_canonical(canonical(parse(raw))) == parse(raw)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": {"b": [1, math.nan]}}, "$.a.b[1]"),
        ({"a": -0.0}, "$.a"),
        ({"a": 2**53}, "$.a"),
        ({"a": 10**400}, "$.a"),
        ({"a": 1e16}, "$.a"),
        ({"a": (1, 2)}, "$.a"),
        ({"a": b"x"}, "$.a"),
        ({1: "x"}, "$"),
        ({"odd key": ["\ud800"]}, '$["odd key"][0]'),
    ],
)
def test_what_nobody_could_read_is_not_written(value: Json, path: str) -> None:
    """T-49. Red if `canonical` writes (or orjson nulls, or rounds) what `parse` would not return."""
    with pytest.raises(Malformed) as refused:
        canonical(value)
    assert refused.value.path == path


def test_long_keys_are_cut_in_paths() -> None:
    """T-37. Red if a key of a megabyte is repeated in the answer."""
    with pytest.raises(Malformed) as refused:
        parse(b'{"' + b"k" * 100_000 + b'":{"a":1,"a":1}}')
    assert len(refused.value.path) < 200


def test_sha256_is_lower_case_hex() -> None:
    """FIPS 180-2 B.1. Red if the digest is of something else or spelled otherwise."""
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
