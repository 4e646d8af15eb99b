"""What did the request bring? Its body, read to the end or refused; never a cut one.

A server may cut a chunked body at a limit without a word, and a prefix may be valid JSON: so it is read up to one byte
beyond the limit, and that byte means "too large". Compressed bodies are refused before reading.
"""

from typing import Final, Protocol

from .answers import Environ

BLOCK: Final = 1 << 20  # bytes asked for at a time where the length is not known


class BodyTooLarge(Exception):
    """More bytes than `max_content_length` (TAXII 2.1 §4.2.1)."""


class EncodedBody(Exception):
    """A body with a Content-Encoding (RFC 9110 §8.4)."""


class CutBody(Exception):
    """A body that is shorter than announced, or announced in two ways."""


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


def check_encoding(environ: Environ) -> None:
    """Raises `EncodedBody` unless the body comes as it is."""
    coding = environ.get("HTTP_CONTENT_ENCODING", "").strip()
    if coding and coding.lower() != "identity":
        raise EncodedBody("Send the body as it is, without Content-Encoding.")


def read_body(environ: Environ, limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Raises `BodyTooLarge`, `EncodedBody`, `CutBody`."""
    check_encoding(environ)
    announced = environ.get("CONTENT_LENGTH") or None
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    if announced is None:
        terminated = chunked or environ.get("wsgi.input_terminated")
        return _to_the_end(environ["wsgi.input"], limit) if terminated else b""
    if chunked or not (announced.isascii() and announced.isdigit()):
        raise CutBody("Send either Content-Length or Transfer-Encoding, once, and right.")
    digits = announced.lstrip("0")
    if len(digits) > len(str(limit)) or int(digits or 0) > limit:
        raise BodyTooLarge(f"The body must have at most {limit} bytes.")
    return _exactly(environ["wsgi.input"], int(digits or 0))


def _to_the_end(stream: _Stream, limit: int) -> bytes:
    blocks: list[bytes] = []
    left = limit + 1
    while left and (block := stream.read(min(BLOCK, left))):
        blocks.append(block)
        left -= len(block)
    if not left:
        raise BodyTooLarge(f"The body must have at most {limit} bytes.")
    return b"".join(blocks)


def _exactly(stream: _Stream, length: int) -> bytes:
    first = stream.read(length) if length else b""
    blocks = [first]
    left = length - len(first)
    while left and (block := stream.read(left)):
        blocks.append(block)
        left -= len(block)
    if left:
        raise CutBody(f"The body ended {left} bytes before its Content-Length.")
    return first if len(blocks) == 1 else b"".join(blocks)
