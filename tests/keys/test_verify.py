"""From an envelope to what one member provably signed, step by step (T-43, T-48)."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keys.envelope import Envelope, Item, item_of, open_envelope
from keys.errors import (
    AgreementChanged,
    BadSignature,
    Fault,
    FaultyObjects,
    KeysError,
    Malformed,
    StreamPosition,
    UnknownKey,
    Unsigned,
    WrongGroup,
    WrongIssuer,
)
from keys.head import Head
from keys.manifest import identity, read_manifest
from keys.ring import KeyState, Ring
from keys.verify import Signed, check_agreement, check_listing, check_streams, verify
from support.signing import (
    AGREEMENT,
    ALICE,
    BOB,
    GROUP,
    MARKINGS,
    OTHER_GROUP,
    body,
    manifest_of,
    objects,
    ring_of,
    signer_of,
)
from support.stix_objects import AT

RING = ring_of(ALICE, BOB)
ROOT = Path(__file__).parent.parent.parent


def verified(*items: Item, ring: Ring = RING, member: str = ALICE, group: str = GROUP, at: int = AT) -> Signed:
    return verify(open_envelope(body(*items)), ring, member=member, group=group, at=at, markings=MARKINGS)


def digest(item: Item) -> str:
    found = identity(item)
    assert found is not None
    return found


def chain(number: int, *, tlp: str = "green", seq: int = 1, prev: str | None = None, first: int = 0) -> list[Item]:
    """Manifests of one stream, each upon the one before, each listing one object."""
    manifests = []
    for index in range(number):
        item = manifest_of(objects(1, first=first + index), tlp=tlp, seq=seq + index, prev=prev, manifest_id=None)
        manifests.append(item)
        prev = digest(item)
    return manifests


def test_signed_is_made_in_one_place() -> None:
    """Red if anything but `keys/verify.py` can call something signed (promise 1)."""
    for path in [*ROOT.glob("keys/**/*.py"), *ROOT.glob("hub/**/*.py")]:
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        assert "Signed" not in names or path == ROOT / "keys" / "verify.py", path


def test_publication_passes_whole() -> None:
    """Red if an object, a manifest or the order of the request is lost."""
    items = objects(3)
    manifest = manifest_of(items)
    signed = verified(items[2], manifest, *items[:2])
    assert signed.objects == (items[2], *items[:2])
    assert [one.item for one in signed.manifests] == [manifest]
    assert signed.listed_by == {one.entry: signed.manifests for one in items}
    check_agreement(signed, AGREEMENT)
    assert check_streams(signed, {}) == {"green": Head(1, digest(manifest))}
    check_listing(signed, {})


def test_envelope_without_manifest() -> None:
    """Promise 1. Red if anything unsigned passes."""
    with pytest.raises(Unsigned):
        verified(*objects(2))


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ({"state": KeyState.PENDING}, "confirmed"),
        ({"state": KeyState.REVOKED}, "revoked"),
        ({"revoked_at": AT + 1}, "revoked"),
        ({"valid_until": AT}, "no longer valid"),
        ({"valid_from": AT + 1}, "not valid yet"),
        ({"member": BOB}, "not known"),
    ],
)
def test_key_must_be_valid_now(key: dict[str, Any], reason: str) -> None:
    """T-48. Red if an unconfirmed, revoked, expired, future or foreign key counts at the instant of the request."""
    kid = signer_of(ALICE).kid
    ring = Ring({kid: replace(RING.keys[kid], **key)})
    with pytest.raises(UnknownKey, match=reason) as refused:
        verified(manifest_of(objects(1)), *objects(1), ring=ring)
    assert refused.value.object_id == manifest_of(objects(1)).id


def test_signatures_of_two_members_swapped() -> None:
    """T-48. Red if a signature is looked for under any key but the one named."""
    ours = manifest_of(objects(1))
    theirs = manifest_of(objects(1), iss=BOB, signer=signer_of(BOB))
    parts, other = str(ours.value["jws"]).split("."), str(theirs.value["jws"]).split(".")
    swapped = item_of(ours.value | {"jws": ".".join([*parts[:2], other[2]])})
    with pytest.raises(BadSignature):
        verified(swapped, *objects(1))


def test_one_member_posts_for_another() -> None:
    """T-48. Red if a publication passes that is not the poster's own."""
    theirs = manifest_of(objects(1), iss=BOB, signer=signer_of(BOB))
    with pytest.raises(UnknownKey):
        verified(theirs, *objects(1))
    assert verified(theirs, *objects(1), member=BOB).manifests[0].iss == BOB
    with pytest.raises(WrongIssuer):
        verified(manifest_of(objects(1), iss=BOB), *objects(1))


