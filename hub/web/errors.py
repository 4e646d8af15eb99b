"""Which answer is an error? The one table from classes to (status, code, title, whether its sentence is shown).

What is not in the table is a 500 without detail: its traceback goes to the log under the id that the answer carries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import structlog
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from feeds.accept import MEDIA_TYPE
from feeds.errors import BadCursor, BadQuery, NotAcceptable, WrongContentType
from feeds.resources import error as error_resource
from feeds.resources import to_bytes
from hub import measures
from hub.access import Absent, Forbidden
from hub.acts import BadInvitation, Refused, Replayed
from hub.limits import TooMany
from hub.publish import Revoked
from hub.receipt_key import NoReceiptKey
from hub.store.errors import Busy, ClockAhead, Full, NotInitialised, StoreError, Unavailable
from keys.errors import KeysError, Malformed, NotAnEnvelope
from policies.reasons import Refusal

from .answers import JSON_TYPE, Answer, Environ, Field, new_request_id
from .authentication import CHALLENGES, Unauthenticated
from .body import BodyTooLarge, CutBody, EncodedBody
from .deletion import RecallRequired

log = structlog.get_logger("hub.web")


@dataclass(frozen=True, slots=True)
class Rule:
    """How a class of errors is answered.

    Attributes:
        status: HTTP status.
        code: stable word for programs; empty: the error's own.
        title: what went wrong, in a few words.
        show: whether the error's own sentence is shown; never where it could tell what the caller may not know.
        retry_after: seconds after which the same request may be sent again.
    """

    status: int
    code: str
    title: str
    show: bool = False
    retry_after: int | None = None


NOT_AUTHENTICATED: Final = Rule(401, "not-authenticated", "No account has this credential, or none was sent")
NOT_FOUND: Final = Rule(404, "not-found", "Not found")
UNKNOWN: Final = Rule(500, "internal", "The hub failed; the operator finds this under its id in the log")

TABLE: Final[Mapping[type[BaseException], Rule]] = MappingProxyType(
    {
        Unauthenticated: NOT_AUTHENTICATED,
        Revoked: NOT_AUTHENTICATED,
        Absent: NOT_FOUND,
        NotFound: NOT_FOUND,
        Forbidden: Rule(403, "forbidden", "This account lacks the right that the request needs"),
        RecallRequired: Rule(403, "recall-required", "Nothing is deleted from a signed list", show=True),
        MethodNotAllowed: Rule(405, "method-not-allowed", "This address does not know the method"),
        NotAcceptable: Rule(406, "", "None of the accepted media types can be given", show=True),
        WrongContentType: Rule(415, "", "The body is not of the type expected here", show=True),
        EncodedBody: Rule(415, "encoded-body", "Compressed bodies are not read", show=True),
        BodyTooLarge: Rule(413, "too-large", "The body is too large", show=True),
        CutBody: Rule(400, "cut-body", "The body is not as long as announced", show=True),
        BadCursor: Rule(400, "", "This `next` cannot be used here", show=True),
        BadQuery: Rule(400, "", "The query cannot be read", show=True),
        Malformed: Rule(400, "", "The body cannot be read", show=True),
        NotAnEnvelope: Rule(422, "", "The body is no TAXII envelope with objects", show=True),
        KeysError: Rule(422, "", "The signed statement is refused", show=True),
        Refusal: Rule(403, "", "The agreement does not allow this", show=True),
        BadInvitation: Rule(403, "bad-invitation", "The invitation is not good", show=True),
        Replayed: Rule(409, "replayed", "This was said before", show=True),
        Refused: Rule(409, "refused", "This cannot be done", show=True),
        TooMany: Rule(429, "rate-limited", "Too many requests", show=True),
        Busy: Rule(503, "busy", "The hub is busy; nothing was changed", retry_after=2),
        Unavailable: Rule(
            503, "unavailable", "The hub's database cannot be reached; a retry is harmless", retry_after=5
        ),
        NoReceiptKey: Rule(
            503, "no-receipt-key", "The hub cannot sign receipts now; nothing was changed", retry_after=60
        ),
        NotInitialised: Rule(503, "not-ready", "The hub is not ready", retry_after=30),
        ClockAhead: Rule(503, "clock-ahead", "The hub's clock is being set right; nothing was changed", retry_after=60),
        Full: Rule(507, "full", "The hub's disk is full; nothing was changed", retry_after=300),
        HTTPException: Rule(400, "bad-request", "The request cannot be read"),
    }
)


def rule_of(error: BaseException) -> Rule:
    """The rule of the error's nearest class in the table."""
    return next((TABLE[each] for each in type(error).__mro__ if each in TABLE), UNKNOWN)


def answer(error: BaseException, environ: Environ) -> Answer:
    """The answer to what ended in an error: one shape everywhere (TAXII 2.1 §3.6), TAXII's type at its doors."""
    rule = rule_of(error)
    request_id = new_request_id()
    resource = error_resource(
        rule.title,
        http_status=rule.status,
        description=_sentence(error) if rule.show else None,
        error_code=rule.code or _code(error),
        error_id=request_id if rule is UNKNOWN else None,
        details=_details(error) if rule.show else None,
    )
    measures.refused(rule.code or _code(error))
    _tell(error, rule, environ, request_id)
    content_type = MEDIA_TYPE if is_taxii(environ["PATH_INFO"]) else JSON_TYPE
    return Answer(to_bytes(resource), rule.status, content_type, _fields(error, rule), request_id)


def is_taxii(path: str) -> bool:
    """Whether TAXII's content type is due at this path."""
    return path.lstrip("/").partition("/")[0] in {"taxii2", "live"}


def _fields(error: BaseException, rule: Rule) -> list[Field]:
    fields = list(CHALLENGES) if rule is NOT_AUTHENTICATED else []
    if isinstance(error, MethodNotAllowed):
        fields.append(("Allow", ", ".join(sorted(error.valid_methods or ()))))
    wait = error.retry_after if isinstance(error, TooMany) else rule.retry_after
    if wait is not None:
        fields.append(("Retry-After", str(wait)))
    return fields


def _sentence(error: BaseException) -> str:
    if isinstance(error, Refusal):
        return "; ".join(reason.sentence for reason in error.reasons)
    return str(error)


def _code(error: BaseException) -> str:
    if isinstance(error, Refusal):
        return error.reasons[0].code
    return str(getattr(error, "code", "refused"))


def _details(error: BaseException) -> Mapping[str, Any] | None:
    return error.reasons[0].details if isinstance(error, Refusal) else getattr(error, "details", None)


def _tell(error: BaseException, rule: Rule, environ: Environ, request_id: str) -> None:
    """Log what an operator must see. The query string is left out: it may hold a token."""
    place = {"request": request_id, "method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"]}
    if rule is UNKNOWN:
        log.error("failed", **place, exc_info=error)
    elif rule.status >= 500:  # noqa: PLR2004  (the server's own faults, RFC 9110 §15.6)
        cause = error.cause if isinstance(error, StoreError) else ""
        log.warning("unavailable", code=rule.code, why=str(error), cause=cause, **place)
    elif rule is NOT_AUTHENTICATED:
        log.info("refused", code=rule.code, why=str(error), peer=environ.get("REMOTE_ADDR"), **place)
