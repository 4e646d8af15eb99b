"""How is another TAXII 2.1 server read and written? The one typed wrapper around taxii2-client.

The library brings addresses, filters and the shape of resources. Left to itself it waits for ever, asks for ever where
`more` comes without `next`, lowers its page size after a short page, and parses with Python's lenient `json`; so its
connection is replaced by ours, and its paging by `PeerCollection.pages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from taxii2client.v21 import ApiRoot, Collection, Server

from feeds.api import Parser
from feeds.errors import BadAnswer, BadTimestamp, shown
from feeds.listings import FIRST_HEADER, LAST_HEADER
from feeds.page_guard import MAX_PAGES, PageGuard, RawPage
from feeds.session import Answer, HttpSession
from feeds.taxii_connection import Connection, identifier, text_of, understood
from feeds.timestamps import format_taxii, parse_taxii

Match = Mapping[str, str | Sequence[str]]
"""`match[...]` filters by field, such as `{"type": ["indicator"], "version": "all"}`."""

DEFAULT_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Discovery:
    """A discovery resource (TAXII 2.1 §4.1.1); addresses are absolute."""

    title: str
    description: str | None
    default: str | None
    api_roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Root:
    """An API root resource (TAXII 2.1 §4.2.1); `max_content_length` in bytes of a request body."""

    url: str
    title: str
    versions: tuple[str, ...]
    max_content_length: int


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A collection resource (TAXII 2.1 §5.2.1) as this account sees it."""

    id: str
    title: str
    description: str | None
    alias: str | None
    can_read: bool
    can_write: bool
    media_types: tuple[str, ...]


class PeerCollection:
    """One collection of a TAXII 2.1 server. Not for use by several threads at once."""

    def __init__(self, url: str, session: HttpSession, parse: Parser, *, max_pages: int = MAX_PAGES) -> None:
        """Nothing is asked yet.

        Args:
            url: The collection's address; taxii2-client wants the collection's id, not its alias, in it.
            session: For that server.
            parse: Reads JSON strictly.
            max_pages: Most pages of one run.
        """
        self.url = url.rstrip("/") + "/"
        self._connection = Connection(session, parse)
        self._collection = Collection(self.url, conn=self._connection)
        self._max_pages = max_pages

    def info(self) -> CollectionInfo:
        """The collection as this account sees it; raises as `pages`."""
        with understood(self.url):
            return _info(self._collection)

    def pages(
        self,
        *,
        added_after: int | None = None,
        next: str | None = None,  # noqa: A002 - the standard's own word
        match: Match | None = None,
        limit: int = DEFAULT_PAGE,
    ) -> Iterator[RawPage]:
        """The collection's objects page by page, the same filters on each (TAXII 2.1 §5.4, §3.5).

        A page is given out before it is judged whether another can follow, so that it is not lost to a faulty promise.

        Args:
            added_after: Only what was added later: microseconds since the epoch.
            next: A token from an earlier run, to go on from.
            match: Filters.
            limit: Objects wanted a page, at least 1; servers may give fewer.

        Raises:
            PeerRefused: an error status, such as 400 for a token from before a restore.
            Unreachable: no answer.
            BadAnswer: not TAXII 2.1, or not what the parser takes.
            TooMuch: a page larger than the session's limit.
            EndlessPages: the pages would never end.
        """
        return self._paged("get_objects", added_after, next, match, limit)

    def manifest_pages(
        self,
        *,
        added_after: int | None = None,
        next: str | None = None,  # noqa: A002 - the standard's own word
        match: Match | None = None,
        limit: int = DEFAULT_PAGE,
    ) -> Iterator[RawPage]:
        """The collection's manifest page by page (TAXII 2.1 §5.3); see `pages`."""
        return self._paged("get_manifest", added_after, next, match, limit)

    def post(self, envelope: bytes) -> dict[str, Any]:
        """POST an envelope and return the status resource, whose counts add up (TAXII 2.1 §5.5); raises as `pages`."""
        with understood(self.url):
            status: dict[str, Any] = self._collection.add_objects(envelope, wait_for_completion=False)._raw  # noqa: SLF001 - taxii2-client has no other way to its JSON
            return status

    def _paged(
        self, call: str, added_after: int | None, token: str | None, match: Match | None, limit: int
    ) -> Iterator[RawPage]:
        """Pages of one endpoint, guarded."""
        filters: dict[str, Any] = {**(match or {}), "limit": limit}
        if added_after is not None:
            filters["added_after"] = format_taxii(added_after)
        guard = PageGuard(self.url, self._max_pages)
        while True:
            with understood(self.url):
                getattr(self._collection, call)(**filters, **({"next": token} if token else {}))
            page = _page(self._connection)
            guard.admit(page)
            yield page
            token = guard.following(page)
            if token is None:
                return


