"""What may one publication cost, and what must it not get past? Bounds, instants and names, on both engines."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from hub import placement
from hub.store import pages, shelves
from hub.store.engine import Tx
from hub.store.errors import Busy, StoreError
from hub.store.selection import Filters, View
from keys.envelope import MAX_ITEMS, open_envelope
from keys.errors import NotAnEnvelope
from keys.manifest import read_manifest
from policies.agreement import Agreement, read_agreement
from support.agreements import agreement_toml
from support.clock import SECOND
from support.stix_objects import indicator, observable
from support.world import Cirt, World, envelope_of

MANIFEST = "publication-manifest--0d3a5f1e-7c66-4b1f-9f0a-4a1b2c3d4e5f"


def codes(status: dict[str, Any]) -> set[str]:
    """The codes of a status' failures."""
    return {failure["message"].partition(":")[0] for failure in status.get("failures", ())}


@pytest.fixture
def pair(world: World) -> tuple[Cirt, Cirt, Agreement]:
    """Give two members of one group."""
    a, b = world.cirt("a"), world.cirt("b")
    return a, b, world.agreement([(a, "both", "amber"), (b, "both", "green")])


def test_an_envelope_has_a_most() -> None:
    """Red if a body of many tiny objects is taken apart and answered object by object without a bound."""
    open_envelope(b'{"objects":[' + b",".join([b"{}"] * MAX_ITEMS) + b"]}")
    with pytest.raises(NotAnEnvelope, match="at most 10000"):
        open_envelope(b'{"objects":[' + b",".join([b"{}"] * (MAX_ITEMS + 1)) + b"]}")


