"""Does an answer come compressed to who asks for it, and as it is to everybody else? RFC 9110 §12.5.3."""

import gzip
import http.client
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from isal import igzip
from werkzeug.test import TestResponse, create_environ, run_wsgi_app

from hub.web import coding
from hub.web.coding import IDENTITY, LEAST, chosen, encoded
from support.served import Serving
from support.stage import Stage, indicator, kept_headers
from support.world import TAXII

ASKED = {
    None: IDENTITY,
    "": IDENTITY,
    "gzip": "gzip",
    "GZip": "gzip",
    "x-gzip": "gzip",
    "zstd": "zstd",
    "gzip, deflate, br, zstd": "zstd",
    "gzip, deflate": "gzip",
    "gzip;q=1.0, zstd;q=0.5": "gzip",
    "zstd ; q=0.1 , gzip;q=0.2": "gzip",
    "gzip;Q=0.001": "gzip",
    "gzip;q=0": IDENTITY,
    "gzip;q=0.000, zstd;q=0": IDENTITY,
    "gzip;q=0.5, identity": IDENTITY,
    "gzip;q=0.5, identity;q=0.5": "gzip",
    "identity;q=0.5, zstd;q=0.4, gzip;q=0.3": IDENTITY,
    "deflate, br": IDENTITY,
    "*": "gzip",
    "*;q=0": IDENTITY,  # nothing is acceptable: as it is
    "*, gzip;q=0": IDENTITY,
    "zstd, *;q=0": "zstd",
    "identity;q=0": IDENTITY,
    "identity;q=0, gzip;q=0.1": "gzip",
    "gzip, gzip;q=0": IDENTITY,
    "gzip;q=0, gzip": IDENTITY,
    "gzip;q=2": IDENTITY,
    "gzip;q=0.0001": IDENTITY,
    "gzip;q": IDENTITY,
    "gzip;level=9": IDENTITY,
    "gzip;q=\u0660": IDENTITY,
    "gzipped": IDENTITY,
    ",,;q=1, ,gzip": "gzip",
}
READABLE: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": zstandard.ZstdDecompressor().decompress,
    IDENTITY: bytes,
}


@pytest.mark.parametrize("header", ASKED, ids=repr)
def test_the_request_chooses_the_coding(header: str | None) -> None:
    """Red if a weight, `*` or `identity` is read otherwise than RFC 9110 §12.5.3 says; each line for itself."""
    assert chosen(header, LEAST) == ASKED[header]


@pytest.mark.parametrize(
    ("header", "expected"),
    [("gzip, zstd", IDENTITY), ("gzip, identity;q=0", "gzip"), ("gzip, *;q=0", "gzip"), ("gzip, *", IDENTITY)],
)
def test_what_fits_into_a_packet_goes_as_it_is(header: str, expected: str) -> None:
    """Red if `LEAST` is not looked at, or wins over a request that excludes the plain form."""
    assert chosen(header, LEAST - 1) == expected


@given(header=st.one_of(st.text(max_size=60), st.lists(st.sampled_from([str(h) for h in ASKED])).map(",".join)))
def test_no_header_is_too_odd(header: str) -> None:
    """Red if some `Accept-Encoding` is an error, or is answered otherwise when it is remembered."""
    assert chosen(header, LEAST) == (coding.ordered(header) or (IDENTITY,))[0]


@pytest.mark.parametrize("name", coding.CODINGS)
def test_codings_are_made_quickly_and_the_same_for_the_same(name: str) -> None:
    """Red if the standard library's gzip takes the place of isal's, at any level, or the time of day comes in."""
    body = b'{"id":"indicator--8e2e"},' * 1000
    assert READABLE[name](encoded(body, name)) == body
    fast = {"gzip": igzip.compress(body, 1, mtime=0), "zstd": zstandard.ZstdCompressor(level=1).compress(body)}
    assert encoded(body, name) == fast[name]


