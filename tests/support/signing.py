"""Signers, rings and publications for tests: keys made from names, so that the same test signs the same bytes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys import base64url
from keys.envelope import Item, item_of
from keys.jwk import load_jwk
from keys.manifest import build_manifest
from keys.ring import KeyState, Ring, RingKey
from support.stix_objects import AT

ALICE = "identity--3f8b9a52-6e0e-4f6e-8f4e-0b7b6d9f0a01"
BOB = "identity--9c1d7b64-2f50-4a58-9d44-5f3a1c2e7b02"
GROUP = "5b0f2d9a-43a1-4f0c-9d3f-7a0f6a6b1c11"
OTHER_GROUP = "c2a9d1f4-8f53-4b5e-8a53-2d8e9a7b6c22"
AGREEMENT = hashlib.sha256(b"agreement, version 1").hexdigest()
MARKINGS = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
}
MANIFEST_ID = "publication-manifest--0d3a5f1e-7c66-4b1f-9f0a-4a1b2c3d4e5f"


@dataclass(frozen=True, slots=True)
class NamedSigner:
    """A signer in memory whose key follows from a name; for tests alone, as anyone can make it."""

    kid: str
    alg: str
    jwk: Mapping[str, str]
    private: Ed25519PrivateKey

    def sign(self, data: bytes) -> bytes:
        """The raw Ed25519 signature."""
        return self.private.sign(data)


def signer_of(name: str) -> NamedSigner:
    """The signer whose private key is SHA-256 of a name."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"test key of {name}".encode()).digest())
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": base64url.encode(private.public_key().public_bytes_raw())}
    return NamedSigner(load_jwk(jwk).kid, "Ed25519", jwk, private)


def ring_of(*members: str) -> Ring:
    """A ring with one confirmed key for each member, that of `signer_of(member)`, valid from the beginning."""
    held = [RingKey(load_jwk(dict(signer_of(m).jwk)), m, 0, state=KeyState.CONFIRMED) for m in members]
    return Ring({key.kid: key for key in held})


def objects(number: int, *, first: int = 0) -> tuple[Item, ...]:
    """So many small indicators, each with its own id."""
    return tuple(item_of(_indicator(index)) for index in range(first, first + number))


def _indicator(index: int) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--8e2e2d2b-17d4-4cbf-938f-{index:012x}",
        "created": "2026-11-20T09:58:11.120Z",
        "modified": "2026-11-20T09:58:11.120Z",
        "pattern": f"[ipv4-addr:value = '192.0.2.{index % 256}']",
        "pattern_type": "stix",
        "valid_from": "2026-11-20T00:00:00Z",
    }


def manifest_of(items: Sequence[Item], **changes: Any) -> Item:
    """Alice's first manifest of the stream `green`, listing these items; `changes` are `build_manifest`'s."""
    tlp = changes.pop("tlp", "green")
    given: dict[str, Any] = {
        "iss": ALICE,
        "group": GROUP,
        "tlp": tlp,
        "marking_ref": MARKINGS.get(tlp, ""),
        "seq": 1,
        "prev": None,
        "iat_us": AT,
        "agreement": AGREEMENT,
        "items": items,
        "signer": signer_of(ALICE),
        "manifest_id": MANIFEST_ID,
        **changes,
    }
    return build_manifest(**given)


def body(*items: Item) -> bytes:
    """The TAXII envelope of these items, in canonical form."""
    return b'{"objects":[' + b",".join(item.canonical for item in items) + b"]}"
