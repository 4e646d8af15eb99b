"""What do headers and methods do to the stack as it is served: the hub alone, and behind nginx? H-3, H-4, H-6."""

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from policies.agreement import Agreement
from support.proxy import NAME, PATIENCE, Proxy
from support.served import Serving
from support.stix_objects import indicator
from support.world import TAXII, Cirt

EVIL = "evil.example"
OWN = {"date", "x-request-id", "connection"}  # of one answer alone
CRLF = ("%0d%0aX-Evil:%201", "%0D%0A%20X-Evil:%201", "%0aX-Evil:%201", "%0d", "%E5%98%8A%E5%98%8DX-Evil:%201", "%00")
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X_HTTP_Method_Override", "_method")
PLACES = ("X-Forwarded-Host", "X_Forwarded_Host", "X-Forwarded-Server", "X-Host", "X-Original-URL", "X-Rewrite-URL")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, every byte of it: what came after the head is its body, whatever the head says."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def lasting(self) -> dict[str, str]:
        """The fields that the same question gets each time."""
        return {name: value for name, value in self.fields.items() if name not in OWN}


@dataclass(frozen=True, slots=True)
class Stack:
    """One way in, and a reader who holds a page there."""

    proxy: Proxy | None
    place: tuple[str, int]
    reader: Cirt
    agreement: Agreement

    @property
    def objects(self) -> str:
        """The path of the page."""
        return f"/live/collections/{self.agreement.id}/objects/"

    def connected(self) -> socket.socket | ssl.SSLSocket:
        """A new connection."""
        return self.proxy.connect() if self.proxy else socket.create_connection(self.place, PATIENCE)

    def ask(self, line: str, *fields: str, host: str | None = NAME, token: str | None = "") -> Told:
        """Send a request of these lines, as the reader unless told otherwise, and read to the end."""
        given = [] if token is None else [f"Authorization: Bearer {token or self.reader.token}"]
        head = [line, *([f"Host: {host}"] if host is not None else []), "Connection: close", *given, *fields]
        with self.connected() as connection:
            connection.sendall("\r\n".join([*head, "", ""]).encode())
            raw = b""
            while block := connection.recv(65_536):
                raw += block
        before, _, body = raw.partition(b"\r\n\r\n")
        lines = before.decode("latin-1").split("\r\n")
        found = [field.partition(": ") for field in lines[1:]]
        return Told(int(lines[0].split()[1]), {name.lower(): value for name, _, value in found}, body)


