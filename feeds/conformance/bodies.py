"""Is every answer TAXII's, readable, and an error where it must be one? Rows on media types, JSON and errors."""

from __future__ import annotations

from typing import Final

from feeds.accept import MEDIA_TYPE
from feeds.conformance.exchanges import Exchange, Notes
from feeds.conformance.rows import (
    Judgement,
    Level,
    Row,
    judge_each,
    like_plain,
    named,
    not_applicable,
    status_in,
)
from feeds.conformance.survey import ACCEPTS
from feeds.errors import shown

_FAILED: Final = 400
_CRASHED: Final = 500
_STATUSES: Final = frozenset({200, 400, 401, 403, 404, 406, 429})
_TEXTS: Final = ("title", "description", "error_id", "error_code", "http_status", "external_details")
_NO_ERROR: Final = "no error was answered"
_OUTSIDE: Final = frozenset({"nowhere"})
"""Questions outside the endpoints of the standard: what answers there need not be TAXII."""


def media_type(notes: Notes) -> Judgement:
    """Row 30."""
    answers = [each for name, each in notes.answered().items() if name not in _OUTSIDE and each.size]
    return judge_each(answers, _not_taxii, "nothing was answered")


def _not_taxii(exchange: Exchange) -> str | None:
    if exchange.is_taxii:
        return None
    return f"{exchange.came}; `{MEDIA_TYPE}` belongs there, on errors too"


def exact_type(notes: Notes) -> Judgement:
    """Row 42."""
    answers = [each for each in notes.answered().values() if each.ok and each.is_taxii]
    return judge_each(answers, _other_spelling, "no resource was answered")


def _other_spelling(exchange: Exchange) -> str | None:
    tokens = exchange.headers.get("content-type", "").replace(" ", "").split(";")
    if set(MEDIA_TYPE.split(";")) <= set(tokens):
        return None
    return f"{shown(exchange.headers.get('content-type', ''))} is the right type in another spelling"


def i_json(notes: Notes) -> Judgement:
    """Row 43."""
    answers = [each for each in notes.answered().values() if each.size and each.is_taxii]
    return judge_each(answers, _garbled, "nothing was answered as TAXII")


def _garbled(exchange: Exchange) -> str | None:
    return None if exchange.garbled is None else f"{exchange.came}: {exchange.garbled}"


def _errors(notes: Notes) -> list[Exchange]:
    answers = (each for name, each in notes.answered().items() if name not in _OUTSIDE and each.method != "HEAD")
    return [each for each in answers if (each.status or 0) >= _FAILED and each.size]


def error_given(notes: Notes) -> Judgement:
    """Row 51."""
    answers = (each for name, each in notes.answered().items() if name not in _OUTSIDE and each.method != "HEAD")
    return judge_each((each for each in answers if (each.status or 0) >= _FAILED), _no_resource, _NO_ERROR)


def _no_resource(exchange: Exchange) -> str | None:
    return None if isinstance(exchange.value, dict) else f"{exchange.came}, no error resource"


def error_shape(notes: Notes) -> Judgement:
    """Row 52."""
    return judge_each((each for each in _errors(notes) if each.is_taxii), _misshapen, _NO_ERROR)


def _misshapen(exchange: Exchange) -> str | None:
    value = exchange.value
    if not isinstance(value, dict):
        return f"{exchange.came}; a TAXII error is a JSON object"
    if not isinstance(value.get("title"), str):
        return f"{exchange.status}, an error without `title`; it has {shown(', '.join(value))}"
    wrong = [name for name in _TEXTS if name in value and not isinstance(value[name], str)]
    if "details" in value and not isinstance(value["details"], dict):
        wrong.append("details")
    return f"{exchange.status}, an error whose `{wrong[0]}` has the wrong type" if wrong else None


def error_status(notes: Notes) -> Judgement:
    """Row 53."""
    stating = [each for each in _errors(notes) if isinstance(each.value, dict) and "http_status" in each.value]
    if not stating and _errors(notes):
        return not_applicable("no error states its status")
    return judge_each(stating, _other_status, _NO_ERROR)


