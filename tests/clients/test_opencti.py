"""OpenCTI's two ways to read, against `cirt-hub serve` while members publish, and against the faults they fall for."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from support.clients.aims import at_faulty, at_scene, filled
from support.clients.opencti import Connector, Ingester
from support.clients.scene import Scene
from support.clients.wire import Endless, Wire
from support.faulty_taxii import GROUP, TITLE, Fault, FaultyTaxii, Request
from support.served import Serving
from support.stage import indicator

FEED = "OpenCTI: TAXII ingestion feed"
CONNECTOR = "OpenCTI: connector taxii2"
OBJECTS = [indicator(number) for number in range(8)]
IDS = [each["id"] for each in OBJECTS]


def ingester(server: FaultyTaxii) -> Ingester:
    """The feed, pointed at a faulty server."""
    return Ingester(at_faulty(FEED, server), Wire(server.url))


@pytest.mark.parametrize("who", ["green", "amber"])
@pytest.mark.parametrize("block", [0, 1], ids=["basic", "bearer"])
def test_the_feed_gets_everything_once(served: Serving, who: str, block: int) -> None:
    """Red if the last row of a reader's own label does not fall on a whole millisecond: it is sent again at every run.

    The publications mix labels, so that the last row of one is not the last that the GREEN reader may see.
    """
    scene = Scene.make(served, title="Africa rapid")
    client = Ingester(at_scene(FEED, scene, who, block), Wire(served.url))
    scene.follow(client.run, rounds=4)
    assert client.received == scene.owed[who]


def test_the_feed_turns_pages_while_members_publish(served: Serving, small: str) -> None:
    """Red if a page in the middle repeats or skips rows, with a page smaller than a publication."""
    scene = Scene.make(served)
    client = Ingester(at_scene(FEED, scene, "amber"), Wire(small))
    scene.follow(client.run, rounds=20)
    scene.publish()
    for _ in range(4):
        client.run()
    assert client.received == scene.owed["amber"]
    assert any("next=" in line and "added_after=" in line for line, _ in client.wire.sent)


def test_the_feed_asks_as_its_source_says() -> None:
    """Red if the stand-in asks otherwise: path, order and encoding of the query, milliseconds, headers."""
    with filled(FaultyTaxii(), OBJECTS) as server:
        client = ingester(server)
        client.run()
        client.run()
        client.run()
        client.run()
        objects = f"GET /live/collections/{GROUP}/objects/"
        assert [request.line.removesuffix(" HTTP/1.1") for request in server.seen] == [
            objects,
            f"{objects}?next={GROUP}~{server.rows[GROUP][2].date}~",
            f"{objects}?next={GROUP}~{server.rows[GROUP][5].date}~",
            f"{objects}?added_after=2026-11-18T11:06:42.000Z",
        ]
        first = server.seen[0]
        assert first.header("Accept") == "application/taxii+json;version=2.1"
        assert (first.header("Authorization") or "").startswith("Basic ")
        assert client.received == IDS


def test_the_feed_loses_what_came_beside_a_page_without_dates() -> None:
    """Trap: without the header it goes on from its own clock. Red if the stand-in keeps its old place instead."""
    with FaultyTaxii(Fault.NO_DATES) as server:
        server.publish([indicator(0)])
        client = ingester(server)
        client.now = lambda: "2026-11-20T00:00:00.000Z"
        client.run()
        server.publish([indicator(1)])
        client.run()
        assert client.received == IDS[:1]


def test_the_feed_loses_rows_when_the_header_says_now() -> None:
    """Trap. Red if the stand-in takes the date from anywhere but the header."""
    with FaultyTaxii(Fault.DATES_NOW) as server:
        server.publish([indicator(0)])
        client = ingester(server)
        client.run()
        server.publish([indicator(1)])  # at the very second that the header had promised to be over
        client.run()
        assert client.received == IDS[:1]


def test_the_feed_fetches_the_tail_for_ever_when_dates_have_microseconds() -> None:
    """Trap: its cursor has milliseconds. Red if the stand-in keeps all digits."""
    with FaultyTaxii(Fault.MICROSECONDS) as server:
        server.publish([indicator(0), indicator(1)])
        client = ingester(server)
        for _ in range(3):
            client.run()
        assert client.received == IDS[:2] * 3


def test_the_feed_needs_next_beside_added_after() -> None:
    """Trap: a server that cuts by offset, newest first, sends rows twice. Red if the stand-in ignores `next`."""
    with filled(FaultyTaxii(Fault.NEWEST_FIRST), OBJECTS) as server:
        client = ingester(server)
        client.run()
        server.publish([indicator(8)])
        for _ in range(3):
            client.run()
        assert len(client.received) > len(set(client.received))


def test_the_feed_stands_still_before_an_empty_page_that_promises_more() -> None:
    """Trap. Red if the stand-in follows `next` of an empty page."""
    with filled(FaultyTaxii(Fault.EMPTY_FIRST), OBJECTS) as server:
        client = ingester(server)
        for _ in range(3):
            client.run()
        assert client.received == []


def behind() -> datetime:
    """A clock that runs two seconds behind the hub's."""
    return datetime.now(UTC) - timedelta(seconds=2)


@pytest.mark.parametrize("who", ["green", "amber"])
def test_the_connector_gets_everything(served: Serving, small: str, who: str) -> None:
    """Red if `next` without `added_after` is refused, a title is not unique, or a page loses what it promised.

    What it is sent again at each run, since it remembers whole seconds of its own, is what is young, or one page.
    """
    scene = Scene.make(served, title=f"Africa rapid {who}")
    client = Connector(at_scene(CONNECTOR, scene, who, url=small), clock=behind)
    scene.follow(client.run)
    assert list(dict.fromkeys(client.received)) == scene.owed[who]
    assert client.failures == []


