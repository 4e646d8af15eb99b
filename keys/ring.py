"""The key ring: whose key is this, since when, until when, and has anybody confirmed it?

A hub's ring is read from its database; a reader's ring is its own file, in which first sight pins a key. Rings are
values: every change returns a new one. Times are microseconds since the epoch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from keys.errors import Malformed, UnknownKey, WrongIssuer
from keys.jwk import PublicKey, load_jwk, same_fingerprint

VERSION = 1


class KeyState(StrEnum):
    """How far a key is trusted."""

    PENDING = "pending"  # enrolled at the hub, its fingerprint not yet confirmed: signs nothing
    FIRST_SEEN = "first-seen"  # pinned by a reader because it was the first of its member
    CONFIRMED = "confirmed"  # its fingerprint was compared over another channel
    REVOKED = "revoked"  # signs nothing, and no longer proves what it signed


@dataclass(frozen=True, slots=True)
class RingKey:
    """A public key, bound to one member for a time.

    Attributes:
        key: the checked key.
        member: STIX identity id it is bound to.
        valid_from: first microsecond at which it may sign.
        valid_until: first microsecond at which it may no longer sign (expiry, rotation); None for open.
        revoked_at: when it was revoked; None if it was not. A revoked key is refused whatever the rest says.
        state: see `KeyState`.
    """

    key: PublicKey
    member: str
    valid_from: int
    valid_until: int | None = None
    revoked_at: int | None = None
    state: KeyState = KeyState.PENDING

    def __post_init__(self) -> None:
        # a state read from a database or a file may come as text; one that is not known must not pass for trusted
        object.__setattr__(self, "state", KeyState(self.state))

    @property
    def kid(self) -> str:
        """The key's id, its RFC 7638 thumbprint."""
        return self.key.kid

    @property
    def revoked(self) -> bool:
        """Whether it was revoked, by either sign."""
        return self.revoked_at is not None or self.state is KeyState.REVOKED

    def fault(self, at: int, *, require_confirmed: bool = False) -> str | None:
        """Why the key does not prove a signature made at `at`; None if it does."""
        if self.revoked:
            return "the key was revoked"
        if self.state is KeyState.PENDING:
            return "the key's fingerprint has not been confirmed yet"
        if require_confirmed and self.state is not KeyState.CONFIRMED:
            return "the key was pinned at first sight and its fingerprint never confirmed"
        if at < self.valid_from:
            return "the key was not valid yet"
        if self.valid_until is not None and at >= self.valid_until:
            return "the key was no longer valid"
        return None


