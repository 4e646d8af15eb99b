"""ES256: raw r and s over P-256, one JWK a key, and nothing that passes for it (RFC 7518 §3.4, §6.2; T-48)."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from joserfc import jws as jose
from joserfc.jwk import ECKey

from keys import base64url, p256
from keys.acceptance import verify_acceptance
from keys.algorithms import ALGORITHMS
from keys.chain import Link, StreamVerdict, judge_stream
from keys.enrolment import verify_enrolment
from keys.envelope import item_of, open_envelope
from keys.errors import BadSignature, KeyRefused, KeysError
from keys.jwk import load_jwk
from keys.jws import read_compact, sign_compact, verify_compact
from keys.manifest import TYP, read_manifest
from keys.receipt import verify_receipt
from keys.ring import KeyState, Ring, RingKey
from keys.signer import generate_key_file, open_signer
from keys.verify import verify
from support.es256 import es256_signer, es256_signer_of, joined, jwk_of, twin
from support.signing import AGREEMENT, ALICE, GROUP, MARKINGS, body, manifest_of, objects, signer_of
from support.stix_objects import AT

VECTORS = Path(__file__).parent.parent / "vectors"
GOLDEN = VECTORS / "es256"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "expected.txt").read_text())
KEYS: dict[str, Any] = json.loads((GOLDEN / "keys.txt").read_text())
RING = Ring(
    {
        key.kid: RingKey(key, held["member"], 0, state=KeyState.CONFIRMED)
        for held in EXPECTED["ring"]
        for key in [load_jwk(held["jwk"])]
    }
)
PAYLOAD = b'{"v":1}'
SIGNER = es256_signer_of(ALICE)
KEY = load_jwk(dict(SIGNER.jwk))

# RFC 6979 A.2.5, P-256 with SHA-256: private key, public key, then message -> (r, s)
RFC_6979 = {
    "x": 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721,
    "Ux": 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6,
    "Uy": 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299,
}
RFC_6979_SIGNATURES = {
    b"sample": (
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    ),
    b"test": (
        0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
        0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
    ),
}


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_es256", VECTORS / "make_es256.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(name: str) -> None:
    envelope = open_envelope((GOLDEN / f"{name}.json").read_bytes())
    given = {name: EXPECTED[name] for name in ("member", "group", "at", "markings")}
    verify(envelope, RING, **given)


def test_golden_files_are_what_the_generator_writes() -> None:
    """Red if signing or spelling changed, or a file was edited by hand."""
    assert {path.name: path.read_bytes() for path in GOLDEN.iterdir()} == generator().files()


@pytest.mark.parametrize("name", EXPECTED["good"])
def test_good_publications_pass(name: str) -> None:
    """Red if the reader asks for a low s, or one algorithm for all keys of a member."""
    judge(name)


@pytest.mark.parametrize("name", EXPECTED["answers"])
def test_defect_is_refused(name: str) -> None:
    """T-48. Red if `alg` of the message chooses, or a signature is taken in any form but its 64 bytes."""
    with pytest.raises(KeysError) as refused:
        judge(name)
    assert refused.value.code == EXPECTED["answers"][name]
    assert refused.value.sentence.isprintable()


@pytest.mark.parametrize("message", RFC_6979_SIGNATURES, ids=str)
def test_rfc_6979_vectors(message: bytes) -> None:
    """Red if the hash, the order of the halves or the coordinates are not those of RFC 6979 A.2.5."""
    signer = es256_signer(RFC_6979["x"])
    assert dict(signer.jwk) == jwk_of(RFC_6979["Ux"], RFC_6979["Uy"])
    assert signer.sign(message) == joined(*RFC_6979_SIGNATURES[message])
    load_jwk(dict(signer.jwk)).verify(joined(*RFC_6979_SIGNATURES[message]), message)
    with pytest.raises(BadSignature):
        load_jwk(dict(signer.jwk)).verify(joined(*RFC_6979_SIGNATURES[message]), message + b".")


@pytest.mark.parametrize("kid", KEYS["taken"])
def test_a_good_key_has_its_thumbprint(kid: str) -> None:
    """Red if the thumbprint is over other members than crv, kty, x, y (RFC 7638 §3.2), as joserfc has it."""
    jwk = KEYS["taken"][kid]
    key = load_jwk(dict(reversed(jwk.items())))
    assert (key.kid, key.alg, dict(key.jwk)) == (kid, "ES256", jwk)
    assert ECKey.import_key(jwk).thumbprint() == kid


@pytest.mark.parametrize("name", KEYS["refused"])
def test_a_key_with_a_fault_is_refused(name: str) -> None:
    """Red if a point is not checked, coordinates are reduced, or members are picked instead of compared."""
    with pytest.raises(KeyRefused):
        load_jwk(KEYS["refused"][name])


def test_the_library_reduces_coordinates_and_we_do_not() -> None:
    """Red if the range of the coordinates is left to `cryptography`: one key would have two thumbprints."""
    wide = KEYS["refused"]["x-plus-p"]
    x, y = (int.from_bytes(base64url.decode(wide[name])) for name in "xy")
    library = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    assert library.public_numbers().x == x - p256.P == 0
    load_jwk(jwk_of(0, y))
    with pytest.raises(KeyRefused, match="canonically"):
        load_jwk(wide)


def test_the_independent_judge_accepts_ours(tmp_path: Path) -> None:
    """Red if what a key file signs is not what joserfc reads as ES256 (RFC 7515, RFC 7518 §3.4)."""
    signer = generate_key_file(tmp_path / "key.pem", None, "ES256")
    theirs = ECKey.import_key(dict(signer.jwk))
    for number in range(20):  # some have a leading zero in r or s once in a hundred, none may be a byte short
        made = sign_compact(b'{"v":%d}' % number, TYP, signer)
        judged = jose.deserialize_compact(made, theirs, algorithms=["ES256"])
        assert (judged.headers(), len(base64url.decode(made.split(".")[2]))) == (
            {"alg": "ES256", "kid": signer.kid, "typ": TYP},
            64,
        )
    assert theirs.thumbprint() == signer.kid


def test_ours_accepts_the_independent_judges() -> None:
    """Red if our reader asks for anything joserfc does not write."""
    theirs = ECKey.generate_key("P-256")
    public = theirs.as_dict(private=False)
    key = load_jwk({name: public[name] for name in ("crv", "kty", "x", "y")})
    made = jose.serialize_compact({"alg": "ES256", "kid": key.kid, "typ": TYP}, PAYLOAD, theirs, algorithms=["ES256"])
    compact = read_compact(made, TYP)
    verify_compact(compact, key)
    assert compact.payload == PAYLOAD


def test_a_short_half_keeps_its_zeros() -> None:
    """Red if r or s is written in as few bytes as it needs: every other reader would take another number for it."""
    made = [p256.sign(SIGNER.private, PAYLOAD) for _ in range(3_000)]
    assert {len(each) for each in made} == {64}
    short = next(each for each in made if 0 in {each[0], each[32]})
    KEY.verify(short, PAYLOAD)
    for cut in (short[1:], short[:32] + short[33:]):
        with pytest.raises(BadSignature, match="32 bytes each"):
            KEY.verify(cut, PAYLOAD)


def test_a_key_serves_one_algorithm() -> None:
    """Red if `verify_compact` trusts the header's `alg` (RFC 8725 §3.1): the key alone says how it signs."""
    compact = read_compact(sign_compact(PAYLOAD, TYP, SIGNER), TYP)
    verify_compact(compact, KEY)
    with pytest.raises(BadSignature, match="enrolled for ES256"):
        verify_compact(replace(compact, alg="Ed25519"), KEY)
    edwards = load_jwk(dict(signer_of(ALICE).jwk))
    with pytest.raises(BadSignature, match="enrolled for Ed25519"):
        verify_compact(replace(compact, kid=edwards.kid), edwards)


