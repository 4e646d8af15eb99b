"""What can be wrong with a STIX object, a TAXII query or a peer? One leaf a fault; no HTTP code lives here.

Sentences are written for people: they name the place and the remedy, are bounded in length, and never echo control
characters of what was received (`shown` and `clipped` see to that).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from feeds.objects import Bundle

MAX_SENTENCE = 500
"""Longest sentence in characters: enough for a place, an expectation and a remedy."""

MAX_SHOWN = 80
"""Longest piece of received text that a sentence repeats, in characters."""


def shown(text: object) -> str:
    """Received text made fit for a sentence: quoted, control characters escaped, at most `MAX_SHOWN` characters."""
    raw = text if isinstance(text, str) else type(text).__name__
    cut = raw[:MAX_SHOWN]
    safe = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in cut)
    return f"`{safe}…`" if len(raw) > MAX_SHOWN else f"`{safe}`"


def clipped(sentence: str) -> str:
    """The sentence, printable and at most `MAX_SENTENCE` characters long."""
    safe = "".join(letter if letter.isprintable() else " " for letter in sentence[: MAX_SENTENCE + 1])
    return safe if len(safe) <= MAX_SENTENCE else safe[: MAX_SENTENCE - 1] + "…"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one object.

    Attributes:
        code: A stable word for programs, such as `malformed`.
        sentence: For people: the place and the remedy.
        object_id: The object's STIX id as received, where it has a usable one.
        version: The object's `modified`, else `created`, as written, where known.
        details: Further facts for programs.
    """

    code: str
    sentence: str
    object_id: str | None = None
    version: str | None = None
    details: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault before the object it belongs to is named.

    Attributes:
        path: Place inside the object, such as `external_references[0].url`; empty for the object as a whole.
        sentence: What is expected there and how to mend it.
        code: A stable word for programs, as in `Fault`.
    """

    path: str
    sentence: str
    code: str = "malformed"


class FeedsError(Exception):
    """Whatever is wrong with content or with a peer; `sentence` is for people."""

    code: ClassVar[str] = "malformed"

    def __init__(self, sentence: str) -> None:
        self.sentence = clipped(sentence)
        super().__init__(self.sentence)


class Unreadable(FeedsError):
    """Some objects of a publication are not what they must be (STIX 2.1 §3).

    Attributes:
        faults: All faults of all objects, in the order of the envelope.
        rest: The objects that have none.
    """

    def __init__(self, faults: tuple[Fault, ...], rest: Bundle) -> None:
        more = f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else ""
        super().__init__(faults[0].sentence[: MAX_SENTENCE - len(more)] + more)
        self.faults = faults
        self.rest = rest


class BadTimestamp(FeedsError):
    """A text is not a timestamp of the form asked for (STIX 2.1 §2.16, TAXII 2.1 §3.2)."""


class BadSchemas(FeedsError):
    """The OASIS schema files are not installed: the hub cannot judge objects and must not start."""


class BadPattern(FeedsError):
    """A text that is not a STIX pattern, or one that would stop the parsers of those who receive it (STIX 2.1 §9)."""

    code: ClassVar[str] = "not-stix"


class PatternTooLarge(BadPattern):
    """A pattern longer than any honest one."""

    code: ClassVar[str] = "too-large"


class BadQuery(FeedsError):
    """A query that TAXII 2.1 or this hub does not allow (TAXII 2.1 §3.4, §3.5)."""

    code: ClassVar[str] = "bad-query"


class BadCursor(BadQuery):
    """A `next` value that this hub did not issue for this reader, collection and filter (TAXII 2.1 §3.5)."""

    code: ClassVar[str] = "bad-cursor"


class NotAcceptable(FeedsError):
    """None of the media types that the caller accepts can be given (TAXII 2.1 §1.6.8)."""

    code: ClassVar[str] = "not-acceptable"


class WrongContentType(FeedsError):
    """A body that does not say it is TAXII 2.1 JSON (TAXII 2.1 §1.6.8)."""

    code: ClassVar[str] = "wrong-content-type"


class PeerError(FeedsError):
    """A TAXII server or hub that we called did not do its part."""

    code: ClassVar[str] = "peer"


class Unreachable(PeerError):
    """No answer: name, route, TLS or time ran out."""

    code: ClassVar[str] = "unreachable"


class PeerRefused(PeerError):
    """An answer with an error status.

    Attributes:
        status: The HTTP status as received.
        body: The first part of the body as received, for the caller that wants the peer's own error resource.
        retry_after: Seconds to wait, where the peer said so.
    """

    code: ClassVar[str] = "peer-refused"

    def __init__(self, sentence: str, *, status: int, body: bytes = b"", retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.body = body
        self.retry_after = retry_after


class NotAuthenticated(PeerRefused):
    """The peer does not know who we are, or no longer (HTTP 401)."""

    code: ClassVar[str] = "not-authenticated"


class EndlessPages(PeerError):
    """Pages that would never end: `more` without `next`, the same `next` twice, or an empty page that promises more."""

    code: ClassVar[str] = "endless-pages"


class BadAnswer(PeerError):
    """An answer that is not the resource asked for."""

    code: ClassVar[str] = "bad-answer"


class TooMuch(PeerError):
    """An answer larger than the caller is ready to hold."""

    code: ClassVar[str] = "too-large"