@dataclass(frozen=True, slots=True)
class Ring:
    """Keys by their id. Readings never change it; `pin`, `merge` and `revoke` return another ring."""

    keys: Mapping[str, RingKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kid, held in self.keys.items():
            if kid != held.kid:
                raise ValueError(f"key {held.kid} stands under {kid}")
        object.__setattr__(self, "keys", MappingProxyType(dict(self.keys)))

    def valid(self, kid: str, member: str | None, at: int, *, require_confirmed: bool = False) -> RingKey:
        """The key that may have signed at `at`, as this ring knows it now; raises UnknownKey with the reason.

        A hub passes the instant of the request. A reader passes the document's `iat`, so that an expired or rotated
        key still proves what it signed while valid. A revoked key proves nothing at any time, because `iat` is the
        signer's claim and whoever stole a key can date backwards. `member` None: whoever the key is bound to.
        """
        held = self.keys.get(kid)
        if held is None or (member is not None and held.member != member):
            # one sentence for both: nobody learns here whether a key is another member's
            raise UnknownKey(f"key {kid} is not known" + (f" as a key of {member}" if member else ""))
        fault = held.fault(at, require_confirmed=require_confirmed)
        if fault is not None:
            raise UnknownKey(f"{fault}: {kid}", details={"kid": kid, "state": str(held.state)})
        return held

    def of_member(self, member: str) -> tuple[RingKey, ...]:
        """All keys bound to a member, oldest first, whatever their state."""
        held = (key for key in self.keys.values() if key.member == member)
        return tuple(sorted(held, key=lambda key: (key.valid_from, key.kid)))

    def pin(self, key: PublicKey, member: str, fingerprint: str, at: int) -> "Ring":
        """This ring with the key confirmed for all times, after people compared its whole fingerprint.

        Keys of that member which were only first seen end at `at`: they prove what was signed before, until they are
        pinned as well. Confirmed ones stay (a member may sign on two machines). Raises UnknownKey if the fingerprint
        is another key's or the key was revoked, WrongIssuer if the key is bound to another member.
        """
        if not same_fingerprint(key.fingerprint, fingerprint):
            raise UnknownKey("the fingerprint is not this key's; compare all 52 characters, do not go on")
        held = self.keys.get(key.kid)
        if held is not None and held.member != member:
            raise WrongIssuer("the key is bound to another member; one key belongs to one member")
        if held is not None and held.revoked:
            raise UnknownKey("the key was revoked; it cannot be confirmed again")
        ended = {
            other.kid: replace(other, valid_until=at)
            for other in self.of_member(member)
            if other.state is KeyState.FIRST_SEEN and (other.valid_until is None or other.valid_until > at)
        }
        pinned = RingKey(key, member, 0, state=KeyState.CONFIRMED)
        return Ring({**self.keys, **ended, key.kid: pinned})

    def merge(self, offered: Iterable[RingKey]) -> "Ring":
        """This ring with the offered keys of members it holds no key of, as `first-seen`.

        First sight pins: a further key of a member already known is left out, and so is an offered state or a new
        validity of a key already held (a hub may offer, it decides nothing). What was added is the difference of
        `keys`. Two offers of one key for two members: neither is taken. Revoked offers are not taken.
        """
        known = {held.member for held in self.keys.values()}
        fresh: dict[str, RingKey] = {}
        disputed: set[str] = set()
        for offer in offered:
            if offer.member in known or offer.kid in self.keys or offer.revoked:
                continue
            if fresh.get(offer.kid, offer).member != offer.member:
                disputed.add(offer.kid)
            fresh[offer.kid] = replace(offer, state=KeyState.FIRST_SEEN)
        return Ring({**self.keys, **{kid: key for kid, key in fresh.items() if kid not in disputed}})

    def revoke(self, kid: str, at: int) -> "Ring":
        """This ring with the key revoked at `at` (an earlier revocation stays); raises UnknownKey if not held."""
        held = self.held(kid)
        when = at if held.revoked_at is None else held.revoked_at
        return Ring({**self.keys, kid: replace(held, state=KeyState.REVOKED, revoked_at=when)})

    def held(self, kid: str) -> RingKey:
        """The key as held, whatever its state; raises UnknownKey if it is not held."""
        held = self.keys.get(kid)
        if held is None:
            raise UnknownKey(f"key {kid} is not known")
        return held

    def to_json(self) -> dict[str, object]:
        """The ring as a JSON value (public parts only), keys in order of their id; `from_json` reads it."""
        return {"v": VERSION, "keys": [_to_json(self.keys[kid]) for kid in sorted(self.keys)]}

    @staticmethod
    def from_json(value: object) -> "Ring":
        """The ring behind a parsed JSON value of `to_json`; every key is checked again.

        Raises Malformed with the path to the fault, KeyRefused for a key that must not be used.
        """
        if not isinstance(value, Mapping) or value.get("v") != VERSION or not isinstance(value.get("keys"), list):
            raise Malformed(f'a key ring file is {{"v": {VERSION}, "keys": [...]}}', path="$")
        held = [_from_json(entry, f"$.keys[{index}]") for index, entry in enumerate(value["keys"])]
        ring = Ring({key.kid: key for key in held})
        if len(ring.keys) != len(held):
            raise Malformed("a key stands twice in the ring", path="$.keys")
        return ring


_FIELDS = ("jwk", "member", "state", "valid_from", "valid_until", "revoked_at")


def _to_json(held: RingKey) -> dict[str, object]:
    values = (dict(held.key.jwk), held.member, str(held.state), held.valid_from, held.valid_until, held.revoked_at)
    return dict(zip(_FIELDS, values, strict=True))


def _from_json(entry: object, path: str) -> RingKey:
    if not isinstance(entry, Mapping) or set(entry) != set(_FIELDS):
        raise Malformed(f"a key of a ring has exactly: {', '.join(_FIELDS)}", path=path)
    since, until, revoked_at = entry["valid_from"], entry["valid_until"], entry["revoked_at"]
    if type(since) is not int or any(type(at) is not int for at in (until, revoked_at) if at is not None):
        raise Malformed("times of a ring are whole microseconds since the epoch", path=path)
    member, state = entry["member"], entry["state"]
    if not isinstance(member, str) or not isinstance(state, str) or state not in set(KeyState):
        raise Malformed(f"`member` is a text and `state` one of: {', '.join(KeyState)}", path=path)
    return RingKey(load_jwk(entry["jwk"]), member, since, until, revoked_at, KeyState(state))
