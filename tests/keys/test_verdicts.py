"""What may a reader believe? Each verdict, from its own ring, whatever the order in which things come."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from keys.entries import Entry
from keys.envelope import Item, item_of
from keys.jwk import load_jwk
from keys.ring import KeyState, Ring, RingKey
from keys.verdicts import ACCEPTABLE, Footing, Reader, Verdict, entry_key, judge_manifest
from support.book import Book, footing
from support.clock import DAY
from support.signing import (
    AGREEMENT,
    ALICE,
    BOB,
    MARKINGS,
    OTHER_GROUP,
    manifest_of,
    objects,
    ring_of,
    signer_of,
)
from support.stix_objects import AT

MONTH = {AGREEMENT: 30 * DAY}
"""The agreement with a retention."""


def judged(manifests: Sequence[Item], held: Sequence[Item], basis: Footing | None = None) -> dict[str, int]:
    """The counts after everything came, manifests first."""
    reader = Reader(basis or footing(), Book())
    for item in manifests:
        reader.manifest(item)
    for item in held:
        reader.object(item)
    list(reader.leftovers())
    return {str(verdict): count for verdict, count in reader.counts.items()}


def changed(item: Item, **values: Any) -> Item:
    """The object with other values."""
    return item_of({**item.value, **values})


def test_what_was_signed_is_verified() -> None:
    """Red if an object that its publisher lists, and that names no author, gets any other verdict."""
    items = objects(3)
    assert judged([manifest_of(items)], items) == {"verified": 3}


def test_anothers_object_is_relayed_and_ones_own_verified() -> None:
    """Red if the author is not compared with the issuer."""
    own, other = (changed(item, created_by_ref=who) for item, who in zip(objects(2), (ALICE, BOB), strict=True))
    assert judged([manifest_of([own, other])], [own, other]) == {"verified": 1, "relayed": 1}


def test_an_identity_is_its_own_author() -> None:
    """Red if only `created_by_ref` counts."""
    identity = item_of(
        {
            "type": "identity",
            "spec_version": "2.1",
            "id": BOB,
            "name": "Bob",
            "created": "2026-11-20T09:00:00.000Z",
            "modified": "2026-11-20T09:00:00.000Z",
        }
    )
    assert judged([manifest_of([identity])], [identity]) == {"relayed": 1}


def test_past_its_retention_it_is_expired() -> None:
    """Red if the clock is not compared with `iat` and retention."""
    items = objects(1)
    assert judged([manifest_of(items)], items, footing(at=AT + 31 * DAY, agreements=MONTH)) == {"expired": 1}
    assert judged([manifest_of(items)], items, footing(at=AT + 29 * DAY, agreements=MONTH)) == {"verified": 1}


def test_an_unknown_retention_never_expires() -> None:
    """Red if a text that is not held counts as no retention at all."""
    items = objects(1)
    basis = footing(at=AT + 9000 * DAY, agreements={AGREEMENT: None})
    assert judged([manifest_of(items)], items, basis) == {"verified": 1}


def test_other_bytes_are_altered_and_not_missing_besides() -> None:
    """Red if an altered object is told twice, as foreign and as missing."""
    items = objects(2)
    assert judged([manifest_of(items)], [items[0], changed(items[1], name="x")]) == {"verified": 1, "altered": 1}


def test_another_version_in_its_place_is_altered() -> None:
    """Red if only the same version text makes the pair."""
    (item,) = objects(1)
    assert judged([manifest_of([item])], [changed(item, modified="2026-11-20T09:58:11.121Z")]) == {"altered": 1}


def test_what_nobody_listed_is_foreign_and_what_did_not_come_is_missing() -> None:
    """Red if leftovers of either side are passed over."""
    items = objects(3)
    assert judged([manifest_of(items[:2])], [items[0], items[2]]) == {"verified": 1, "missing": 1, "foreign": 1}


def test_findings_name_the_object() -> None:
    """Red if the id, or the manifest that lists it, is not told."""
    items = objects(2)
    reader = Reader(footing(), Book())
    manifest = reader.manifest(manifest_of(items)).item
    reader.object(items[0])
    (finding,) = reader.leftovers()
    assert (finding.id, finding.verdict) == (items[1].id, Verdict.MISSING)
    assert manifest.id in finding.sentence


def test_an_unknown_key_makes_unknown_signers() -> None:
    """Red if a manifest by a key outside the ring vouches for anything, or its objects count as foreign."""
    items = objects(2)
    basis = footing(ring=ring_of(BOB))
    assert judged([manifest_of(items)], items, basis) == {"unknown-signer": 2}
    assert judged([manifest_of(items)], [], basis) == {}


def test_a_first_seen_key_is_enough_unless_confirmation_is_asked_for() -> None:
    """Red if `require_confirmed` is not handed to the ring."""
    items = objects(1)
    seen = RingKey(load_jwk(dict(signer_of(ALICE).jwk)), ALICE, 0, state=KeyState.FIRST_SEEN)
    ring = Ring({seen.kid: seen})
    assert judged([manifest_of(items)], items, footing(ring=ring)) == {"verified": 1}
    assert judged([manifest_of(items)], items, footing(ring=ring, require_confirmed=True)) == {"unknown-signer": 1}


@pytest.mark.parametrize(("until", "verdict"), [(AT + 1, "verified"), (AT, "unknown-signer")])
def test_an_expired_key_proves_what_it_signed_while_valid(until: int, verdict: str) -> None:
    """Red if the reader's clock, not `iat`, decides about the key."""
    items = objects(1)
    key = RingKey(load_jwk(dict(signer_of(ALICE).jwk)), ALICE, 0, valid_until=until, state=KeyState.CONFIRMED)
    basis = footing(ring=Ring({key.kid: key}), at=AT + 2 * DAY)
    assert judged([manifest_of(items)], items, basis) == {verdict: 1}


