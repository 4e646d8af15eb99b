"""A server that does as it is told, also wrongly: stalls, cuts, drips, hangs up, or never comes to an end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

TAXII = "application/taxii+json;version=2.1"


class Manner(StrEnum):
    """How an answer is given."""

    WHOLE = "whole"
    CUT = "cut"
    """Breaks off before the length it promised."""
    STALL = "stall"
    """Says nothing until the server is stopped."""
    HANG_UP = "hang up"
    """Closes the connection without a word."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Rough:
    """One answer to give."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = TAXII
    manner: Manner = Manner.WHOLE


Plan = Rough | Callable[[Seen], Rough]


def taxii(resource: object, status: int = 200, **headers: str) -> Rough:
    """A TAXII answer; underscores in header names become hyphens."""
    return Rough(json.dumps(resource).encode(), status, {name.replace("_", "-"): v for name, v in headers.items()})


class RoughServer(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 while it is entered; `seen` lists what arrived."""

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.seen: list[Seen] = []
        self.released = threading.Event()
        self._plans: dict[str, list[Plan]] = {}
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def on(self, path: str, *plans: Plan) -> None:
        """Answer requests for a path with these in turn, the last one for ever."""
        self._plans[path] = list(plans)

    def calls(self, path: str) -> list[Seen]:
        """The requests for a path, in order."""
        return [each for each in self.seen if each.path == path]

    def answer(self, seen: Seen) -> Rough:
        """The answer that is due."""
        self.seen.append(seen)
        plans = self._plans.get(seen.path)
        if not plans:
            return taxii({"title": "Not found"}, 404)
        plan = plans.pop(0) if len(plans) > 1 else plans[0]
        return plan if isinstance(plan, Rough) else plan(seen)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what these tests are about."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RoughServer

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        rough = self.server.answer(Seen(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body))
        if rough.manner is Manner.STALL:
            self.server.released.wait(30)
        self.close_connection = True
        if rough.manner in {Manner.STALL, Manner.HANG_UP}:
            return
        self.send_response(rough.status)
        if rough.content_type is not None:
            self.send_header("Content-Type", rough.content_type)
        missing = 100 if rough.manner is Manner.CUT else 0
        self.send_header("Content-Length", str(len(rough.body) + missing))
        self.send_header("Connection", "close")
        for name, value in rough.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(rough.body)

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""
