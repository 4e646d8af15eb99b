"""Promises that hold for every agreement, history, account and object: property tests."""

import itertools
from collections import deque
from dataclasses import replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from policies.agreement import Agreement
from policies.entitlement import entitlement
from policies.explain import audience, explain
from policies.group import Group, in_force
from policies.labels import PINNED, Label
from policies.publish import may_publish
from policies.reasons import Refusal
from policies.terms import Onward
from support.agreements import AT, A, B, agreement, group_of
from support.marked import Caller, Shelf, Stored, Thing, tlp
from support.policy_worlds import (
    BETWEEN,
    LABELS,
    LEFT_OUT,
    LOWERED,
    MEMBERS,
    RETURNED,
    History,
    World,
    agreements,
    disorder,
    histories,
    plain_versions,
    play,
    versions,
    world_of,
)

PATIENT = settings(suppress_health_check=[HealthCheck.too_slow])  # histories are long; the profile says how many
accounts = st.builds(Caller, st.sampled_from(MEMBERS), st.booleans())
CAPS = {Onward.NONE: 0, Onward.COMMUNITY: 1, Onward.CLIENTS: 2}
PASSED = {"in-force", "party", "receives", "clearance", "start"}


def follow(world: World, history: History, reader: Caller) -> None:
    """Live through a history with a reader that polls after every step and only ever moves forward."""
    cursor, got = 0, set[Stored]()
    for _ in play(world, history):
        granted = entitlement(world.group, reader, world.at)
        if granted is not None:
            visible = {row for row in world.rows if granted.sees(row.rank, row.position)}
            behind = {row for row in visible - got if row.position <= cursor}
            assert not behind, "a row opened behind the reader's cursor"
            got |= visible
            cursor = max([cursor, *(row.position for row in visible)])


def polled(group: Group, account: Caller, row: Stored, at: int) -> bool:
    """The rules of who receives what, written a second time and straight from the agreement."""
    begun = [v.agreement for v in group.versions if v.agreement.validity.from_ <= at]
    if not begun:
        return False
    newest = max(begun, key=lambda version: version.version)
    party = newest.party(account.member)
    accepted = newest.digest in group.acceptances.get(account.member, {})
    if party is None or not accepted or party.role.value not in {"receiver", "both"} or at > newest.validity.until:
        return False
    passes_on = party.redistributes or account.redistributes
    if row.rank > party.clearance or (passes_on and row.rank > CAPS[newest.terms.onward]):
        return False
    start = group.starts.get(account.member, {}).get(Label(row.rank))
    if start is None or row.position < start:
        return False
    return not account.redistributes or row.position >= last_closed(group, account, row, at)


def last_closed(group: Group, account: Caller, row: Stored, at: int) -> int:
    """The first instant after the last version whose cap closed that label to the member's redistributing accounts."""
    begun = sorted((v.agreement for v in group.versions if v.agreement.validity.from_ <= at), key=lambda v: v.version)
    opened = 0
    for before, after in itertools.pairwise(begun):
        party = before.party(account.member)
        if party is not None and party.role.receives and row.rank > min(party.clearance, CAPS[before.terms.onward]):
            opened = after.validity.from_
    return opened


@PATIENT
@given(versions(), histories, accounts, st.integers(0, 4), st.integers(-5, 5))
def test_explain_equals_poll(
    reviewed: tuple[Agreement, ...], history: History, account: Caller, rank: int, shift: int
) -> None:
    """Red if what `explain` says differs from what the entitlement lets a poll return, or its last reason from both."""
    world = world_of(reviewed)
    deque(play(world, history), maxlen=0)
    starts = [start for held in world.group.starts.values() for start in held.values()]
    for row in [*world.rows, *(Stored(rank, max(start + shift, 0)) for start in starts)]:
        said = explain(world.group, account, row, world.at)
        granted = entitlement(world.group, account, world.at)
        assert said.received == (granted is not None and granted.sees(row.rank, row.position))
        assert said.received == polled(world.group, account, row, world.at)
        assert said.received == (said.reasons[-1].code == "start")
        assert all(reason.code in PASSED for reason in said.reasons[:-1])
        assert said.received or said.reasons[-1].code not in PASSED


@PATIENT
@given(versions(), histories)
def test_t21_nothing_opens_behind_a_cursor(reviewed: tuple[Agreement, ...], history: History) -> None:
    """T-21. Red if a reader that only moves forward misses a row it is entitled to, whatever is agreed when."""
    for member in MEMBERS:
        follow(world_of(reviewed), history, Caller(member))
        follow(world_of(reviewed), history, Caller(member, redistributes=True))


@PATIENT
@example(*RETURNED)
@example(*BETWEEN)
@example(*LOWERED)
@example(*LEFT_OUT)
@given(plain_versions(), disorder)
def test_t21_nothing_opens_behind_a_cursor_in_whatever_order(reviewed: tuple[Agreement, ...], history: History) -> None:
    """T-21. Red if `open_from` returns what is recorded: versions accepted ahead, approved late, or both."""
    for member in MEMBERS:
        follow(world_of(reviewed, proposed=2), history, Caller(member))
        follow(world_of(reviewed, proposed=2), history, Caller(member, redistributes=True))