class Peer:
    """A TAXII 2.1 server: what it offers, and the way to its collections."""

    def __init__(self, session: HttpSession, parse: Parser) -> None:
        """Nothing is asked yet; see `PeerCollection` for the arguments."""
        self._session = session
        self._parse = parse

    def discovery(self, url: str | None = None) -> Discovery:
        """The discovery resource at `/taxii2/` of the session's address, or at another address of the same server."""
        where = url or self._session.address.rstrip("/") + "/taxii2/"
        server = Server(where, conn=self._connect())
        with understood(where):
            roots = tuple(str(root.url) for root in server.api_roots)
            default = None if server.default is None else str(server.default.url)
            for root in server.api_roots:
                root.close()  # the library opened a session of its own for each; none was used
            return Discovery(text_of(server.title), server.description, default, roots)

    def root(self, url: str) -> Root:
        """The API root at an address."""
        root = ApiRoot(url, conn=self._connect())
        with understood(url):
            length = root.max_content_length
            if isinstance(length, bool) or not isinstance(length, int) or length < 1:
                raise BadAnswer(f"{shown(url)} gives no usable `max_content_length`.")
            return Root(str(root.url), text_of(root.title), tuple(map(str, root.versions)), length)

    def collections(self, root_url: str) -> tuple[CollectionInfo, ...]:
        """The collections of an API root that this account may know of."""
        root = ApiRoot(root_url, conn=self._connect())
        with understood(root_url):
            return tuple(_info(each) for each in root.collections)

    def collection(self, root_url: str, collection_id: str) -> PeerCollection:
        """The way to one collection, by its id."""
        url = f"{root_url.rstrip('/')}/collections/{identifier(collection_id)}/"
        return PeerCollection(url, self._session, self._parse)

    def status(self, root_url: str, status_id: str) -> dict[str, Any]:
        """The status resource of an earlier POST (TAXII 2.1 §4.3)."""
        root = ApiRoot(root_url, conn=self._connect())
        with understood(root_url):
            status: dict[str, Any] = root.get_status(identifier(status_id))._raw  # noqa: SLF001 - taxii2-client has no other way to its JSON
            return status

    def _connect(self) -> Connection:
        """A connection for one endpoint."""
        return Connection(self._session, self._parse)


def _page(connection: Connection) -> RawPage:
    """The page that the connection has just read."""
    assert connection.last is not None
    answer, value = connection.last
    first, last = _position(answer, FIRST_HEADER), _position(answer, LAST_HEADER)
    return RawPage(answer.url, answer.body, value, first, last)


def _position(answer: Answer, name: str) -> int | None:
    """A date-added header in microseconds, truncated down so that nothing is skipped; None where absent."""
    text = answer.headers.get(name)
    if not text:
        return None
    try:
        return parse_taxii(text)
    except BadTimestamp as error:
        raise BadAnswer(f"{shown(answer.url)} sends {name} {shown(text)}, which is no timestamp.") from error


def _info(collection: Any) -> CollectionInfo:
    """A collection resource with its types checked; taxii2-client checks their presence only."""
    rights = (collection.can_read, collection.can_write)
    if not all(isinstance(each, bool) for each in rights):
        raise BadAnswer(f"{shown(collection.url)} gives rights that are neither true nor false.")
    return CollectionInfo(
        id=identifier(collection.id),
        title=text_of(collection.title),
        description=collection.description,
        alias=collection.alias,
        can_read=rights[0],
        can_write=rights[1],
        media_types=tuple(map(str, collection.media_types)),
    )
