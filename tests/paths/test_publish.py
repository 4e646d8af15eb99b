"""The publish walk, whole, in process, on both engines."""

from support.stix_objects import indicator
from support.world import World


def test_published_bytes_come_back(world: World) -> None:
    """What A published, B polls byte for byte. Red if a body is rebuilt on its way."""
    a, b = world.cirt("a"), world.cirt("b")
    agreement = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    _, items = a.manifest(agreement, [indicator()])
    status = a.publish(agreement, items)
    assert status["failure_count"] == 0, status
    assert status["success_count"] == 2
    assert b.poll(agreement.id) == [items[0].canonical]
    assert len(b.poll(agreement.proofs)) == 1


def test_bytes_written_again_reach_nobody_without_their_manifest(world: World) -> None:
    """A party that joins between two manifests, cleared between their labels, sees no object without its manifest.

    Red if `policies.shelf.judge` writes bytes again under the laxer label of the old row.
    """
    a, b, c = world.cirt("a"), world.cirt("b"), world.cirt("c")
    parties = [(a, "both", "amber"), (b, "receiver", "green"), (c, "receiver", "amber")]
    agreement = world.agreement(parties, accepted=False, terms={"history": "from-joining"})
    world.accept(a, agreement)
    a.publish(agreement, [indicator()], "green")
    world.accept(b, agreement)
    world.accept(c, agreement)
    status = a.publish(agreement, [indicator()], "amber")
    assert "written again under amber" in str(status["successes"])
    assert b.poll(agreement.id) == b.poll(agreement.proofs) == []
    assert len(c.poll(agreement.id)) == len(c.poll(agreement.proofs)) == 1


def test_t48_what_one_group_accepted_is_refused_in_another(world: World) -> None:
    """A replay into another group of the same parties. Red if step 0 answers for manifests of whatever group."""
    a, b = world.cirt("a"), world.cirt("b")
    first = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    second = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    raw = a.envelope(first, [indicator()])
    assert a.post(first, raw)["failure_count"] == 0
    assert a.post(first, raw)["failure_count"] == 0  # the retry
    replayed = a.post(second, raw)
    assert replayed["success_count"] == 0
    assert "wrong-group" in str(replayed["failures"])
    assert b.poll(second.id) == b.poll(second.proofs) == []
