"""The key ring: whose key, valid when, and how a reader's own ring grows."""

import json
from dataclasses import replace

import pytest
from joserfc.jwk import OKPKey

from keys.errors import KeyRefused, Malformed, UnknownKey, WrongIssuer
from keys.jwk import PublicKey, fingerprint, load_jwk
from keys.ring import KeyState, Ring, RingKey

KENYA = "identity--11111111-1111-4111-8111-111111111111"
GHANA = "identity--22222222-2222-4222-8222-222222222222"
START, END = 1_000_000, 2_000_000


def new_key() -> PublicKey:
    value = OKPKey.generate_key("Ed25519").as_dict(private=False)
    return load_jwk({name: value[name] for name in ("crv", "kty", "x")})


def ring_of(*held: RingKey) -> Ring:
    return Ring({key.kid: key for key in held})


def held_key(member: str = KENYA, state: KeyState = KeyState.CONFIRMED, until: int | None = None) -> RingKey:
    return RingKey(new_key(), member, START, until, None, state)


@pytest.mark.parametrize(
    ("at", "fault"),
    [(START - 1, "not valid yet"), (START, None), (END - 1, None), (END, "no longer valid"), (END + 1, "no longer")],
)
def test_a_key_is_valid_within_its_window(at: int, fault: str | None) -> None:
    """T-48: red if either end of the window is off by one or not looked at; a rotated key keeps proving its time."""
    held = held_key(until=END)
    ring = ring_of(held)
    if fault is None:
        assert ring.valid(held.kid, KENYA, at) == ring.valid(held.kid, None, at) == held
    else:
        with pytest.raises(UnknownKey, match=fault):
            ring.valid(held.kid, KENYA, at)


def test_a_key_without_end_stays_valid() -> None:
    """Red if no end is read as ended."""
    held = held_key()
    assert ring_of(held).valid(held.kid, KENYA, START * 10**9) is held


def test_a_revoked_key_proves_nothing_however_early_the_claimed_time() -> None:
    """T-48: red if a revoked key is accepted for dates before its revocation: a thief writes any date."""
    held = held_key()
    ring = ring_of(held).revoke(held.kid, END)
    for at in (START, END - 1, END, END + 1):
        with pytest.raises(UnknownKey, match="revoked"):
            ring.valid(held.kid, KENYA, at)
    by_state = ring_of(replace(held, state=KeyState.REVOKED))
    by_date = ring_of(replace(held, revoked_at=END))
    for half in (by_state, by_date):
        with pytest.raises(UnknownKey, match="revoked"):
            half.valid(held.kid, KENYA, START)
    assert ring.revoke(held.kid, END + 5).held(held.kid).revoked_at == END


def test_a_pending_key_signs_nothing() -> None:
    """Red if enrolment alone makes a key work, before an operator compared its fingerprint."""
    held = held_key(state=KeyState.PENDING)
    with pytest.raises(UnknownKey, match="not been confirmed"):
        ring_of(held).valid(held.kid, KENYA, START)
    assert RingKey(held.key, KENYA, START).state is KeyState.PENDING


def test_a_state_read_as_text_counts() -> None:
    """Red if states are compared by identity with raw text from a row: a pending key would pass for trusted."""
    raw: dict[str, str] = {"state": "pending"}
    held = RingKey(new_key(), KENYA, START, None, None, **raw)  # type: ignore[arg-type]  # as untyped rows arrive
    with pytest.raises(UnknownKey):
        ring_of(held).valid(held.kid, KENYA, START)
    with pytest.raises(ValueError, match="trusted"):
        RingKey(held.key, KENYA, START, None, None, "trusted")  # type: ignore[arg-type]  # not a state


def test_confirmation_can_be_required() -> None:
    """Red if --require-confirmed lets a key through that was only seen."""
    held = held_key(state=KeyState.FIRST_SEEN)
    assert ring_of(held).valid(held.kid, KENYA, START) is held
    with pytest.raises(UnknownKey, match="first sight"):
        ring_of(held).valid(held.kid, KENYA, START, require_confirmed=True)


def test_another_members_key_and_no_key_sound_the_same() -> None:
    """T-48: red if a key counts for a member it is not bound to, or the answer tells that another member holds it."""
    held = held_key()
    with pytest.raises(UnknownKey) as of_another:
        ring_of(held).valid(held.kid, GHANA, START)
    with pytest.raises(UnknownKey) as of_nobody:
        Ring().valid(held.kid, GHANA, START)
    assert str(of_another.value) == str(of_nobody.value)
    assert of_another.value.details == of_nobody.value.details


def test_a_ring_is_a_value() -> None:
    """Red if a ring shares its mapping with whoever made it, or files a key under another's id."""
    one, other = held_key(), held_key()
    source = {one.kid: one}
    ring = Ring(source)
    source.clear()
    assert ring.held(one.kid) is one
    with pytest.raises(TypeError):
        ring.keys[other.kid] = other  # type: ignore[index]  # this is the point
    with pytest.raises(ValueError, match="stands under"):
        Ring({other.kid: one})