def _other_status(exchange: Exchange) -> str | None:
    said = exchange.value["http_status"]
    return None if said == str(exchange.status) else f"{exchange.status}, but `http_status` is {shown(repr(said))}"


def known_status(notes: Notes) -> Judgement:
    """Row 50."""
    plain = [each for name, each in notes.answered().items() if name not in _OUTSIDE and each.method == "GET"]
    return judge_each(plain, _odd_status, "nothing was answered")


def _odd_status(exchange: Exchange) -> str | None:
    status = exchange.status or 0
    if status in _STATUSES or status >= _CRASHED:
        return None
    return f"{exchange.came}; an endpoint's GET ends in {', '.join(map(str, sorted(_STATUSES)))}, or in a failure"


_MUST, _SHOULD, _TRAP = Level.MUST, Level.SHOULD, Level.TRAP
_NONE: Final = "nothing was asked, since no collection could be looked into"
ROWS: Final = (
    Row(
        30,
        _MUST,
        "TAXII 2.1 §3.1",
        "every answer's Content-Type is TAXII's with version 2.1",
        f"Send `Content-Type: {MEDIA_TYPE}` with every answer that has content, errors included.",
        media_type,
    ),
    Row(
        32,
        _MUST,
        "TAXII 2.1 §1.6.8.2, §3.1",
        "Accept without a version is never refused",
        "Answer `Accept: application/taxii+json` with the newest version instead of 406.",
        like_plain(["accept plain"], status_in(200)),
    ),
    Row(
        34,
        _SHOULD,
        "RFC 9110 §12.5.1",
        "Accept is read by the rules of HTTP",
        "Parse Accept as HTTP asks: any case, optional blanks, quoted values, several ranges, q-values.",
        like_plain([f"accept {name}" for name in ACCEPTS], status_in(200)),
    ),
    Row(
        39,
        _MUST,
        "TAXII 2.1 §5.3",
        "the manifest takes its two Accept values together",
        "Do not answer the manifest's own pair of Accept values with 406.",
        named(["accept both"], status_in(200), _NONE),
    ),
    Row(
        41,
        _TRAP,
        "RFC 9110 §8.3",
        "Content-Type on a GET is ignored",
        "Ignore Content-Type on GET: cytaxii2 and Elastic send one every time.",
        like_plain(["typed"], status_in(200)),
    ),
    Row(
        42,
        _TRAP,
        "TAXII 2.1 §3.1",
        "the Content-Type is spelled as taxii2-client expects it",
        f"Spell it exactly `{MEDIA_TYPE}`: taxii2-client compares letter by letter.",
        exact_type,
    ),
    Row(
        43,
        _MUST,
        "TAXII 2.1 §1.6.7; RFC 7493",
        "bodies are I-JSON",
        "Send UTF-8 without byte order mark, names once, no NaN or Infinity, no half surrogates.",
        i_json,
    ),
    Row(
        50,
        _MUST,
        "TAXII 2.1 §4, §5",
        "a GET ends in a status of its endpoint",
        "Answer with 200, 400, 401, 403, 404 or 406; nothing in between, no part of a page, no redirect to elsewhere.",
        known_status,
    ),
    Row(
        51,
        _SHOULD,
        "TAXII 2.1 §3.6, §4, §5",
        "a failure is answered with an error resource",
        "Find out from the server's log what this request breaks, and answer it with an error resource.",
        error_given,
    ),
    Row(
        52,
        _MUST,
        "TAXII 2.1 §3.6.1",
        "errors have a title, and texts for texts",
        "Give every error a text `title`; all else in it but `details` is text as well.",
        error_shape,
    ),
    Row(
        53,
        _MUST,
        "TAXII 2.1 §3.6.1",
        "http_status is a text and the real status",
        "Send `http_status` as text, equal to the status of the answer.",
        error_status,
    ),
)
