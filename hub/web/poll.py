"""The doors of the poll walk: objects, manifest, one object, its versions (TAXII 2.1 §5.3, §5.4, §5.6, §5.8).

Checks come in one order: 401, 404, 403, 406, 400. Registry and page are read in one transaction over one snapshot; the
answer is made after it has ended.
"""

from array import array

from feeds.listings import Record, date_added_headers
from feeds.listings import envelope as envelope_page
from feeds.listings import manifest as manifest_page
from feeds.listings import versions as versions_page
from feeds.taxii_query import OBJECT_MATCH, OBJECTS_MATCH, VERSIONS_MATCH
from hub import measures, poll
from hub.access import Absent, Seen, find, require
from hub.poll import Answer as Page
from hub.running import Hub
from hub.store.engine import Tx
from hub.store.registry import Account, Registry

from .answers import Answer, Environ, taxii
from .authentication import account_of
from .negotiation import check_accept, query_of


def objects(hub: Hub, environ: Environ, name: str) -> Answer:
    """A page of objects, byte for byte as signed."""
    with hub.database.reading() as tx:
        registry, account, seen = _readable(hub, tx, environ, name)
        check_accept(environ)
        page = poll.objects(hub, tx, registry, account, seen, query_of(environ, OBJECTS_MATCH))
    return _envelope(page, _said("envelope", registry, seen, page))


def manifest(hub: Hub, environ: Environ, name: str) -> Answer:
    """A page of manifest records: the objects of the same query, told by id, version and time."""
    with hub.database.reading() as tx:
        registry, account, seen = _readable(hub, tx, environ, name)
        check_accept(environ)
        page = poll.records(hub, tx, registry, account, seen, query_of(environ, OBJECTS_MATCH))
    records = [Record(stix_id, position, version) for position, stix_id, version in page.rows]
    said = _said("manifest", registry, seen, page)
    return taxii(manifest_page(records, next_token=page.next), extra=_dates(page), said=said)


def one_object(hub: Hub, environ: Environ, name: str, stix_id: str) -> Answer:
    """One object by its STIX id, the latest version of it unless the query asks otherwise."""
    with hub.database.reading() as tx:
        registry, account, seen = _readable(hub, tx, environ, name)
        _check_id(stix_id)
        check_accept(environ)
        page = poll.one_object(hub, tx, registry, account, seen, stix_id, query_of(environ, OBJECT_MATCH))
    return _envelope(page, _said("envelope", registry, seen, page))


def versions(hub: Hub, environ: Environ, name: str, stix_id: str) -> Answer:
    """The version texts of one object."""
    with hub.database.reading() as tx:
        registry, account, seen = _readable(hub, tx, environ, name)
        _check_id(stix_id)
        check_accept(environ)
        page = poll.versions(hub, tx, registry, account, seen, stix_id, query_of(environ, VERSIONS_MATCH))
    said = _said("versions", registry, seen, page)
    return taxii(versions_page([row[1] for row in page.rows], next_token=page.next), extra=_dates(page), said=said)


def _readable(hub: Hub, tx: Tx, environ: Environ, name: str) -> tuple[Registry, Account, Seen]:
    """Who calls, and the collection as it sees it. Raises `Unauthenticated`, `Absent`, `Forbidden`."""
    registry, account = account_of(hub, tx, environ)
    return registry, account, require(find(registry, account, name, hub.clock()), "read")


def _envelope(page: Page, said: bytes) -> Answer:
    measures.SERVED.inc(len(page.rows))
    return taxii(envelope_page([row[1] for row in page.rows], next_token=page.next), extra=_dates(page), said=said)


def _said(kind: str, registry: Registry, seen: Seen, page: Page) -> bytes:
    """All that a page depends on: a position stands for one row of its collection, whose bytes never change."""
    rows = array("q", (row[0] for row in page.rows))
    return "\0".join((kind, registry.epoch, seen.collection.id, page.next or "", "")).encode() + rows.tobytes()


def _dates(page: Page) -> list[tuple[str, str]]:
    return list(date_added_headers(page.first, page.last).items())


def _check_id(stix_id: str) -> None:
    """See that the path holds text that a database can be asked for (PostgreSQL knows no U+0000)."""
    if not stix_id.isprintable():
        raise Absent("no such object")
