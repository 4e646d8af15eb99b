"""MISP, which reads in one way and publishes in another, against `cirt-hub serve` and the faults it falls for."""

import base64

import pytest
import requests
from requests.exceptions import HTTPError

from keys.envelope import item_of
from support.clients.aims import at_faulty, at_scene, filled
from support.clients.misp import Browser, Push, cut
from support.clients.scene import Scene
from support.clients.wire import Failed, Wire
from support.faulty_taxii import GROUP, TOKEN, Fault, FaultyTaxii
from support.served import Serving
from support.stage import indicator

OBJECTS = [indicator(number) for number in range(8)]
IDS = [each["id"] for each in OBJECTS]
BYTES = [item_of(each).canonical for each in OBJECTS]


def key_of(token: str) -> str:
    """What the document's command prints."""
    return base64.b64encode(f"misp:{token}".encode()).decode()


@pytest.mark.parametrize("who", ["green", "amber"])
def test_browsing_shows_everything_once(served: Serving, small: str, who: str) -> None:
    """Row 10 of the agreement on spellings. Red if `basic` in lower case, or an empty `next`, is refused."""
    scene = Scene.make(served, title="Africa seen")
    scene.publish()
    chosen = at_scene("MISP", scene, who, url=small) | {"api_key": key_of(scene.readers[who].token)}
    browser = Browser(chosen, Wire(small))
    assert "Africa seen" in browser.titles()
    looks = []
    with scene.publishing() as going:
        while going():
            looks.append(Browser(chosen, Wire(small)))
            looks[-1].run()
    for look in looks:
        assert look.received == scene.owed[who][: len(look.received)]
    browser.run()
    assert browser.received == scene.owed[who]


def test_an_unsigned_push_stores_nothing(served: Serving, small: str) -> None:
    """Red if an unsigned object is stored, or an envelope filled up to the very last octet is too large."""
    scene = Scene.make(served)
    most = 2 << 20
    bare = len(b'{"objects":[,]}') + 2 * len(item_of(indicator(0, description="")).canonical)
    large = [item_of(indicator(0, description="x" * ((most - bare + odd) // 2))).canonical for odd in (0, 1)]
    chosen = at_scene("MISP", scene, "amber", url=small) | {"api_key": key_of(scene.readers["amber"].token)}
    push = Push(chosen)
    push.run([*large, *BYTES])
    assert len(push.envelopes[0]) == most
    assert push.failures == 2 + len(BYTES)
    assert scene.publisher.poll(scene.group.id) == []


def test_a_signed_envelope_is_posted_like_any_other(served: Serving) -> None:
    """Red if what was signed elsewhere cannot be posted by the command that the document shows."""
    scene = Scene.make(served)
    a = scene.publisher
    raw = a.envelope(scene.group, OBJECTS, "amber")
    kind = "application/taxii+json;version=2.1"
    answer = requests.post(
        f"{served.url}/live/collections/{scene.group.id}/objects/",
        raw,
        headers={"Accept": kind, "Content-Type": kind},
        auth=("misp", a.token),
        timeout=40,
    )
    assert (answer.status_code, answer.json()["failure_count"]) == (202, 0)
    assert scene.readers["amber"].ids(scene.group.id) == IDS


def at(server: FaultyTaxii) -> dict[str, str]:
    """The document's settings for a faulty server."""
    return at_faulty("MISP", server) | {"api_key": key_of(TOKEN)}


def test_the_documents_key_is_what_its_command_prints() -> None:
    """Red if the example of the key is not that of the example token."""
    with FaultyTaxii() as server:
        assert at_faulty("MISP", server)["api_key"] == key_of("cirthub_TOKEN")


def test_it_asks_as_its_source_says() -> None:
    """Red if the stand-ins ask otherwise: path, `limit=50&next=`, the two types on GET; then root, collection, POST."""
    with filled(FaultyTaxii(max_content_length=10_000), OBJECTS) as server:
        browser = Browser(at(server), Wire(server.url))
        browser.run()
        address = f"/live/collections/{GROUP}/objects/"
        assert browser.wire.sent[0] == (
            f"GET {address}?limit=50&next=",
            (
                ("Connection", "close"),
                ("User-Agent", "CakePHP"),
                ("Accept", "application/taxii+json;version=2.1"),
                ("Content-type", "application/taxii+json;version=2.1"),
                ("Authorization", f"basic {key_of(TOKEN)}"),
            ),
        )
        assert browser.received == IDS
        server.seen.clear()
        Push(at(server)).run(BYTES)
        assert [request.line.removesuffix(" HTTP/1.1") for request in server.seen] == [
            "GET /live/",
            f"GET /live/collections/{GROUP}/",
            f"POST {address}",
        ]
        assert (server.seen[0].header("Authorization") or "").startswith("Basic ")


def test_envelopes_are_filled_to_the_last_octet() -> None:
    """Red if the stand-in leaves room, exceeds the limit, or keeps an object that fits into no envelope."""
    most = len(b'{"objects":[]}') + len(BYTES[0]) + len(BYTES[1]) + 1
    envelopes = list(cut([*BYTES[:5], b"x" * most], most))
    assert [len(each) for each in envelopes] == [most, most, most - len(BYTES[1]) - 1]
    assert b"".join(envelopes).count(b'"id"') == 5


def test_a_limit_that_excludes_its_own_number_stops_the_push() -> None:
    """Trap. Red if the stand-in leaves an octet free."""
    most = len(b'{"objects":[]}') + len(BYTES[0]) + len(BYTES[1]) + 1
    with FaultyTaxii(Fault.LIMIT_EXCLUSIVE, max_content_length=most) as server, pytest.raises(HTTPError, match="413"):
        Push(at(server)).run(BYTES[:2])


@pytest.mark.parametrize("fault", [Fault.SCHEME_BY_CASE, Fault.ONLY_BEARER])
def test_other_spellings_of_basic_lock_it_out(fault: Fault) -> None:
    """Trap. Red if the stand-in writes `Basic`, or knows another scheme."""
    with filled(FaultyTaxii(fault), OBJECTS) as server, pytest.raises(Failed, match="Authentication failed"):
        Browser(at(server), Wire(server.url)).titles()


def test_an_empty_next_is_refused_by_some() -> None:
    """Trap. Red if the stand-in leaves it out."""
    with filled(FaultyTaxii(Fault.EMPTY_NEXT), OBJECTS) as server, pytest.raises(Failed, match="No objects"):
        Browser(at(server), Wire(server.url)).run()


def test_an_empty_collection_is_an_error_to_it() -> None:
    """What the document says. Red if the stand-in shows an empty page."""
    with FaultyTaxii() as server, pytest.raises(Failed, match="No objects"):
        Browser(at(server), Wire(server.url)).run()
