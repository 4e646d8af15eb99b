"""The poll walk: entitlement → one keyset SELECT → stored bytes. Nothing is parsed or written on the way out.

The same for the data and the proofs collection of a group. Every page with `more` has rows and a `next`; the token is
sealed for this member, collection, endpoint and filters, and rights are judged anew on each page (TAXII 2.1 §3.5).
Rights come from the transaction on the primary; rows may come from a standby (`hub.store.standby`).
"""

from dataclasses import dataclass

from feeds.cursor import Scope, resume, seal
from feeds.taxii_query import Query, VersionFilter

from .access import Absent, Seen
from .running import Hub
from .store import pages
from .store.deliveries import Poller
from .store.engine import Row, Tx
from .store.pages import Page
from .store.registry import Account, Registry
from .store.selection import Filters, View

STIX = "2.1"
LAST = VersionFilter(last=True)
ALL = VersionFilter(all=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A page as the door gives it out.

    Attributes:
        rows: position (microseconds) first, then what was asked for: bytes, text, or id and version.
        more: whether another row follows; then `next` is the token to ask for it with.
        first: position of the first row, None on an empty page.
        last: position of the last row, None on an empty page.
    """

    rows: list[Row]
    more: bool
    next: str | None
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Request:
    """One poll, resolved: who asks for what, from which position on.

    Attributes:
        after: rows strictly later than this position, microseconds.
        limit: most rows of the page, clamped to the hub's own maximum.
    """

    view: View
    query: Query
    filters: Filters
    scope: Scope
    after: int
    limit: int


def filters_of(query: Query, stix_id: str | None = None, default: VersionFilter = LAST) -> Filters:
    """The store's filters for a query, for one id if given."""
    version = query.match_version or default
    return Filters(
        ids=query.match_id if stix_id is None else (stix_id,),
        types=query.match_type,
        last=version.last,
        first=version.first,
        every=version.all,
        instants_ns=version.instants_ns,
        nothing=query.match_spec_version is not None and STIX not in query.match_spec_version,
    )


def _request(
    hub: Hub,
    registry: Registry,
    account: Account,
    seen: Seen,
    query: Query,
    endpoint: str,
    stix_id: str | None = None,
    default: VersionFilter = LAST,
) -> Request:
    """Resolve one poll. Raises `Forbidden`, and `BadCursor` for a token that is not this request's."""
    view = seen.view
    scope = Scope(account.member, seen.collection.id, endpoint if stix_id is None else f"{endpoint}/{stix_id}")
    resumed, after = resume(hub.secret, scope, query, epoch=registry.epoch)
    most = hub.settings.page_objects
    return Request(
        view=view,
        query=resumed,
        filters=filters_of(resumed, stix_id, default),
        scope=scope,
        after=-1 if after is None else after,
        limit=most if query.limit is None else min(query.limit, most),
    )


def _answer(hub: Hub, registry: Registry, request: Request, page: Page) -> Answer:
    token = None
    if page.more and page.last is not None:
        token = seal(hub.secret, request.scope, position=page.last, epoch=registry.epoch, query=request.query)
    return Answer(page.rows, page.more, token, page.first, page.last)


def _goes_on(page: Page) -> bool:
    """Whether others follow: then the page is whole, whatever came since."""
    return page.more


def _delivered(hub: Hub, account: Account, seen: Seen, chosen: Filters, after: int, page: Page) -> None:
    """Note the poll, and how far it came; a filtered one says nothing of what else was delivered."""
    collection = seen.collection
    whole = chosen.ids is None and chosen.types is None and not chosen.nothing and (chosen.last or chosen.every)
    poller = Poller(collection.no, account.member, account.token, collection.kind == "proofs")
    last = page.last if whole and page.last else 0
    hub.deliveries.note(poller, hub.clock(), last)
    hub.deliveries.standing.note(poller, after, last, member=account.member, collection=collection.id)


def objects(hub: Hub, tx: Tx, registry: Registry, account: Account, seen: Seen, query: Query) -> Answer:
    """A page of (position, canonical bytes): TAXII 2.1 §5.4. Raises `Forbidden`, `BadCursor`."""
    request = _request(hub, registry, account, seen, query, "objects")
    read = pages.object_bodies if seen.collection.kind == "data" else pages.manifest_bodies
    view, chosen, size = request.view, request.filters, hub.settings.page_bytes
    page = hub.standby.read(
        tx, registry, view.grp, lambda near: read(near, view, chosen, request.after, request.limit, size), _goes_on
    )
    _delivered(hub, account, seen, chosen, request.after, page)
    return _answer(hub, registry, request, page)


def records(hub: Hub, tx: Tx, registry: Registry, account: Account, seen: Seen, query: Query) -> Answer:
    """A page of (position, STIX id, version text): the manifest, TAXII 2.1 §5.3. Raises `Forbidden`, `BadCursor`."""
    request = _request(hub, registry, account, seen, query, "manifest")
    read = pages.object_records if seen.collection.kind == "data" else pages.manifest_records
    view, chosen = request.view, request.filters
    page = hub.standby.read(
        tx, registry, view.grp, lambda near: read(near, view, chosen, request.after, request.limit), _goes_on
    )
    return _answer(hub, registry, request, page)


def one_object(
    hub: Hub, tx: Tx, registry: Registry, account: Account, seen: Seen, stix_id: str, query: Query
) -> Answer:
    """A page of (position, canonical bytes) of one id: TAXII 2.1 §5.6.

    Raises `Absent` when no version of the id is visible, or one that was asked for by its time is not there.
    """
    request = _request(hub, registry, account, seen, query, "object", stix_id)
    data = seen.collection.kind == "data"
    read = pages.object_bodies if data else pages.manifest_bodies
    exists = pages.object_exists if data else pages.manifest_exists
    view, chosen, size = request.view, request.filters, hub.settings.page_bytes

    def ask(near: Tx) -> tuple[Page, bool]:
        return read(near, view, chosen, request.after, request.limit, size), exists(near, view, stix_id)

    page, known = hub.standby.read(tx, registry, view.grp, ask)
    if not known or (_only_instants(request) and not page.rows and query.added_after is None):
        raise Absent("no such object")
    return _answer(hub, registry, request, page)


def _only_instants(request: Request) -> bool:
    chosen = request.filters
    return bool(chosen.instants_ns) and not (chosen.last or chosen.first or chosen.every)


def versions(hub: Hub, tx: Tx, registry: Registry, account: Account, seen: Seen, stix_id: str, query: Query) -> Answer:
    """A page of (position, version text) of one id, oldest addition first: TAXII 2.1 §5.8. Raises `Absent`."""
    request = _request(hub, registry, account, seen, query, "versions", stix_id, ALL)
    data = seen.collection.kind == "data"
    exists = pages.object_exists if data else pages.manifest_exists
    read = pages.object_versions if data else pages.manifest_versions
    view, chosen = request.view, request.filters

    def ask(near: Tx) -> tuple[Page, bool]:
        return read(near, view, chosen, request.after, request.limit), exists(near, view, stix_id)

    page, known = hub.standby.read(tx, registry, view.grp, ask)
    if not known:
        raise Absent("no such object")
    return _answer(hub, registry, request, page)
