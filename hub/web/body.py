"""What did the request bring? Its body, read to the end or refused; never a cut one.

A server may cut a chunked body at a limit without a word, and a prefix may be valid JSON: so it is read up to one byte
beyond the limit, and that byte means "too large". Compressed bodies are refused before reading.
"""

from collections.abc import Callable
from typing import Final, Protocol

from .answers import Environ

BLOCK: Final = 1 << 20  # bytes asked for at a time
Keep = Callable[[int], bool]
"""Whether so many more bytes may be kept; once they may not, the body is passed over to its end."""


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


def read_body(environ: Environ, limit: int, keep: Keep = lambda _size: True) -> bytes:
    """The whole body, at most `limit` bytes; none of it where `keep` refused a block.

    Raises `BodyTooLarge`, `EncodedBody`, `CutBody`.
    """
    check_encoding(environ)
    announced = environ.get("CONTENT_LENGTH") or None
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    if announced is None:
        terminated = chunked or environ.get("wsgi.input_terminated")
        return _to_the_end(environ["wsgi.input"], limit, keep) if terminated else b""
    if chunked or not (announced.isascii() and announced.isdigit()):
        raise CutBody("Send either Content-Length or Transfer-Encoding, once, and right.")
    digits = announced.lstrip("0")
    if len(digits) > len(str(limit)) or int(digits or 0) > limit:
        raise BodyTooLarge(f"The body must have at most {limit} bytes.")
    return _exactly(environ["wsgi.input"], int(digits or 0), keep)


def _to_the_end(stream: _Stream, limit: int, keep: Keep) -> bytes:
    whole, left = _blocks(stream, limit + 1, keep)
    if not left:
        raise BodyTooLarge(f"The body must have at most {limit} bytes.")
    return whole


def _exactly(stream: _Stream, length: int, keep: Keep) -> bytes:
    whole, left = _blocks(stream, length, keep)
    if left:
        raise CutBody(f"The body ended {left} bytes before its Content-Length.")
    return whole


def _blocks(stream: _Stream, left: int, keep: Keep) -> tuple[bytes, int]:
    """What comes until the end, or until nothing is left to come; and how many bytes were."""
    blocks: list[bytes] = []
    while left and (block := stream.read(min(BLOCK, left))):
        left -= len(block)
        if keep(len(block)):
            blocks.append(block)
        else:
            blocks.clear()
    return (blocks[0] if len(blocks) == 1 else b"".join(blocks)), left
