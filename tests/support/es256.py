"""ES256 signers for tests: keys made from names, signatures by RFC 6979, so that the same test makes the same bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from keys import base64url, p256
from keys.jwk import load_jwk


@dataclass(frozen=True, slots=True)
class P256Signer:
    """A signer in memory whose key follows from a name; for tests alone, as anyone can make it."""

    kid: str
    alg: str
    jwk: Mapping[str, str]
    private: EllipticCurvePrivateKey

    def der(self, data: bytes) -> bytes:
        """The signature as ASN.1, which no JWS takes."""
        return self.private.sign(data, ECDSA(SHA256(), deterministic_signing=True))

    def sign(self, data: bytes) -> bytes:
        """The raw signature."""
        return joined(*decode_dss_signature(self.der(data)))


def joined(r: int, s: int) -> bytes:
    """The two halves of a signature as a JWS has them (RFC 7518 §3.4); wider ones where they do not fit."""
    size = max(32, (max(r, s).bit_length() + 7) // 8)
    return r.to_bytes(size) + s.to_bytes(size)


def halves(raw: bytes) -> tuple[int, int]:
    """The numbers r and s of a raw signature."""
    return int.from_bytes(raw[:32]), int.from_bytes(raw[32:])


def twin(raw: bytes) -> bytes:
    """The other signature that verifies wherever this one does."""
    r, s = halves(raw)
    return joined(r, p256.N - s)


def jwk_of(x: int, y: int) -> dict[str, str]:
    """The JWK with these coordinates, whether they are a point or not."""
    return {"crv": "P-256", "kty": "EC", **{n: base64url.encode(v.to_bytes(32)) for n, v in (("x", x), ("y", y))}}


def es256_signer_of(name: str) -> P256Signer:
    """The signer whose private key is SHA-256 of a name."""
    return es256_signer(int.from_bytes(hashlib.sha256(f"test key of {name}".encode()).digest()) % p256.N)


def es256_signer(secret: int) -> P256Signer:
    """The signer with this private key."""
    private = derive_private_key(secret, SECP256R1())
    numbers = private.public_key().public_numbers()
    jwk = jwk_of(numbers.x, numbers.y)
    return P256Signer(load_jwk(jwk).kid, "ES256", jwk, private)
