"""Cortex XSOAR's TAXII 2 feed, against `cirt-hub serve` while members publish, and against the faults it falls for."""

from datetime import UTC, datetime, timedelta

import pytest
from requests.exceptions import HTTPError
from taxii2client.exceptions import TAXIIServiceException

from support.clients.aims import at_faulty, at_scene, filled
from support.clients.scene import Scene
from support.clients.wire import Endless, Failed
from support.clients.xsoar import Xsoar
from support.faulty_taxii import Fault, FaultyTaxii
from support.served import Serving, accepted, post
from support.stage import indicator

FEED = "Cortex XSOAR: TAXII 2 Feed"
OBJECTS = [indicator(number) for number in range(8)]
IDS = [each["id"] for each in OBJECTS]


@pytest.mark.parametrize("who", ["green", "amber"])
@pytest.mark.parametrize("block", [0, 1, 2], ids=["basic", "token", "x-api-key"])
def test_the_feed_gets_everything_once(served: Serving, small: str, block: int, who: str) -> None:
    """Red if a page ends the fetch too early, `match[type]` is refused, or a spelling of the token is not known.

    Each fetch brings the whole year again; what was in the fetch before is left out.
    """
    scene = Scene.make(served, title=f"Africa rapid {who} {block}")
    client = Xsoar(at_scene(FEED, scene, who, block, url=small))
    scene.follow(client.run)
    assert client.received == scene.owed[who]
    assert client.version == "2.1"


def test_incremental_fetches_miss_what_follows_an_object_dated_ahead(served: Serving) -> None:
    """Why the document says *Full Feed Fetch*. Red if it were not so, and the warning could go."""
    scene = Scene.make(served, title="Africa ahead")
    chosen = at_scene(FEED, scene, "amber") | {"Full Feed Fetch": "false", "Incremental Feed": "true"}
    client = Xsoar(chosen)
    ahead = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    raw = scene.publisher.envelope(scene.group, [indicator(900, modified=ahead)])
    accepted(post(served.url, scene.publisher, scene.group, raw))
    scene.publisher.remember(scene.group)
    client.run()
    scene.publish()
    client.run()
    assert client.received == [indicator(900)["id"]]


def feed(server: FaultyTaxii, **changes: str) -> Xsoar:
    """The feed, pointed at a faulty server."""
    return Xsoar(at_faulty(FEED, server) | changes)


def test_it_asks_as_its_source_says() -> None:
    """Red if the stand-in asks otherwise: discovery, collections, then the same query with each `next`."""
    with filled(FaultyTaxii(), OBJECTS) as server:
        client = feed(server, **{"STIX Objects To Fetch": "indicator,malware"})
        client.run()
        asked = [request.line.split(" ")[1] for request in server.seen]
        assert asked[:2] == ["/taxii2/", "/live/collections/"]
        assert all("match%5Btype%5D=indicator%2Cmalware%2Crelationship" in line for line in asked[2:])
        assert all("added_after=" in line and "limit=" in line for line in asked[2:])
        assert ["next=" in line for line in asked[2:]] == [False, True, True]
        assert "limit=1000" in asked[2]
        assert "limit=3" in asked[3], "a short page lowers the limit"
        assert client.received == IDS


def test_it_falls_back_to_2_0_on_406_only() -> None:
    """Trap. Red if the stand-in falls back on another status, or not at all."""
    with filled(FaultyTaxii(Fault.NOT_ACCEPTABLE), OBJECTS) as server:
        client = feed(server)
        with pytest.raises(TAXIIServiceException):
            client.run()
        assert client.version == "2.0"
    with filled(FaultyTaxii(Fault.ONLY_BEARER), OBJECTS) as server:
        client = feed(server)
        with pytest.raises(Failed):
            client.run()
        assert client.version == "2.1"


def test_an_empty_first_page_is_its_end() -> None:
    """Trap: rows were filtered after they were counted. Red if the stand-in goes on to the pages behind it."""
    with filled(FaultyTaxii(Fault.EMPTY_FIRST), OBJECTS) as server:
        client = feed(server)
        client.run()
        assert client.received == []


def test_more_without_next_sends_it_round() -> None:
    """Trap of `as_pages`. Red if the library no longer asks for the first page for ever."""
    with filled(FaultyTaxii(Fault.NO_NEXT), OBJECTS) as server, pytest.raises(Endless):
        feed(server).run()


@pytest.mark.parametrize("fault", [Fault.JSON_TYPE, Fault.NO_TYPE])
def test_another_content_type_stops_it(fault: Fault) -> None:
    """Trap of the library. Red if it no longer minds."""
    with filled(FaultyTaxii(fault), OBJECTS) as server, pytest.raises((TAXIIServiceException, KeyError)):
        feed(server).run()


def test_a_redirect_takes_its_credentials() -> None:
    """Trap of the library: another host name gets no Authorization. Red if the stand-in sends it along."""
    with filled(FaultyTaxii(Fault.REDIRECT), OBJECTS) as server, pytest.raises(Failed, match="401"):
        feed(server).run()


def test_small_limits_stop_it() -> None:
    """Trap: it asks for 1,000 objects a page. Red if the stand-in asks for fewer."""
    with filled(FaultyTaxii(Fault.SMALL_LIMITS), OBJECTS) as server, pytest.raises(HTTPError, match="400"):
        feed(server).run()


def test_it_takes_the_first_collection_of_a_title() -> None:
    """Trap. Red if the stand-in knew which of two was meant."""
    with FaultyTaxii(Fault.ONE_TITLE) as server:
        server.rows = dict(reversed(server.rows.items()))
        server.publish(OBJECTS)
        client = feed(server)
        client.run()
        assert client.received == []


def test_old_dates_send_it_everything_again() -> None:
    """Trap of its incremental mode: `modified` is not the date of adding. Red if the stand-in used the header."""
    with filled(FaultyTaxii(), OBJECTS) as server:
        client = feed(server, **{"Full Feed Fetch": "false"})
        old = [{**each, "modified": "2026-10-01T00:00:00.000Z"} for each in OBJECTS]
        for name in server.rows:
            server.rows[name] = []
        server.publish(old)
        client.run()
        client.run()
        assert client.fetched == IDS * 2
        assert client.received == IDS
