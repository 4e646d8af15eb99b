"""Elastic's `ti_custom`, against `cirt-hub serve` while members publish, and against the faults it falls for."""

import pytest

from support.clients.aims import at_faulty, at_scene, filled
from support.clients.elastic import Elastic
from support.clients.scene import Scene
from support.clients.wire import Wire
from support.faulty_taxii import GROUP, Fault, FaultyTaxii
from support.served import Serving
from support.stage import indicator

SECTION = "Elastic: Custom Threat Intelligence (ti_custom)"
OBJECTS = [indicator(number) for number in range(8)]
IDS = [each["id"] for each in OBJECTS]


@pytest.mark.parametrize("who", ["green", "amber"])
@pytest.mark.parametrize("block", [0, 1], ids=["basic", "bearer, Content-Type on GET"])
@pytest.mark.parametrize("keeps", [False, True], ids=["before 1.8.2", "since 1.8.2"])
def test_it_gets_everything_once(served: Serving, small: str, who: str, block: int, *, keeps: bool) -> None:
    """Red if whole seconds are refused, page 2 without `added_after` begins anew, or the last page has a `next`.

    An answer without objects is an error to it, and its place is kept: the only error there may be.
    """
    scene = Scene.make(served)
    client = Elastic(at_scene(SECTION, scene, who, block, url=small), Wire(small), keeps_added_after=keeps)
    scene.follow(client.run)
    assert client.received == scene.owed[who]
    assert set(client.errors) == {"page 1: failed eval: no such key: 'objects'"}


def agent(server: FaultyTaxii, block: int = 0) -> Elastic:
    """The agent, pointed at a faulty server."""
    return Elastic(at_faulty(SECTION, server, block), Wire(server.url))


def test_it_asks_as_its_program_says() -> None:
    """Red if the stand-in asks otherwise: sorted query, whole seconds, then `next` alone, and its headers."""
    with filled(FaultyTaxii(), OBJECTS) as server:
        client = agent(server, 1)
        client.run()
        lines = [request.line.split(" ")[1] for request in server.seen]
        assert lines[0].startswith(f"/live/collections/{GROUP}/objects/?added_after=20")
        assert "." not in lines[0]
        assert [line.partition("?")[2].partition("=")[0] for line in lines[1:]] == ["next", "next"]
        assert [name for name, _ in server.seen[0].headers] == [
            *("Host", "User-Agent", "Accept", "Authorization", "Content-Type", "Accept-Encoding")
        ]
        assert server.seen[0].header("Authorization") == "Bearer a-token-of-this-server"
        assert client.received == IDS


def test_it_follows_a_next_beside_more_false() -> None:
    """Trap: it does not look at `more`, and asks for a page behind the last one. Red if the stand-in stops before."""
    with filled(FaultyTaxii(Fault.NEXT_AT_THE_END), OBJECTS) as server:
        client = agent(server)
        client.run()
        assert (client.received, len(server.seen)) == (IDS, 4)
        assert client.errors == ["page 4: failed eval: no such key: 'objects'"]


def test_it_loses_the_rest_where_next_is_missing() -> None:
    """Trap: `more` alone does not make it go on; with the header it does at the next interval. Red if not so."""
    with filled(FaultyTaxii(Fault.NO_NEXT), OBJECTS) as server:
        client = agent(server)
        client.run()
        assert client.received == IDS[:3]
        client.run()
        assert client.received == IDS[:6]


def test_it_loses_the_rest_of_a_publication_of_one_date() -> None:
    """Trap: the page ends within the date, and the next begins after it. Red if the stand-in asked for `>=`."""
    with FaultyTaxii(Fault.ONE_DATE) as server:
        server.publish(OBJECTS)
        client = agent(server)
        for _ in range(4):
            client.run()
        assert client.received == IDS[:3]


def test_it_fetches_everything_again_without_dates() -> None:
    """Trap: the cursor is lost with a page that has no header. Red if the stand-in kept the old one."""
    with filled(FaultyTaxii(Fault.NO_DATES), OBJECTS) as server:
        client = agent(server)
        client.run()
        client.run()
        assert client.received == IDS * 2


def test_it_loses_what_was_added_before_a_header_that_says_now() -> None:
    """Trap. Red if the stand-in took the date from the objects."""
    with FaultyTaxii(Fault.DATES_NOW) as server:
        server.publish(OBJECTS[:1])
        client = agent(server)
        client.run()
        server.publish(OBJECTS[1:2])
        client.run()
        assert client.received == IDS[:1]


def test_it_loses_a_row_that_is_stored_late() -> None:
    """Trap: dates are given out before rows are stored, so a slow one appears behind the cursor. Red if it looked back.

    The hub gives a date out last, under the group's lock.
    """
    with FaultyTaxii() as server:
        server.publish(OBJECTS[:1])
        client = agent(server)
        client.run()
        server.publish(OBJECTS[1:2], at=server.clock - 1000)
        client.run()
        assert client.received == IDS[:1]


@pytest.mark.parametrize("fault", [Fault.STRICT_DATES, Fault.SMALL_LIMITS])
def test_strict_servers_give_it_nothing(fault: Fault) -> None:
    """Trap: whole seconds, and a limit of its own. Red if the stand-in wrote six digits, or no limit."""
    with filled(FaultyTaxii(fault), OBJECTS) as server:
        client = agent(server)
        client.run()
        assert (client.received, client.errors) == ([], ["GET: 400"])


def test_page_2_fails_where_filters_must_come_again() -> None:
    """Trap of versions before 1.8.2. Red if the stand-in sends `added_after` along."""
    with filled(FaultyTaxii(Fault.FILTERS_AGAIN), OBJECTS) as server:
        client = agent(server)
        client.run()
        assert (client.received, client.errors) == (IDS[:3], ["GET: 400"])
