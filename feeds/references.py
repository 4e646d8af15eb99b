"""Which ids does an object name? Its own references, and any id that stands anywhere in its bytes."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, Final

from feeds.errors import Finding, shown
from feeds.schemas import known_types

_ID: Final = re.compile(
    r"[a-z][a-z0-9-]*[a-z0-9]--[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
_ANY_CASE_ID: Final = re.compile(_ID.pattern, re.IGNORECASE | re.ASCII)
_TAIL: Final = re.compile(rb"--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_TYPE_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
_MAX_TYPE: Final = 250
_MAX_ID: Final = _MAX_TYPE + 38
_SHOWN_WHOLE: Final = 120
_TOLD: Final = 5


def is_id(text: object) -> bool:
    """Whether the text is a STIX id in its one spelling: lower-case type, `--`, lower-case RFC 4122 UUID (§2.9)."""
    return isinstance(text, str) and len(text) <= _MAX_ID and _is_id_text(text)


@lru_cache(4096)
def _is_id_text(text: str) -> bool:
    """Remembered, since authors and markings are the same throughout a publication."""
    return _ID.fullmatch(text) is not None


def id_fault(text: object) -> str:
    """Why `text` is not a STIX id, and how to mend it."""
    if not isinstance(text, str):
        return "must be a text that holds one STIX id"
    if len(text) <= _MAX_ID and _ANY_CASE_ID.fullmatch(text):
        remedy = f"`{text.lower()}`" if len(text) <= _SHOWN_WHOLE else "it in lower case"
        return (
            f"is written with upper-case letters, and two spellings would be two objects: write {remedy}"
            " here and wherever this id stands (an object of somebody else: ask its author to, or leave it out)"
        )
    return (
        f"{shown(text)} is not a STIX id: write a type such as `indicator`, `--`, and a UUID of version 1 to 5"
        " without braces or blanks"
    )


def reference_findings(value: dict[str, Any]) -> list[Finding]:
    """What is wrong with the object's own `*_ref` and `*_refs` (STIX 2.1 §2.9, §3.2).

    A deprecated custom property (`x_…`) may hold the empty text, which some tools write for "none".
    """
    findings: list[Finding] = []
    for name in [name for name in value if "_ref" in name]:
        held = value[name]
        if name.endswith("_ref"):
            if not is_id(held) and not (held == "" and name.startswith("x_")):
                findings.append(Finding(name, id_fault(held)))
        elif name.endswith("_refs"):
            findings.extend(_list_findings(name, held))
    return findings


def mentions(canonical: bytes, own_id: str) -> tuple[str, ...]:
    """Ids that stand anywhere in the canonical bytes except `own_id`, in lower case, in order of appearance.

    Finds each `--` + UUID and looks back for the type. Where letters before a type run into it (`seeindicator--…`), the
    id of the STIX type that ends there is named as well: a mention hidden in running text is a mention.
    """
    found: dict[bytes, None] = {}
    known = _known_bytes()
    for match in _TAIL.finditer(canonical):
        start, end = match.span()
        low = start - _MAX_TYPE - 1 if start > _MAX_TYPE else 0
        begin = canonical.rfind(b'"', low, start) + 1 or low
        if canonical[begin:start] in known:
            found[canonical[begin:end]] = None
            continue
        before = canonical[begin:start]
        rest = before.rstrip(_TYPE_LETTERS)
        for name in _types(before[len(rest) :].rpartition(b"--")[2], escaped=rest.endswith(b"\\")):
            found[name.encode() + match[0]] = None
    named = dict.fromkeys([raw.lower().decode() for raw in found])
    named.pop(own_id, None)
    return tuple(named)


@lru_cache(1024)
def _types(letters: bytes, *, escaped: bool) -> tuple[str, ...]:
    """The types that the letters before `--` may name: all of them, and any STIX type they end with.

    After a backslash the first letters may belong to a JSON escape such as `n` or `u001f`: the type without them counts
    as well.
    """
    name = letters.decode().lower()
    known = known_types()
    if name in known and not escaped:
        return (name,)
    names = [name, name[1:], name[5:]] if escaped else [name]
    ends = [stix_type for stix_type in sorted(known) if name.endswith(stix_type)]
    return tuple(dict.fromkeys(name for name in names + ends if name))


@cache
def _known_bytes() -> frozenset[bytes]:
    return frozenset(stix_type.encode() for stix_type in known_types())


def _list_findings(name: str, held: object) -> list[Finding]:
    if not isinstance(held, list):
        return [Finding(name, "must be a list of STIX ids: put the id in brackets")]
    if not held:
        return [Finding(name, "must not be empty: leave the property out")]
    wrong = [Finding(f"{name}[{at}]", id_fault(entry)) for at, entry in enumerate(held) if not is_id(entry)]
    return wrong[:_TOLD]
