"""base64url without padding (RFC 7515 §2): is this text the one spelling of its bytes?"""

import base64
import re

from keys.errors import Malformed

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def encode(data: bytes) -> str:
    """The unpadded base64url text of any bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str, *, path: str = "") -> bytes:
    """The bytes behind one base64url text, which must be their only spelling.

    Padding, white space, other characters and a last character with spare bits set are refused: two spellings of
    one signed document would be two documents to whoever compares text. `path` is put into the error.
    Raises Malformed.
    """
    if not isinstance(text, str) or _ALPHABET.fullmatch(text) is None or len(text) % 4 == 1:
        raise Malformed("not base64url without padding (RFC 7515 §2)", path=path)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise Malformed("not canonical base64url: the last character carries spare bits", path=path)
    return data