def test_of_member_is_oldest_first() -> None:
    """Red if another member's key is among them, or the order follows the key ids."""
    held = [replace(held_key(), valid_from=START + place) for place in range(5)]
    ring = ring_of(held_key(GHANA), *reversed(held))
    assert ring.of_member(KENYA) == tuple(held)
    assert Ring().of_member(KENYA) == ()


def test_first_sight_pins() -> None:
    """Red if a hub can add a key to a member already known, or raise a key's state by offering it."""
    first, second = held_key(), held_key()
    ring = Ring().merge([first, second])
    assert {key.state for key in ring.keys.values()} == {KeyState.FIRST_SEEN}
    assert ring.keys.keys() == {first.kid, second.kid}
    later = ring.merge([held_key(), replace(first, state=KeyState.CONFIRMED, valid_until=1), held_key(GHANA)])
    assert later.of_member(KENYA) == ring.of_member(KENYA)
    assert [key.state for key in later.of_member(GHANA)] == [KeyState.FIRST_SEEN]


def test_a_key_offered_for_two_members_is_taken_for_neither() -> None:
    """Red if the later of two offers wins: one key, one member."""
    one = held_key()
    for offers in ([one, replace(one, member=GHANA)], [replace(one, member=GHANA), one, one]):
        assert Ring().merge(offers) == Ring()
    assert Ring().merge([replace(one, revoked_at=START)]) == Ring()
    assert ring_of(one).merge([replace(one, member=GHANA)]) == ring_of(one)


def test_a_pinned_key_is_confirmed_and_ends_what_was_only_seen() -> None:
    """Red if the key a hub slipped in at first sight goes on proving after the true one was confirmed."""
    slipped, true = held_key(state=KeyState.FIRST_SEEN), new_key()
    ring = ring_of(slipped).pin(true, KENYA, true.fingerprint.upper().replace(" ", ""), END)
    assert ring.valid(true.kid, KENYA, START, require_confirmed=True).state is KeyState.CONFIRMED
    assert ring.valid(slipped.kid, KENYA, END - 1)
    with pytest.raises(UnknownKey, match="no longer valid"):
        ring.valid(slipped.kid, KENYA, END)


def test_two_machines_of_one_member_can_both_be_pinned() -> None:
    """Red if pinning the second key leaves it ended by the pinning of the first."""
    one, two = held_key(state=KeyState.FIRST_SEEN), held_key(state=KeyState.FIRST_SEEN)
    ring = ring_of(one, two).pin(one.key, KENYA, one.key.fingerprint, END)
    ring = ring.pin(two.key, KENYA, two.key.fingerprint, END + 1)
    for held in (one, two):
        assert ring.valid(held.kid, KENYA, END + 2, require_confirmed=True)


def test_pinning_needs_the_whole_fingerprint_and_the_right_member() -> None:
    """Red if a prefix pins, a revoked key comes back, or a key moves to another member."""
    held = held_key(state=KeyState.FIRST_SEEN)
    ring = ring_of(held)
    shown = held.key.fingerprint
    for wrong in ("", shown[:9], fingerprint(new_key().kid)):
        with pytest.raises(UnknownKey, match="fingerprint"):
            ring.pin(held.key, KENYA, wrong, START)
    with pytest.raises(WrongIssuer, match="another member"):
        ring.pin(held.key, GHANA, shown, START)
    with pytest.raises(UnknownKey, match="revoked"):
        ring.revoke(held.kid, START).pin(held.key, KENYA, shown, START)
    with pytest.raises(UnknownKey, match="not known"):
        Ring().revoke(held.kid, START)


def test_a_ring_comes_back_from_its_file() -> None:
    """Red if any field is lost on the way through JSON, or its order depends on insertion."""
    held = [held_key(), held_key(GHANA, KeyState.FIRST_SEEN, END), replace(held_key(), revoked_at=END)]
    ring = ring_of(*held)
    text = json.dumps(ring.to_json())
    assert Ring.from_json(json.loads(text)) == ring
    assert json.dumps(ring_of(*reversed(held)).to_json()) == text
    assert '"d"' not in text
    assert Ring.from_json(Ring().to_json()) == Ring()


def test_a_ring_file_is_read_strictly() -> None:
    """Red if a damaged or doctored file is believed, or ends in a KeyError."""
    good = ring_of(held_key(), held_key()).to_json()
    entries = good["keys"]
    assert isinstance(entries, list)
    doctored: tuple[object, ...] = (
        None,
        [],
        {},
        {**good, "v": 2},
        {**good, "keys": {}},
        {**good, "keys": [entries[0], entries[0]]},
        {**good, "keys": [5]},
        {**good, "keys": [{**entries[0], "extra": 1}]},
        {**good, "keys": [{**entries[0], "state": "trusted"}]},
        {**good, "keys": [{**entries[0], "state": []}]},
        {**good, "keys": [{**entries[0], "member": None}]},
        {**good, "keys": [{**entries[0], "valid_from": None}]},
        {**good, "keys": [{**entries[0], "valid_from": True}]},
        {**good, "keys": [{**entries[0], "valid_until": 1.5}]},
    )
    for bad in doctored:
        with pytest.raises(Malformed):
            Ring.from_json(bad)
    with pytest.raises(KeyRefused):
        Ring.from_json({**good, "keys": [{**entries[0], "jwk": {**entries[0]["jwk"], "d": "AA"}}]})