def asked(stage: Stage, path: str, how: str | None, method: str = "GET") -> TestResponse:
    """The answer to BRAVO, who accepts these codings."""
    return stage.call(path, "bravo", method, headers={} if how is None else {"Accept-Encoding": how})


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_page_is_the_same_in_every_coding(stage: Stage, how: str) -> None:
    """H-4. Red if the coded page differs when it is opened, `Vary` or the length is wrong, or HEAD differs from GET."""
    plain, page = asked(stage, stage.objects(), None), asked(stage, stage.objects(), how)
    assert "Content-Encoding" not in plain.headers
    assert (plain.headers["Content-Length"], int(plain.headers["Content-Length"]) > LEAST) == (
        str(len(plain.data)),
        True,
    )
    assert READABLE[how](page.data) == plain.data
    assert len(page.data) < len(plain.data) / 2
    assert (page.headers["Content-Encoding"], page.headers["Content-Length"]) == (how, str(len(page.data)))
    for answer in (plain, page):
        assert (answer.headers["Cache-Control"], answer.headers["Content-Type"]) == ("no-store", TAXII)
        assert answer.headers["Vary"] == "Authorization, X-API-Key, Accept-Encoding"
    head = asked(stage, stage.objects(), how, "HEAD")
    assert (head.data, kept_headers(head)) == (b"", kept_headers(page))


def test_errors_and_statuses_are_coded_as_well(fresh: Stage) -> None:
    """Red if only the doors of the poll walk compress: a refused publication names every object that failed."""
    raw = fresh.envelope("alpha", [indicator(number, spec_version="2.0") for number in range(30)])
    answer = fresh.call(
        fresh.objects(), "alpha", "POST", data=raw, headers={"Content-Type": TAXII, "Accept-Encoding": "gzip"}
    )
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (202, "gzip")
    assert gzip.decompress(answer.data).count(b"not-stix: ") == 30
    error = fresh.call("/live/nothing/", headers={"Accept-Encoding": "gzip, identity;q=0"})
    assert (error.status_code, error.headers["Content-Encoding"]) == (404, "gzip")
    assert gzip.decompress(error.data) == fresh.call("/live/nothing/").data


class Meanwhile(str):
    """An `Accept-Encoding` that lets another reader ask while it is looked at."""

    __slots__ = ("done", "stage")
    stage: Stage
    done: list[int]

    def __len__(self) -> int:
        other = threading.Thread(target=lambda: self.done.append(asked(self.stage, "/live/", None).status_code))
        other.start()
        other.join(10)
        return super().__len__()


def test_the_reading_turn_is_given_up_before_an_answer_is_coded(fresh: Stage) -> None:
    """Red if compressing is moved into the door: on SQLite one reader at a time would wait for another's packing."""
    header = Meanwhile("gzip")
    header.stage, header.done = fresh, []
    environ = create_environ(fresh.objects()) | {"HTTP_ACCEPT_ENCODING": header}
    environ["HTTP_AUTHORIZATION"] = f"Bearer {fresh.credentials['bravo']}"
    _, status, _ = run_wsgi_app(fresh.app, environ)
    assert (status, set(header.done)) == ("200 OK", {200})


@pytest.mark.parametrize("how", ["gzip", "zstd", "gzip;q=0, identity"])
def test_coded_answers_on_an_open_connection(served: Serving, how: str) -> None:
    """H-4. Red if a coded answer, its HEAD, or a 304 leaves bytes on the wire, which the next answer begins with."""
    a, b, agreement = served.pair()
    a.publish(agreement, [indicator(number) for number in range(1, 20)])
    path = f"/live/collections/{agreement.id}/objects/"
    place = urlsplit(served.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    told: dict[str, list[tuple[int, str | None, str | None]]] = {}
    bodies, tag = set(), ""
    for method in ("GET", "HEAD", "304", "HEAD", "GET", "304", "GET"):
        headers = {**b.headers, "Accept-Encoding": how} | ({"If-None-Match": tag} if method == "304" else {})
        connection.request("GET" if method == "304" else method, path, headers=headers)
        answer = connection.getresponse()
        raw, tag = answer.read(), answer.headers["ETag"]
        seen = (answer.status, answer.headers["Content-Encoding"], answer.headers["Content-Length"])
        told.setdefault("304" if method == "304" else "200", []).append(seen)
        if method == "GET":
            assert answer.headers["Content-Length"] == str(len(raw))
            bodies.add(READABLE[answer.headers["Content-Encoding"] or IDENTITY](raw))
        else:
            assert raw == b""
    connection.close()
    assert (len(set(told["200"])), told["200"][0][0], len(bodies)) == (1, 200, 1)
    assert set(told["304"]) == {(304, None, None)}
