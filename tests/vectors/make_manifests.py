"""Write `manifests/`: one good envelope, and envelopes each named after the one thing that is wrong in it.

For whoever writes another verifier. All are posted by one member to one group at one instant; `expected.txt` says
with which ring, and what each must be answered with. Ed25519 is deterministic, so that the bytes never change.
Run `PYTHONPATH=.:tests python tests/vectors/make_manifests.py`; a test compares what lies there with what this writes.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keys import base64url
from keys.entries import entries_json
from keys.envelope import Item, item_of
from keys.jws import sign_compact
from keys.manifest import TYP
from keys.strict_json import canonical
from support.signing import ALICE, BOB, GROUP, MANIFEST_ID, MARKINGS, OTHER_GROUP, body, manifest_of, objects, signer_of
from support.stix_objects import AT

HERE = Path(__file__).parent / "manifests"
ITEMS = objects(3)
GOOD = manifest_of(ITEMS)
Change = Callable[[dict[str, Any]], object]


def segments() -> list[str]:
    """The good manifest's JWS in its three parts."""
    return str(GOOD.value["jws"]).split(".")


def payload() -> dict[str, Any]:
    """The good manifest's payload."""
    fields: dict[str, Any] = json.loads(base64url.decode(segments()[1]))
    return fields


def outside(change: Change) -> Item:
    """The good manifest with a change outside its signature."""
    value: dict[str, Any] = json.loads(GOOD.canonical)
    change(value)
    return item_of(value)


def inside(change: Change, *, signer: str = ALICE) -> Item:
    """The good manifest with a change in its payload, signed again."""
    fields = payload()
    change(fields)
    return signed(canonical(fields), signer=signer)


def signed(raw: bytes, *, typ: str = TYP, signer: str = ALICE) -> Item:
    """The good manifest with another payload."""
    jws = sign_compact(raw, typ, signer_of(signer))
    return outside(lambda value: value.update(jws=jws))


def listing(change: Callable[[list[Any]], object]) -> Item:
    """The good manifest with another list of entries, whose number and digest are signed."""
    entries = json.loads(GOOD.canonical)["entries"]
    change(entries)
    digest = hashlib.sha256(canonical(entries)).hexdigest()
    item = inside(lambda p: p.update(count=len(entries), entries=digest))
    return item_of(item.value | {"entries": entries})


def header(raw: bytes) -> Item:
    """The good manifest under another header, signed over it."""
    start = f"{base64url.encode(raw)}.{segments()[1]}"
    mark = base64url.encode(signer_of(ALICE).sign(start.encode()))
    return outside(lambda value: value.update(jws=f"{start}.{mark}"))


def spelled(change: Callable[[list[str]], list[str]]) -> Item:
    """The good manifest with its JWS spelled otherwise."""
    jws = ".".join(change(segments()))
    return outside(lambda value: value.update(jws=jws))


def _swap(value: dict[str, Any]) -> None:
    value["entries"][0], value["entries"][1] = value["entries"][1], value["entries"][0]