def test_replay_into_another_group() -> None:
    """T-48. Red if an old publication can be posted to another collection."""
    manifest = manifest_of(objects(1))
    verified(manifest, *objects(1))
    with pytest.raises(WrongGroup):
        verified(manifest, *objects(1), group=OTHER_GROUP)


def test_faults_come_in_the_order_of_the_steps() -> None:
    """Steps 2, 3, 4, 6. Red if a later step answers first (a stranger would learn whose group it is)."""
    items = objects(1)
    order: list[type[KeysError]] = []
    for signer, iss, group in (("nobody", BOB, OTHER_GROUP), (ALICE, BOB, OTHER_GROUP), (ALICE, ALICE, OTHER_GROUP)):
        manifest = manifest_of(items, iss=iss, group=group, signer=signer_of(signer))
        with pytest.raises(KeysError) as refused:
            verified(item_of(manifest.value | {"entries": []}), *items)
        order.append(type(refused.value))
    assert order == [UnknownKey, WrongIssuer, WrongGroup]


def test_second_manifest_is_verified_too() -> None:
    """Promise 1. Red if one good manifest opens the door for a bad one."""
    good, bad = manifest_of(objects(1)), chain(1, tlp="clear", first=1)[0]
    head, middle, _ = str(bad.value["jws"]).split(".")
    forged = item_of(bad.value | {"jws": f"{head}.{middle}.{str(good.value['jws']).split('.')[2]}"})
    with pytest.raises(BadSignature) as refused:
        verified(good, forged, *objects(2))
    assert refused.value.object_id == forged.id


def test_agreement_has_changed() -> None:
    """Step 4. Red if consent to an older version passes, or the version in force is not told."""
    signed = verified(manifest_of(objects(1)), *objects(1))
    with pytest.raises(AgreementChanged) as refused:
        check_agreement(signed, "f" * 64)
    assert refused.value.details == {"agreement": "f" * 64}


def test_stream_of_several_manifests_in_any_order() -> None:
    """Step 5. Red if manifests are taken in the order of the request instead of their `seq`."""
    one, two, three = chain(3)
    other = chain(1, tlp="clear", first=3)[0]
    signed = verified(three, other, one, two, *objects(4))
    assert [manifest.seq for manifest in signed.manifests] == [1, 2, 3, 1]
    moved = check_streams(signed, {})
    assert moved == {"green": Head(3, digest(three)), "clear": Head(1, digest(other))}


def test_stream_goes_on_from_its_head() -> None:
    """Step 5. Red if the head held is not what the first of the envelope must follow."""
    first, *rest = chain(3)
    signed = verified(*rest, *objects(2, first=1))
    moved = check_streams(signed, {"green": Head(1, digest(first)), "amber": Head(5, "0" * 64)})
    assert moved == {"green": Head(3, digest(rest[1]))}


@pytest.mark.parametrize(
    ("taken", "head"),
    [
        ([1, 2], None),
        ([0, 2], None),
        ([0], Head(1, "0" * 64)),
        ([1], Head(1, "0" * 64)),
        ([2], Head(1, "0" * 64)),
        ([1], Head(2, "0" * 64)),
    ],
    ids=["begins-at-2", "gap", "begins-again", "other-prev", "skips", "behind"],
)
def test_stream_position(taken: list[int], head: Head | None) -> None:
    """Step 5. Red if a gap, a fork or a repetition passes, or the head held is not told."""
    made = chain(3)
    signed = verified(*(made[index] for index in taken), *objects(3))
    with pytest.raises(StreamPosition) as refused:
        check_streams(signed, {} if head is None else {"green": head})
    seq, held = (head.seq, head.digest) if head else (0, None)
    assert refused.value.details == {"label": "green", "seq": seq, "digest": held}
    assert refused.value.object_id in {made[index].id for index in taken}


def test_right_prev_at_the_wrong_place() -> None:
    """Step 5. Red if `seq` may skip, or stand still, as long as `prev` fits."""
    (first,) = chain(1)
    for seq in (3, 4):
        skipping = chain(1, seq=seq, prev=digest(first), first=1)[0]
        with pytest.raises(StreamPosition, match="goes on with seq 2"):
            check_streams(verified(skipping, *objects(2)), {"green": Head(1, digest(first))})


def test_fork_within_an_envelope() -> None:
    """Step 5. Red if two manifests share one place in a stream."""
    one, other = manifest_of(objects(1)), chain(1, first=1)[0]
    with pytest.raises(StreamPosition):
        check_streams(verified(one, other, *objects(2)), {})


