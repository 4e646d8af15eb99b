"""Sentinel, EclecticIQ, Sumo Logic, Trellix, Trend Micro, MineMeld and clients with keys, as their manuals say."""

from collections.abc import Callable

import pytest
from taxii2client.v21 import ApiRoot

from hub.store.standing import TIMES
from support.client_settings import Settings
from support.clients.aims import at_faulty, at_scene, filled
from support.clients.pollers import BigPages, ByKey, EclecticIq, MineMeld, Poller, Sentinel, Sumo
from support.clients.scene import Scene
from support.clients.wire import Endless, Failed, Wire
from support.faulty_taxii import GROUP, TOKEN, Fault, FaultyTaxii
from support.served import Serving
from support.stage import indicator

SENTINEL = "Microsoft Sentinel: Threat Intelligence - TAXII"
ECLECTICIQ = "EclecticIQ Intelligence Center"
SUMO = "Sumo Logic: TAXII 2 Client"
KEYS = "Clients that send a key"
BIG = "Trellix, Trend Micro"
OBJECTS = [indicator(number) for number in range(8)]
IDS = [each["id"] for each in OBJECTS]
Make = Callable[[Settings, Wire], Poller]
CLIENTS: list[tuple[str, int, Make]] = [
    (SENTINEL, 0, Sentinel),
    (ECLECTICIQ, 0, EclecticIq),
    (KEYS, 0, ByKey),
    (KEYS, 1, ByKey),
    (BIG, 0, BigPages),
]
NAMES = ["Sentinel", "EclecticIQ", "x-api-key", "key as password", "big pages"]


@pytest.mark.parametrize("who", ["green", "amber"])
@pytest.mark.parametrize(("section", "block", "make"), CLIENTS, ids=NAMES)
def test_each_gets_everything_once(served: Serving, small: str, section: str, block: int, make: Make, who: str) -> None:
    """Red if a spelling of the token, an alias in the address, a large limit or the year 1970 is refused.

    Or if a page of a drain, or the place it goes on from, repeats or misses a row.
    """
    scene = Scene.make(served)
    client = make(at_scene(section, scene, who, block, url=small), Wire(small))
    scene.follow(client.run)  # type: ignore[attr-defined]
    assert client.received == scene.owed[who]


@pytest.mark.parametrize("block", [0, 1, 2], ids=["password", "password, no user", "user, no password"])
def test_sumo_gets_all_that_it_may_read(served: Serving, small: str, block: int) -> None:
    """Red if a blank half of the credential is refused. It polls the proofs too: those are not counted here."""
    scene = Scene.make(served)
    client = Sumo(at_scene(SUMO, scene, "green", block, url=small), Wire(small))
    scene.follow(client.run)
    assert [each for each in client.received if each.startswith("indicator")] == scene.owed["green"]
    assert sum(each.startswith("publication-manifest") for each in client.received) == len(scene.owed["green"]) // 4


def test_the_ctis_app_of_splunk_finds_its_collections(served: Serving) -> None:
    """Red if the root without a slash at its end, as users write it, is not served, or Basic is refused."""
    scene = Scene.make(served)
    chosen = at_scene("Splunk: CTIS TAXII app", scene, "amber")
    for address in (chosen["api_root_url"], chosen["api_root_url"].rstrip("/")):
        with ApiRoot(address, user=chosen["username"], password=chosen["password"]) as root:
            assert {each.id for each in root.collections} == {scene.group.id, scene.group.proofs}
    wire = Wire(served.url)
    assert Sentinel({"Username": "splunk", "Password": chosen["password"]}, wire).get("/live/collections").status == 200


def test_minemeld_goes_round(served: Serving, small: str) -> None:
    """Why the document says not to use it. Red if it were not so, and the warning could go."""
    scene = Scene.make(served)
    scene.publish()
    token = scene.readers["amber"].token
    chosen = {"API root": f"{small}/live/", "Collection": scene.group.id, "Username": "any", "Password": token}
    with pytest.raises(Endless):
        MineMeld(chosen, Wire(small, budget=20)).run()


def test_minemeld_is_named_in_the_log(served: Serving) -> None:
    """Red if an operator is not told who asks for one page for ever, or is told of a client that goes on."""
    scene = Scene.make(served)
    scene.publish()
    green, amber = scene.readers["green"], scene.readers["amber"]
    address = f"/live/collections/{scene.group.id}/objects/"
    wire = Wire(served.url)
    for turn in range(TIMES + 1):
        wire.get(f"{address}?added_after=2026-01-01T00:00:00Z", [("Authorization", f"Bearer {amber.token}")])
        wire.get(f"{address}?limit={turn % 2 + 1}", [("Authorization", f"Bearer {green.token}")])
    said = [line for line in served.first.log.read_text("utf-8").splitlines() if "again and again" in line]
    assert [amber.id in line for line in said if scene.group.id in line] == [True]