@pytest.fixture(scope="module", params=["alone", "behind nginx"])
def stack(request: pytest.FixtureRequest, served: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give each way in, on each engine."""
    a, b, agreement = served.pair()
    a.publish(agreement, [indicator()])
    place = urlsplit(served.url)
    assert place.hostname
    assert place.port
    nginx = Proxy(tmp_path_factory.mktemp("nginx"), place.netloc) if request.param != "alone" else None
    yield Stack(nginx, (place.hostname, place.port), b, agreement)
    if nginx:
        nginx.stop()


@pytest.mark.parametrize("value", CRLF)
def test_h3_what_was_asked_for_makes_no_header(stack: Stack, value: str) -> None:
    """T-36. Red if a part of the address gets into a header as it came: `next`, a name, an id, a digest."""
    here = f"/live/collections/{stack.agreement.id}/"
    for path in (
        f"{stack.objects}?next={value}",
        f"{stack.objects}?added_after={value}",
        f"{here}objects/{value}/",
        f"/live/{value}/",
        f"/{value}",
        f"/api/v1/agreements/{stack.agreement.id}/document?digest={value}",
        f"/api/v1/agreements/{value}/document",
        f"/console/{value}",
        f"/live//collections/{value}/",
    ):
        answer = stack.ask(f"GET {path} HTTP/1.1")
        assert 200 <= answer.status < 500, path
        assert "x-evil" not in answer.fields, path
        assert "location" not in answer.fields, path
        assert set(answer.fields.get("content-disposition", "attachment")) == set("attachment"), path


def test_h3_a_redirect_of_nginx_keeps_the_address_encoded(stack: Stack) -> None:
    """Red if the redirect for people names `$uri`, which nginx has decoded, in the place of `$request_uri`."""
    if stack.proxy is None:
        assert stack.ask("GET /console/%0d%0aX-Evil:%201 HTTP/1.1").status == 404
        return
    answer = stack.proxy.answer(
        b"GET /console/%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", tls=False
    )
    assert (answer.status, answer.headers["Location"]) == (308, f"https://{NAME}/console/%0d%0aX-Evil:%201")
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("name", OVERRIDES)
def test_h4_no_header_makes_another_method(stack: Stack, name: str) -> None:
    """Red if a GET with such a header deletes or posts, or a POST reads."""
    for method in ("GET", "POST", "DELETE", "PUT"):
        usual = stack.ask(f"{method} {stack.objects} HTTP/1.1")
        for other in ("GET", "POST", "DELETE", "HEAD", "TRACE"):
            answer = stack.ask(f"{method} {stack.objects}?{name}={other} HTTP/1.1", f"{name}: {other}")
            assert (answer.status, answer.body) == (usual.status, usual.body), (method, other)
            answer = stack.ask(f"{method} {stack.objects} HTTP/1.1", f"{name}: {other}")
            assert (answer.status, answer.body) == (usual.status, usual.body), (method, other)


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "OPTIONS", "PROPFIND", "FOO", "get"])
def test_h4_a_method_that_is_not_known_is_405_and_echoes_nothing(stack: Stack, method: str) -> None:
    """Rows 24 and 27. Red if TRACE sends a credential back, or a method is answered in HTML or without `Allow`.

    nginx refuses some by itself: TRACE as 405, lower case as 400.
    """
    answer = stack.ask(f"{method} {stack.objects} HTTP/1.1", "X-Mine: do-not-echo")
    assert answer.status == (400 if method == "get" and stack.proxy else 405)
    assert b"do-not-echo" not in answer.body
    assert stack.reader.token.encode() not in answer.body
    if answer.status == 405:
        assert {"GET", "POST"} <= set(answer.fields["allow"].split(", "))
        assert answer.fields["content-type"] == TAXII
        assert json.loads(answer.body)["http_status"] == "405"


@pytest.mark.parametrize("how", ["identity", "gzip", "zstd"])
def test_h4_head_is_get_without_its_body(stack: Stack, how: str) -> None:
    """Row 25. Red if HEAD sends a body, another status, or one header more or less; good answers and bad ones."""
    here = f"/live/collections/{stack.agreement.id}/"
    paths = ("/taxii2/", "/live/", here, stack.objects, f"{stack.objects}?limit=1", f"{here}manifest/", "/healthz")
    bad = ("/live/nothing/", f"{stack.objects}?limit=0", f"{here}objects/indicator--nothing/", "/nothing")
    for path in (*paths, *bad):
        for token in ("", None, "nobody"):
            get = stack.ask(f"GET {path} HTTP/1.1", f"Accept-Encoding: {how}", token=token)
            head = stack.ask(f"HEAD {path} HTTP/1.1", f"Accept-Encoding: {how}", token=token)
            assert (head.status, head.body, head.lasting) == (get.status, b"", get.lasting), path
            assert int(get.fields["content-length"]) == len(get.body)
    assert stack.ask(f"HEAD {stack.objects} HTTP/1.1", "Accept: text/html").status == 406


@pytest.mark.parametrize("host", [EVIL, f"{EVIL}:1", f"{NAME}@{EVIL}", f"{NAME}:{EVIL}", "", "[::1", "a b", "\u00e9"])
def test_h6_links_never_come_from_the_host_header(stack: Stack, host: str) -> None:
    """Row 74. Red if a link is made from the request; nginx may refuse what is no host at all."""
    for path in ("/taxii2/", "/api/v1/hub", "/live/collections/"):
        usual, answer = stack.ask(f"GET {path} HTTP/1.1"), stack.ask(f"GET {path} HTTP/1.1", host=host)
        assert answer.status in {200, 400}
        assert EVIL.encode() not in answer.body
        assert EVIL not in str(answer.fields)
        if answer.status == 200:
            assert (answer.body, answer.lasting) == (usual.body, usual.lasting)


def test_h6_nor_from_any_other_header_or_the_request_line(stack: Stack) -> None:
    """Red if a forwarded host, a rewritten address, or one in absolute form, moves a link or another door."""
    for path in ("/taxii2/", "/api/v1/hub"):
        usual = stack.ask(f"GET {path} HTTP/1.1")
        for name in PLACES:
            answer = stack.ask(f"GET {path} HTTP/1.1", f"{name}: {EVIL}", f"{name}: /api/v1/me")
            assert (answer.status, answer.body) == (200, usual.body), name
        forwarded = stack.ask(f"GET {path} HTTP/1.1", f"Forwarded: for=192.0.2.1;host={EVIL};proto=gopher")
        absolute = stack.ask(f"GET http://{EVIL}{path} HTTP/1.1")
        assert (forwarded.body, absolute.status in {200, 400}) == (usual.body, True)
        assert EVIL.encode() not in absolute.body
        assert stack.ask(f"GET {path} HTTP/1.0", host=None).body == usual.body
