"""What a member, and an operator, is told: its own agreements, keys and backlog, and nothing of others."""

from typing import Any

import pytest

from feeds.taxii_query import Query, VersionFilter
from hub.access import Absent, find
from hub.acts import Unknown
from hub.explaining import explain_object
from hub.listing import agreement_shown, agreements_listed, member_shown, members_listed
from hub.membership import agreement_document, agreement_of, agreements_of, keys_of_group, me
from hub.poll import one_object
from hub.store import keyring
from hub.store.registry import bump
from support.papers import agreement, brought_in, imported, member, member_toml
from support.signing import signer_of
from support.stix_objects import indicator
from support.world import Cirt, World


def told(world: World, cirt: Cirt) -> dict[str, Any]:
    world.hub.deliveries.flush()
    with world.hub.database.reading() as tx:
        return me(tx, world.hub.registries.of(tx), cirt.account, world.clock())


def test_a_member_sees_how_far_it_is_behind(world: World) -> None:
    """Red if the count takes in what the member may not see, or does not fall when it polls."""
    a, b = world.cirt("a"), world.cirt("b")
    held = world.agreement([(a, "both", "amber"), (b, "both", "green")])
    a.publish(held, [indicator()])
    a.publish(held, [indicator(id="indicator--4c1d2f7e-0a4b-4b57-9d7b-5a9e0c6d1a22")], "amber")
    before = told(world, b)["agreements"][0]
    assert (before["behind"], before["last_poll"]) == (1, None)
    b.poll(held.id)
    after = told(world, b)["agreements"][0]
    assert (after["behind"], after["last_poll"] is None) == (0, False)


def test_a_filtered_poll_moves_nothing(world: World) -> None:
    """Red if one object, or all of one kind, counts as having received everything up to there."""
    a, b = world.cirt("a"), world.cirt("b")
    held = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    one, two = indicator(), indicator(id="indicator--4c1d2f7e-0a4b-4b57-9d7b-5a9e0c6d1a22")
    for value in (one, two):
        a.publish(held, [value])
    with world.hub.database.reading() as tx:
        registry = world.hub.registries.of(tx)
        seen = find(registry, b.account, held.id, world.clock())
        one_object(world.hub, tx, registry, b.account, seen, two["id"], Query())
    filters: tuple[dict[str, Any], ...] = (
        {"match_id": (two["id"],)},
        {"match_type": ("indicator",)},
        {"match_version": VersionFilter(first=True)},
    )
    for query in filters:
        assert b.ids(held.id, **query)[-1] == two["id"]
        told_so = told(world, b)["agreements"][0]
        assert (told_so["behind"], told_so["last_poll"] is None) == (2, False)
    b.ids(held.id, match_version=VersionFilter(all=True), limit=1)
    assert told(world, b)["agreements"][0]["behind"] == 0


def test_t19_only_ones_own_agreements_exist(world: World) -> None:
    """T-19. Red if an agreement of others is listed, or its document, terms or keys are given."""
    a, b, c = world.cirt("a"), world.cirt("b"), world.cirt("c")
    mine = world.agreement([(a, "both", "amber"), (b, "both", "amber")], accepted=False)
    theirs = world.agreement([(b, "both", "amber"), (c, "both", "amber")])
    with world.hub.database.reading() as tx:
        registry, at = world.hub.registries.of(tx), world.clock()
        listed = agreements_of(tx, registry, a.account, at)
        assert [(each["group"], each["versions"][0]["accepted"]) for each in listed] == [(mine.id, False)]
        assert agreement_document(registry, a.account, mine.alias, at) == mine.raw
        assert [
            party["member"] for party in agreement_of(tx, registry, a.account, mine.id, at)["versions"][0]["parties"]
        ]
        assert {key["member"] for key in keys_of_group(registry, a.account, mine.id, at)} == {a.id, b.id}
        for name in (theirs.id, theirs.alias, theirs.proofs, "99999999-9999-4999-8999-999999999999"):
            with pytest.raises(Absent):
                agreement_of(tx, registry, a.account, name, at)
            with pytest.raises(Absent):
                agreement_document(registry, a.account, name, at)
            with pytest.raises(Absent):
                keys_of_group(registry, a.account, name, at)
        with pytest.raises(Absent):
            agreement_document(registry, a.account, mine.id, at, digest=theirs.digest)


def test_keys_that_nobody_confirmed_are_not_offered(world: World) -> None:
    """Red if a pending key is told to the other parties."""
    a = world.cirt("a")
    held = world.agreement([(a, "both", "amber")])
    with world.hub.database.writing() as tx:
        keyring.add(tx, kid=signer_of("x").kid, member=a.id, jwk=dict(signer_of("x").jwk), at=world.clock())
        bump(tx)
    with world.hub.database.reading() as tx:
        offered = keys_of_group(world.hub.registries.of(tx), a.account, held.id, world.clock())
    assert [key["kid"] for key in offered] == [a.signer.kid]


def test_explain_says_what_a_poll_does(world: World) -> None:
    """Red if the operator's account differs from what the member receives."""
    a, b = world.cirt("a"), world.cirt("b")
    held = world.agreement([(a, "both", "amber"), (b, "both", "green")])
    a.publish(held, [indicator()], "amber")
    with world.hub.database.reading() as tx:
        registry, at = world.hub.registries.of(tx), world.clock()
        mine = explain_object(tx, registry, held.alias, indicator()["id"], "a", at)
        theirs = explain_object(tx, registry, held.id, indicator()["id"], b.id, at)
        assert (mine["received"], theirs["received"]) == (True, False)
        assert theirs["reasons"][-1]["code"] == "above-clearance"
        for group, stix_id, name in (("x", "x", "a"), (held.id, "indicator--x", "a"), (held.id, "x", "nobody")):
            with pytest.raises(Unknown):
                explain_object(tx, registry, group, stix_id, name, at)
    assert (len(a.poll(held.id)), b.poll(held.id)) == (1, [])


def test_operators_see_members_and_agreements(world: World) -> None:
    """Red if a waiting change, the approvals of a text or the clock's verdict is left out."""
    member(world)
    imported(world, member_toml(name="CERT Renamed"))
    brought_in(world, agreement())
    imported(world, agreement(version=2))
    with world.hub.database.reading() as tx:
        registry, at = world.hub.registries.of(tx), world.clock()
        assert [(row["alias"], row["changes"]) for row in members_listed(tx)] == [("aa", True)]
        shown = member_shown(tx, "aa")
        assert (shown["name"], shown["approved_by"], shown["next_approved_by"]) == ("CERT AA", ["alice", "bob"], [])
        assert [row["now"] for row in agreements_listed(tx, registry, at)] == ["in-force", "proposed"]
        told = agreement_shown(tx, registry, "example-rapid", at)
        assert [version["approved_by"] for version in told["versions"]] == [["alice", "bob"], []]  # type: ignore[attr-defined]
        with pytest.raises(Unknown):
            member_shown(tx, "nobody")
