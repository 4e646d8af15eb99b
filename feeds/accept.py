"""May this answer be sent, and is this body TAXII? Media types of requests, read as RFC 7231 §3.1.1.1 and §5.3.2 ask.

TAXII 2.1 §1.6.8 and §3.1: a media type defined for the endpoint is never refused, with or without its version. Decided
here: an absent `Accept`, `*/*` and `application/*` are served; parameters other than `version` and `q` are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from feeds.errors import NotAcceptable, WrongContentType, shown

MEDIA_TYPE: Final = "application/taxii+json;version=2.1"
"""Exactly this text in every answer: taxii2-client compares it token by token, case included."""

STIX_MEDIA_TYPE: Final = "application/stix+json;version=2.1"
"""What every collection holds (TAXII 2.1 §5.2.1)."""

_KIND: Final = "application"
_SUBTYPE: Final = "taxii+json"
_VERSION: Final = "2.1"
_MAX_HEADER: Final = 8192
"""Longest header in characters that is read; servers refuse longer ones before."""


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of `Accept`, or the value of `Content-Type`; names in lower case, parameter values unquoted.

    Attributes:
        kind: The top-level type, `*` for any.
        subtype: What follows the slash, `*` for any.
        parameters: Name and value pairs in their order, `q` left out.
        quality: The `q` value, 0 to 1; 1 where absent or unreadable (a reader's slip is no reason to refuse).
    """

    kind: str
    subtype: str
    parameters: tuple[tuple[str, str], ...]
    quality: float

    def versions(self) -> set[str]:
        """The values of the parameter `version`; empty where there is none."""
        return {value for name, value in self.parameters if name == "version"}

    def is_utf8(self) -> bool:
        """Whether the text is UTF-8, as JSON is (RFC 8259 §8.1): it says so, or nothing."""
        return all(value.lower() in {"utf-8", "utf8"} for name, value in self.parameters if name == "charset")

    def closeness(self) -> int | None:
        """How closely the range names TAXII 2.1: 3 with version, 2 without, 1 `application/*`, 0 `*/*`, else None."""
        if (self.kind, self.subtype) == (_KIND, _SUBTYPE):
            versions = self.versions()
            return 3 if versions == {_VERSION} else None if versions else 2
        return {(_KIND, "*"): 1, ("*", "*"): 0}.get((self.kind, self.subtype))


def acceptable(header: str | None) -> None:
    """See that `application/taxii+json;version=2.1` may be sent to who sent this `Accept` header (RFC 7231 §5.3.2).

    The most specific range that names it decides; of equally specific ones the kindest.

    Args:
        header: The header's value, several fields joined by commas; None where absent.

    Raises:
        NotAcceptable: no range names it, or the one that decides has `q=0`.
    """
    if header is None or not header.strip():
        return
    named = [(closeness, each.quality) for each in media_ranges(header) if (closeness := each.closeness()) is not None]
    if not named or max(named)[1] == 0:
        raise NotAcceptable(
            f"This endpoint answers with `{MEDIA_TYPE}`; the request accepts {shown(header)} only. "
            f"Send `Accept: {MEDIA_TYPE}`."
        )


def content_type_ok(header: str | None) -> bool:
    """Whether a body with this `Content-Type` is TAXII 2.1 JSON; no version counts as 2.1 (TAXII 2.1 §3.1)."""
    if header is None:
        return False
    ranges = list(media_ranges(header))
    if len(ranges) != 1 or (ranges[0].kind, ranges[0].subtype) != (_KIND, _SUBTYPE):
        return False
    return ranges[0].versions() <= {_VERSION}


def check_content_type(header: str | None) -> None:
    """See that a body with this `Content-Type` is TAXII 2.1 JSON (TAXII 2.1 §3.1, §5.5).

    Raises:
        WrongContentType: absent, unreadable, of another type or version, or in another charset than UTF-8.
    """
    if not content_type_ok(header):
        told = "says nothing" if header is None else f"says {shown(header)}"
        raise WrongContentType(f"The body's Content-Type {told}; send `Content-Type: {MEDIA_TYPE}`.")
    if not all(each.is_utf8() for each in media_ranges(header or "")):
        raise WrongContentType(f"JSON is UTF-8; send `Content-Type: {MEDIA_TYPE}`, without another charset.")


def media_ranges(header: str) -> Iterator[MediaRange]:
    """The readable media ranges of a header, in order; what is no media range is passed over."""
    for element in _split(header[:_MAX_HEADER], ","):
        name, *rest = _split(element, ";")
        kind, slash, subtype = name.strip().lower().partition("/")
        if kind == "*" and not slash:  # `*` alone, as old Java clients write it
            subtype = "*"
        if not kind or not subtype:
            continue
        parameters: list[tuple[str, str]] = []
        quality = 1.0
        for part in rest:
            key, _, value = part.partition("=")
            key, value = key.strip().lower(), _unquoted(value.strip())
            if key == "q":
                quality = _quality(value)
            elif key:
                parameters.append((key, value))
        yield MediaRange(kind.strip(), subtype.strip(), tuple(parameters), quality)


def _split(text: str, separator: str) -> list[str]:
    """The pieces between separators that stand outside quoted strings (RFC 7230 §3.2.6)."""
    pieces: list[str] = []
    start = 0
    quoted = escaped = False
    for place, letter in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter == separator and not quoted:
            pieces.append(text[start:place])
            start = place + 1
    pieces.append(text[start:])
    return pieces


def _unquoted(value: str) -> str:
    """A parameter's value without the quotes and backslashes of a quoted string."""
    if len(value) < 2 or not (value[0] == value[-1] == '"'):  # noqa: PLR2004 - the two quotes
        return value
    letters = iter(value[1:-1])
    return "".join(next(letters, "") if letter == "\\" else letter for letter in letters)


def _quality(text: str) -> float:
    """The number of a `q` parameter, 0 to 1 (RFC 7231 §5.3.1); 1 where it is none."""
    whole, _, digits = text.partition(".")
    if whole not in {"0", "1", ""} or not (whole or digits) or not all(c in "0123456789" for c in digits):
        return 1.0
    return min(float(f"{whole or 0}.{digits or 0}"), 1.0)
