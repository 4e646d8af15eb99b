"""Can any request make a door fail, or tell what it must not? Every route, hostile in each part. T-20, T-34, T-44."""

import io
import re
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from support.stage import NOWHERE, Stage
from support.world import TAXII

LURE = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001"
LEAKS = re.compile(
    rb"Traceback|sqlalchemy|sqlite|psycopg|werkzeug|flask|granian|SELECT|INSERT|/home|/usr|/tmp|\.py\b|site-packages"
    rb"|0x[0-9a-f]{6}|second-group|Second group|NoneType|Error\(",
    re.IGNORECASE,
)
ROUTES = (
    "/taxii2/", "/live/", "/live/status/<>/", "/live/collections/", "/live/collections/<>/",
    "/live/collections/<>/manifest/", "/live/collections/<>/objects/", "/live/collections/<>/objects/<>/",
    "/live/collections/<>/objects/<>/versions/", "/api/v1/hub", "/api/v1/join", "/api/v1/me", "/api/v1/agreements",
    "/api/v1/agreements/<>", "/api/v1/agreements/<>/document", "/api/v1/agreements/<>/acceptances", "/api/v1/keys",
    "/api/v1/streams/<>", "/api/v1/dry-run/<>", "/api/v1/explain/<>/<>", "/healthz", "/readyz", "/", "//", "/live/..",
)  # fmt: skip
INJECTIONS = (
    "'", '"', "';--", "' OR 1=1--", "%", "_", "\\", ";", "\0", "\x01", "\n", "\r\nX-Evil: 1", "../../etc/passwd",
    "{{7*7}}",
    "${jndi:ldap://x}", "<script>", "-1", "1e9", "9" * 400, "NaN", "null", "true", "[]", "{}", "%00", "%ff", "\ud7ff",
    "\ufffe", "\U0001f4a9", "é", "\uff26\uff35",
    "a" * 5000, "0", "", " ", "+", "2026-11-20T10:30:00Z", "all", "first,last",
    "indicator", LURE, LURE.upper(), LURE + "\n", "{" + LURE + "}", f"indicator--{NOWHERE}", "first-group", NOWHERE,
)  # fmt: skip
NAMES = (
    "added_after", "limit", "next", "match[id]", "match[type]", "match[version]", "match[spec_version]", "match[tlp]",
    "match[", "match[]", "group", "since", "member", "tlp", "digest", "sort", "", "limit[]", "__proto__",
)  # fmt: skip
BODIES = (
    b"", b"{}", b"null", b"[", b'{"objects":[{}]}', b'{"objects":[null]}', b'{"objects":[{"id":1,"type":[]}]}',
    b'{"objects":[{"type":"publication-manifest"}]}', b'{"objects":[{"type":"publication-manifest","jws":"a.b.c"}]}',
    b'{"objects":[{"type":["indicator"],"id":"indicator--x","extensions":"x"}]}', b"\xff\xfe{\x00}\x00", b"a.b.c",
    b'{"invitation":"x","enrolment":"a.b.c"}', b'{"acceptance":"\xc3\xa9.b.c"}', b"\x1f\x8b\x08\0", b"." * 2000,
    b'{"objects":' + b"[" * 3000 + b"]" * 3000 + b"}", b'{"objects":[{"type":"indicator","id":"\\u0000"}]}',
)  # fmt: skip

hostile = st.one_of(st.sampled_from(INJECTIONS), st.text(max_size=40))
pieces = st.one_of(hostile, st.sampled_from(["first-group", LURE, NOWHERE]))