def test_many_faults_of_one_id_are_told_as_a_number(pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """Red if every fault of an id is told with every object of that id: the answer then grows with their product."""
    a, _, agreement = pair
    manifest, items = a.manifest(agreement, [indicator()])
    strays = b",".join(b'{"id":"a","n":%d}' % number for number in range(300))
    raw = envelope_of([*items, manifest])[:-2] + b"," + strays + b"]}"
    status = a.post(agreement, raw)
    assert status["failure_count"] == 302
    assert "and 596 more" in str(status["failures"])
    assert len(json.dumps(status)) < 302 * 2_000


def test_a_shelf_is_judged_within_bounds(pair: tuple[Cirt, Cirt, Agreement], monkeypatch: pytest.MonkeyPatch) -> None:
    """Red if versions of one id are compared without a bound while everybody else waits for the lock."""
    a, _, agreement = pair
    monkeypatch.setattr(placement, "MOST_EFFORT", 10)
    versions = [indicator(modified=f"2026-11-20T10:00:{number:02}.000Z") for number in range(6)]
    assert codes(a.publish(agreement, versions)) == {"too-large", "with-its-envelope"}
    assert a.publish(agreement, versions[:4])["failure_count"] == 0


def test_an_object_without_versions_has_a_most(
    pair: tuple[Cirt, Cirt, Agreement], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red if the contents of one unversioned id, which other readers search, may grow for ever."""
    a, _, agreement = pair
    monkeypatch.setattr(placement, "MOST_CONTENTS", 2)
    for number in range(2):
        assert a.publish(agreement, [observable(value=f"192.0.2.{number}")])["failure_count"] == 0
    assert "too-large" in codes(a.publish(agreement, [observable(value="192.0.2.9")]))


def successor(world: World, agreement: Agreement, cirt: Cirt, begin: int) -> Agreement:
    """The next version, approved, for one party more and from an instant on (microseconds)."""
    text = agreement_toml(
        id=agreement.id,
        proofs=agreement.proofs,
        alias=agreement.alias,
        version=2,
        validity={"from": datetime.fromtimestamp(begin / SECOND, UTC)},
        parties=[
            *({"member": party.member, "clearance": party.clearance.text} for party in agreement.parties),
            {"member": cirt.id},
        ],
    )
    following = read_agreement(text)
    world.approve(following)
    return following


def test_positions_never_pass_into_another_versions_time(
    world: World, pair: tuple[Cirt, Cirt, Agreement], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication decided under one version must not stand at positions of the next, which opens it to others.

    Red if the version in force is not looked at again once the positions are taken.
    """
    a, _, agreement = pair
    c = world.cirt("c")
    following = successor(world, agreement, c, world.clock() + 10 * SECOND)
    for cirt in world.cirts.values():
        world.accept(cirt, following)
    taking = shelves.take_positions

    def late(tx: Tx, grp: int, counts: Sequence[int], _at: int) -> list[range]:
        world.clock.advance(20 * SECOND)
        return taking(tx, grp, counts, world.clock())

    monkeypatch.setattr(shelves, "take_positions", late)
    assert "agreement-changed" in codes(a.publish(agreement, [indicator()]))
    assert c.poll(agreement.id) == c.poll(agreement.proofs) == []


def test_a_sequencer_ahead_of_the_clock_makes_publishers_wait(world: World, pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """The clock stepped back before a version's first instant. Red if the positions' own instant is not judged."""
    a, _, agreement = pair
    successor(world, agreement, world.cirt("c"), world.clock() + 10 * SECOND)
    with world.hub.database.writing() as tx:
        tx.run("UPDATE groups SET last_position = :last", last=world.clock() + 60 * SECOND)
    with pytest.raises(Busy):
        a.publish(agreement, [indicator()])
    assert a.poll(agreement.id) == []


def test_a_manifest_id_is_taken_once_a_publisher(pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """Red if a second manifest of the same id is a 500, or one publisher's id is known, or closed, to another."""
    a, b, agreement = pair
    assert a.publish(agreement, [indicator()], "amber", manifest_id=MANIFEST)["failure_count"] == 0
    again = a.publish(agreement, [indicator(modified="2026-11-20T10:00:00.000Z")], "amber", manifest_id=MANIFEST)
    assert "malformed" in codes(again)
    assert b.publish(agreement, [observable()], "green", manifest_id=MANIFEST)["failure_count"] == 0


def test_a_manifest_from_the_future_is_refused(world: World, pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """Red if the publisher's clock is not compared with the hub's, or the year 9999 overflows a column."""
    a, _, agreement = pair
    day = 86_400 * SECOND
    assert "future" in codes(a.publish(agreement, [indicator()], iat_us=world.clock() + day + SECOND))
    assert "future" in codes(a.publish(agreement, [indicator()], iat_us=253_402_300_799 * SECOND))
    assert a.publish(agreement, [indicator()], iat_us=world.clock() + day)["failure_count"] == 0


def test_held_bytes_are_judged_like_new_ones(world: World, pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """An object held from just within the clock's error is listed again after the clock stepped back.

    Red if what is wrong with bytes already held is dropped: they then pass without any decision.
    """
    a, b, agreement = pair
    world.clock.advance(60 * SECOND)
    amber = indicator(
        modified="2026-11-21T10:30:59.000Z",
        object_marking_refs=["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
    )
    manifest, items = a.manifest(agreement, [amber], "amber")
    assert a.post(agreement, envelope_of([*items, manifest]))["failure_count"] == 0
    world.clock.advance(-2 * SECOND)
    again, _ = a.manifest(agreement, items, "green")
    assert a.post(agreement, envelope_of([indicator_item(), again]))["failure_count"] == 2
    assert b.poll(agreement.proofs) == []


def indicator_item() -> Any:
    """An object that nothing lists, so that the envelope has one."""
    return read_any(observable(value="192.0.2.77"))


def read_any(value: dict[str, Any]) -> Any:
    """The item of a value."""
    return open_envelope(json.dumps({"objects": [value]}).encode()).objects[0]


def test_a_retry_of_two_publications_in_one_envelope(pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """Red if only the first publication's answer is given, with its counts and its receipt."""
    a, _, agreement = pair
    first, items = a.manifest(agreement, [indicator()])
    assert a.post(agreement, envelope_of([*items, first]))["failure_count"] == 0
    second, more = a.manifest(agreement, [observable()])
    assert a.post(agreement, envelope_of([*more, second]))["failure_count"] == 0
    both = a.post(agreement, envelope_of([*items, *more, first, second]))
    assert (both["total_count"], both["success_count"], len(both["x_cirt_hub_receipts"])) == (4, 4, 2)
    assert read_manifest(second).seq == 2


def test_a_lost_writer_is_made_anew(world: World, pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """Red if making the writing connection again waits for a lock that its own transaction holds."""
    a, _, agreement = pair
    database = world.hub.database
    with pytest.raises(StoreError), database.writing() as tx:
        tx._driver.close()
    assert a.publish(agreement, [indicator()])["failure_count"] == 0


def test_a_page_takes_no_more_than_its_bytes(world: World, pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """Red if the engine sends a thousand large bodies for a page of a few, or a large first one hides the next."""
    a, _, agreement = pair
    large = [
        observable(id=f"ipv4-addr--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd{n:02x}", x_pad="p" * 9_000) for n in range(6)
    ]
    assert a.publish(agreement, large)["failure_count"] == 0
    with world.hub.database.reading() as tx:
        number = world.hub.registries.of(tx).collections[agreement.id].no
        view = View(number, ((0, 0), (1, 0)))
        for size, rows in ((1, 1), (20_000, 2), (30_000, 3), (10**6, 6)):
            page = pages.object_bodies(tx, view, Filters(), -1, 1_000, size)
            assert (len(page.rows), page.more) == (rows, rows < 6), size