def test_two_manifests_with_one_id() -> None:
    """Red if a manifest gets a second version."""
    one = manifest_of(objects(1))
    other = manifest_of(objects(1, first=1), tlp="clear")
    with pytest.raises(Malformed, match="for ever"):
        verified(one, other, *objects(2))


def test_the_same_thing_twice_counts_once() -> None:
    """T-43. Red if the same object or manifest posted twice makes a fork, a conflict or a second row."""
    items = objects(2)
    manifest = manifest_of(items)
    signed = verified(items[0], manifest, items[1], items[0], manifest)
    assert signed.objects == items
    assert [one.item for one in signed.manifests] == [manifest]
    check_streams(signed, {})
    check_listing(signed, {})


def changed(item: Item, **changes: Any) -> Item:
    return item_of(item.value | changes)


def test_two_versions_in_one_envelope() -> None:
    """T-43. Red if one of two versions is lost, in either order."""
    (one,) = objects(1)
    newer = changed(one, modified="2026-11-20T10:00:00.000Z")
    manifest = manifest_of([newer, one])
    assert [entry.version for entry in read_manifest(manifest).entries] == [one.version, newer.version]
    for order in ([one, newer], [newer, one]):
        signed = verified(manifest, *order)
        check_listing(signed, {})
        assert signed.objects == tuple(order)


def test_second_content_for_one_version() -> None:
    """T-43. Red if other bytes under a listed id and version pass, or replace the listed ones."""
    (one,) = objects(1)
    other = changed(one, pattern="[ipv4-addr:value = '203.0.113.9']")
    with pytest.raises(FaultyObjects) as refused:
        check_listing(verified(manifest_of([one]), one, other), {})
    assert [(fault.code, fault.object_id) for fault in refused.value.faults] == [("unlisted-object", one.id)]
    with pytest.raises(FaultyObjects) as refused:
        check_listing(verified(manifest_of([one]), other), {})
    assert [fault.code for fault in refused.value.faults] == ["missing-object", "unlisted-object"]
    assert "another digest" in refused.value.faults[0].sentence


def test_every_missing_and_unlisted_object_is_named() -> None:
    """Step 7. Red if the first fault ends the search, or a fault does not name its object and version."""
    items = objects(6)
    signed = verified(manifest_of(items[:4]), *items[2:])
    with pytest.raises(FaultyObjects) as refused:
        check_listing(signed, {})
    found = [(fault.code, fault.object_id, fault.version) for fault in refused.value.faults]
    assert found == [
        *(("missing-object", item.id, item.version) for item in items[:2]),
        *(("unlisted-object", item.id, item.version) for item in items[4:]),
    ]


def test_what_is_held_need_not_come_along() -> None:
    """Step 7. Red if held bytes must be posted again, or a held digest excuses another version or other bytes."""
    one, two = objects(2)
    signed = verified(manifest_of([one, two]), one)
    assert signed.not_in_envelope() == (two.entry,)
    check_listing(signed, {(two.id, two.sha256): two.version})
    for held in ({}, {(two.id, "0" * 64): two.version}, {(two.id, two.sha256): None}, {(one.id, two.sha256): None}):
        with pytest.raises(FaultyObjects) as refused:
            check_listing(signed, held)
        assert [fault.object_id for fault in refused.value.faults] == [two.id]


def test_objects_without_version() -> None:
    """Red if an object that has neither `modified` nor `created` cannot be listed."""
    address = item_of(
        {"type": "ipv4-addr", "id": "ipv4-addr--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "value": "192.0.2.1"}
    )
    signed = verified(manifest_of([address]), address)
    check_listing(signed, {})
    check_listing(verified(manifest_of([address])), {(address.id, address.sha256): None})
    assert (signed.objects, list(signed.listed_by)) == ((address,), [address.entry])


def test_object_listed_by_two_manifests() -> None:
    """Red if an object's second manifest is forgotten: its laxest label decides who may read it."""
    (one,) = objects(1)
    green, clear = manifest_of([one]), manifest_of([one], tlp="clear", manifest_id=None)
    signed = verified(green, clear, one)
    assert [manifest.tlp for manifest in signed.listed_by[one.entry]] == ["green", "clear"]
    assert signed.objects == (one,)


def test_an_object_beyond_its_size_refuses_the_envelope() -> None:
    """1 MiB an object. Red if what the envelope found too large is not looked at where the proof is made."""
    (one,) = objects(1)
    large = Fault("too-large", "it is", one.id, one.version)
    with pytest.raises(FaultyObjects) as refused:
        verify(
            Envelope((manifest_of([one]),), (one,), (large,)),
            ring_of(ALICE),
            member=ALICE,
            group=GROUP,
            at=AT,
            markings=MARKINGS,
        )
    assert refused.value.faults == (large,)