def raw(text: str) -> str:
    """Text as a server hands it on: bytes as Latin-1 (PEP 3333)."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """The parts of a request that a client can choose, as a WSGI environ; `who` stands for the token."""
    path = draw(st.sampled_from(ROUTES))
    while "<>" in path:
        path = path.replace("<>", draw(pieces) or "x", 1)
    query = "&".join(
        f"{name}={value}" for name, value in draw(st.lists(st.tuples(st.sampled_from(NAMES), hostile), max_size=3))
    )
    header = st.sampled_from(
        ["ACCEPT", "ACCEPT_ENCODING", "RANGE", "IF_NONE_MATCH", "HOST", "X_FORWARDED_FOR", "COOKIE"]
    )
    headers = draw(st.dictionaries(header, hostile, max_size=2))
    body = draw(st.one_of(st.sampled_from(BODIES), st.binary(max_size=60)))
    return {
        "who": draw(st.sampled_from(["alpha", "bravo", "romeo", "oscar", "charlie", "pending", "wrong", None])),
        "REQUEST_METHOD": draw(
            st.sampled_from(["GET", "GET", "GET", "POST", "POST", "DELETE", "HEAD", "PUT", "FOO", ""])
        ),
        "PATH_INFO": raw(path),
        "QUERY_STRING": raw(query),
        "CONTENT_TYPE": draw(
            st.one_of(st.sampled_from([TAXII, "application/json", "application/jose"]), hostile.map(raw))
        ),
        "CONTENT_LENGTH": draw(st.sampled_from([str(len(body)), str(len(body)), "", "x", "-5", str(len(body) + 5)])),
        "wsgi.input": io.BytesIO(body),
        **{f"HTTP_{name}": raw(value) for name, value in headers.items()},
    }


@settings(max_examples=400)
@given(asked=requests())
def test_t20_t34_no_request_breaks_a_door(stage: Stage, asked: dict[str, Any]) -> None:
    """Red if one is answered with a 500, in another shape, or with a word about the inside."""
    environ = create_environ() | {key: value for key, value in asked.items() if key != "who"}
    environ.pop("HTTP_HOST" if "HTTP_HOST" not in asked else "", None)
    if asked["who"] is not None:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {stage.credentials[asked['who']]}"
    body, line, headers = run_wsgi_app(stage.app, environ, buffered=True)
    sent, status = b"".join(body), int(line[:3])
    assert status < 500
    assert not 300 <= status < 400
    assert all("\r" not in value and "\n" not in value for _, value in headers.items())
    assert (status == 401) is ("WWW-Authenticate" in headers)
    taxii = environ["PATH_INFO"].lstrip("/").split("/")[0] in {"taxii2", "live"}
    if status >= 400 and environ["REQUEST_METHOD"] != "HEAD":
        assert headers["Content-Type"] == (TAXII if taxii else "application/json")
        told = orjson.loads(sent)
        assert (told["http_status"], bool(told["title"])) == (str(status), True)
        assert LEAKS.search(sent) is None
    elif taxii:
        assert headers["Content-Type"] == TAXII


@pytest.mark.parametrize(
    "value", ["'", '"', "%", "_", "\\", ";", "' OR '1'='1", "indicator--%", "a_c", "*", "(", "\u0131"]
)
def test_t34_what_looks_like_sql_is_text(stage: Stage, value: str) -> None:
    """Red if a filter's value is put into a statement, or a wildcard in it means something."""
    for name in ("match[id]", "match[type]"):
        answer = stage.call(stage.objects(), query_string={name: value})
        assert (answer.status_code, orjson.loads(answer.data)) == (200, {"more": False})
    answer = stage.call(f"/live/collections/{stage.first.id}/objects/{value.replace('%', '%25')}/")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "spelling", [LURE.upper(), LURE.replace("8e2e", "8E2E"), LURE + "%0a", f"%7b{LURE}%7d", f" {LURE}"]
)
def test_t44_an_id_has_one_spelling(stage: Stage, spelling: str) -> None:
    """Red if an object is found under a second spelling of its id."""
    assert stage.call(stage.objects(path=f"objects/{spelling}/")).status_code == 404


def test_t20_every_route_is_tried(stage: Stage) -> None:
    """Red if a new address is not among those that are attacked."""
    known = {re.sub(r"<\w+>", "<>", rule.rule) for rule in stage.app.url_map.iter_rules()}
    assert known <= set(ROUTES)
