"""Where does it stand? TOML read so that every fault names its key and its line."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from policies.labels import Label, UnknownLabel
from policies.reasons import BadDocument
from policies.toml_lines import Path, key_lines

MAX_DOCUMENT: Final = 256 * 1024  # bytes; the parser of the standard library is slow, and people read these texts
MAX_DOTS: Final = 1_000  # in a line; what a dotted key costs that parser grows with the square of its parts

UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_DIRECTION: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\ufeff")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Option = TypeVar("Option", bound=StrEnum)


def check_limits(raw: bytes) -> None:
    """Raises `BadDocument` for a text that would cost the standard library's parser too much time or memory."""
    if len(raw) > MAX_DOCUMENT:
        raise BadDocument(f"the document has {len(raw):,} bytes; {MAX_DOCUMENT:,} are the most")
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.count(b".") > MAX_DOTS:
            raise BadDocument(f"more than {MAX_DOTS:,} dots in one line; break it up", line=number)


def decode(raw: bytes) -> str:
    """The document's text.

    Raises `BadDocument` unless it is within the limits and UTF-8 with LF line ends and without a byte order mark.
    """
    check_limits(raw)
    if b"\r" in raw:
        line = raw[: raw.index(b"\r")].count(b"\n") + 1
        raise BadDocument("a carriage return; the digest is over LF line ends, save the file with those", line=line)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadDocument("not UTF-8; save the file in that encoding", line=line) from error
    if text.startswith("\ufeff"):
        raise BadDocument("a byte order mark; save the file as UTF-8 without one", line=1)
    return text


def parse(raw: bytes, known: Collection[str]) -> "Section":
    """Parse a TOML document into its top section, whose keys are among ``known``.

    Raises `BadDocument` with the line where it can be named.
    """
    text = decode(raw)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        raise BadDocument(f"no TOML: {error}", line=int(place[1]) if place else None) from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; brackets nested by the thousand
        raise BadDocument("no TOML that can be read: a number too long or brackets nested too deep") from error
    return Section(table, (), text, known)


def name_of(path: Path) -> str:
    """The path as people write it, tables of an array counted from 1: ``party[2].role``."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def keys_of(kind: type) -> tuple[str, ...]:
    """The keys of the table that a dataclass is read from: its fields, of which ``from_`` stands for *from*."""
    return tuple(each.name.rstrip("_") for each in fields(kind))


class Section:
    """One table of the document; each reading method takes a key."""

    def __init__(self, table: Mapping[str, Any], path: Path, text: str, known: Collection[str]) -> None:
        """Refuse every key but the ``known`` ones, before one of those is told as missing."""
        self._table = table
        self._path = path
        self._text = text
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                remedy = f"did you mean `{near[0]}`?" if near else f"known here are: {', '.join(known)}"
                raise self.bad(key, f"unknown key; {remedy}")

    def bad(self, key: str, sentence: str) -> BadDocument:
        """The error for a key of this table."""
        path = (*self._path, key)
        lines = key_lines(self._text)
        line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)
        return BadDocument(sentence, key=name_of(path), line=line)

    def has(self, key: str) -> bool:
        """Whether an optional key is there."""
        return key in self._table

    def _take(self, key: str, kind: type, shape: str) -> Any:
        if key not in self._table:
            raise self.bad(key, f"missing; give {shape}")
        value = self._table[key]
        if type(value) is not kind:
            raise self.bad(key, f"of the wrong kind; write {shape}")
        return value

    def flag(self, key: str) -> bool:
        """A boolean."""
        return bool(self._take(key, bool, "true or false"))

    def integer(self, key: str, least: int, most: int) -> int:
        """An integer within bounds, both inside."""
        value = int(self._take(key, int, "a whole number"))
        if not least <= value <= most:
            raise self.bad(key, f"{value} is out of bounds; write {least:,} to {most:,}")
        return value

    def text(self, key: str, most: int = 200, *, lines: bool = False) -> str:
        """Free text of 1 to ``most`` characters without control characters (line ends allowed where ``lines``)."""
        value = str(self._take(key, str, "a text in quotes"))
        if not value.strip():
            raise self.bad(key, "empty; write a text")
        if len(value) > most:
            raise self.bad(key, f"{len(value):,} characters; {most:,} are the most")
        for character in value:
            if unicodedata.category(character) == "Cc" or character in _DIRECTION:
                if lines and character in "\n\t":
                    continue
                raise self.bad(key, f"holds the control character U+{ord(character):04X}; take it out")
        return value

    def one(self, key: str, check: Callable[[str], bool], shape: str) -> str:
        """A text that passes ``check``; ``shape`` says what it must be."""
        value = self.text(key)
        if not check(value):
            raise self.bad(key, f"{value!r} will not do; write {shape}")
        return value

    def uuid4(self, key: str) -> str:
        """A UUIDv4 in its canonical lower-case form (RFC 9562 §5.4)."""
        return self.one(key, lambda value: _UUID4.fullmatch(value) is not None, "a UUIDv4 in lower case with hyphens")

    def option(self, key: str, options: type[Option]) -> Option:
        """One of the values of an enumeration."""
        names = [option.value for option in options]
        return options(self.one(key, lambda value: value in names, f"one of {', '.join(names)}"))

    def label(self, key: str) -> Label:
        """A label that can enter a collection: any but *red*, which is for named individuals."""
        value = self.text(key)
        try:
            label = Label.of(value)
        except UnknownLabel as error:
            raise self.bad(key, str(error)) from error
        if label is Label.RED:
            raise self.bad(key, "red is for named individuals and never enters a collection; write amber+strict")
        return label

    def instant(self, key: str) -> int:
        """An offset date-time (RFC 3339) from 1970 on, as microseconds since the epoch."""
        value: datetime = self._take(
            key, datetime, "a date with time and zone such as 2026-01-01T00:00:00Z, without quotes"
        )
        if value.tzinfo is None:
            raise self.bad(key, "has no zone; end it with Z")
        past = value - _EPOCH
        if past.days < 0:
            raise self.bad(key, "is before 1970; write a later date")
        return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds

    def texts(self, key: str, check: Callable[[str], bool], shape: str) -> tuple[str, ...]:
        """A list of different texts, at least one, that all pass ``check``."""
        values = self._take(key, list, "a list of texts")
        for index, value in enumerate(values):
            if not isinstance(value, str) or not check(value):
                raise self.bad(key, f"entry {index + 1} will not do; write {shape}")
            if value in values[:index]:
                raise self.bad(key, f"{value!r} stands twice; take one out")
        if not values:
            raise self.bad(key, "empty; name at least one")
        return tuple(values)

    def address(self, key: str) -> str:
        """A hub's address: https, or http on this very machine; no user, query or fragment."""
        return self.one(key, _is_hub_address, "an address that begins with https://")

    def section(self, key: str, kind: type) -> "Section":
        """A table with the keys of a dataclass."""
        return Section(self._take(key, dict, f"a table [{key}]"), (*self._path, key), self._text, keys_of(kind))

    def sections(self, key: str, kind: type) -> tuple["Section", ...]:
        """An array of such tables."""
        values = self._take(key, list, f"one or more tables [[{key}]]")
        if not all(isinstance(value, dict) for value in values):
            raise self.bad(key, f"of the wrong kind; write one or more tables [[{key}]]")
        known = keys_of(kind)
        return tuple(Section(each, (*self._path, key, index), self._text, known) for index, each in enumerate(values))


def _is_hub_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment or re.search(r"\s", value))
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return bool(plain and secure and parts.hostname and port_is_number)