def sentinel(server: FaultyTaxii) -> Sentinel:
    """Sentinel, pointed at a faulty server."""
    return Sentinel(at_faulty(SENTINEL, server), Wire(server.url, budget=60))


def test_sentinel_asks_in_this_order() -> None:
    """Red if the stand-in leaves out a step: the root and its versions, the collection, then the objects."""
    with filled(FaultyTaxii(), OBJECTS) as server:
        client = sentinel(server)
        client.run()
        lines = [line for line, _ in client.wire.sent]
        collection = f"GET /live/collections/{GROUP}/"
        assert lines[:2] == ["GET /live/", collection]
        assert lines[2] == f"{collection}objects/?added_after=1970-01-01T00%3A00%3A00.000000Z"
        assert all("&next=" in line for line in lines[3:])
        assert client.received == IDS


def test_sentinel_refuses_versions_that_are_numbers() -> None:
    """Trap. Red if the stand-in does not read them."""
    with filled(FaultyTaxii(Fault.BARE_VERSIONS), OBJECTS) as server, pytest.raises(Failed, match=r"2\.1"):
        sentinel(server).run()


def test_sentinel_knows_basic_only() -> None:
    """Trap. Red if the stand-in tries another scheme."""
    with filled(FaultyTaxii(Fault.ONLY_BEARER), OBJECTS) as server, pytest.raises(Failed, match="401"):
        sentinel(server).run()


def test_duplicates_come_of_pages_by_offset() -> None:
    """Trap: rows move on while it turns pages. Red if the stand-in leaves out what it has seen before."""
    with filled(FaultyTaxii(Fault.NEWEST_FIRST), OBJECTS) as server:
        client = sentinel(server)
        server.meanwhile = lambda _: server.publish([indicator(50 + len(server.seen))])
        client.run()
        assert len(client.received) > len(set(client.received))


def test_one_date_for_many_rows_loses_them() -> None:
    """Trap: without `next` it goes on behind the date. Red if the stand-in asks for the date itself again."""
    with FaultyTaxii(Fault.ONE_DATE) as server:
        server.publish(OBJECTS)
        client = sentinel(server)
        client.run()
        assert client.received == IDS[:3]


def test_without_next_it_goes_on_by_date() -> None:
    """Not a trap where each row has its own date (TAXII 2.1 §3.5). Red if the stand-in stops at the first page."""
    with filled(FaultyTaxii(Fault.NO_NEXT), OBJECTS) as server:
        client = sentinel(server)
        client.run()
        assert client.received == IDS


def test_a_row_stored_late_is_lost() -> None:
    """Trap for all that keep a date. Red if the stand-in looks back."""
    with FaultyTaxii() as server:
        client = sentinel(server)
        server.publish(OBJECTS[:1])
        client.run()
        server.publish(OBJECTS[1:2], at=server.clock - 1000)
        client.run()
        assert client.received == IDS[:1]


def test_empty_pages_send_it_round() -> None:
    """Trap. Red if the stand-in stops at a page without objects."""
    with filled(FaultyTaxii(Fault.EMPTY_PAGES), OBJECTS) as server, pytest.raises(Endless):
        sentinel(server).run()


def test_eclecticiq_needs_the_alias() -> None:
    """Trap, with the alias that the document gives. Red if the stand-in looks the id up."""
    with filled(FaultyTaxii(Fault.NO_ALIAS), OBJECTS) as server, pytest.raises(Failed, match="404"):
        EclecticIq(at_faulty(ECLECTICIQ, server), Wire(server.url)).run()


@pytest.mark.parametrize("block", [1, 2])
def test_a_blank_half_is_refused_by_some(block: int) -> None:
    """Trap of the keys that are one half of Basic. Red if the stand-in fills the other half in."""
    with filled(FaultyTaxii(Fault.NO_BLANKS), OBJECTS) as server, pytest.raises(Failed, match="401"):
        Sumo(at_faulty(SUMO, server, block), Wire(server.url)).run()


def test_a_large_limit_is_refused_by_some() -> None:
    """Trap. Red if the stand-in asks for less than it was told."""
    with filled(FaultyTaxii(Fault.SMALL_LIMITS), OBJECTS) as server, pytest.raises(Failed, match="400"):
        BigPages(at_faulty(BIG, server), Wire(server.url)).run()


def test_minemeld_goes_round_anywhere() -> None:
    """Trap of the client's own: rows dated before they were added. Red if the stand-in read the header."""
    with filled(FaultyTaxii(), [{**each, "modified": "2026-10-01T00:00:00.000Z"} for each in OBJECTS]) as server:
        chosen = {"API root": f"{server.url}/live/", "Collection": GROUP, "Username": "any", "Password": TOKEN}
        with pytest.raises(Endless):
            MineMeld(chosen, Wire(server.url, budget=20)).run()
