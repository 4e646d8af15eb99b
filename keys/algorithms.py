"""The table of signature algorithms: which key types are there, and how does each sign and verify?

Ed25519 (RFC 8037, RFC 9864) and ES256 (RFC 7518 §3.4). A further one takes one more entry and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys import base64url, p256
from keys.edwards25519 import check_public_key
from keys.errors import BadSignature, KeyRefused, Malformed

Verify = Callable[[bytes, bytes], None]  # (signature, data); raises BadSignature
Sign = Callable[[bytes], bytes]
PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One way to sign.

    Attributes:
        name: the JWS `alg` (RFC 9864).
        fixed: the JWK members whose value is given, e.g. `kty`.
        members: all JWK members of a public key, no more and no fewer; the thumbprint is over these (RFC 7638 §3.2).
        load: makes the verifying function of a JWK with these members; raises KeyRefused.
        unlock: makes (public JWK, signing function) of a private key object, or None if it is of another type.
        generate: makes a new private key.
    """

    name: str
    fixed: Mapping[str, str]
    members: frozenset[str]
    load: Callable[[Mapping[str, str]], Verify]
    unlock: Callable[[object], tuple[dict[str, str], Sign] | None]
    generate: Callable[[], PrivateKey]


def _decoded(jwk: Mapping[str, str], name: str) -> bytes:
    try:
        return base64url.decode(jwk[name])
    except Malformed as fault:
        raise KeyRefused(f"the key's `{name}` is {fault.sentence}", path=f"$.{name}") from fault


def _load_ed25519(jwk: Mapping[str, str]) -> Verify:
    raw = _decoded(jwk, "x")
    check_public_key(raw)
    public = Ed25519PublicKey.from_public_bytes(raw)

    def verify(signature: bytes, data: bytes) -> None:
        try:
            public.verify(signature, data)
        except InvalidSignature as fault:
            raise BadSignature("the signature does not fit the signed bytes and the key") from fault

    return verify


def _unlock_ed25519(private: object) -> tuple[dict[str, str], Sign] | None:
    if not isinstance(private, Ed25519PrivateKey):
        return None
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": base64url.encode(raw)}, private.sign


def _load_es256(jwk: Mapping[str, str]) -> Verify:
    return partial(p256.verify, p256.public_key(_decoded(jwk, "x"), _decoded(jwk, "y")))


def _unlock_es256(private: object) -> tuple[dict[str, str], Sign] | None:
    if not isinstance(private, EllipticCurvePrivateKey) or not isinstance(private.curve, SECP256R1):
        return None
    x, y = (base64url.encode(half) for half in p256.coordinates(private.public_key()))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}, partial(p256.sign, private)


ED25519 = Algorithm(
    name="Ed25519",
    fixed=MappingProxyType({"crv": "Ed25519", "kty": "OKP"}),
    members=frozenset({"crv", "kty", "x"}),
    load=_load_ed25519,
    unlock=_unlock_ed25519,
    generate=Ed25519PrivateKey.generate,
)

ES256 = Algorithm(
    name="ES256",
    fixed=MappingProxyType({"crv": "P-256", "kty": "EC"}),
    members=frozenset({"crv", "kty", "x", "y"}),
    load=_load_es256,
    unlock=_unlock_es256,
    generate=partial(generate_private_key, SECP256R1()),
)

ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType({each.name: each for each in (ED25519, ES256)})
