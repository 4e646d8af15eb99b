"""What does every answer carry? Responses over joined bytes, with the headers that all doors share set beforehand."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from flask import Response
from werkzeug.datastructures import Headers

from feeds.accept import MEDIA_TYPE

from .coding import IDENTITY, chosen, encoded
from .validators import READER, entity_tag, is_known

Environ = dict[str, Any]
"""PEP 3333: what the request brought, and what the doors add to it under names that begin with `cirt-hub.`."""
Field = tuple[str, str]

JSON_TYPE: Final = "application/json"

SHARED: Final[Sequence[Field]] = (
    ("Cache-Control", "no-store"),  # an answer is for one account, at one moment
    ("Vary", "Authorization, X-API-Key, Accept-Encoding"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Server", "cirt-hub"),
)
OK: Final = 200
NOT_MODIFIED: Final = 304
STRICT_TRANSPORT: Final = "max-age=31536000"  # RFC 6797 §6.1: a year


class Answer(Response):
    """A response whose body is there already; what the request says of caches and codings is obeyed as it goes out.

    That is after the door has closed its transaction and given up its turn, for errors as well.
    """

    def __init__(
        self,
        body: bytes,
        status: int,
        content_type: str,
        extra: Iterable[Field],
        request_id: str,
        said: bytes | None = None,
    ) -> None:
        """`said`: all that the body depends on, where it is shorter than the body."""
        headers = Headers([("Content-Type", content_type), *SHARED, ("X-Request-Id", request_id), *extra])
        super().__init__([body], status, headers, direct_passthrough=True)
        self._body = body
        self._said = body if said is None else said

    def get_wsgi_headers(self, environ: Environ) -> Headers:
        """The headers as they were set, and those that the request decides; over TLS the browser is told to stay."""
        if environ["wsgi.url_scheme"] == "https":
            self.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        if not self._is_known(environ):
            self._encode(environ.get("HTTP_ACCEPT_ENCODING"))
        return self.headers

    def _is_known(self, environ: Environ) -> bool:
        """Give what an account may read its tag; become a 304 if the reader holds it (RFC 9110 §13.2, §15.4.5)."""
        key = environ.get(READER)
        if key is None or self.status_code != OK or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return False
        tag = self.headers["ETag"] = entity_tag(key, self._said)
        if not is_known(environ.get("HTTP_IF_NONE_MATCH"), tag):
            return False
        self.status_code, self.response = NOT_MODIFIED, []
        del self.headers["Content-Type"]
        return True

    def _encode(self, asked: str | None) -> None:
        coding, body = chosen(asked, len(self._body)), self._body
        if coding != IDENTITY:
            body = encoded(body, coding)
            self.headers["Content-Encoding"] = coding
        self.headers["Content-Length"] = str(len(body))
        self.response = [body]

    def get_app_iter(self, environ: Environ) -> list[bytes]:
        """The body as a list, which servers send in one piece; nothing for HEAD (RFC 9110 §9.3.2)."""
        return [] if environ["REQUEST_METHOD"] == "HEAD" else self.response  # type: ignore[return-value]  # our list


def new_request_id() -> str:
    """A random name of one request, to find it in the log."""
    return secrets.token_hex(8)


def taxii(body: bytes, status: int = 200, extra: Iterable[Field] = (), said: bytes | None = None) -> Answer:
    """A TAXII answer: the content type is exactly the text that clients compare (TAXII 2.1 §3.1)."""
    return Answer(body, status, MEDIA_TYPE, extra, new_request_id(), said)


def json(body: Mapping[str, Any], status: int = 200, extra: Iterable[Field] = ()) -> Answer:
    """An answer of the small API."""
    return Answer(orjson.dumps(body), status, JSON_TYPE, extra, new_request_id())


def document(body: bytes, content_type: str, extra: Iterable[Field] = ()) -> Answer:
    """Exact bytes of a document."""
    return Answer(body, 200, content_type, extra, new_request_id())
