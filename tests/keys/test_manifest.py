"""The publication manifest: built, read, and refused for every single thing that can be wrong with it (T-48)."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from joserfc import jws as jose
from joserfc.jwk import OKPKey

from keys.entries import MAX_ENTRIES
from keys.envelope import item_of, open_envelope
from keys.errors import EntriesMismatch, KeysError, Malformed, RedLabel, Unsigned
from keys.jwk import load_jwk
from keys.manifest import build_manifest, identity, read_manifest
from keys.ring import KeyState, Ring, RingKey
from keys.shapes import LABELS
from keys.strict_json import canonical, sha256_hex
from keys.verify import verify
from support.signing import (
    AGREEMENT,
    ALICE,
    GROUP,
    MANIFEST_ID,
    MARKINGS,
    body,
    manifest_of,
    objects,
    signer_of,
)
from support.stix_objects import AT

VECTORS = Path(__file__).parent.parent / "vectors"
GOLDEN = VECTORS / "manifests"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_manifests", VECTORS / "make_manifests.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EXPECTED: dict[str, Any] = json.loads((GOLDEN / "expected.txt").read_text())
RING = Ring(
    {
        key.kid: RingKey(key, held["member"], 0, state=KeyState.CONFIRMED)
        for held in EXPECTED["ring"]
        for key in [load_jwk(held["jwk"])]
    }
)


def judge(name: str) -> None:
    envelope = open_envelope((GOLDEN / f"{name}.json").read_bytes())
    verify(
        envelope,
        RING,
        member=EXPECTED["member"],
        group=EXPECTED["group"],
        at=EXPECTED["at"],
        markings=EXPECTED["markings"],
    )


def test_golden_files_are_what_the_generator_writes() -> None:
    """Red if building, signing or spelling changed, or a file was edited by hand."""
    assert {path.name: path.read_bytes() for path in GOLDEN.iterdir()} == generator().files()


def test_good_publication_passes() -> None:
    """Red if anything in the way refuses what is right (all the refusals below would then prove nothing)."""
    judge("good")


@pytest.mark.parametrize("name", EXPECTED["answers"])
def test_defect_is_refused(name: str) -> None:
    """T-48. Red if the check named by the file is dropped, comes in another order, or does not tell where and whose."""
    code, path = EXPECTED["answers"][name]
    with pytest.raises(KeysError) as refused:
        judge(name)
    assert (refused.value.code, refused.value.path) == (code, path)
    assert refused.value.object_id is not None
    assert refused.value.object_id.startswith("publication-manifest--")
    assert refused.value.sentence.isprintable()
    assert type(refused.value) is not KeysError


def test_what_is_built_says_what_was_given() -> None:
    """Red if a field is dropped, changed, or taken from elsewhere than the payload."""
    items = objects(3)
    item = manifest_of(items[::-1], seq=7, prev="ab" * 32, tlp="amber+strict")
    manifest = read_manifest(item, markings=MARKINGS)
    assert (manifest.id, manifest.iss, manifest.group) == (MANIFEST_ID, ALICE, GROUP)
    assert (manifest.tlp, manifest.seq, manifest.prev) == ("amber+strict", 7, "ab" * 32)
    assert (manifest.iat, manifest.agreement, manifest.op) == ("2026-11-20T10:30:00.000Z", AGREEMENT, "publish")
    assert manifest.entries == tuple(one.entry for one in items)
    assert manifest.digest == sha256_hex(manifest.payload) == identity(item)
    assert manifest.kid == signer_of(ALICE).kid
    assert manifest.item is item


def test_independent_judge_reads_the_same_payload() -> None:
    """T-48, RFC 7515. Red if a stock JOSE library cannot verify a manifest, or finds other signed fields."""
    items = objects(2)
    item = manifest_of(items)
    key = OKPKey.import_key(dict(signer_of(ALICE).jwk))
    judged = jose.deserialize_compact(str(item.value["jws"]), key, algorithms=["Ed25519"])
    assert json.loads(judged.payload) == {
        "v": 1,
        "op": "publish",
        "id": MANIFEST_ID,
        "iss": ALICE,
        "group": GROUP,
        "tlp": "green",
        "seq": 1,
        "prev": None,
        "iat": "2026-11-20T10:30:00.000Z",
        "agreement": AGREEMENT,
        "count": 2,
        "entries": sha256_hex(canonical(item.value["entries"])),
    }


def test_payload_is_of_constant_size() -> None:
    """Red if what a card has to sign grows with the number of objects by more than the digits of `count`."""
    one, many = manifest_of(objects(1)), manifest_of(objects(1000))
    assert len(read_manifest(many).payload) - len(read_manifest(one).payload) == 3


@pytest.mark.parametrize("label", LABELS)
def test_every_label(label: str) -> None:
    """Red if a label cannot be stated, or passes under another label's marking."""
    item = manifest_of(objects(1), tlp=label)
    assert read_manifest(item, markings=MARKINGS).tlp == label
    turned = {text: MARKINGS[other] for text, other in zip(LABELS, [*LABELS[1:], LABELS[0]], strict=True)}
    with pytest.raises(Malformed, match="marking"):
        read_manifest(item, markings=turned)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"items": ()}, Malformed),
        ({"items": objects(MAX_ENTRIES + 1)}, Malformed),
        ({"items": objects(1) * 2}, EntriesMismatch),
        ({"items": (item_of({"type": "indicator"}),)}, Malformed),
        ({"tlp": "red", "marking_ref": MARKINGS["green"]}, RedLabel),
        ({"seq": 0}, Malformed),
        ({"seq": 2}, Malformed),
        ({"prev": "ab" * 32}, Malformed),
        ({"group": GROUP.upper()}, Malformed),
        ({"agreement": ""}, Malformed),
        ({"iat_us": -1}, Malformed),
        ({"marking_ref": "tlp:green"}, Malformed),
        ({"manifest_id": "report--" + GROUP}, Malformed),
    ],
)
def test_nothing_is_built_that_no_hub_would_take(changes: dict[str, Any], error: type[KeysError]) -> None:
    """Red if the signer signs what the reader refuses."""
    given: dict[str, Any] = {
        "iss": ALICE,
        "group": GROUP,
        "tlp": "green",
        "marking_ref": MARKINGS["green"],
        "seq": 1,
        "prev": None,
        "iat_us": AT,
        "agreement": AGREEMENT,
        "items": objects(1),
        "signer": signer_of(ALICE),
    }
    assert build_manifest(**given).id != build_manifest(**given).id  # each has an id of its own
    with pytest.raises(error):
        build_manifest(**given | changes)


