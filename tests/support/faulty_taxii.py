"""Which servers do TAXII clients fall for? A small one over HTTP, right by itself, with a switch for each fault."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

TAXII: Final = "application/taxii+json;version=2.1"
TOKEN: Final = "a-token-of-this-server"
GROUP: Final = "0b5e7c1a-4f7d-4c52-9a63-2f1de08c7b91"
OTHER: Final = "c2f0a9de-93b4-4d0e-8a57-6e1b3c84d215"
ALIAS: Final = "africa-rapid"
TITLE: Final = "Africa rapid"
START: Final = 1_795_000_000_000_000
"""Date of the first row, microseconds since the epoch: 2026-11-18."""
SECOND: Final = 1_000_000


class Fault(StrEnum):
    """What the server does wrong."""

    NONE = "nothing"
    EMPTY_PAGES = "every page is empty and promises more"
    EMPTY_FIRST = "the first page is empty and promises more: rows were filtered after they were counted"
    NO_NEXT = "more: true without next"
    NEXT_AT_THE_END = "next beside more: false"
    NO_DATES = "no X-TAXII-Date-Added headers"
    DATES_NOW = "the headers say what time it is"
    ONE_DATE = "all rows of one publication have one date, and there is no next"
    MICROSECONDS = "the last row of a publication falls between two milliseconds"
    NEWEST_FIRST = "pages are cut by offset from a list with the newest first"
    JSON_TYPE = "Content-Type: application/json"
    NO_TYPE = "no Content-Type"
    BARE_VERSIONS = "the API root's versions are numbers"
    ONLY_BEARER = "every scheme but Bearer is refused"
    SCHEME_BY_CASE = "`basic` is another scheme than `Basic`"
    NO_BLANKS = "a credential with a blank half is refused"
    STRICT_DATES = "added_after must have six digits"
    SMALL_LIMITS = "a limit above the server's own is refused"
    EMPTY_NEXT = "an empty next is an unknown token"
    FILTERS_AGAIN = "next is refused without the added_after it came with"
    ANY_COLLECTION = "a token of one collection is taken at another"
    NO_ALIAS = "collections are known by id only"
    ONE_TITLE = "all collections have one title"
    NO_SLASH = "the API root's address does not end in a slash"
    NOT_ACCEPTABLE = "406 for TAXII 2.1"
    REDIRECT = "discovery redirects to another name of the same host"
    LIMIT_EXCLUSIVE = "a body of exactly max_content_length is too large"


@dataclass(frozen=True, slots=True)
class Row:
    """An object and when it was added, microseconds since the epoch."""

    date: int
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came over the wire."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(slots=True)
class Reply:
    """What is answered."""

    status: int
    body: Mapping[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def stamp(date: int) -> str:
    """A TAXII timestamp."""
    return datetime.fromtimestamp(date / SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{date % SECOND:06d}Z"


def micros(text: str) -> int:
    """Microseconds since the epoch."""
    return round(datetime.fromisoformat(text).replace(microsecond=0).timestamp()) * SECOND + int(
        (text.rstrip("Z").partition(".")[2] or "0").ljust(6, "0")[:6]
    )


class FaultyTaxii(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 while entered. `seen` is what came; `most` rows fit on a page.

    `meanwhile` happens after each request was answered.
    """

    daemon_threads = True

    def __init__(self, fault: Fault = Fault.NONE, *, most: int = 3, max_content_length: int = 10_000) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.fault, self.most, self.max_content_length = fault, most, max_content_length
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.seen: list[Request] = []
        self.rows: dict[str, list[Row]] = {GROUP: [], OTHER: []}
        self.posted: list[bytes] = []
        self.clock = START
        self.meanwhile: Callable[[Request], object] = lambda _: None
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def publish(self, values: Iterable[Mapping[str, Any]], collection: str = GROUP, at: int | None = None) -> None:
        """Add rows as a good server does: each its own microsecond, the last on a whole millisecond."""
        listed = list(values)
        end = self.clock + SECOND if at is None else at
        self.clock = max(self.clock, end)
        if self.fault is Fault.MICROSECONDS:
            end += 7
        for place, value in enumerate(listed):
            date = end if self.fault is Fault.ONE_DATE else end - len(listed) + 1 + place
            self.rows[collection].append(Row(date, value))

    def answer(self, request: Request) -> Reply:
        """What is due; the faults among it."""
        self.seen.append(request)
        _, target, _ = request.line.split(" ")
        parts = urlsplit(target)
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if not self._known(request):
            return Reply(401, {"title": "unauthorized"}, {"WWW-Authenticate": 'Basic realm="x"'})
        if self.fault is Fault.NOT_ACCEPTABLE and "2.1" in (request.header("Accept") or ""):
            return Reply(406, {"title": "not acceptable"})
        return self._resource(request, parts.path.strip("/").split("/"), query)

    def _resource(self, request: Request, path: list[str], query: dict[str, str]) -> Reply:
        match path:
            case ["taxii2"]:
                return self._discovery(request)
            case ["live"]:
                versions = ["2.1"] if self.fault is Fault.BARE_VERSIONS else [TAXII]
                root = {"title": "Hub", "versions": versions, "max_content_length": self.max_content_length}
                return Reply(200, root)
            case ["live", "collections"]:
                return Reply(200, {"collections": [self._collection(each) for each in self.rows]})
            case ["live", "collections", name, *rest] if (found := self._find(name)) is not None:
                if rest:
                    return self._post(request) if request.line.startswith("POST") else self._objects(found, query)
                return Reply(200, self._collection(found))
        return Reply(404, {"title": "not found"})

    def _known(self, request: Request) -> bool:
        if (key := request.header("X-API-Key")) is not None:
            return key == TOKEN
        scheme, _, rest = (request.header("Authorization") or "").partition(" ")
        if self.fault is Fault.ONLY_BEARER and scheme.lower() != "bearer":
            return False
        if scheme.lower() in {"bearer", "token"}:
            return rest == TOKEN
        if scheme.lower() != "basic" or (self.fault is Fault.SCHEME_BY_CASE and scheme != "Basic"):
            return False
        user, _, password = base64.b64decode(rest).decode().partition(":")
        return TOKEN in {user, password} and not (self.fault is Fault.NO_BLANKS and not (user and password))

    def _discovery(self, request: Request) -> Reply:
        if self.fault is Fault.REDIRECT and (request.header("Host") or "").startswith("127"):
            return Reply(302, {}, {"Location": f"http://localhost:{self.server_port}/taxii2/"})
        root = f"{self.url}/live" + ("" if self.fault is Fault.NO_SLASH else "/")
        return Reply(200, {"title": "Hub", "default": root, "api_roots": [root]})

    def _find(self, name: str) -> str | None:
        known = {each: each for each in self.rows} | ({} if self.fault is Fault.NO_ALIAS else {ALIAS: GROUP})
        return known.get(name)

    def _collection(self, name: str) -> dict[str, Any]:
        title = TITLE if name == GROUP or self.fault is Fault.ONE_TITLE else f"{TITLE} (proofs)"
        return {"id": name, "title": title, "can_read": True, "can_write": True, "media_types": [TAXII]}

    def _post(self, request: Request) -> Reply:
        size = len(request.body) + (1 if self.fault is Fault.LIMIT_EXCLUSIVE else 0)
        if size > self.max_content_length:
            return Reply(413, {"title": "too large"})
        self.posted.append(request.body)
        count = len(json.loads(request.body)["objects"])
        counts = {"total_count": count, "success_count": count, "failure_count": 0, "pending_count": 0}
        return Reply(202, {"id": "2d086da7-4bdc-4f91-900e-d77486753710", "status": "complete", **counts})

    def _objects(self, name: str, query: dict[str, str]) -> Reply:
        after, token = query.get("added_after"), query.get("next")
        limit = int(query.get("limit") or self.most)
        if self._is_refused(name, after, token, limit):
            return Reply(400, {"title": "a query that this server does not take"})
        if self.fault is Fault.EMPTY_PAGES or (self.fault is Fault.EMPTY_FIRST and not token):
            return Reply(200, {"more": True, "next": f"{name}~0~"})
        if self.fault is Fault.NEWEST_FIRST:
            return self._by_offset(name, int(token or 0), micros(after) if after else 0)
        place = micros(after) if after else 0
        if token:
            _, position, after = token.split("~")
            place = int(position)
        rows = sorted((row for row in self.rows[name] if row.date > place), key=lambda row: row.date)
        page = rows[: min(limit, self.most)]
        return self._page(name, page, after or "", more=len(rows) > len(page))

    def _is_refused(self, name: str, after: str | None, token: str | None, limit: int) -> bool:
        if self.fault is Fault.STRICT_DATES and after and len(after.partition(".")[2]) != 7:
            return True
        if (self.fault is Fault.SMALL_LIMITS and limit > self.most) or (self.fault is Fault.EMPTY_NEXT and token == ""):
            return True
        if not token or self.fault is Fault.NEWEST_FIRST:
            return False
        home, _, came_with = token.split("~")
        elsewhere = home != name and self.fault is not Fault.ANY_COLLECTION
        return elsewhere or (self.fault is Fault.FILTERS_AGAIN and came_with != (after or ""))

    def _by_offset(self, name: str, offset: int, after: int) -> Reply:
        rows = sorted((row for row in self.rows[name] if row.date > after), key=lambda row: -row.date)
        page = rows[offset : offset + self.most]
        reply = self._page(name, page, "", more=len(rows) > offset + len(page))
        if reply.body["more"]:
            reply.body = {**reply.body, "next": str(offset + len(page))}
        return reply

    def _page(self, name: str, page: list[Row], after: str, *, more: bool) -> Reply:
        body: dict[str, Any] = {"more": more} | ({"objects": [row.value for row in page]} if page else {})
        token = f"{name}~{page[-1].date if page else 0}~{after}"
        if (more and self.fault not in {Fault.NO_NEXT, Fault.ONE_DATE}) or self.fault is Fault.NEXT_AT_THE_END:
            body["next"] = token
        headers = {}
        if page and self.fault is not Fault.NO_DATES:
            dates = [page[0].date, page[-1].date]
            if self.fault is Fault.DATES_NOW:
                dates = [self.clock + SECOND] * 2
            headers = dict(zip(("X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"), map(stamp, dates), strict=True))
        return Reply(200, body, headers)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what these tests are about."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyTaxii

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = Request(self.requestline, tuple(self.headers.items()), body)
        reply = self.server.answer(request)
        raw = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        kinds = {Fault.JSON_TYPE: "application/json", Fault.NO_TYPE: None}
        if (kind := kinds.get(self.server.fault, TAXII)) is not None:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.server.meanwhile(request)
        self.wfile.write(raw)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""
