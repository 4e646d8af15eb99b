"""Public keys: the checks that stand between a JWK and trust in what it verifies."""

import hashlib
import json
import secrets
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey

from keys import base64url, edwards25519
from keys.errors import BadSignature, KeyRefused, Malformed
from keys.jwk import fingerprint, load_jwk, same_fingerprint

RFC_8037_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_8037_KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
JWK = {"crv": "Ed25519", "kty": "OKP", "x": RFC_8037_X}

SMALL_ORDER = {
    "order 1": "0100000000000000000000000000000000000000000000000000000000000000",
    "order 2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "order 4": "0000000000000000000000000000000000000000000000000000000000000000",
    "order 4, other sign": "0000000000000000000000000000000000000000000000000000000000000080",
    "order 8": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "order 8, other sign": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "order 8, second": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "order 8, second, other sign": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
}
NOT_CANONICAL = {
    "y = p": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "y = p + 1, the identity again": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "y = 2^255 - 1": "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "x = 0 with sign": "0100000000000000000000000000000000000000000000000000000000000080",
    "y = -1, x = 0 with sign": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
}


def okp(raw: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": base64url.encode(raw)}


def compress(point: edwards25519.Point) -> bytes:
    inverse = pow(point.z, -1, edwards25519.P)
    x, y = point.x * inverse % edwards25519.P, point.y * inverse % edwards25519.P
    return (y | (x & 1) << 255).to_bytes(32, "little")


@pytest.mark.parametrize("encoded", SMALL_ORDER.values(), ids=SMALL_ORDER)
def test_the_eight_points_of_small_order_are_refused(encoded: str) -> None:
    """Red if the 8*A == O check goes: the subgroup check alone lets the identity through."""
    with pytest.raises(KeyRefused, match="small order"):
        load_jwk(okp(bytes.fromhex(encoded)))


@pytest.mark.parametrize("encoded", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_an_encoding_that_is_not_canonical_is_refused(encoded: str) -> None:
    """Red if `y >= P` or the sign of x = 0 is let pass: one key would have two thumbprints."""
    with pytest.raises(KeyRefused, match="canonically"):
        load_jwk(okp(bytes.fromhex(encoded)))


def test_a_point_of_mixed_order_is_refused() -> None:
    """Red if the L*A == O check goes: A + T verifies what A signed for every eighth message, and has another kid."""
    honest = edwards25519.decompress(base64url.decode(RFC_8037_X))
    torsion = edwards25519.decompress(bytes.fromhex(SMALL_ORDER["order 8"]))
    mixed = compress(edwards25519.add(honest, torsion))
    Ed25519PublicKey.from_public_bytes(mixed)  # the library has no objection
    with pytest.raises(KeyRefused, match="subgroup"):
        load_jwk(okp(mixed))


def test_half_of_all_strings_are_no_points_and_honest_keys_pass() -> None:
    """Red if decompression is wrong in either direction: it must accept exactly what lies on the curve."""
    with pytest.raises(KeyRefused, match="not a point"):
        load_jwk(okp((2).to_bytes(32, "little")))
    for _ in range(5):
        key = OKPKey.generate_key("Ed25519", private=False)
        value = key.as_dict(private=False)
        assert load_jwk({name: value[name] for name in ("crv", "kty", "x")}).kid == key.thumbprint()


def test_the_identity_point_attack_works_on_the_library_and_not_on_us() -> None:
    """Red if `load_jwk` leaves the check to `cryptography`: one constant signature then fits every message."""
    identity = bytes.fromhex(SMALL_ORDER["order 1"])
    constant_signature = identity + bytes(32)  # R = O, S = 0
    library = Ed25519PublicKey.from_public_bytes(identity)
    library.verify(constant_signature, b"agreement accepted")
    library.verify(constant_signature, secrets.token_bytes(100))
    with pytest.raises(KeyRefused):
        load_jwk(okp(identity))


def test_rfc_8037_a3_thumbprint() -> None:
    """Red if the thumbprint is taken over other members, another order or padded base64url (RFC 8037 A.3)."""
    key = load_jwk(JWK)
    assert (key.kid, key.alg, dict(key.jwk)) == (RFC_8037_KID, "Ed25519", JWK)


def test_member_order_of_the_jwk_does_not_matter() -> None:
    """Red if the thumbprint follows the order in which members arrived (RFC 7638 §3.3)."""
    assert load_jwk(dict(reversed(JWK.items()))) == load_jwk(JWK)


def refused_jwks() -> Iterator[tuple[str, object]]:
    yield "private part", {**JWK, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}
    yield "symmetric", {"kty": "oct", "k": RFC_8037_X}
    yield "further member", {**JWK, "use": "sig"}
    yield "own kid", {**JWK, "kid": RFC_8037_KID}
    yield "x missing", {"crv": "Ed25519", "kty": "OKP"}
    yield "x a number", {**JWK, "x": 5}
    yield "x a list", {**JWK, "x": [RFC_8037_X]}
    yield "x padded", {**JWK, "x": RFC_8037_X + "="}
    yield "x with line end", {**JWK, "x": RFC_8037_X + "\n"}
    yield "x in plain base64", {**JWK, "x": RFC_8037_X.replace("_", "/")}
    yield "x with spare bits", {**JWK, "x": RFC_8037_X[:-1] + chr(ord(RFC_8037_X[-1]) + 1)}
    yield "x too short", okp(bytes(31))
    yield "x too long", okp(bytes(33))
    yield "for key agreement", {**JWK, "crv": "X25519"}
    yield "other curve", {**JWK, "crv": "Ed448"}
    yield "crv in lower case", {**JWK, "crv": "ed25519"}
    yield "kty unhashable", {**JWK, "kty": []}
    yield "a list", [JWK]
    yield "nothing", None
    yield "text", json.dumps(JWK)


@pytest.mark.parametrize("value", [value for _, value in refused_jwks()], ids=[name for name, _ in refused_jwks()])
def test_a_jwk_of_any_other_shape_is_refused(value: object) -> None:
    """Red if members are picked instead of compared, or base64url is decoded leniently."""
    with pytest.raises(KeyRefused):
        load_jwk(value)


def test_a_private_jwk_is_told_to_be_lost() -> None:
    """Red if `d` is reported as just another member: its owner must learn that the key is out."""
    with pytest.raises(KeyRefused, match="private"):
        load_jwk({**JWK, "d": RFC_8037_X})


def test_the_fingerprint_is_base32_of_the_thumbprint_in_groups_of_four() -> None:
    """Red if the fingerprint is upper-case, padded, cut short or grouped otherwise."""
    required = json.dumps(JWK, separators=(",", ":")).encode()
    digest = int.from_bytes(hashlib.sha256(required).digest(), "big") << 4  # 256 bits and four of filling
    letters = "".join("abcdefghijklmnopqrstuvwxyz234567"[digest >> 5 * place & 31] for place in range(51, -1, -1))
    groups = fingerprint(RFC_8037_KID).split(" ")
    assert "".join(groups) == letters
    assert [len(group) for group in groups] == [4] * 13
    assert load_jwk(JWK).fingerprint == fingerprint(RFC_8037_KID)


def test_a_fingerprint_is_the_same_however_it_is_spaced() -> None:
    """Red if blanks, hyphens or case are compared."""
    shown = fingerprint(RFC_8037_KID)
    for spelling in (
        shown.upper(),
        shown.replace(" ", ""),
        shown.replace(" ", "-"),
        shown.replace(" ", "\u2011"),
        f" {shown}\n",
        shown.replace(" ", "\u00a0", 3).replace(" ", "\n", 1),
    ):
        assert same_fingerprint(shown, spelling)
        assert same_fingerprint(spelling, shown)


def test_a_part_of_a_fingerprint_is_never_the_fingerprint() -> None:
    """Red if comparison is by prefix, by what both have, or if two empty texts are the same key."""
    shown = fingerprint(RFC_8037_KID)
    plain = shown.replace(" ", "")
    for other in ("", " ", plain[:4], plain[:-1], plain[1:], plain + "a", plain + plain, plain[:-1] + "0"):
        assert not same_fingerprint(shown, other)
        assert not same_fingerprint(other, shown)
        assert not same_fingerprint(other, other)
    assert not same_fingerprint(shown, "\u0131" + plain[1:])


def test_a_kid_that_is_no_digest_has_no_fingerprint() -> None:
    """Red if fingerprints are made of whatever decodes."""
    for kid in ("", "abc", RFC_8037_KID + "AA", RFC_8037_KID[:-1] + "l", RFC_8037_KID + "="):
        with pytest.raises(Malformed):
            fingerprint(kid)


def test_a_changed_signature_is_refused_by_raising() -> None:
    """Red if `verify` returns something instead of raising BadSignature."""
    with pytest.raises(BadSignature):
        load_jwk(JWK).verify(bytes(64), b"")
    with pytest.raises(BadSignature):
        load_jwk(JWK).verify(b"", b"")