def test_refusal_comes_before_signing() -> None:
    """Red if a card is asked to sign what no hub would take."""

    class Untouched:
        kid, alg, jwk = signer_of(ALICE).kid, "Ed25519", signer_of(ALICE).jwk

        def sign(self, data: bytes) -> bytes:
            raise AssertionError(f"asked to sign {len(data)} bytes")

    refused: tuple[dict[str, Any], ...] = ({"seq": 0}, {"tlp": "red", "marking_ref": ""}, {"items": objects(1) * 2})
    for changes in refused:
        given: dict[str, Any] = {"items": objects(1), "signer": Untouched(), **changes}
        with pytest.raises(KeysError):
            manifest_of(**given)


def test_1000_entries_are_the_most() -> None:
    """Red if the normative limit is off by one (1,001 are refused above)."""
    assert len(read_manifest(manifest_of(objects(MAX_ENTRIES))).entries) == 1000


def test_reader_chains_operations_it_does_not_know() -> None:
    """Red if a reader of today refuses the manifests of tomorrow, or believes entries under an unknown operation."""
    made = generator()
    item = made.inside(lambda p: p.update(op="heartbeat", heads={"x": 1}, entries="0" * 64))
    manifest = read_manifest(item, markings=MARKINGS, any_op=True)
    assert (manifest.op, manifest.entries, manifest.seq) == ("heartbeat", (), 1)
    with pytest.raises(Malformed) as refused:
        read_manifest(item)
    assert refused.value.path == "$.jws.payload.op"
    with pytest.raises(Malformed, match="lacks"):
        read_manifest(made.inside(lambda p: (p.update(op="heartbeat"), p.pop("seq"))), any_op=True)
    with pytest.raises(Malformed, match="may not have"):
        read_manifest(made.inside(lambda p: p.update(more=1)), any_op=True)


def test_reader_is_told_which_manifest() -> None:
    """Red if a fault found outside `verify` does not name the manifest."""
    item = manifest_of(objects(1))
    changes: tuple[dict[str, Any], ...] = ({"jws": None}, {"created": "x"}, {"entries": []})
    for change in changes:
        with pytest.raises(KeysError) as refused:
            read_manifest(item_of(item.value | change))
        assert refused.value.object_id == MANIFEST_ID


def test_identity_is_the_payload_alone() -> None:
    """Step 0. Red if a retry with another (equally valid) signature or outside is taken for something new."""
    item = manifest_of(objects(1))
    head, middle, _ = str(item.value["jws"]).split(".")
    assert identity(item_of(item.value | {"jws": f"{head}.{middle}.AAAA", "entries": []})) == identity(item)
    assert identity(manifest_of(objects(1), iat_us=AT + 1000)) != identity(item)


@pytest.mark.parametrize("jws", ["", "a", "a.b=.c", "a.!!.c", None, 1, ["a.b.c"], "a.b"])
def test_identity_of_nothing(jws: Any) -> None:
    """Step 0. Red if a manifest without payload raises before the checks that explain it, or seems known."""
    item = item_of(manifest_of(objects(1)).value | {"jws": jws})
    assert identity(item) is None
    with pytest.raises((Malformed, Unsigned)):
        read_manifest(item)


def test_only_manifests_have_an_identity() -> None:
    """Step 0. Red if another object with a `jws` could pass for an accepted manifest."""
    item = manifest_of(objects(1))
    assert identity(item_of(item.value | {"type": "note"})) is None


def test_manifest_survives_the_trip() -> None:
    """T-48. Red if what was signed is not what an envelope gives back."""
    items = objects(2)
    item = manifest_of(items)
    envelope = open_envelope(json.dumps({"objects": [item.value, *(one.value for one in items)]}, indent=2).encode())
    assert envelope == open_envelope(body(item, *items))
    assert read_manifest(envelope.manifests[0]) == read_manifest(item)