REFUSED: list[tuple[str, dict[str, Any], Verdict, str]] = [
    ("another group", {"group": OTHER_GROUP}, Verdict.FOREIGN, "wrong-group"),
    ("a text never shown", {"agreement": "b" * 64}, Verdict.FOREIGN, "other-agreement"),
    ("another's key", {"signer": signer_of(BOB)}, Verdict.UNKNOWN_SIGNER, "unknown-key"),
]


@pytest.mark.parametrize(
    ("changes", "verdict", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_manifest_for_elsewhere_proves_nothing(changes: dict[str, Any], verdict: Verdict, code: str) -> None:
    """Red if group, agreement or the key's owner is not compared: a replay would pass."""
    items = objects(1)
    result = judge_manifest(manifest_of(items, **changes), footing())
    assert (result.verdict, result.fault.code if result.fault else None) == (verdict, code)
    assert not set(judged([manifest_of(items, **changes)], items)) & set(map(str, ACCEPTABLE))


def test_any_change_of_a_manifest_is_altered() -> None:
    """Red if something of a manifest can be changed without its being noticed."""
    manifest = manifest_of(objects(2))
    entries: Any = manifest.value["entries"]
    jws = str(manifest.value["jws"])
    spoiled = {
        "entries": [*entries[:1]],
        "created": "2026-11-20T10:30:00.001Z",
        "jws": jws[:-1] + ("A" if jws[-1] != "A" else "Q"),
        "object_marking_refs": [MARKINGS["clear"]],
        "created_by_ref": BOB,
        "extensions": {},
    }
    for name, value in spoiled.items():
        assert judge_manifest(changed(manifest, **{name: value}), footing()).verdict is Verdict.ALTERED, name


def test_the_order_of_arrival_changes_nothing() -> None:
    """Red if an object that came before its manifest stays foreign."""
    items = objects(2)
    for order in permutations([manifest_of(items), *items]):
        reader = Reader(footing(), Book())
        for item in order:
            (reader.manifest if item.type == "publication-manifest" else reader.object)(item)
        assert list(reader.leftovers()) == []
        assert reader.counts == {Verdict.VERIFIED: 2}


def test_what_came_twice_is_judged_twice_alike() -> None:
    """Red if a second delivery of settled bytes is foreign."""
    items = objects(1)
    assert judged([manifest_of(items)], [*items, *items]) == {"verified": 2}
    assert judged([manifest_of(items), manifest_of(items)], items) == {"verified": 1}


def test_the_author_among_several_publishers_makes_it_verified() -> None:
    """Red if the first manifest that lists an object decides alone."""
    (item,) = (changed(each, created_by_ref=BOB) for each in objects(1))
    by_bob = manifest_of([item], iss=BOB, signer=signer_of(BOB), manifest_id=None)
    assert judged([manifest_of([item]), by_bob], [item]) == {"verified": 1}


def test_an_unproven_manifest_vouches_beside_no_proven_one() -> None:
    """Red if sources that are not proven count."""
    items = objects(1)
    forged = manifest_of(items, signer=signer_of(BOB), manifest_id=None)
    assert judged([forged, manifest_of(items)], items) == {"verified": 1}


def test_each_verdict_is_told_with_its_place() -> None:
    """Red if the callback is not called, or called for what is not settled."""
    items = objects(2)
    told: list[tuple[str, Verdict, str]] = []
    reader = Reader(footing(), Book(), lambda entry, verdict, place: told.append((entry.id, verdict, place)))
    reader.object(items[0], "a:1")
    reader.manifest(manifest_of(items[:1]))
    reader.object(items[1], "a:2")
    assert told == [(items[0].id, Verdict.VERIFIED, "a:1")]


def test_keys_of_entries_differ_wherever_entries_do() -> None:
    """Red if id, version and digest run into each other."""
    entry = Entry("a--1", "2026", "c" * 64)
    others = [
        entry._replace(id="a--12"),
        entry._replace(version=None),
        entry._replace(version=""),
        entry._replace(sha256="d" * 64),
    ]
    assert len({entry_key(each) for each in (entry, *others)}) == 5


def test_a_judged_manifest_knows_when_its_objects_expire() -> None:
    """Red if retention is counted from the reader's clock."""
    result = judge_manifest(manifest_of(objects(1)), footing(at=AT + DAY, agreements=MONTH))
    assert result.expires == AT + 30 * DAY
    assert replace(result, verdict=Verdict.ALTERED).proven is False
