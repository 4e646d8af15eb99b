"""Which value do these bytes spell, and which bytes does this value have? One parser and one writer for signed data.

No other parsing of signed data anywhere: what two readers could read differently is refused, with the path to it and
what cures it. What passes is written in exactly one way (RFC 8785), and reads back as the same value.

`orjson` reads most bodies: if it writes back the very bytes it read, keys were unique, sorted and spelled in the one
way, and the rules of `json_rules` remain to be checked. Where that fails, or a number has a fraction (whose spelling
orjson and RFC 8785 do not share), the standard library reads again, with an eye on every key and number. Both ways
accept the same bytes.
"""

import hashlib
import json
import math
import re
from typing import NoReturn, cast

import orjson
import rfc8785

from keys.errors import Malformed, NotCanonical
from keys.json_rules import (
    BEYOND,
    MAX_DEPTH,
    MAX_INTEGER,
    MINUS_ZERO,
    NO_NUMBER,
    Breach,
    Json,
    Refused,
    path_text,
    quoted,
    survey,
    unfit,
)

__all__ = ["MAX_DEPTH", "MAX_INTEGER", "MAX_OBJECT", "Json", "canonical", "parse", "parse_canonical", "sha256_hex"]

MAX_OBJECT = 1024 * 1024
"""Bytes of one STIX object in its canonical form."""

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_LONGEST_INTEGER = len(str(-MAX_INTEGER))
_SIGN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)


def parse(raw: bytes, *, depth: int = MAX_DEPTH) -> Json:
    """The value of a JSON text (RFC 8259) that also obeys RFC 7493 and the rules of `json_rules`.

    Args:
        raw: the whole text, UTF-8 without byte order mark.
        depth: levels of nesting allowed.

    Returns:
        The value; a number without fraction is an `int` however it was spelled.

    Raises:
        Malformed: anything else, with the path to the fault.
    """
    try:
        value: Json = orjson.loads(raw)
        if orjson.dumps(value, option=_OPTIONS) == raw and not survey(value, depth):
            return value
    except (ValueError, TypeError, Breach):
        pass  # the checked way finds the same fault and tells where it is
    return parse_checked(raw, depth=depth)


def parse_checked(raw: bytes, *, depth: int = MAX_DEPTH) -> Json:
    """The same as `parse` by the standard library alone: slower, and the one that explains."""
    value = decode(raw, depth=depth)
    admit(value, depth=depth)
    return cast("Json", value)


def parse_canonical(raw: bytes) -> Json:
    """The value of a JSON text that must already be in RFC 8785 form; raises Malformed, or NotCanonical."""
    value = parse(raw)
    if canonical(value) != raw:
        raise NotCanonical("not in RFC 8785 form; sign the canonical bytes (sorted keys, no white space)")
    return value


def canonical(value: Json, *, depth: int = MAX_DEPTH) -> bytes:
    """The RFC 8785 bytes of a value; raises Malformed for one that `parse` would not return."""
    return write(value, fractions=admit(value, depth=depth))


def write(value: Json, *, fractions: bool) -> bytes:
    """The RFC 8785 bytes of a value that has passed `survey`, which also said whether it holds `fractions`."""
    return rfc8785.dumps(value) if fractions else orjson.dumps(value, option=_OPTIONS)


def sha256_hex(data: bytes) -> str:
    """SHA-256 of the bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def admit(value: object, *, depth: int = MAX_DEPTH, at: tuple[str | int, ...] = ()) -> bool:
    """`survey` that raises Malformed; `at` are the steps, outermost first, to where the value stands."""
    try:
        return survey(value, depth)
    except Breach as breach:
        raise Malformed(breach.sentence, path=path_text([*breach.steps, *reversed(at)])) from None


def decode(raw: bytes, *, depth: int = MAX_DEPTH) -> object:
    """Read a JSON text, with `Refused` in the place of what must not be there; raises Malformed if there is no text.

    Args:
        raw: the whole text.
        depth: levels of nesting allowed; looked at only where the parser itself gives up.
    """
    text = _text_of(raw)
    try:
        return json.loads(
            text, parse_int=_integer, parse_float=_fraction, parse_constant=_constant, object_pairs_hook=_pairs
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise Malformed(f"not JSON (RFC 8259): {error.msg}", path=where) from error
    except RecursionError:
        _tell_depth(text, depth)


def _text_of(raw: bytes) -> str:
    encoding = json.detect_encoding(raw)
    if encoding == "utf-8-sig":
        raise Malformed("a byte order mark stands before the text; send UTF-8 without one", path="byte 0")
    if encoding != "utf-8":
        raise Malformed(f"the text is {encoding.upper()}; send UTF-8 (RFC 8259 §8.1)", path="byte 0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 (RFC 3629): {error.reason}", path=f"byte {error.start}") from error


def _integer(text: str) -> int | Refused:
    if text == "-0":
        return Refused(MINUS_ZERO)
    value = int(text) if len(text) <= _LONGEST_INTEGER else MAX_INTEGER + 1
    return value if -MAX_INTEGER <= value <= MAX_INTEGER else Refused(BEYOND)


def _fraction(text: str) -> float | Refused:
    value = float(text)
    sentence = BEYOND if math.isinf(value) else unfit(value)  # 1e400 is a number, only too large
    if sentence:
        return Refused(sentence)
    return int(value) if value.is_integer() else value


def _constant(_: str) -> Refused:
    return Refused(NO_NUMBER)


def _pairs(pairs: list[tuple[str, object]]) -> object:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            break
        seen.add(key)
    return Refused(f"the key {quoted(key)} stands twice in one object; keep one", value)


def _tell_depth(text: str, depth: int) -> NoReturn:
    """Raise Malformed for the first value nested deeper than `depth`, in a text too deep for the parser.

    All that stands before the place where the parser gave up is well formed, so these signs are enough to count by.
    """
    steps: list[str | int] = []
    for match in _SIGN.finditer(text):
        sign = match[0]
        if sign in {"[", "{"}:
            if len(steps) == depth:
                break
            steps.append(0 if sign == "[" else "")
        elif sign in {"]", "}"}:
            steps.pop()
        elif sign == ",":
            if isinstance(steps[-1], int):
                steps[-1] += 1
        elif steps and isinstance(steps[-1], str):
            steps[-1] = json.loads(sign)
    raise Malformed(f"nested deeper than {MAX_DEPTH} levels; flatten it", path=path_text(steps[::-1]))
