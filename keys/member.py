"""The member document: which organisation is this, and how may it be shown?

TOML 1.0, `kind = "member"`. Its strings reach terminals, logs and pages of other organisations, so characters that
would move a cursor or turn the reading direction are refused here, once, rather than cleaned at every place.
"""

import difflib
import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from keys.errors import BadDocument
from keys.shapes import IDENTITY

MAX_BYTES = 65_536
MAX_DOTS = 1_000  # in a line; what a dotted key costs the parser grows with the square of its parts
MAX_TEXT = 200  # characters of a name
MAX_ALIAS = 64

_REQUIRED = ("kind", "id", "alias", "name")
_KNOWN = (*_REQUIRED, "contact", "languages", "region", "constituency")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LIKE_A_UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-.*")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,8}(?:-[a-zA-Z0-9]{1,8})*")  # RFC 5646 §2.1, roughly
_LINE_OF_FAULT = re.compile(r"line (\d+)")
_JOINERS = "\u200c\u200d"  # needed to write Persian, Hindi and others; they move nothing
_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class MemberDocument:
    """A member as its document describes it.

    Attributes:
        id: STIX identity id, lower-case.
        alias: short name for commands and addresses; a lower-case slug that cannot be taken for a UUID.
        name: name of the organisation, one line.
        contact: how people reach it; empty if not given, as the following.
        languages: language tags, in order of preference.
        region: in words.
        constituency: whom it serves, in words.
        digest: SHA-256 of `raw`, lower-case hex.
        raw: the document's exact bytes.
    """

    id: str
    alias: str
    name: str
    contact: str
    languages: tuple[str, ...]
    region: str
    constituency: str
    digest: str
    raw: bytes


class _Document:
    """The parsed document and its text, so that every fault names its key and line."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) > MAX_BYTES:
            raise BadDocument(f"larger than {MAX_BYTES} bytes")
        for number, line_raw in enumerate(raw.split(b"\n"), 1):
            if line_raw.count(b".") > MAX_DOTS:
                sentence = f"more than {MAX_DOTS:,} dots in one line; break it up"
                raise BadDocument(sentence, path=f"line {number}", details={"line": number})
        try:
            self._text = raw.decode("utf-8")
            self._values: Mapping[str, object] = tomllib.loads(self._text)
        except UnicodeDecodeError as fault:
            line = raw[: fault.start].count(b"\n") + 1
            raise BadDocument("not UTF-8", path=f"line {line}", details={"line": line}) from fault
        except tomllib.TOMLDecodeError as fault:
            found = _LINE_OF_FAULT.search(str(fault))
            at = int(found[1]) if found else None
            raise BadDocument(f"not TOML: {fault}", path=f"line {at}" if at else "", details={"line": at}) from fault
        except (ValueError, RecursionError) as fault:  # a number of 5,000 digits; brackets nested by the thousand
            sentence = "not TOML that can be read: a number too long or brackets nested too deep"
            raise BadDocument(sentence, details={"line": None}) from fault

    def keys(self) -> frozenset[str]:
        return frozenset(self._values)

    def fault(self, key: str, sentence: str) -> BadDocument:
        line = self._line(key)
        path = f"line {line}, {key}" if line else key
        return BadDocument(sentence, path=path, details={"key": key, "line": line})

    def _line(self, key: str) -> int | None:
        """The line on which a top-level key or table stands; None if nowhere."""
        quoted = re.escape(key)
        stands = re.compile(rf"""\s*(?:\[+\s*)?(?:{quoted}|"{quoted}"|'{quoted}')\s*[=.\]]""")
        lines = self._text.splitlines(keepends=True)
        for number, line in enumerate(lines):
            if stands.match(line) and _is_toml("".join(lines[:number])):  # else: inside a text of several lines
                return number + 1
        return None

    def text(self, key: str) -> str:
        """A one-line text that may be shown; empty if the key is absent."""
        value = self._values.get(key, "")
        if not isinstance(value, str):
            raise self.fault(key, f"`{key}` must be a text")
        if key in self._values:
            fault = unshowable(value)
            if fault is not None:
                raise self.fault(key, f"`{key}` {fault}")
        return value

    def languages(self) -> tuple[str, ...]:
        value = self._values.get("languages", [])
        if not isinstance(value, list) or not all(isinstance(tag, str) and _LANGUAGE.fullmatch(tag) for tag in value):
            raise self.fault("languages", "`languages` must be a list of language tags, for example en or pt-BR")
        if len(set(value)) != len(value):
            raise self.fault("languages", "a language stands twice")
        return tuple(value)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_showable(character: str) -> bool:
    """Whether a character neither moves a cursor nor turns the reading direction, and can be seen."""
    return character in _JOINERS or unicodedata.category(character) not in _UNSHOWABLE


def unshowable(text: str) -> str | None:
    """Why a text must not be shown as a name beside others; None if it may.

    Refused: control and formatting characters (line ends, ANSI escapes, U+202E and the other direction marks,
    invisible tags), characters of no meaning, blanks at either end, more than 200 characters.
    """
    if not text.strip() or text != text.strip():
        return "is blank, or begins or ends with a blank"
    if len(text) > MAX_TEXT:
        return f"has more than {MAX_TEXT} characters"
    for character in text:
        if not is_showable(character):
            return f"holds the control or invisible character U+{ord(character):04X}"
    return None


def read_member(raw: bytes) -> MemberDocument:
    """The member behind a TOML document of `kind = "member"`.

    Raises BadDocument, whose `path` and `details` name key and line, for an unknown or missing key, an id that is
    not `identity--` and a lower-case UUID (STIX 2.1 §2.9), an alias that could be taken for an id, or a text that
    must not be shown.
    """
    document = _Document(raw)
    given = document.keys()
    for key in sorted(given.difference(_KNOWN)):
        near = difflib.get_close_matches(key, _KNOWN, 1)
        remedy = f"did you mean `{near[0]}`?" if near else f"known here are: {', '.join(_KNOWN)}"
        raise document.fault(key, f"unknown key; {remedy}")
    for key in _REQUIRED:
        if key not in given:
            raise document.fault(key, f"`{key}` is missing")
    if document.text("kind") != "member":
        raise document.fault("kind", '`kind` must be "member"')
    identity, alias = document.text("id"), document.text("alias")
    if IDENTITY.fullmatch(identity) is None:
        raise document.fault("id", "`id` must be identity-- and a UUID in lower case")
    if len(alias) > MAX_ALIAS or _SLUG.fullmatch(alias) is None:
        raise document.fault("alias", f"`alias` must be a-z, 0-9 and single hyphens, at most {MAX_ALIAS} characters")
    if _LIKE_A_UUID.fullmatch(alias) is not None:
        raise document.fault("alias", "`alias` must not look like a UUID")
    return MemberDocument(
        id=identity,
        alias=alias,
        name=document.text("name"),
        contact=document.text("contact"),
        languages=document.languages(),
        region=document.text("region"),
        constituency=document.text("constituency"),
        digest=hashlib.sha256(raw).hexdigest(),
        raw=raw,
    )
