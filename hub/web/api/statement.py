"""What does a small signed body say? JSON of a few texts, or a bare JWS, read strictly and bounded."""

from typing import Final

from hub.web.answers import JSON_TYPE, Environ
from hub.web.body import check_encoding, read_body
from hub.web.negotiation import check_body
from keys.errors import Malformed
from keys.strict_json import parse

#: Largest body with a signed statement, bytes: one has less than 2,000.
MOST: Final = 64 * 1024
JOSE_TYPE: Final = "application/jose"  # RFC 7515 §9.2.1, compact serialisation


def read_texts(environ: Environ, *names: str) -> list[str]:
    """The named texts of a JSON body; others are ignored. Raises `WrongContentType`, `BodyTooLarge`, `Malformed`."""
    check_body(environ, JSON_TYPE)
    check_encoding(environ)
    return _texts(read_body(environ, MOST), names)


def read_statement(environ: Environ, name: str) -> str:
    """A compact JWS: the body itself as `application/jose`, or the text `name` of a JSON one; see `read_texts`."""
    check_body(environ, JOSE_TYPE, JSON_TYPE)
    check_encoding(environ)
    raw = read_body(environ, MOST)
    if environ["CONTENT_TYPE"].strip().lower().startswith(JSON_TYPE):
        return _texts(raw, (name,))[0]
    if not raw.isascii():
        raise Malformed("A compact JWS is ASCII (RFC 7515 §7.1).")
    return raw.decode("ascii").strip()


def _texts(raw: bytes, names: tuple[str, ...]) -> list[str]:
    value = parse(raw)
    texts = [value.get(name) for name in names] if isinstance(value, dict) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise Malformed(f"Send a JSON object with the texts {', '.join(names)}.")
    return [str(text) for text in texts]
