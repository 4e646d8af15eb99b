"""Is a body read whole, or refused? Decision by length, by chunks, by coding; T-50, T-51, H-5, row 78."""

import io
from typing import Any

import pytest

from hub.web.body import BodyTooLarge, CutBody, EncodedBody, read_body

LIMIT = 1000
TERMINATED = {"wsgi.input_terminated": True}


class Slow(io.BytesIO):
    """An input that hands out a few bytes at a time, as sockets do."""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most seven bytes."""
        return super().read(min(7, size if size is not None and size >= 0 else 7))


def environ(raw: bytes, length: str | None = None, **more: Any) -> dict[str, Any]:
    """A WSGI environ with this body."""
    given = {"wsgi.input": Slow(raw), **more}
    return given if length is None else given | {"CONTENT_LENGTH": length}


@pytest.mark.parametrize("size", [0, 1, LIMIT - 1, LIMIT])
@pytest.mark.parametrize("how", ["length", "chunked", "terminated"])
def test_t50_up_to_the_limit_a_body_comes_whole(size: int, how: str) -> None:
    """Red if equality is refused (MISP packs to exactly the limit), or a short read ends the body."""
    raw = bytes(range(256)) * 4
    asked = {
        "length": environ(raw[:size], str(size)),
        "chunked": environ(raw[:size], HTTP_TRANSFER_ENCODING="chunked"),
        "terminated": environ(raw[:size]) | TERMINATED,
    }[how]
    assert read_body(asked, LIMIT) == raw[:size]


@pytest.mark.parametrize("how", ["length", "chunked", "terminated", "endless length"])
def test_h5_one_byte_more_is_too_large(how: str) -> None:
    """Red if a body over the limit is cut instead of refused: its prefix may be valid JSON."""
    raw = b" " * (LIMIT + 1)
    asked = {
        "length": environ(raw, str(LIMIT + 1)),
        "chunked": environ(raw, HTTP_TRANSFER_ENCODING="chunked"),
        "terminated": environ(raw) | TERMINATED,
        "endless length": environ(raw, "9" * 5000),
    }[how]
    with pytest.raises(BodyTooLarge, match="at most 1000 bytes"):
        read_body(asked, LIMIT)


def test_a_body_too_large_by_its_length_is_not_read() -> None:
    """Red if ten gigabytes are read in order to say that they are too many."""
    asked = environ(b"x" * (LIMIT + 1), str(LIMIT + 1))
    with pytest.raises(BodyTooLarge):
        read_body(asked, LIMIT)
    assert asked["wsgi.input"].tell() == 0


def test_an_endless_body_is_read_no_further_than_one_byte_beyond() -> None:
    """Red if chunks are read to their end before they are counted."""
    asked = environ(b"x" * (50 * LIMIT), HTTP_TRANSFER_ENCODING="chunked")
    with pytest.raises(BodyTooLarge):
        read_body(asked, LIMIT)
    assert asked["wsgi.input"].tell() == LIMIT + 1


@pytest.mark.parametrize(
    "asked",
    [
        environ(b"abc", "4"),
        environ(b"abc", "+3"),
        environ(b"abc", "-1"),
        environ(b"abc", "3, 3"),
        environ(b"abc", "0x3"),
        environ(b"abc", "٣"),
        environ(b"abc", "3", HTTP_TRANSFER_ENCODING="chunked"),
    ],
    ids=["cut", "plus", "minus", "twice", "hexadecimal", "arabic digit", "both framings"],
)
def test_t52_a_body_of_doubtful_length_is_refused(asked: dict[str, Any]) -> None:
    """Red if a cut body, or one framed in two ways, is taken for the whole."""
    with pytest.raises(CutBody):
        read_body(asked, LIMIT)


def test_without_length_on_an_open_connection_there_is_no_body() -> None:
    """Red if the next request on the connection is read as this one's body."""
    assert read_body(environ(b"GET / HTTP/1.1"), LIMIT) == b""


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x"])
def test_t51_a_compressed_body_is_refused_unread(coding: str) -> None:
    """Red if a coding is ignored: what is read is then not what was sent."""
    asked = environ(b"\x1f\x8b", "2", HTTP_CONTENT_ENCODING=coding)
    with pytest.raises(EncodedBody):
        read_body(asked, LIMIT)
    assert asked["wsgi.input"].tell() == 0


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_a_body_as_it_is_may_say_so(coding: str) -> None:
    """Red if `identity` is refused."""
    assert read_body(environ(b"ab", "2", HTTP_CONTENT_ENCODING=coding), LIMIT) == b"ab"