def test_a_twin_is_the_same_manifest() -> None:
    """Red if a manifest is known by its bytes or signature: its twin would fork the stream of whoever holds both."""
    one = manifest_of(objects(2), signer=SIGNER)
    start, _, signature = str(one.value["jws"]).rpartition(".")
    other = item_of({**one.value, "jws": f"{start}.{base64url.encode(twin(base64url.decode(signature)))}"})
    first, second = (read_manifest(each, markings=MARKINGS) for each in (one, other))
    assert one.sha256 != other.sha256
    assert first.digest == second.digest
    links = [Link(each.seq, each.prev, each.digest, each.iat) for each in (first, second)]
    assert judge_stream(ALICE, "green", links).verdict is StreamVerdict.COMPLETE


def test_the_other_statements_are_signed_so_too() -> None:
    """Red if enrolment, acceptance or receipt takes one algorithm only."""
    told = json.loads((GOLDEN / "statements.txt").read_text())
    assert verify_enrolment(told["enrol"], hub="https://hub.example", iss=ALICE, nonce="once").key == KEY
    assert verify_acceptance(told["accept"], RING, member=ALICE, group=GROUP, at=AT).agreement == AGREEMENT
    assert verify_receipt(told["receipt"], KEY).iss == ALICE
    with pytest.raises(BadSignature):
        verify_receipt(told["receipt"], load_jwk(dict(es256_signer_of("another").jwk)))


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("passphrase", [None, b"correct horse"], ids=["plain", "passphrase"])
def test_a_generated_key_is_found_again(tmp_path: Path, alg: str, passphrase: bytes | None) -> None:
    """Red if a key of one algorithm is written and opens as one of another, or the ring forgets it."""
    made = generate_key_file(tmp_path / "key.pem", passphrase, alg)
    opened = open_signer(f"file:{tmp_path / 'key.pem'}", passphrase)
    assert (opened.kid, opened.alg) == (made.kid, alg)
    key = load_jwk(dict(made.jwk))
    key.verify(opened.sign(b"data"), b"data")
    ring = Ring({key.kid: RingKey(key, ALICE, 0, state=KeyState.CONFIRMED)})
    assert Ring.from_json(ring.to_json()).held(key.kid) == ring.held(key.kid)


def test_no_key_is_made_for_an_unknown_algorithm(tmp_path: Path) -> None:
    """Red if a name that is not in the table falls back to some key."""
    for alg in ("RS256", "es256", "", "none"):
        with pytest.raises(KeyRefused, match="only for: Ed25519, ES256"):
            generate_key_file(tmp_path / "key.pem", None, alg)
    assert list(tmp_path.iterdir()) == []


def test_keys_of_both_kinds_sign_one_stream() -> None:
    """Red if a member's second key of another algorithm cannot go on where the first one ended."""
    first = manifest_of(objects(1), signer=signer_of(ALICE))
    head = read_manifest(first, markings=MARKINGS)
    second = manifest_of(objects(1, first=1), signer=SIGNER, seq=2, prev=head.digest, manifest_id=None)
    items = (second, *objects(1, first=1))
    signed = verify(open_envelope(body(*items)), RING, member=ALICE, group=GROUP, at=AT, markings=MARKINGS)
    assert [(each.seq, each.kid) for each in signed.manifests] == [(2, KEY.kid)]
