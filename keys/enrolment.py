"""Enrolment: does whoever offers this public key hold its private half, for this hub and this invitation?"""

from dataclasses import dataclass

from keys.errors import Malformed, WrongIssuer, WrongNonce
from keys.instants import format_ms
from keys.jwk import PublicKey, load_jwk
from keys.jws import Compact, verify_compact
from keys.shapes import IDENTITY, VISIBLE
from keys.signer import Signer
from keys.statement import read_statement, sign_statement

TYP = "enrol+jws"
_FIELDS = frozenset({"hub", "iss", "nonce", "jwk", "iat"})


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A key offered by its holder, who signed with it (proof of possession).

    Attributes:
        hub: public URL of the hub it is offered to.
        iss: STIX identity id of the member.
        nonce: from the invitation; good once, which is the caller's to keep.
        key: the key offered, checked; it is also the one that signed.
        iat: the member's clock, microseconds since the epoch; a claim.
        compact: the JWS as read.
    """

    hub: str
    iss: str
    nonce: str
    key: PublicKey
    iat: int
    compact: Compact


def sign_enrolment(*, hub: str, iss: str, nonce: str, iat: int, signer: Signer) -> str:
    """The enrolment statement of the signer's own key. `iat` in microseconds since the epoch."""
    fields = {"hub": hub, "iss": iss, "nonce": nonce, "jwk": dict(signer.jwk), "iat": format_ms(iat)}
    return sign_statement(fields, TYP, signer)


def read_enrolment(raw: str) -> Enrolment:
    """An enrolment statement, its shape and its key checked, its signature not; raises Malformed, KeyRefused."""
    compact, fields = read_statement(raw, TYP, _FIELDS)
    return Enrolment(
        hub=fields.text("hub", VISIBLE),
        iss=fields.text("iss", IDENTITY),
        nonce=fields.text("nonce", VISIBLE),
        key=load_jwk(fields.raw("jwk")),
        iat=fields.instant("iat"),
        compact=compact,
    )


def verify_enrolment(raw: str, *, hub: str, iss: str, nonce: str) -> Enrolment:
    """An enrolment proven to be made with the key it offers, for this hub, member and invitation.

    1 shape and key checks; 2 the header's `kid` is the offered key's thumbprint; 3 signature; 4 hub, member, nonce.
    A final slash of the hub's address does not count. Raises Malformed, KeyRefused, BadSignature, WrongIssuer,
    WrongNonce. That a nonce is used once, and that the key is nobody else's, is the caller's to see to.
    """
    enrolment = read_enrolment(raw)
    if enrolment.compact.kid != enrolment.key.kid:
        raise Malformed("the header's kid is not the thumbprint of the offered key", path="$.jwk")
    verify_compact(enrolment.compact, enrolment.key)
    if enrolment.hub.rstrip("/") != hub.rstrip("/"):
        raise WrongIssuer(f"this key was offered to {enrolment.hub}, not to {hub}", path="$.hub")
    if enrolment.iss != iss:
        raise WrongIssuer(f"the invitation is for {iss}, the key was offered by {enrolment.iss}", path="$.iss")
    if enrolment.nonce != nonce:
        raise WrongNonce("this enrolment was made for another invitation", path="$.nonce")
    return enrolment
