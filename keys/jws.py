"""Compact JWS (RFC 7515 §7.1) in the one shape used here: who says it signed these bytes, and did it?

The protected header is exactly `{"alg":…,"kid":…,"typ":…}` in RFC 8785 form, so it is matched as bytes and never
interpreted: there is no `crit`, no `jwk`, no `b64` to obey. The algorithm is the enrolled key's; the header has to
agree with it (RFC 8725 §3.1).
"""

import re
from dataclasses import dataclass

from keys import base64url
from keys.algorithms import ALGORITHMS
from keys.errors import BadSignature, Malformed
from keys.jwk import PublicKey, check_kid
from keys.signer import Signer

_HEADER = re.compile(rb'\{"alg":"([A-Za-z0-9-]{1,32})","kid":"([A-Za-z0-9_-]{43})","typ":"([a-z+-]{1,64})"\}')
_SEGMENTS = 3


@dataclass(frozen=True, slots=True)
class Compact:
    """A JWS taken apart; nothing in it is proven before `verify_compact`.

    Attributes:
        kid: the key id claimed.
        alg: the algorithm claimed, one of the table's.
        payload: the decoded payload.
        signing_input: the bytes under the signature (RFC 7515 §5.1).
        signature: the decoded signature.
    """

    kid: str
    alg: str
    payload: bytes
    signing_input: bytes
    signature: bytes


def header_bytes(kid: str, alg: str, typ: str) -> bytes:
    """The protected header's exact bytes."""
    header = f'{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}'.encode("ascii")
    if _HEADER.fullmatch(header) is None:
        raise ValueError(f"no header can be written from kid {kid!r}, alg {alg!r}, typ {typ!r}")
    return header


def sign_compact(payload: bytes, typ: str, signer: Signer) -> str:
    """The compact JWS of `payload` (its exact bytes, RFC 8785 by the caller's care) under `typ`."""
    header = base64url.encode(header_bytes(signer.kid, signer.alg, typ))
    signing_input = f"{header}.{base64url.encode(payload)}"
    return f"{signing_input}.{base64url.encode(signer.sign(signing_input.encode('ascii')))}"


def read_compact(jws: object, typ: str, *, path: str = "") -> Compact:
    """Take a compact JWS apart, whose header must be the exact bytes for `typ`.

    `path` is put into errors. Raises Malformed for any other shape, type or algorithm. Verifies nothing.
    """
    if not isinstance(jws, str):
        raise Malformed("a compact JWS is a string (RFC 7515 §7.1)", path=path)
    segments = jws.split(".")
    if len(segments) != _SEGMENTS:
        raise Malformed("a compact JWS has three parts joined by two dots (RFC 7515 §7.1)", path=path)
    header, payload, signature = (base64url.decode(segment, path=path) for segment in segments)
    match = _HEADER.fullmatch(header)
    if match is None:
        raise Malformed('the protected header must be exactly {"alg","kid","typ"}, in RFC 8785 form', path=path)
    alg, kid, found = (group.decode("ascii") for group in match.groups())
    if found != typ:
        raise Malformed(f"a document of type {found} stands where {typ} belongs", path=path)
    if alg not in ALGORITHMS:
        raise Malformed(f"algorithm {alg} is none of: {', '.join(ALGORITHMS)}", path=path)
    check_kid(kid, path=path)
    return Compact(kid, alg, payload, f"{segments[0]}.{segments[1]}".encode("ascii"), signature)


def verify_compact(compact: Compact, key: PublicKey) -> None:
    """Prove that `key` made the signature, by the algorithm the key was enrolled for; raises BadSignature."""
    if compact.kid != key.kid:
        raise BadSignature("the document names another key than the one it is checked with")
    if compact.alg != key.alg:
        raise BadSignature(f"the key is enrolled for {key.alg}, the document says {compact.alg}")
    key.verify(compact.signature, compact.signing_input)