def test_the_connector_misses_objects_when_its_clock_is_ahead(served: Serving) -> None:
    """Why the feed is recommended. Red if it were not so, and the warning could go."""
    scene = Scene.make(served, title="Africa early")
    client = Connector(at_scene(CONNECTOR, scene, "amber"), clock=lambda: datetime.now(UTC) + timedelta(minutes=5))
    scene.publish()
    client.run()
    scene.publish()
    client.run()
    assert len(client.received) < len(scene.owed["amber"])


@pytest.mark.parametrize("collections", ["live.*", "live.Africa wide,live.Africa wide (proofs)"])
def test_the_connector_cannot_poll_several_collections(served: Serving, small: str, collections: str) -> None:
    """Why one connector polls one collection. Red if the token of another collection were taken: rows would be lost."""
    scene = Scene.make(served, title="Africa wide")
    scene.publish(6)
    chosen = at_scene(CONNECTOR, scene, "amber", url=small) | {"TAXII2_COLLECTIONS": collections}
    client = Connector(chosen, clock=behind)
    for _ in range(2):  # the hub lists collections by id: the one with pages may be the last
        client.run()
    assert any("400" in failure for failure in client.failures), client.failures


def connector(server: FaultyTaxii, **changes: str) -> Connector:
    """The connector, pointed at a faulty server."""
    return Connector(at_faulty(CONNECTOR, server) | changes, clock=lambda: datetime(2026, 11, 19, tzinfo=UTC))


def test_the_connector_asks_as_its_source_says() -> None:
    """Red if the stand-in asks otherwise: `added_after` is dropped after the first page, and `next` never is."""
    with filled(FaultyTaxii(), OBJECTS) as server:
        client = connector(server)
        client.run()
        client.run()
        asked = [request.line.split(" ")[1] for request in server.seen]
        objects, rows = f"/live/collections/{GROUP}/objects/", server.rows[GROUP]
        came_with = "2025-11-19T00:00:00Z"
        assert asked[:2] == ["/taxii2/", "/live/collections/"]
        assert asked[2] == f"{objects}?added_after=2025-11-19T00%3A00%3A00Z"
        assert asked[3] == f"{objects}?next={GROUP}~{rows[2].date}~{came_with.replace(':', '%3A')}"
        again = asked[asked.index("/taxii2/", 1) :]
        assert "next=" in again[2], "the token of the run before"
        assert "added_after=2026-11-19T00%3A00%3A00.000000Z" in again[2]
        assert client.received == IDS + IDS[6:8]


def test_the_connector_turns_for_ever_on_more_without_next() -> None:
    """Trap. Red if the stand-in has another end than `more`."""
    with filled(FaultyTaxii(Fault.NO_NEXT), OBJECTS) as server, pytest.raises(Endless):
        connector(server).run()


def test_the_connector_turns_for_ever_on_empty_pages() -> None:
    """Trap, on a later page only: an empty first one ends it, and loses the rest. Red if either were not so."""
    with filled(FaultyTaxii(Fault.EMPTY_FIRST), OBJECTS) as server:
        client = connector(server)
        client.run()
        assert client.received == []
    with filled(FaultyTaxii(), OBJECTS) as server:
        client = connector(server)
        server.meanwhile = lambda request: _empty_from_now_on(server, request)
        with pytest.raises(Endless):
            client.run()


def _empty_from_now_on(server: FaultyTaxii, request: Request) -> None:
    """From the second page on, every page is empty and promises more."""
    if "/objects/" in request.line:
        server.fault = Fault.EMPTY_PAGES


def test_the_connector_fails_where_filters_must_come_again() -> None:
    """Trap: page 2 has `next` alone. Red if the stand-in keeps `added_after`."""
    with filled(FaultyTaxii(Fault.FILTERS_AGAIN), OBJECTS) as server:
        client = connector(server)
        client.run()
        assert client.received == []
        assert "400" in client.failures[0]


def test_the_connector_skips_rows_where_any_token_is_taken() -> None:
    """Trap: `next` of one collection, sent to the other. Red if the stand-in forgets it in between."""
    with FaultyTaxii(Fault.ANY_COLLECTION) as server:
        server.publish((indicator(number) for number in range(2)), "c2f0a9de-93b4-4d0e-8a57-6e1b3c84d215")
        server.publish(indicator(number) for number in range(2, 7))
        client = connector(server, TAXII2_COLLECTIONS=f"live.{TITLE},live.{TITLE} (proofs)")
        client.run()
        assert client.received == IDS[2:7]


def test_the_connector_polls_the_first_of_two_titles() -> None:
    """Trap: it asks for a title, and gets whichever comes first. Red if the stand-in asked for the id."""
    with FaultyTaxii(Fault.ONE_TITLE) as server:
        server.rows = dict(reversed(server.rows.items()))
        server.publish([indicator(0)])
        client = connector(server)
        client.run()
        assert client.received == []


def test_the_connector_cannot_read_a_root_without_a_slash() -> None:
    """Trap: the library adds a slash to the address, so only the name before it is looked at. Red if that changes."""
    with filled(FaultyTaxii(Fault.NO_SLASH), OBJECTS[:2]) as server:
        client = connector(server)
        client.run()
        assert client.received == IDS[:2]


@pytest.mark.parametrize("fault", [Fault.JSON_TYPE, Fault.NO_TYPE])
def test_the_library_refuses_another_content_type(fault: Fault) -> None:
    """Trap of taxii2-client. Red if the library no longer minds."""
    with filled(FaultyTaxii(fault), OBJECTS) as server:
        client = connector(server)
        with suppress(KeyError):  # where there is none at all
            client.run()
        assert client.received == []
