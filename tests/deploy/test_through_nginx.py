"""Does the whole shipped stack work together? nginx as shipped, TLS, and the hub as it is served behind it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.proxy import NAME, Proxy
from support.served import Serving
from support.stix_objects import indicator
from support.world import TAXII


@pytest.fixture
def proxy(served: Serving, tmp_path: Path) -> Iterator[Proxy]:
    """Give nginx in front of the served hub."""
    server = Proxy(tmp_path, served.url.removeprefix("http://"))
    yield server
    server.stop()


def request(line: str, token: str, body: bytes = b"", *fields: str) -> bytes:
    """The bytes of a request with this token."""
    head = [line, f"Host: {NAME}", f"Authorization: Bearer {token}", f"Accept: {TAXII}", "Connection: close", *fields]
    if body:
        head += [f"Content-Type: {TAXII}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def test_publish_and_poll_over_tls(served: Serving, proxy: Proxy) -> None:
    """Rows 1 and 2: what A posts over TLS, B polls over TLS. Red if the proxy changes a body, a status or a header."""
    a, b, agreement = served.pair()
    place = f"/live/collections/{agreement.id}/objects/"
    _, (item,) = a.manifest(agreement, [indicator()])
    posted = proxy.answer(request(f"POST {place} HTTP/1.1", a.token, a.envelope(agreement, [item])))
    assert (posted.status, json.loads(posted.body)["success_count"]) == (202, 2)
    polled = proxy.answer(request(f"GET {place}?match%5Bversion%5D=all HTTP/1.1", b.token))
    assert (polled.status, polled.headers["Content-Type"]) == (200, TAXII)
    assert item.canonical in polled.body
    assert polled.headers["X-TAXII-Date-Added-Last"].endswith("Z")


def test_a_stranger_is_turned_away_over_tls(served: Serving, proxy: Proxy) -> None:
    """Row 8. Red if the proxy swallows the challenge, or answers in its own words."""
    del served
    answer = proxy.answer(request("GET /taxii2/ HTTP/1.1", "nobody"))
    assert (answer.status, answer.headers["Content-Type"]) == (401, TAXII)
    assert json.loads(answer.body)["error_code"] == "not-authenticated"
    assert any(challenge.startswith("Basic") for challenge in answer.headers.get_all("WWW-Authenticate", []))


def test_a_forged_client_address_is_not_believed(served: Serving, proxy: Proxy) -> None:
    """T-30, H-6: links come from the settings. Red if a forwarded host or prefix reaches an answer."""
    a, _, _ = served.pair()
    forged = ("X-Forwarded-Host: evil.example", "X-Forwarded-Prefix: /evil", "X_Forwarded_Proto: gopher")
    answer = proxy.answer(request("GET /taxii2/ HTTP/1.1", a.token, b"", *forged))
    assert json.loads(answer.body)["default"] == f"{served.url}/live/"
