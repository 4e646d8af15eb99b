"""The curve P-256 (FIPS 186-5, RFC 7518 §3.4): do these coordinates name a key, do these 64 bytes spell a signature?

`cryptography` reduces coordinates modulo p, so that one key would have several JWKs and thumbprints; and it takes
signatures as DER, of which a JWS knows nothing. Both are settled here, before it is asked.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from keys.errors import BadSignature, KeyRefused

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # order of the base point
SIZE = 32  # bytes of a coordinate, and of each half of a signature


def public_key(x: bytes, y: bytes) -> EllipticCurvePublicKey:
    """The key at a point, each coordinate 32 bytes, big-endian, below p (RFC 7518 §6.2.1.2).

    The curve's order is prime, so that every point but the one at infinity, which has no such spelling, will do.
    Raises KeyRefused.
    """
    if len(x) != SIZE or len(y) != SIZE:
        raise KeyRefused("a coordinate of a P-256 key has 32 bytes, leading zeros included (RFC 7518 §6.2.1.2)")
    a, b = int.from_bytes(x), int.from_bytes(y)
    if a >= P or b >= P:
        raise KeyRefused("the P-256 key is not canonically encoded: a coordinate is not below p")
    if (b * b - (a * a * a - 3 * a + B)) % P:
        raise KeyRefused("the P-256 key is not a point of the curve")
    return EllipticCurvePublicNumbers(a, b, SECP256R1()).public_key()


def coordinates(key: EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    """The coordinates x and y of a key, 32 bytes each."""
    numbers = key.public_numbers()
    return numbers.x.to_bytes(SIZE), numbers.y.to_bytes(SIZE)


def sign(private: EllipticCurvePrivateKey, data: bytes) -> bytes:
    """The halves r and s of ECDSA with SHA-256 over `data`, 32 bytes each (RFC 7518 §3.4)."""
    r, s = decode_dss_signature(private.sign(data, ECDSA(SHA256())))
    return r.to_bytes(SIZE) + s.to_bytes(SIZE)


def verify(public: EllipticCurvePublicKey, signature: bytes, data: bytes) -> None:
    """Raise BadSignature unless these 64 bytes, r and s each from 1 to n - 1, sign `data` (RFC 7518 §3.4).

    With every (r, s) its twin (r, n - s) verifies too; smart cards make either, so neither is refused. Nothing is
    therefore ever known by its signature: a manifest is known by the digest of its payload.
    """
    if len(signature) != 2 * SIZE:
        raise BadSignature("an ES256 signature is r and s, 32 bytes each and nothing around them (RFC 7518 §3.4)")
    r, s = int.from_bytes(signature[:SIZE]), int.from_bytes(signature[SIZE:])
    if not (0 < r < N and 0 < s < N):
        raise BadSignature("r and s of an ES256 signature lie between 1 and the order of the curve")
    try:
        public.verify(encode_dss_signature(r, s), data, ECDSA(SHA256()))
    except InvalidSignature as fault:
        raise BadSignature("the signature does not fit the signed bytes and the key") from fault
