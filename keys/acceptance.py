"""Acceptance: does the party, by one of its keys, accept this very text of the agreement, or withdraw from it?"""

import re
from dataclasses import dataclass
from enum import StrEnum

from keys.errors import WrongGroup, WrongIssuer
from keys.instants import format_ms
from keys.jws import Compact, verify_compact
from keys.ring import Ring
from keys.shapes import DIGEST, IDENTITY, UUID
from keys.signer import Signer
from keys.statement import read_statement, sign_statement

TYP = "accept+jws"
_FIELDS = frozenset({"group", "agreement", "action", "n", "iss", "iat"})


class Action(StrEnum):
    """What the party does."""

    ACCEPT = "accept"
    WITHDRAW = "withdraw"


_ACTION = re.compile("|".join(Action))


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One party's word on one version of an agreement.

    Attributes:
        group: the agreement's UUID.
        agreement: SHA-256 of the exact text meant.
        action: accept or withdraw.
        n: counter of this party in this group. **The caller must refuse an `n` that is not above the last one it
            stored**: the signature stays good for ever, so only this keeps an old word from being said again.
        iss: STIX identity id of the party.
        iat: the party's clock, microseconds since the epoch; a claim.
        compact: the JWS as read.
    """

    group: str
    agreement: str
    action: Action
    n: int
    iss: str
    iat: int
    compact: Compact


def sign_acceptance(*, group: str, agreement: str, action: Action, n: int, iss: str, iat: int, signer: Signer) -> str:
    """The acceptance statement. `n` from 1, strictly rising; `iat` in microseconds since the epoch."""
    fields = {"group": group, "agreement": agreement, "action": str(action), "n": n, "iss": iss}
    return sign_statement({**fields, "iat": format_ms(iat)}, TYP, signer)


def read_acceptance(raw: str) -> Acceptance:
    """An acceptance statement, its shape checked, its signature not; raises Malformed."""
    compact, fields = read_statement(raw, TYP, _FIELDS)
    return Acceptance(
        group=fields.text("group", UUID),
        agreement=fields.text("agreement", DIGEST),
        action=Action(fields.text("action", _ACTION)),
        n=fields.count("n", least=1),
        iss=fields.text("iss", IDENTITY),
        iat=fields.instant("iat"),
        compact=compact,
    )


def verify_acceptance(raw: str, ring: Ring, *, member: str, group: str, at: int) -> Acceptance:
    """An acceptance proven to be this member's word on this group, by a key that is valid at `at`.

    1 shape; 2 the key is the member's and valid now; 3 signature; 4 issuer and group. Raises Malformed, UnknownKey,
    BadSignature, WrongIssuer, WrongGroup. Whether `agreement` is the digest in force, and whether `n` rises, is the
    caller's to judge (see `Acceptance.n`).
    """
    acceptance = read_acceptance(raw)
    verify_compact(acceptance.compact, ring.valid(acceptance.compact.kid, member, at).key)
    if acceptance.iss != member:
        raise WrongIssuer(f"signed in the name of {acceptance.iss} by a key of {member}", path="$.iss")
    if acceptance.group != group:
        raise WrongGroup(f"signed for group {acceptance.group}, not for {group}", path="$.group")
    return acceptance
