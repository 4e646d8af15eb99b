"""Public keys as JSON Web Keys (RFC 7517): is this a key we may trust arithmetic to, and what is its name?"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from keys import base64url
from keys.algorithms import ALGORITHMS, Algorithm, Verify
from keys.errors import KeyRefused, Malformed

_FINGERPRINT = re.compile(r"[a-z2-7]{52}", re.ASCII)  # 256 bits, five to a character
_BETWEEN_GROUPS = re.compile(r"[\s\u2010-\u2015-]+")  # blanks and whatever a mail program makes of a hyphen


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A checked public key; two are equal if their thumbprints are.

    Attributes:
        kid: RFC 7638 SHA-256 thumbprint, 43 characters of base64url.
        alg: the one JWS algorithm this key is for.
        jwk: exactly the members the thumbprint is over; not to be changed.
        verify: raises BadSignature unless the signature (first argument) is over the data (second).
    """

    kid: str
    alg: str
    jwk: Mapping[str, str] = field(compare=False)
    verify: Verify = field(compare=False, repr=False)

    @property
    def fingerprint(self) -> str:
        """The key's name as people read it aloud."""
        return fingerprint(self.kid)


def _algorithm_of(jwk: Mapping[str, object]) -> Algorithm:
    for algorithm in ALGORITHMS.values():
        if all(jwk.get(name) == value for name, value in algorithm.fixed.items()):
            return algorithm
    raise KeyRefused(f"the key's type is none of: {', '.join(ALGORITHMS)}", path="$.kty")


def load_jwk(value: object) -> PublicKey:
    """The public key behind a parsed JWK with exactly the members of its type.

    Private parts (`d`), optional members, base64url that is not canonical, and keys that are weak by construction
    (RFC 8032 §5.1.7 leaves them to the application) are refused. Raises KeyRefused.
    """
    if not isinstance(value, Mapping):
        raise KeyRefused("a JWK is a JSON object")
    if "d" in value or "k" in value:
        raise KeyRefused("this JWK holds a private or secret key; treat that key as lost", path="$.d")
    algorithm = _algorithm_of(value)
    if set(value) != algorithm.members:
        raise KeyRefused(f"the JWK's members must be exactly: {', '.join(sorted(algorithm.members))}")
    jwk = {name: text for name, text in sorted(value.items()) if isinstance(text, str)}
    if len(jwk) != len(value):
        raise KeyRefused("every member of the JWK must be a string")
    return PublicKey(thumbprint(jwk), algorithm.name, jwk, algorithm.load(jwk))


def thumbprint(jwk: Mapping[str, str]) -> str:
    """The RFC 7638 §3 SHA-256 thumbprint of a JWK that holds the required members only, as base64url."""
    text = json.dumps(dict(jwk), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return base64url.encode(hashlib.sha256(text.encode("utf-8")).digest())


def check_kid(kid: str, *, path: str = "") -> bytes:
    """The 32 bytes of a key id, which must be canonical base64url of a SHA-256 digest; raises Malformed."""
    digest = base64url.decode(kid, path=path)
    if len(digest) != hashlib.sha256().digest_size:
        raise Malformed("a key id is the RFC 7638 SHA-256 thumbprint, 43 characters", path=path)
    return digest


def fingerprint(kid: str) -> str:
    """The key id as people compare it: lower-case base32 (RFC 4648 §6) in 13 groups of four; raises Malformed."""
    text = base64.b32encode(check_kid(kid)).decode("ascii").rstrip("=").lower()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def same_fingerprint(one: str, other: str) -> bool:
    """Whether two texts are the same whole fingerprint, whatever the blanks, hyphens and case.

    A prefix, however long, is never enough: a key with a given short prefix is quickly made.
    """
    plain, against = (_BETWEEN_GROUPS.sub("", text).lower() for text in (one, other))
    return _FINGERPRINT.fullmatch(plain) is not None and plain == against
