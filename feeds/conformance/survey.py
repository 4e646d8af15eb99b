"""What is a server asked, in which order? About eighty requests that only read, each noted under a name.

Nothing is drained: pages are followed three steps at most, so a server that never comes to an end keeps nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit
from uuid import uuid4

from feeds.accept import MEDIA_TYPE
from feeds.addresses import is_local, same_server
from feeds.conformance.asking import Caller, Who
from feeds.conformance.contents import LAST, dates, identifier_in, ids, name_of, readable
from feeds.conformance.exchanges import Exchange, Notes
from feeds.conformance.handshakes import handshakes
from feeds.errors import FeedsError, NotAuthenticated, Unreachable, shown

PAGE: Final = 20
STEP: Final = 2
"""Objects a page where paging is tried."""
_MOST_TRIED: Final = 8
"""Collections looked into for one with objects."""
_ENOUGH: Final = 2 * STEP + 1
LONG_AGO: Final = "1990-01-01T00:00:00.000000Z"
LONG_FROM_NOW: Final = "2999-01-01T00:00:00.000000Z"
ACCEPTS: Final = {
    "space": "application/taxii+json; version=2.1",
    "quoted": 'application/taxii+json;version="2.1"',
    "case": "Application/TAXII+JSON;Version=2.1",
    "quality": "application/json, application/taxii+json;version=2.1;q=0.9",
    "second": "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
}
"""Ways to spell the one media type (RFC 9110 §12.5.1), by name."""
_NO_AGENT: Final = "@@@SKIP_HEADER@@@"  # urllib3's own word for a header that it would add and shall not


@dataclass(slots=True)
class Survey:
    """Asks one server what the rows want to know.

    Attributes:
        caller: Asks.
        notes: What came.
        root: Address of the API root that is looked at, with the final slash; None before one is known.
        collection: Address of the collection that is looked at; None likewise.
    """

    caller: Caller
    notes: Notes
    root: str | None = None
    collection: str | None = None

    def note(self, name: str, url: str, params: dict[str, Any] | None = None, **how: Any) -> Exchange:
        """Ask and keep the exchange under a name."""
        self.notes.exchanges[name] = found = self.caller.ask(url, params, **how)
        return found

    def all(self, start: str) -> Notes:
        """Ask everything.

        Args:
            start: The address given: the server's, its discovery's, or an API root's.

        Raises:
            Unreachable: the server does not answer at all.
            NotAuthenticated: it does not know who we are.
        """
        self.discover(start)
        self.notes.handshakes |= handshakes(self.notes.origin, self.caller.authorities)
        if self.root is not None:
            self.look_at_root(self.root)
            self.ask_for_nothing(self.root)
        if self.collection is not None:
            self.look_at_collection(self.collection)
            self.filter(self.collection)
            self.look_at_object(self.collection)
            self.spoil(self.collection)
            self.page(self.collection)
            self.misuse_tokens(self.collection)
        return self.notes

    def discover(self, start: str) -> None:
        """Discovery, and from it the API root to look at."""
        found = self.note("discovery", self.notes.origin + "/taxii2/")
        if found.lost:
            raise Unreachable(found.failure or "Nothing answers.")
        _known(found)
        if self.notes.given:
            self.note("discovery nobody", self.notes.origin + "/taxii2/", who=Who.NOBODY)
        self.root = _given_root(start) or next(roots_here(found, self.notes.origin), None)

    def look_at_root(self, root: str) -> None:
        """The API root and its collections, as us, as nobody and as a stranger; and which collection to look into."""
        _known(self.note("root", root))
        address = root + "collections/"
        found = _known(self.note("collections", address))
        self.note("collections again", address)
        self.note("collections nobody", address, who=Who.NOBODY)
        self.note("collections stranger", address, who=Who.STRANGER)
        if self.notes.given:
            self.note("collections lower", address, who=Who.LOWER)
        self.collection = self.choose(root, found)

    def choose(self, root: str, found: Exchange) -> str | None:
        """The readable collection to look into: the first with enough objects, else the one with the most."""
        best, most = None, -1
        for identifier in readable(found)[:_MOST_TRIED]:
            address = f"{root}collections/{identifier}/"
            page = self.note("plain", address + "objects/", {"limit": PAGE})
            if len(page.dicts("objects")) > most:
                best, most = address, len(page.dicts("objects"))
            if most >= _ENOUGH:
                break
        return best

    def ask_for_nothing(self, root: str) -> None:
        """What is not there, what may not be read, and requests spelled in other ways."""
        self.note("nowhere", f"{root}nowhere/")
        self.note("no collection", f"{root}collections/{uuid4()}/")
        self.note("no collection objects", f"{root}collections/{uuid4()}/objects/")
        self.note("no status", f"{root}status/{uuid4()}/")
        self.note("bad status", f"{root}status/not-an-identifier/")
        for entry in self.notes.exchanges["collections"].dicts("collections")[:_MOST_TRIED]:
            if entry.get("can_read") is False and (identifier := name_of(entry)):
                self.note("closed", f"{root}collections/{identifier}/objects/", {"limit": 1})
                break
        address = root + "collections/"
        self.note("accept plain", address, **_accepting("application/taxii+json"))
        for name, text in ACCEPTS.items():
            self.note(f"accept {name}", address, **_accepting(text))
        self.note("typed", address, headers={"Content-Type": MEDIA_TYPE}, said="with a Content-Type")
        self.note("no agent", address, headers={"User-Agent": _NO_AGENT}, said="without User-Agent")
        self.note("no slash", address[:-1])

    def look_at_collection(self, collection: str) -> None:
        """One collection by each of its endpoints."""
        self.note("collection", collection)
        alias = next(
            (each.get("alias") for each in self._entries() if name_of(each) == identifier_in(collection)), None
        )
        if isinstance(alias, str) and alias:
            self.note("alias", f"{self.root}collections/{quote(alias, safe='')}/")
        self.note("objects", collection + "objects/", {"limit": PAGE})
        self.note("bare", collection + "objects/")
        self.note("manifest", collection + "manifest/", {"limit": PAGE})
        both = f"{MEDIA_TYPE},application/stix+json;version=2.1"
        self.note("accept both", collection + "manifest/", {"limit": 1}, **_accepting(both))
        self.note("head", collection + "objects/", {"limit": 1}, method="HEAD")
        self.note("no object", f"{collection}objects/indicator--{uuid4()}/")

    def filter(self, collection: str) -> None:
        """The filters (TAXII 2.1 §3.4), each with a value that fits."""
        address, page = collection + "objects/", self.notes.exchanges["objects"]
        self.note("future", address, {"added_after": LONG_FROM_NOW, "limit": PAGE})
        for name, text in (("seconds", "1990-01-01T00:00:00Z"), ("millis", "1990-01-01T00:00:00.123Z")):
            self.note(f"after {name}", address, {"added_after": text, "limit": 1})
        self.note("type absent", address, {"match[type]": "threat-actor", "limit": PAGE})
        self.note("spec 2.1", address, {"match[spec_version]": "2.1", "limit": PAGE})
        self.note("spec 2.0", address, {"match[spec_version]": "2.0", "limit": PAGE})
        for word in ("all", "first", "last", "first,last"):
            self.note(f"version {word}", address, {"match[version]": word, "limit": PAGE})
        found = page.dicts("objects")
        if found and isinstance(found[0].get("id"), str):
            self.note("id one", address, {"match[id]": found[0]["id"], "limit": PAGE})
        kinds = sorted({each["type"] for each in found if isinstance(each.get("type"), str)})
        if kinds:
            self.note("type one", address, {"match[type]": kinds[0], "limit": PAGE})
            self.note("type two", address, {"match[type]": f"{kinds[-1]},threat-actor", "limit": PAGE})
        stamped = next((each for each in found if isinstance(each.get("modified"), str)), None)
        if stamped:
            exact = {"match[id]": stamped["id"], "match[version]": stamped["modified"], "limit": PAGE}
            self.note("version exact", address, exact)
        added = dates(self.notes.exchanges["manifest"])
        if added:
            self.note("after first", collection + "manifest/", {"added_after": added[0], "limit": PAGE})

    def look_at_object(self, collection: str) -> None:
        """One object by its own endpoints: one with several versions, where there is one."""
        everything = ids(self.notes.exchanges["version all"])
        several = (each for each in everything if everything.count(each) > 1)
        subject = next(several, next(iter(ids(self.notes.exchanges["objects"])), None))
        if subject is None:
            return
        self.notes.subject = subject
        self.note("object", f"{collection}objects/{quote(subject, safe='')}/")
        self.note("versions", f"{collection}objects/{quote(subject, safe='')}/versions/")
        query = {"match[id]": subject, "match[version]": "all"}
        self.note("records of object", collection + "manifest/", query)

    def spoil(self, collection: str) -> None:
        """Queries that are none (TAXII 2.1 §3.4)."""
        address = collection + "objects/"
        for text in ("0", "-1", "many"):
            self.note(f"limit {text}", address, {"limit": text})
        self.note("limit 1", address, {"limit": 1})
        self.note("after word", address, {"added_after": "yesterday", "limit": 1})
        self.note("version word", address, {"match[version]": "newest", "limit": 1})
        self.note("after twice", address, {"added_after": [LONG_AGO, LONG_FROM_NOW], "limit": 1})
        self.note("type twice", address, {"match[type]": ["indicator", "malware"], "limit": 1})

    def page(self, collection: str) -> None:
        """Three pages by `next`, and the second by its date (TAXII 2.1 §3.5)."""
        address, query = collection + "objects/", {"match[version]": "all", "limit": STEP}
        page = self.note("walk 1", address, query)
        last = page.headers.get(LAST)
        if page.more and last and len(last) < len(LONG_AGO) * 2:
            self.note("walk by date", address, query | {"added_after": last})
        if page.next is not None:
            second = self.note("walk 2", address, query | {"next": page.next})
            if second.next is not None:
                self.note("walk 3", address, query | {"next": second.next})
            self.note("walk 2 again", address, query | {"next": page.next})
        records = self.note("manifest walk 1", collection + "manifest/", query)
        if records.next is not None:
            self.note("manifest walk 2", collection + "manifest/", query | {"next": records.next})

    def misuse_tokens(self, collection: str) -> None:
        """A page token where it does not belong (TAXII 2.1 appendix B); each time a fresh one."""
        address, query = collection + "objects/", {"match[version]": "all", "limit": STEP, "added_after": LONG_AGO}
        self.note("token garbage", address, query | {"next": "bm8gdG9rZW4gb2Ygb3Vycw"})
        if token := self.note("fresh 1", address, query).next:
            self.note("token alone", address, {"limit": STEP, "next": token})
        if token := self.note("fresh 2", address, query).next:
            self.note("token on manifest", collection + "manifest/", query | {"next": token})
        others = (each for each in readable(self.notes.exchanges["collections"]))
        other = next((each for each in others if each != identifier_in(collection)), None)
        if other and (token := self.note("fresh 3", address, query).next):
            elsewhere = f"{self.root}collections/{other}/objects/"
            self.note("token elsewhere", elsewhere, query | {"next": token})
            self.note("elsewhere", elsewhere, {"match[version]": "all", "limit": PAGE})

    def _entries(self) -> list[dict[str, Any]]:
        return self.notes.exchanges["collections"].dicts("collections")


def survey(caller: Caller, start: str) -> Notes:
    """Ask the server behind an address everything; raises as `Survey.all`."""
    parts = urlsplit(start)
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    credentials = caller.credentials
    basic = credentials is not None and credentials.basic
    notes = Notes(origin, is_local(start), credentials is not None, basic)
    return Survey(caller, notes).all(start)


def roots_here(discovery: Exchange, origin: str) -> Iterator[str]:
    """Addresses of the API roots of a discovery that are on this very server, the default first, each with a slash."""
    for text in (discovery.resource.get("default"), *discovery.listed("api_roots")):
        if not isinstance(text, str):
            continue
        try:
            address = urljoin(origin + "/taxii2/", text).rstrip("/") + "/"
            if same_server(address, origin) and not urlsplit(address).query:
                yield address
        except (FeedsError, ValueError):
            continue


def _given_root(start: str) -> str | None:
    """The API root that the address itself names; None where it names the server or its discovery."""
    parts = urlsplit(start)
    path = parts.path.strip("/")
    if path in {"", "taxii2"}:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{path}/"


def _accepting(text: str) -> dict[str, Any]:
    return {"headers": {"Accept": text}, "said": f"Accept: {text}"}


def _known(exchange: Exchange) -> Exchange:
    """The exchange, unless the server says it does not know us."""
    if exchange.status == 401:  # noqa: PLR2004 - RFC 9110 §15.5.2
        raise NotAuthenticated(
            f"{shown(exchange.target)} answers 401: it does not know these credentials, or wants some. "
            "Give them by --user and --token-file.",
            status=401,
        )
    return exchange
