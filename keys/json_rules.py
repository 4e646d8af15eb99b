"""Which JSON values may be signed? The rules for parsed values, and the path to what breaks one.

I-JSON (RFC 7493) and the number domain of RFC 8785, and narrower: keys are ASCII, so that one order of keys is
everybody's; integers and what becomes one lie within ±(2^53-1); there is no minus zero; nesting ends at 64 levels.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 64
"""Levels of lists and objects within one STIX object, statement or payload; itself the first."""

MAX_INTEGER = 2**53 - 1
"""The largest integer every reader keeps exactly (RFC 7493 §2.2), and the bound of every number here."""

BEYOND = "a number beyond 2^53-1 is not kept by every reader (RFC 7493 §2.2); write it as a string"
MINUS_ZERO = "minus zero has no spelling of its own (RFC 8785 §3.2.2.3); write 0"
NO_NUMBER = "NaN and Infinity are no JSON numbers (RFC 8259 §6); leave the property out or write a string"

_PLAIN_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_LONGEST_STEP = 80
_NOT_A_CHARACTER = re.compile(
    "[\x00\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(p + 0xFFFE)}{chr(p + 0xFFFF)}" for p in range(0, 0x110000, 0x10000))
    + "]"
)

_SUSPECT = (b"\0", b"\xef\xb7", b"\xbf\xbe", b"\xbf\xbf")
"""One of these is in the UTF-8 of every text with U+0000 or a noncharacter; found much faster than by the pattern."""


class Breach(Exception):
    """A value that may not be signed; `steps` are the keys and indexes to it, innermost first."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.steps: list[str | int] = []


class Refused:
    """What the parser puts in the place of a value it must refuse, so that the path to it can be told.

    Attributes:
        sentence: what is wrong and what cures it.
        value: what stood there as far as it can be told, to find an object's id in.
    """

    __slots__ = ("sentence", "value")

    def __init__(self, sentence: str, value: object = None) -> None:
        self.sentence = sentence
        self.value = value


def path_text(steps: list[str | int]) -> str:
    """The path `$.objects[3]["odd key"]` of steps given innermost first; long keys are cut."""
    out = ["$"]
    for step in reversed(steps):
        if isinstance(step, int):
            out.append(f"[{step}]")
        else:
            out.append(f".{step}" if _PLAIN_STEP.fullmatch(step) else f"[{quoted(step)}]")
    return "".join(out)


def quoted(text: str) -> str:
    """A key or value from outside as it may stand in a sentence: JSON escapes, ASCII, cut to 80 characters."""
    return json.dumps(text if len(text) <= _LONGEST_STEP else text[:_LONGEST_STEP] + "…")


def survey(value: Any, room: int = MAX_DEPTH) -> bool:
    """Go through a value once.

    Args:
        value: what a parser returned, or what somebody built.
        room: how many levels of lists and objects may be nested, this one counted.

    Returns:
        Whether there is a number with a fraction anywhere in it.

    Raises:
        Breach: something in it may not be signed.
    """
    kind = type(value)
    if kind is not dict and kind is not list:
        return _scalar(value)
    if not room:
        _too_deep()
    if kind is list:
        return _members(enumerate(value), room)
    _check_keys(tuple(value))
    return _members(value.items(), room)


def numbers(value: Any, room: int = MAX_DEPTH) -> bool:
    """As `survey`, for a value whose text is ASCII without escapes, so that keys and strings need no look.

    Args:
        value: a dict or a list.
        room: as there.

    Names no path: whoever needs one surveys.
    """
    if not room:
        _too_deep()
    floats = False
    for member in value.values() if type(value) is dict else value:
        kind = type(member)
        if kind is str:
            continue
        if kind is dict or kind is list:
            floats |= numbers(member, room - 1)
        else:
            floats |= _scalar(member)
    return floats


def _members(members: Iterable[tuple[str | int, Any]], room: int) -> bool:
    """`survey` of what an object or a list holds, each with its key or index."""
    floats = False
    step: str | int = ""
    try:
        for step, member in members:  # noqa: B007 - the handler below reads it
            if type(member) is str:
                if not member.isascii() or "\0" in member:
                    _text(member)
            else:
                floats |= survey(member, room - 1)
    except Breach as breach:
        breach.steps.append(step)
        raise
    return floats


def _scalar(value: Any) -> bool:
    kind = type(value)
    if value is None or kind is bool:
        return False
    if isinstance(value, str):
        _text(value)
        return False
    if kind is int or kind is float:
        sentence = unfit(value)
        if sentence:
            raise Breach(sentence)
        return kind is float
    if isinstance(value, Refused):
        raise Breach(value.sentence)
    raise Breach(f"{kind.__name__} is not a JSON value; pass str, int, float, bool, None, list or dict")


def unfit(value: float) -> str | None:
    """Why a number may not be signed, as a sentence; None if it may."""
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        return BEYOND if isinstance(value, int) or math.isfinite(value) else NO_NUMBER
    return MINUS_ZERO if value == 0 and math.copysign(1, value) < 0 else None


def _text(value: str) -> None:
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        pass  # a surrogate; found again below
    else:
        if not any(sign in raw for sign in _SUSPECT):
            return
    found = _NOT_A_CHARACTER.search(value)
    if found is not None:
        raise Breach(f"U+{ord(found[0]):04X} is not a character that may be exchanged (RFC 7493 §2.1); remove it")


def _check_keys(names: tuple[str, ...]) -> None:
    try:
        keys = "".join(names)
    except TypeError:
        raise Breach("a key is not a string; JSON has no other keys") from None
    if not keys.isascii() or "\0" in keys:
        key = next(key for key in names if not key.isascii() or "\0" in key)
        raise Breach(f"the key {quoted(key)} has characters other than ASCII, or U+0000; rename it")


def _too_deep() -> NoReturn:
    raise Breach(f"nested deeper than {MAX_DEPTH} levels; flatten it")