@PATIENT
@example(*RETURNED)
@example(*BETWEEN)
@example(*LOWERED)
@example(*LEFT_OUT)
@given(plain_versions(), disorder)
def test_nobody_reads_what_its_publisher_never_shared_with_it(
    reviewed: tuple[Agreement, ...], history: History
) -> None:
    """A text in force must let the reader in, then or since. Red if acceptances ahead share history, and no more."""
    world = world_of(reviewed, proposed=2)
    shared: dict[Stored, set[str]] = {}
    for _ in play(world, history):
        try:
            text = in_force(world.group, world.at)
        except Refusal:
            continue
        for row in world.rows:
            if text.digest in world.group.acceptances.get(row.publisher, {}):
                shared.setdefault(row, {row.publisher}).update(receivers(text, row.rank))
        for member in MEMBERS:
            granted = entitlement(world.group, Caller(member), world.at)
            read = [row for row in world.rows if granted is not None and granted.sees(row.rank, row.position)]
            assert all(member in shared[row] for row in read), "its publisher never let the reader in"


def receivers(text: Agreement, rank: int) -> set[str]:
    """The parties that receive rows of that rank under a text."""
    return {
        party.member
        for party in text.parties
        if party.role.receives
        and rank <= party.clearance
        and not (party.redistributes and rank > CAPS[text.terms.onward])
    }


@PATIENT
@given(versions(), histories)
def test_starts_rise_with_the_rank(reviewed: tuple[Agreement, ...], history: History) -> None:
    """Red if a stricter label can be read from an earlier position than a laxer one, or a lax one not at all."""
    world = world_of(reviewed)
    deque(play(world, history), maxlen=0)
    for starts in world.group.starts.values():
        ranks = sorted(starts)
        assert ranks == list(range(len(ranks)))
        assert [starts[rank] for rank in ranks] == sorted(starts.values())


@PATIENT
@given(agreements(1, 0), st.sampled_from(list(Label)), st.sampled_from(MEMBERS[1:]))
def test_removing_a_party_never_adds_a_recipient(terms: Agreement, label: Label, removed: str) -> None:
    """Red if a party's absence can open something to another."""
    fewer = replace(terms, parties=tuple(party for party in terms.parties if party.member != removed))
    before = {one.member for one in audience(group_of(terms), label, AT) if one.received}
    after = {one.member for one in audience(group_of(fewer), label, AT) if one.received}
    assert after == before - {removed}


def decided(thing: Thing, label: Label, shelf: Shelf, group: Group) -> Label | None:
    """The effective label if it may be published, else None."""
    try:
        return may_publish(group, Caller(A), tlp=label, objects=[thing], held=shelf, at=AT).ranks[0]
    except Refusal:
        return None


OTHER_ID = "tool--00000000-0000-4000-8000-000000000001"
things = st.builds(
    Thing,
    id=st.sampled_from(
        [f"{kind}--00000000-0000-4000-8000-000000000002" for kind in ("note", "email-addr", "identity")]
    ),
    author=st.sampled_from([None, A, B]),
    markings=st.lists(st.sampled_from(sorted(PINNED)), max_size=2).map(tuple),
    tlp_labels=st.sampled_from([(), ("tlp:green",), ("tlp:purple",)]),
    mentions=st.sampled_from([(), (OTHER_ID,)]),
)
shelves = st.builds(
    Shelf,
    lowest=st.sampled_from([{}, {OTHER_ID: Label.GREEN}, {OTHER_ID: Label.AMBER_STRICT}]),
    members=st.just(frozenset({A, B})),
)
terms_of = st.fixed_dictionaries(
    {
        "ceiling": st.sampled_from(LABELS),
        "unmarked": st.sampled_from(["allow", "refuse"]),
        "object_types": st.sampled_from([["any"], ["indicator"]]),
    }
)


@PATIENT
@given(things, st.sampled_from(list(Label)), shelves, terms_of, st.sampled_from(list(Label)))
def test_a_stricter_marking_never_turns_a_refusal_into_a_permit(
    thing: Thing, label: Label, shelf: Shelf, terms: dict[str, object], more: Label
) -> None:
    """Red if adding a marking to a marked object gets it through, or lowers its effective label."""
    group = group_of(agreement(terms=terms))
    if not thing.markings and "tlp:green" not in thing.tlp_labels:
        thing = replace(thing, markings=tlp("clear"))
    before = decided(thing, label, shelf, group)
    after = decided(replace(thing, markings=(*thing.markings, *tlp(more.text))), label, shelf, group)
    assert after is None or (before is not None and after >= before)


@PATIENT
@given(things, st.sampled_from(list(Label)), shelves, terms_of)
def test_what_is_permitted_is_never_laxer_than_marked(
    thing: Thing, label: Label, shelf: Shelf, terms: dict[str, object]
) -> None:
    """T-14, T-15. Red if anything is permitted below its own or its manifest's label, above the ceiling, or red."""
    rank = decided(thing, label, shelf, group_of(agreement(terms=terms)))
    own = [PINNED[ref] for ref in thing.markings]
    if rank is not None:
        assert rank == max([label, *own])
        assert rank <= Label.of(str(terms["ceiling"])) < Label.RED


@given(st.lists(st.tuples(st.sampled_from(list(Label)), st.integers(0, 9)), min_size=1, unique_by=lambda pair: pair[0]))
def test_a_uniform_entitlement_is_one_comparison(starts: list[tuple[Label, int]]) -> None:
    """Red if the shortcut for readers from the start differs from the full rule, or is not taken where it could be."""
    group = replace(group_of(agreement(parties=[{"member": A, "clearance": "amber+strict"}])), starts={A: dict(starts)})
    granted = entitlement(group, Caller(A), AT)
    if granted is not None:
        assert granted.uniform == all(granted.sees(label, 0) == (label <= granted.clearance) for label in Label)
