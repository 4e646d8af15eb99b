"""Does every error become the answer the table says, and every other one a 500 without detail? Rows 27, 50 to 54."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from werkzeug.exceptions import ImATeapot, MethodNotAllowed, NotFound

from feeds.errors import BadCursor, BadQuery, FeedsError, NotAcceptable, WrongContentType
from hub.access import Absent, AccessError, Forbidden
from hub.acts import BadInvitation, Refused, Replayed
from hub.limits import TooMany
from hub.publish import Revoked
from hub.receipt_key import NoReceiptKey
from hub.store.errors import Busy, ClockAhead, Full, NotInitialised, StoreError, Unavailable
from hub.web import errors
from hub.web.authentication import Unauthenticated
from hub.web.body import BodyTooLarge, CutBody, EncodedBody
from hub.web.deletion import RecallRequired
from keys.errors import AgreementChanged, KeysError, Malformed, NotAnEnvelope, UnknownKey
from policies.reasons import NotInForce
from support.stage import Stage, open_stage, told
from support.world import TAXII

SECRET = "a sentence that names /home/hub/hub.db and SELECT"

CASES: list[tuple[Exception, int, str, str | None, str | None]] = [
    # error, status, code, Retry-After, what must be shown
    (Unauthenticated(SECRET), 401, "not-authenticated", None, None),
    (Revoked(SECRET), 401, "not-authenticated", None, None),
    (Absent(SECRET), 404, "not-found", None, None),
    (NotFound(SECRET), 404, "not-found", None, None),
    (MethodNotAllowed(["GET"], SECRET), 405, "method-not-allowed", None, None),
    (RecallRequired("say so"), 403, "recall-required", None, "say so"),
    (EncodedBody("say so"), 415, "encoded-body", None, "say so"),
    (BodyTooLarge("say so"), 413, "too-large", None, "say so"),
    (CutBody("say so"), 400, "cut-body", None, "say so"),
    (TooMany("source", 2.1), 429, "rate-limited", "3", str(TooMany("source", 2.1))),
    (NoReceiptKey(SECRET), 503, "no-receipt-key", "60", None),
    (Forbidden(SECRET), 403, "forbidden", None, None),
    (NotAcceptable("say so"), 406, "not-acceptable", None, "say so"),
    (WrongContentType("say so"), 415, "wrong-content-type", None, "say so"),
    (BadQuery("say so"), 400, "bad-query", None, "say so"),
    (BadCursor("say so"), 400, "bad-cursor", None, "say so"),
    (Malformed("say so", path="$.x"), 400, "malformed", None, "$.x: say so"),
    (NotAnEnvelope("say so"), 422, "malformed", None, "say so"),
    (UnknownKey("say so"), 422, "unknown-key", None, "say so"),
    (NotInForce("say so"), 403, "not-in-force", None, "say so"),
    (BadInvitation("say so"), 403, "bad-invitation", None, "say so"),
    (Replayed("say so", {"n": 3}), 409, "replayed", None, "say so"),
    (Refused("say so"), 409, "refused", None, "say so"),
    (Busy(SECRET), 503, "busy", "2", None),
    (Unavailable(SECRET), 503, "unavailable", "5", None),
    (NotInitialised(SECRET), 503, "not-ready", "30", None),
    (ClockAhead(SECRET), 503, "clock-ahead", "60", None),
    (Full(SECRET), 507, "full", "300", None),
    (StoreError(SECRET), 500, "internal", None, None),
    (AccessError(SECRET), 500, "internal", None, None),
    (FeedsError(SECRET), 500, "internal", None, None),
    (ValueError(SECRET), 500, "internal", None, None),
    (KeyError(SECRET), 500, "internal", None, None),
    (RecursionError(SECRET), 500, "internal", None, None),
    (ImATeapot(SECRET), 400, "bad-request", None, None),
]


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, list[Exception]]]:
    """Give an application whose two further doors raise what the list holds."""
    folder: Path = tmp_path_factory.mktemp("stage")
    stage = open_stage(folder, f"sqlite:///{folder / 'hub.db'}")
    raised: list[Exception] = []

    def door() -> str:
        raise raised[-1]

    for prefix in ("live", "api/v1"):
        stage.app.add_url_rule(f"/{prefix}/fail", endpoint=prefix, view_func=door)
    yield stage.app, raised
    stage.world.close()


@pytest.mark.parametrize(("error", "status", "code", "retry", "shown"), CASES, ids=lambda value: type(value).__name__)
def test_the_table(
    failing: tuple[Flask, list[Exception]],
    error: Exception,
    status: int,
    code: str,
    retry: str | None,
    shown: str | None,
) -> None:
    """T-20, F-04, F-12. Red if a class falls out of the table, or shows what it must not."""
    app, raised = failing
    raised.append(error)
    for path, content_type in (("/live/fail", TAXII), ("/api/v1/fail", "application/json")):
        with structlog.testing.capture_logs() as lines:
            answer = app.test_client().get(path)
        body: dict[str, Any] = told(answer)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
        assert (body["http_status"], body["error_code"], body.get("description")) == (str(status), code, shown)
        assert answer.headers.get("Retry-After") == retry
        assert SECRET.encode() not in answer.data
        lines = [line for line in lines if line["event"] != "request"]
        assert (status >= 500 or status == 401) is bool(lines)
        assert "error_id" not in body or body["error_id"] == answer.headers["X-Request-Id"] == lines[0]["request"]
        assert ("error_id" in body) is (status == 500)


def test_the_table_is_tried_whole() -> None:
    """T-20. Red if a class comes into the table, with its sentence shown, and no case says that it may be."""
    tried = {errors.rule_of(error).title for error, *_ in CASES}
    assert {rule.title for rule in errors.TABLE.values()} <= tried


def test_details_for_programs_are_passed_on(failing: tuple[Flask, list[Exception]]) -> None:
    """Red if the digest in force, which a client goes on with, is lost on the way."""
    app, raised = failing
    raised.append(AgreementChanged("say so", details={"agreement": "0" * 64}))
    assert told(app.test_client().get("/api/v1/fail"))["details"] == {"agreement": "0" * 64}


def test_a_failure_is_told_to_the_log_with_its_traceback(failing: tuple[Flask, list[Exception]]) -> None:
    """Red if a 500 leaves no trace, or the query string is logged with it."""
    app, raised = failing
    raised.append(ZeroDivisionError("for the log"))
    with structlog.testing.capture_logs() as lines:
        app.test_client().get("/live/fail?token=do-not-log-me")
    assert lines[0]["log_level"] == "error"
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)
    assert "do-not-log-me" not in repr(lines)


def test_every_leaf_that_is_shown_has_a_code() -> None:
    """Red if an error of the table is answered without a stable word."""
    for leaf, rule in errors.TABLE.items():
        assert rule.code or getattr(leaf, "code", None) or issubclass(leaf, KeysError) or leaf.__name__ == "Refusal"


def test_h3_no_header_carries_a_line_break(stage: Stage) -> None:
    """Red if something of the request gets into a header unescaped."""
    for path in (
        "/live/%0d%0aX-Evil:%201/",
        "/live/collections/?next=%0d%0aX-Evil:%201",
        "/api/v1/agreements/%0d%0aX/document",
    ):
        answer = stage.call(path)
        assert "X-Evil" not in answer.headers
        assert all("\r" not in value and "\n" not in value for _, value in answer.headers.items())
