"""What of the doors shows only behind a real server? Chunks, repeated headers, HEAD on an open connection. H-4, H-5."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from hub.store import deliveries
from support.served import Serving, serving
from support.world import TAXII, Cirt

CHUNK = b" " * 65_536


@contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    """One open connection to a hub."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    yield connection
    connection.close()


def stranger(served: Serving) -> tuple[Cirt, str]:
    """A member with a group of its own, and the address of its objects."""
    cirt, _, agreement = served.pair()
    return cirt, f"/live/collections/{agreement.id}/objects/"


def test_h5_a_chunked_body_over_the_limit_is_413_and_at_the_limit_read(served: Serving) -> None:
    """T-50. Red if the server's own limit cuts the body: what is left may be valid JSON."""
    cirt, path = stranger(served)
    limit = served.world.settings.max_content_length
    for extra, expected in ((0, 422), (1, 413)):
        size = limit + extra - 2
        chunks = [b"{}", *(CHUNK for _ in range(size // len(CHUNK))), b" " * (size % len(CHUNK))]
        with connected(served.url) as connection:
            headers = {**cirt.headers, "Content-Type": TAXII}
            connection.request("POST", path, iter([c for c in chunks if c]), headers, encode_chunked=True)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Content-Type"]) == (expected, TAXII)
            assert orjson.loads(answer.read())["http_status"] == str(expected)


def test_t25_two_authorization_headers_are_401(served: Serving) -> None:
    """Red if one of two credentials is chosen: two readers of the request may choose differently."""
    cirt, path = stranger(served)
    other, _ = stranger(served)
    for second in (cirt.token, other.token, ""):
        with connected(served.url) as connection:
            connection.putrequest("GET", path)
            connection.putheader("Authorization", f"Bearer {cirt.token}")
            connection.putheader("Authorization", f"Bearer {second}")
            connection.endheaders()
            answer = connection.getresponse()
            assert answer.status == 401
            assert len(answer.headers.get_all("WWW-Authenticate") or []) == 2


def test_h4_head_leaves_an_open_connection_in_order(served: Serving) -> None:
    """Red if HEAD is answered with a body, which the next answer on the connection would begin with."""
    cirt, path = stranger(served)
    with connected(served.url) as connection:
        for method in ("HEAD", "GET", "HEAD", "DELETE", "GET"):
            connection.request(method, path, headers=cirt.headers)
            answer = connection.getresponse()
            body = answer.read()
            assert (answer.status, body) == {
                "HEAD": (200, b""),
                "GET": (200, b'{"more":false}'),
                "DELETE": (405, body),
            }[method]
            assert answer.headers["Server"] == "cirt-hub"
            assert answer.headers["Content-Length"] == ("14" if method != "DELETE" else str(len(body)))


def test_a_body_that_a_refusal_leaves_unread_does_not_spoil_the_connection(served: Serving) -> None:
    """T-52. Red if the bytes of a refused body are taken for the next request."""
    cirt, path = stranger(served)
    smuggled = b"GET /live/ HTTP/1.1\r\nHost: x\r\n\r\n" * 3
    with connected(served.url) as connection:
        for _ in range(3):
            connection.request("POST", path, smuggled, {"Content-Type": "text/plain", **cirt.headers})
            answer = connection.getresponse()
            assert (answer.status, answer.read()[:9]) == (415, b'{"title":')


def test_polls_are_noted_even_if_the_process_ends_at_once(tmp_path: Path, database_url: str) -> None:
    """Red if a worker ends without closing its hub: the last second of deliveries is lost from the record."""
    with serving(tmp_path / "hub", database_url) as hub:
        _, reader, agreement = hub.pair()
        with connected(hub.url) as connection:
            connection.request("GET", f"/live/collections/{agreement.id}/objects/", headers=reader.headers)
            assert connection.getresponse().status == 200
        hub.first.stop()
        with hub.world.hub.database.reading() as tx:
            assert len(deliveries.of_member(tx, reader.id)) == 1