def _defects() -> dict[str, tuple[str, str, Item]]:
    kid = signer_of(ALICE).kid
    flipped = bytearray(base64url.decode(segments()[2]))
    flipped[0] ^= 1
    none = base64url.encode(f'{{"alg":"none","kid":"{kid}","typ":"{TYP}"}}'.encode())
    spaced = json.dumps(payload(), sort_keys=True).encode()
    malformed: dict[str, tuple[str, Item]] = {
        "algorithm-none": ("$.jws", spelled(lambda s: [none, s[1], ""])),
        "algorithm-hmac": ("$.jws", header(f'{{"alg":"HS256","kid":"{kid}","typ":"{TYP}"}}'.encode())),
        "header-with-crit": ("$.jws", header(f'{{"alg":"Ed25519","crit":[],"kid":"{kid}","typ":"{TYP}"}}'.encode())),
        "header-with-space": ("$.jws", header(f'{{"alg":"Ed25519", "kid":"{kid}","typ":"{TYP}"}}'.encode())),
        "header-reordered": ("$.jws", header(f'{{"kid":"{kid}","alg":"Ed25519","typ":"{TYP}"}}'.encode())),
        "type-of-a-receipt": ("$.jws", signed(canonical(payload()), typ="receipt+jws")),
        "base64url-padded": ("$.jws", spelled(lambda s: [s[0], s[1], s[2] + "=="])),
        "base64url-spare-bits": ("$.jws", spelled(lambda s: [s[0], s[1], s[2][:-1] + chr(ord(s[2][-1]) + 1)])),
        "base64url-with-line": ("$.jws", spelled(lambda s: [s[0], s[1], s[2][:40] + "\n" + s[2][40:]])),
        "jws-of-two-parts": ("$.jws", spelled(lambda s: s[:2])),
        "jws-detached": ("$.jws.payload line 1 column 1", signed(b"")),
        "jws-not-text": ("$.jws", outside(lambda v: v.update(jws=[1]))),
        "payload-with-space": ("$.jws.payload", signed(spaced)),
        "payload-duplicate-key": ("$.jws.payload", signed(b'{"v":1,' + canonical(payload())[1:])),
        "payload-list": ("$.jws.payload", signed(b"[]")),
        "payload-field-missing": ("$.jws.payload", inside(lambda p: p.pop("agreement"))),
        "payload-field-more": ("$.jws.payload", inside(lambda p: p.update(note="x"))),
        "version-2": ("$.jws.payload.v", inside(lambda p: p.update(v=2))),
        "version-true": ("$.jws.payload.v", inside(lambda p: p.update(v=True))),
        "operation-unknown": ("$.jws.payload.op", inside(lambda p: p.update(op="recall"))),
        "operation-null": ("$.jws.payload.op", inside(lambda p: p.update(op=None))),
        "seq-zero": ("$.jws.payload.seq", inside(lambda p: p.update(seq=0))),
        "seq-text": ("$.jws.payload.seq", inside(lambda p: p.update(seq="1"))),
        "seq-true": ("$.jws.payload.seq", inside(lambda p: p.update(seq=True))),
        "first-with-prev": ("$.jws.payload.prev", inside(lambda p: p.update(prev="0" * 64))),
        "second-without-prev": ("$.jws.payload.prev", inside(lambda p: p.update(seq=2))),
        "prev-upper-case": ("$.jws.payload.prev", inside(lambda p: p.update(seq=2, prev="A" * 64))),
        "label-unknown": ("$.jws.payload.tlp", inside(lambda p: p.update(tlp="white"))),
        "label-upper-case": ("$.jws.payload.tlp", inside(lambda p: p.update(tlp="GREEN"))),
        "label-list": ("$.jws.payload.tlp", inside(lambda p: p.update(tlp=["green"]))),
        "iat-without-milliseconds": ("$.jws.payload.iat", inside(lambda p: p.update(iat="2026-11-20T10:30:00Z"))),
        "iat-no-date": ("$.jws.payload.iat", inside(lambda p: p.update(iat="2026-02-30T10:30:00.000Z"))),
        "group-upper-case": ("$.jws.payload.group", inside(lambda p: p.update(group=GROUP.upper()))),
        "agreement-short": ("$.jws.payload.agreement", inside(lambda p: p.update(agreement="ab"))),
        "issuer-not-identity": ("$.jws.payload.iss", inside(lambda p: p.update(iss="tool--" + GROUP))),
        "manifest-id-of-version-1": (
            "$.jws.payload.id",
            inside(lambda p: p.update(id=p["id"].replace("-4b1f", "-1b1f"))),
        ),
        "count-minus-1": ("$.jws.payload.count", inside(lambda p: p.update(count=-1))),
        "outside-property-more": ("$", outside(lambda v: v.update(name="x"))),
        "outside-revoked": ("$", outside(lambda v: v.update(revoked=False))),
        "outside-property-missing": ("$", outside(lambda v: v.pop("extensions"))),
        "outside-entries-missing": ("$", outside(lambda v: v.pop("entries"))),
        "outside-other-id": ("$.id", outside(lambda v: v.update(id=v["id"][:-1] + "0"))),
        "outside-other-created": ("$.created", outside(lambda v: v.update(created="2026-11-20T10:30:00Z"))),
        "outside-other-modified": ("$.modified", outside(lambda v: v.update(modified="2026-11-20T10:30:00.001Z"))),
        "outside-other-author": ("$.created_by_ref", outside(lambda v: v.update(created_by_ref=BOB))),
        "outside-other-spec-version": ("$.spec_version", outside(lambda v: v.update(spec_version="2.0"))),
        "outside-other-extension": ("$.extensions", outside(lambda v: v.update(extensions={}))),
        "outside-laxer-marking": (
            "$.object_marking_refs[0]",
            outside(lambda v: v.update(object_marking_refs=[MARKINGS["clear"]])),
        ),
        "outside-marking-text": (
            "$.object_marking_refs",
            outside(lambda v: v.update(object_marking_refs=MARKINGS["green"])),
        ),
        "outside-two-markings": (
            "$.object_marking_refs",
            outside(lambda v: v.update(object_marking_refs=list(MARKINGS.values())[:2])),
        ),
    }
    others = {
        "red-label": ("red", "$.jws.payload.tlp", inside(lambda p: p.update(tlp="red"))),
        "no-jws": ("unsigned", "$.jws", outside(lambda v: v.pop("jws"))),
        "signature-altered": ("bad-signature", "", spelled(lambda s: [s[0], s[1], base64url.encode(bytes(flipped))])),
        "signature-of-other-payload": ("bad-signature", "", _borrowed()),
        "signed-by-other-member": ("unknown-key", "", inside(lambda p: p.update(iss=BOB), signer=BOB)),
        "key-not-enrolled": ("unknown-key", "", signed(canonical(payload()), signer="nobody")),
        "issued-for-other-member": ("wrong-issuer", "", _issued_for(BOB)),
        "other-group": ("wrong-group", "", manifest_of(ITEMS, group=OTHER_GROUP)),
        "entry-added": ("entries-mismatch", "$.entries", outside(lambda v: v["entries"].append(v["entries"][0]))),
        "entry-removed": ("entries-mismatch", "$.entries", outside(lambda v: v["entries"].pop())),
        "entry-altered": ("entries-mismatch", "$.entries", outside(lambda v: v["entries"][0].update(sha256="0" * 64))),
        "entries-swapped": ("entries-mismatch", "$.entries", outside(_swap)),
        "count-wrong": ("entries-mismatch", "$.entries", inside(lambda p: p.update(count=4))),
        "entries-not-a-list": ("entries-mismatch", "$.entries", outside(lambda v: v.update(entries={}))),
    }
    return {name: ("malformed", path, item) for name, (path, item) in malformed.items()} | others


