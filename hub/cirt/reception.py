"""By what does this reader judge? Its own ring, the texts it was shown, the baseline it was given, and the clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feeds.errors import BadAnswer
from keys.chain import Streams, known_heads
from keys.errors import KeysError
from keys.instants import format_ms, parse_ms
from keys.jwk import load_jwk
from keys.ring import KeyState, Ring, RingKey
from keys.verdicts import Footing
from policies.labels import TLP2_MARKINGS

from .ledger import StoredLedger
from .link import Link, text_of
from .profile import Profile
from .state import State
from .terms import DAY, Place, last_word, retentions, text_held


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What streams are judged by: where they are owed from, and heads told by the baseline."""

    origins: Streams
    told: Streams
    has_baseline: bool


def candidates(link: Link, group: str) -> list[RingKey]:
    """The parties' keys as the hub has them: offers, which decide nothing (`Ring.merge`)."""
    return [_candidate(each) for each in link.keys(group)]


def _candidate(told: Mapping[str, Any]) -> RingKey:
    since, until, revoked = told.get("valid_from"), told.get("valid_until"), told.get("revoked_at")
    try:
        return RingKey(
            key=load_jwk(told.get("jwk")),
            member=text_of(told, "member"),
            valid_from=parse_ms(since),
            valid_until=None if until is None else parse_ms(until),
            revoked_at=None if revoked is None else parse_ms(revoked),
            state=KeyState.REVOKED if told.get("state") == KeyState.REVOKED else KeyState.FIRST_SEEN,
        )
    except KeysError as error:
        raise BadAnswer(f"The hub offers a key that cannot be used: {error}") from error


def pin_first_seen(profile: Profile, offered: Sequence[RingKey]) -> tuple[Ring, list[RingKey]]:
    """The ring with the keys of members not known so far, pinned at first sight and kept; and which these are."""
    before = profile.ring()
    ring = before.merge(offered)
    added = [ring.keys[kid] for kid in ring.keys if kid not in before.keys]
    if added:
        profile.keep_ring(ring)
    return ring, added


def footing(state: State, place: Place, ring: Ring, at: int, *, require_confirmed: bool) -> Footing:
    """What manifests of a group are judged by."""
    return Footing(
        ring=ring,
        group=place.id,
        agreements=retentions(state, place.id),
        markings=TLP2_MARKINGS,
        at=at,
        require_confirmed=require_confirmed,
    )


def knowledge(state: State, place: Place) -> Knowledge:
    """What the streams of a group are judged by."""
    word = last_word(state, place.id)
    if word is None or word.baseline is None:
        return Knowledge({}, {}, has_baseline=False)
    return Knowledge(word.origins, known_heads(word.baseline), has_baseline=True)


def silent_parties(
    state: State, place: Place, ledger: StoredLedger, member: str, at: int, days: int
) -> list[dict[str, str | None]]:
    """Publishing parties of which nothing was shown for so many days: a stream cut off at its end looks like this."""
    if place.in_force is None:
        return []
    last = ledger.last_seen()
    limit = format_ms(at - days * DAY)
    return [
        {"member": party.member, "last": last.get(party.member)}
        for party in text_held(state, place.id, place.in_force).parties
        if party.role.publishes and party.member != member and last.get(party.member, "") < limit
    ]
