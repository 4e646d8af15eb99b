"""What does every answer carry? Responses over joined bytes, with the headers that all doors share set beforehand."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from flask import Response
from werkzeug.datastructures import Headers

from feeds.accept import MEDIA_TYPE

Environ = Mapping[str, Any]
Field = tuple[str, str]

JSON_TYPE: Final = "application/json"

SHARED: Final[Sequence[Field]] = (
    ("Cache-Control", "no-store"),  # an answer is for one account, at one moment
    ("Vary", "Authorization"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Server", "cirt-hub"),
)
STRICT_TRANSPORT: Final = "max-age=31536000"  # RFC 6797 §6.1: a year


class Answer(Response):
    """A response whose body is there already: no encoding, no joining, no header made from the request."""

    def __init__(self, body: bytes, status: int, content_type: str, extra: Iterable[Field], request_id: str) -> None:
        headers = Headers(
            [
                ("Content-Type", content_type),
                ("Content-Length", str(len(body))),
                *SHARED,
                ("X-Request-Id", request_id),
                *extra,
            ]
        )
        super().__init__([body], status, headers, direct_passthrough=True)

    def get_wsgi_headers(self, environ: Environ) -> Headers:
        """The headers as they were set; over TLS the browser is told to stay there."""
        if environ["wsgi.url_scheme"] == "https":
            self.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        return self.headers

    def get_app_iter(self, environ: Environ) -> list[bytes]:
        """The body as a list, which servers send in one piece; nothing for HEAD (RFC 9110 §9.3.2)."""
        return [] if environ["REQUEST_METHOD"] == "HEAD" else self.response  # type: ignore[return-value]  # our list


def new_request_id() -> str:
    """A random name of one request, to find it in the log."""
    return secrets.token_hex(8)


def taxii(body: bytes, status: int = 200, extra: Iterable[Field] = ()) -> Answer:
    """A TAXII answer: the content type is exactly the text that clients compare (TAXII 2.1 §3.1)."""
    return Answer(body, status, MEDIA_TYPE, extra, new_request_id())


def json(body: Mapping[str, Any], status: int = 200, extra: Iterable[Field] = ()) -> Answer:
    """An answer of the small API."""
    return Answer(orjson.dumps(body), status, JSON_TYPE, extra, new_request_id())


def document(body: bytes, content_type: str, extra: Iterable[Field] = ()) -> Answer:
    """Exact bytes of a document."""
    return Answer(body, 200, content_type, extra, new_request_id())