def _listings() -> dict[str, tuple[str, str, Item]]:
    """What is signed as it stands, and still no list of entries."""

    def first(**changes: Any) -> Item:
        return listing(lambda e: e[0].update(changes))

    def doubled(one: Any, two: Any) -> Item:
        return listing(lambda e: e.__setitem__(slice(0, 2), [e[0] | {"version": one}, e[0] | {"version": two}]))

    shapes = {
        "entries-empty": ("$.entries", listing(lambda e: e.clear())),
        "entries-1001": (
            "$.entries",
            listing(lambda e: e.extend(entries_json([i.entry for i in objects(998, first=3)]))),
        ),
        "entry-member-more": ("$.entries[0]", first(type="indicator")),
        "entry-member-missing": ("$.entries[0]", listing(lambda e: e[0].pop("version"))),
        "entry-not-an-object": ("$.entries[0]", listing(lambda e: e.__setitem__(0, "x"))),
        "entry-id-upper-case": ("$.entries[0].id", listing(lambda e: e[0].update(id=e[0]["id"].replace("cbf", "CBF")))),
        "entry-id-without-type": ("$.entries[0].id", first(id="8e2e2d2b-17d4-4cbf-938f-000000000000")),
        "entry-id-number": ("$.entries[0].id", first(id=1)),
        "entry-version-number": ("$.entries[0].version", first(version=1)),
        "entry-version-empty": ("$.entries[0].version", first(version="")),
        "entry-version-with-offset": ("$.entries[0].version", first(version="2026-11-20T09:58:11.120+00:00")),
        "entry-version-of-10-digits": ("$.entries[0].version", first(version="2026-11-20T09:58:11.0123456789Z")),
        "entry-version-no-date": ("$.entries[0].version", first(version="2026-02-30T00:00:00Z")),
        "entry-version-before-1970": ("$.entries[0].version", first(version="1969-12-31T23:59:59Z")),
        "entry-digest-upper-case": ("$.entries[0].sha256", listing(lambda e: e[0].update(sha256="A" * 64))),
        "entry-digest-null": ("$.entries[0].sha256", first(sha256=None)),
        "entry-is-a-manifest": ("$.entries[3].id", listing(lambda e: e.append(e[0] | {"id": MANIFEST_ID}))),
    }
    orders = {
        "entries-unsorted": ("$.entries[1]", listing(lambda e: e.reverse())),
        "entries-null-not-first": ("$.entries[1]", doubled("2026-11-20T09:58:11Z", None)),
        "entries-versions-unsorted": ("$.entries[1]", doubled("2026-11-20T09:58:12Z", "2026-11-20T09:58:11Z")),
        "entry-twice": ("$.entries[1]", doubled("2026-11-20T09:58:11Z", "2026-11-20T09:58:11Z")),
        "entry-twice-null": ("$.entries[1]", doubled(None, None)),
        "entry-twice-same-instant": ("$.entries[1]", doubled("2026-11-20T09:58:11.100Z", "2026-11-20T09:58:11.1Z")),
    }
    found = {name: ("malformed", path, item) for name, (path, item) in shapes.items()}
    return found | {name: ("entries-mismatch", path, item) for name, (path, item) in orders.items()}


def _borrowed() -> Item:
    """The good payload under the signature of another payload by the same key."""
    other = str(manifest_of(ITEMS[:1]).value["jws"]).split(".")[2]
    return spelled(lambda s: [s[0], s[1], other])


def _issued_for(member: str) -> Item:
    """Signed by Alice in another member's name, inside and outside."""
    return manifest_of(ITEMS, iss=member)


DEFECTS = _defects() | _listings()


def files() -> dict[str, bytes]:
    """File name -> content."""
    bodies = {f"{name}.json": body(item, *ITEMS) for name, (_, _, item) in DEFECTS.items()}
    ring = [{"jwk": dict(signer_of(name).jwk), "member": name} for name in (ALICE, BOB)]
    expected: dict[str, Any] = {"member": ALICE, "group": GROUP, "at": AT, "markings": MARKINGS, "ring": ring}
    expected["answers"] = {name: [code, path] for name, (code, path, _) in DEFECTS.items()}
    return bodies | {
        "good.json": body(GOOD, *ITEMS),
        "expected.txt": (json.dumps(expected, indent=1) + "\n").encode(),
    }


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for file, content in files().items():
        (HERE / file).write_bytes(content)
