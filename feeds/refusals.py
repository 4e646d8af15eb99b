"""What does a refusal of a peer mean, and what is to be done? Error statuses become `PeerRefused` with a sentence.

The peer's own words (a TAXII error resource, TAXII 2.1 §3.6.1, or problem details, RFC 9457) are repeated, bounded and
without control characters; they are for people, and nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from feeds.errors import NotAuthenticated, PeerRefused, shown
from feeds.retries import seconds
from feeds.session import Answer

_MAX_WORDS: Final = 300
_REMEDIES: Final = {
    400: "does not understand the request",
    403: "refuses: this account may not do that",
    404: "has nothing there, or nothing that this account may know of; check address, name and membership",
    405: "does not offer this; check the address",
    406: "cannot answer in TAXII 2.1; check that the address is a TAXII 2.1 server's",
    413: "finds the request too large; split it",
    415: "does not take this content type; check that the address is a TAXII 2.1 server's",
    422: "could read the request, but not act on it",
    429: "asks us to come back later",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a refusal's body says.

    Attributes:
        code: The stable word for programs; empty where there is none.
        words: The sentence for people; empty where there is none.
        details: Further facts for programs.
    """

    code: str = ""
    words: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def refusal(answer: Answer, *, now: float) -> PeerRefused:
    """The error for an answer of status 300 or above.

    Args:
        answer: As received.
        now: Seconds since the epoch, for a `Retry-After` that is a date.
    """
    wait = seconds(answer.headers.get("Retry-After"), now)
    words = told(answer.body).words
    said = f" It says: {words}" if words else ""
    where = shown(answer.url)
    if answer.status == 401:  # noqa: PLR2004 - the status that asks for credentials
        sentence = f"{where} does not accept our credentials (401): they may be mistyped, expired or revoked.{said}"
        return NotAuthenticated(sentence, status=answer.status, body=answer.body, retry_after=wait)
    meaning = _REMEDIES.get(answer.status)
    if meaning is None:
        fault = answer.status >= 500  # noqa: PLR2004 - where the server's own faults begin
        meaning = "has a fault of its own; try again later" if fault else "refuses"
    later = f" It asks to wait {wait:.0f} s." if wait is not None else ""
    sentence = f"{where} {meaning} ({answer.status}).{said}{later}"
    return PeerRefused(sentence, status=answer.status, body=answer.body, retry_after=wait)


def told(body: bytes) -> Told:
    """What the body of a refusal says, however it says it; empty where it says nothing readable."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Told()
    if not isinstance(value, dict):
        return Told()
    inner = value.get("error")
    source: dict[str, Any] = inner if isinstance(inner, dict) else value
    heading = _text(source, "title")
    sentence = _text(source, "description", "detail", "message", "sentence")
    details = source.get("details")
    return Told(
        code=_text(source, "error_code", "code"),
        words=": ".join(each for each in (heading, sentence) if each),
        details=details if isinstance(details, dict) else {},
    )


def _text(source: Mapping[str, Any], *names: str) -> str:
    """The first of the named members that is text, printable and bounded."""
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and value:
            return "".join(letter if letter.isprintable() else " " for letter in value[:_MAX_WORDS])
    return ""
