"""Write `es256/`: publications under an ES256 key, good ones and such with one fault each; keys; signed statements.

For whoever writes another verifier; read as `manifests/` is. Signatures are made by RFC 6979, so that the bytes never
change. Run `PYTHONPATH=.:tests python tests/vectors/make_es256.py`; a test compares what lies there with this.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keys import base64url, p256
from keys.acceptance import Action, sign_acceptance
from keys.enrolment import sign_enrolment
from keys.envelope import Item, item_of
from keys.jws import header_bytes
from keys.manifest import TYP
from keys.receipt import Receipt, sign_receipt
from support.es256 import es256_signer_of, halves, joined, jwk_of, twin
from support.signing import AGREEMENT, ALICE, BOB, GROUP, MANIFEST_ID, MARKINGS, body, manifest_of, objects, signer_of
from support.stix_objects import AT

HERE = Path(__file__).parent / "es256"
ITEMS = objects(2)
SIGNER, OTHER, EDWARDS = es256_signer_of(ALICE), es256_signer_of(BOB), signer_of(ALICE)
GOOD = manifest_of(ITEMS, signer=SIGNER)


def _with(jws: str) -> Item:
    value: dict[str, Any] = json.loads(GOOD.canonical)
    return item_of({**value, "jws": jws})


def _by(alg: str, kid: str, sign: Callable[[bytes], bytes]) -> Item:
    """The good payload under a header of this algorithm and key, signed by whatever."""
    payload = str(GOOD.value["jws"]).split(".")[1]
    start = f"{base64url.encode(header_bytes(kid, alg, TYP))}.{payload}"
    return _with(f"{start}.{base64url.encode(sign(start.encode()))}")


def _spelled(change: Callable[[bytes], bytes]) -> Item:
    """The good manifest with its signature spelled otherwise."""
    return _by("ES256", SIGNER.kid, lambda data: change(SIGNER.sign(data)))


def _halves(change: Callable[[int, int], tuple[int, int]]) -> Item:
    return _spelled(lambda raw: joined(*change(*halves(raw))))


GOOD_ONES = {"good": GOOD, "good-twin": _spelled(twin), "good-ed25519": manifest_of(ITEMS)}

BAD = "bad-signature"
DEFECTS = {
    "alg-ed25519-for-this-key": (BAD, _by("Ed25519", SIGNER.kid, SIGNER.sign)),
    "alg-es256-for-an-ed25519-key": (BAD, _by("ES256", EDWARDS.kid, EDWARDS.sign)),
    "signature-ed25519": (BAD, _by("ES256", SIGNER.kid, EDWARDS.sign)),
    "signature-es256-for-an-ed25519-key": (BAD, _by("Ed25519", EDWARDS.kid, SIGNER.sign)),
    "signature-of-other-key": (BAD, _by("ES256", SIGNER.kid, OTHER.sign)),
    "signature-der": (BAD, _by("ES256", SIGNER.kid, SIGNER.der)),
    "signature-empty": (BAD, _spelled(lambda _: b"")),
    "signature-of-63-bytes": (BAD, _spelled(lambda raw: raw[:-1])),
    "signature-of-65-bytes": (BAD, _spelled(lambda raw: raw + b"\0")),
    "signature-of-96-bytes": (BAD, _spelled(lambda raw: bytes(16) + raw[:32] + bytes(16) + raw[32:])),
    "signature-little-endian": (BAD, _spelled(lambda raw: raw[31::-1] + raw[:31:-1])),
    "signature-halves-swapped": (BAD, _halves(lambda r, s: (s, r))),
    "r-zero": (BAD, _halves(lambda _, s: (0, s))),
    "s-zero": (BAD, _halves(lambda r, _: (r, 0))),
    "r-and-s-zero": (BAD, _halves(lambda _r, _s: (0, 0))),
    "r-order": (BAD, _halves(lambda _, s: (p256.N, s))),
    "s-order": (BAD, _halves(lambda r, _: (r, p256.N))),
    "r-above-order": (BAD, _halves(lambda _, s: (2**256 - 1, s))),
    "s-above-order": (BAD, _halves(lambda r, _: (r, 2**256 - 1))),
    "alg-es256k": ("malformed", _by("ES256K", SIGNER.kid, SIGNER.sign)),
    "alg-es384": ("malformed", _by("ES384", SIGNER.kid, SIGNER.sign)),
    "key-not-enrolled": ("unknown-key", _by("ES256", OTHER.kid, OTHER.sign)),
}


def keys() -> dict[str, dict[str, Any]]:
    """Keys that are taken, with their thumbprint, and such that are not, each named after its fault."""
    x, y = (int.from_bytes(base64url.decode(SIGNER.jwk[name])) for name in "xy")
    root = pow(p256.B, (p256.P + 1) // 4, p256.P)  # of the point with x = 0
    good = dict(SIGNER.jwk)
    return {
        "taken": {SIGNER.kid: good, OTHER.kid: dict(OTHER.jwk)},
        "refused": {
            "off-the-curve": jwk_of(x, y ^ 1),
            "zero": jwk_of(0, 0),
            "coordinates-swapped": jwk_of(y, x),
            "x-plus-p": jwk_of(p256.P, root),
            "x-not-below-p": jwk_of(2**256 - 1, y),
            "y-not-below-p": jwk_of(x, 2**256 - 1),
            "x-of-31-bytes": {**good, "x": base64url.encode(x.to_bytes(32)[1:])},
            "x-of-33-bytes": {**good, "x": base64url.encode(b"\0" + x.to_bytes(32))},
            "x-compressed": {"crv": "P-256", "kty": "EC", "x": base64url.encode(b"\2" + x.to_bytes(32))},
            "x-padded": {**good, "x": good["x"] + "="},
            "y-a-number": {**good, "y": y},
            "y-missing": {name: good[name] for name in ("crv", "kty", "x")},
            "with-private-part": {**good, "d": good["x"]},
            "with-alg": {**good, "alg": "ES256"},
            "with-kid": {**good, "kid": SIGNER.kid},
            "curve-secp256k1": {**good, "crv": "secp256k1"},
            "curve-p384": {**good, "crv": "P-384"},
            "type-okp": {**good, "kty": "OKP"},
            "curve-ed25519": {**good, "crv": "Ed25519"},
        },
    }


def statements() -> dict[str, str]:
    """The other signed documents, by Alice's key."""
    receipt = Receipt(MANIFEST_ID, AGREEMENT, ALICE, GROUP, AGREEMENT, AT, AT + 1_000, AT)
    accept = Action.ACCEPT
    accepted = sign_acceptance(group=GROUP, agreement=AGREEMENT, action=accept, n=1, iss=ALICE, iat=AT, signer=SIGNER)
    return {
        "enrol": sign_enrolment(hub="https://hub.example", iss=ALICE, nonce="once", iat=AT, signer=SIGNER),
        "accept": accepted,
        "receipt": sign_receipt(receipt, SIGNER),
    }


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def files() -> dict[str, bytes]:
    """File name -> content."""
    bodies = {f"{name}.json": body(item, *ITEMS) for name, item in GOOD_ONES.items()}
    bodies |= {f"{name}.json": body(item, *ITEMS) for name, (_, item) in DEFECTS.items()}
    ring = [{"jwk": dict(signer.jwk), "member": ALICE} for signer in (SIGNER, EDWARDS)]
    expected: dict[str, Any] = {"member": ALICE, "group": GROUP, "at": AT, "markings": MARKINGS, "ring": ring}
    expected["good"] = sorted(GOOD_ONES)
    expected["answers"] = {name: code for name, (code, _) in DEFECTS.items()}
    texts = {"expected.txt": _text(expected), "keys.txt": _text(keys()), "statements.txt": _text(statements())}
    return bodies | texts


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for file, content in files().items():
        (HERE / file).write_bytes(content)
