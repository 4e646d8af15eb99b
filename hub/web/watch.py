"""What became of a request? Counted, and told in one line of the log: by its route's template, never by its address.

No path, query, header or body is told: any of them may hold a secret, and what a member names its things is its own.
"""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any, Final

import structlog

from hub import measures

from .answers import Environ
from .authentication import ACCOUNT

#: Where the route leaves its template in the environ.
ROUTE: Final = "cirt-hub.route"
UNKNOWN: Final = "unknown"
FAILED: Final = "4"  # RFC 9110 §15: 4xx and 5xx
_PROBES: Final = frozenset({"/healthz", "/readyz"})

log = structlog.get_logger("hub.web")
Wsgi = Callable[..., Iterable[bytes]]


class Watch:
    """A WSGI application that watches another one."""

    def __init__(self, app: Wsgi, told: str) -> None:
        """`told`: which requests get a line: all, failed or none."""
        self._app = app
        self._told = told

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        begun = perf_counter()
        status, headers = "500", list[tuple[str, str]]()

        def started(line: str, fields: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal status, headers
            status, headers = line, fields
            return start_response(line, fields, *more)

        size = 0
        try:
            body = self._app(environ, started)
            size = sum(map(len, body)) if isinstance(body, list) else 0
            return body
        finally:
            self._tell(environ, status, headers, perf_counter() - begun, size)

    def _tell(self, environ: Environ, status: str, headers: list[tuple[str, str]], seconds: float, size: int) -> None:
        route = environ.get(ROUTE, UNKNOWN)
        measures.answered(route, environ["REQUEST_METHOD"], status, seconds, size)
        failed = status >= FAILED
        if self._told == "none" or (self._told == "failed" and not failed) or (route in _PROBES and not failed):
            return
        account = environ.get(ACCOUNT)
        log.info(
            "request",
            request=next((value for name, value in headers if name == "X-Request-Id"), None),
            method=environ["REQUEST_METHOD"],
            route=route,
            status=int(status[:3]),
            bytes=size,
            ms=round(seconds * 1000, 1),
            token=account.token if account else None,
            member=account.member if account else None,
            peer=environ.get("REMOTE_ADDR"),
        )
