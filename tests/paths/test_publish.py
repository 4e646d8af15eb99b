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
