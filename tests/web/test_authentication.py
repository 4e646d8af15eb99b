"""Is every spelling of the one credential understood, and everything else a 401? T-25, T-26, rows 6 to 10."""

import base64
from collections.abc import Callable, Mapping

import pytest
import structlog
from werkzeug.test import create_environ, run_wsgi_app

from support.stage import Stage, kept_headers, told

Spelling = Callable[[str], Mapping[str, str]]


def basic(user: bytes, password: bytes) -> str:
    """A Basic credential (RFC 7617 §2)."""
    return "Basic " + base64.b64encode(user + b":" + password).decode()


GOOD: dict[str, Spelling] = {
    "basic, password": lambda token: {"Authorization": basic(b"anyone", token.encode())},
    "basic, password, no user": lambda token: {"Authorization": basic(b"", token.encode())},
    "basic, user alone": lambda token: {"Authorization": basic(token.encode(), b"")},
    "basic, user not ASCII": lambda token: {"Authorization": basic("é".encode(), token.encode())},
    "basic as MISP sends it": lambda token: {"Authorization": basic(b"misp", token.encode()).replace("Basic", "basic")},
    "bearer": lambda token: {"Authorization": f"Bearer {token}"},
    "bearer, capitals": lambda token: {"Authorization": f"BEARER   {token} "},
    "token as Django clients send it": lambda token: {"Authorization": f"Token {token}"},
    "X-API-Key": lambda token: {"X-API-Key": token},
    "x-api-key, blanks": lambda token: {"x-api-key": f" {token} "},
}


@pytest.mark.parametrize("spelling", GOOD, ids=str)
def test_t26_every_spelling_is_the_same_account(stage: Stage, spelling: str) -> None:
    """Row 10. Red if one of the spellings that real clients send is not understood, or is case-sensitive."""
    usual = stage.call("/live/collections/")
    answer = stage.call("/live/collections/", None, headers=dict(GOOD[spelling](stage.credentials["alpha"])))
    assert (answer.status_code, answer.data) == (200, usual.data)


BAD: dict[str, Spelling] = {
    "nothing": lambda _: {},
    "empty": lambda _: {"Authorization": ""},
    "the scheme alone": lambda _: {"Authorization": "Basic"},
    "the token alone": lambda token: {"Authorization": token},
    "another scheme": lambda token: {"Authorization": f"Digest {token}"},
    "negotiate": lambda token: {"Authorization": f"Negotiate {token}"},
    "no base64": lambda _: {"Authorization": "Basic !!!!"},
    "base64 with a gap": lambda token: {"Authorization": basic(b"", token.encode())[:16] + " x"},
    "no colon": lambda token: {"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"},
    "NUL before": lambda token: {"Authorization": basic(b"", b"\0" + token.encode())},
    "NUL after": lambda token: {"Authorization": basic(b"", token.encode() + b"\0")},
    "not UTF-8": lambda _: {"Authorization": basic(b"\xff\xfe", b"\xff")},
    "Latin-1 in the header": lambda _: {"Authorization": "Bearer \xff\xfe"},
    "token as user, with a password": lambda token: {"Authorization": basic(token.encode(), b"x")},
    "both empty": lambda _: {"Authorization": basic(b"", b"")},
    "another case": lambda token: {"Authorization": f"Bearer {token.swapcase()}"},
    "full-width": lambda token: {"Authorization": basic(b"", ("\uff43" + token[1:]).encode())},
    "100 kB": lambda _: {"Authorization": "Bearer " + "x" * 100_000},
    "100 kB key": lambda _: {"X-API-Key": "x" * 100_000},
    "two in one field": lambda token: {"Authorization": f"Bearer {token}, Bearer {token}"},
    "two fields, as servers join them": lambda token: {"Authorization": f"Bearer {token},Bearer {token}"},
    "a good one and an empty one": lambda token: {"Authorization": f"Bearer {token},"},
    "two headers": lambda token: {"Authorization": f"Bearer {token}", "X-API-Key": token},
    "a cookie": lambda token: {"Cookie": f"token={token}; session={token}"},
    "a proxy's": lambda token: {"Proxy-Authorization": f"Bearer {token}"},
    "client certificate headers": lambda _: {"X-SSL-Client-Verify": "SUCCESS", "X-Forwarded-User": "alpha"},
}


@pytest.mark.parametrize("spelling", BAD, ids=str)
def test_t25_everything_else_is_one_401(stage: Stage, spelling: str) -> None:
    """Red if a garbled credential is a 500, a 200, a redirect, or answered unlike a missing one."""
    headers = {**BAD[spelling](stage.credentials["alpha"])}
    for path in ("/taxii2/", stage.objects(), "/api/v1/me"):
        answer, nothing = stage.call(path, None, headers=headers), stage.call(path, None)
        assert answer.status_code == 401
        assert len(answer.headers.getlist("WWW-Authenticate")) == 2
        assert (answer.data, kept_headers(answer)) == (nothing.data, kept_headers(nothing))


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "apikey", "X-API-Key", "auth_token", "anything"])
def test_t26_a_token_in_the_query_is_refused_and_never_logged(stage: Stage, name: str) -> None:
    """Red if an address with a token in it is served (with a good header too), or reaches the log."""
    token = stage.credentials["alpha"]
    with structlog.testing.capture_logs() as lines:
        alone = stage.call(f"/live/collections/?{name}={token}", None)
        beside = stage.call(f"/live/collections/?limit=1&{name}={token}")
    assert (alone.status_code, beside.status_code) == (401, 401)
    assert lines
    assert token not in repr(lines)


def test_t35_a_refused_credential_is_not_logged(stage: Stage) -> None:
    """Red if the line about a refusal repeats what was sent."""
    with structlog.testing.capture_logs() as lines:
        stage.call("/taxii2/", "wrong")
    assert lines[0]["code"] == "not-authenticated"
    assert stage.credentials["wrong"] not in repr(lines)


def test_a_token_without_confirmed_key_knows_itself_and_nothing_else(stage: Stage) -> None:
    """Red if a token works in a group before its key was confirmed, or cannot even ask how it stands."""
    assert told(stage.call("/live/collections/", "pending")) == {}
    assert stage.call(stage.objects(), "pending").status_code == 404
    assert told(stage.call("/api/v1/me", "pending"))["account"]["pending"] is True


def test_no_answer_sets_a_cookie(stage: Stage) -> None:
    """Red if a session is opened: these doors know tokens only."""
    for path in ("/taxii2/", stage.objects(), "/api/v1/me", "/healthz", "/nowhere"):
        assert "Set-Cookie" not in stage.call(path).headers
        assert "Set-Cookie" not in stage.call(path, None).headers


def test_t25_a_header_that_is_no_text_at_all(stage: Stage) -> None:
    """Red if what a server hands on of a header in raw bytes (PEP 3333: as Latin-1) becomes a 500."""
    environ = create_environ("/taxii2/")
    for value in ("Basic \x00\x01", "\x80", "Bearer " + "\xf0\x9f\x94\x91"):
        _, status, _ = run_wsgi_app(stage.app, environ | {"HTTP_AUTHORIZATION": value})
        assert status.startswith("401 ")
