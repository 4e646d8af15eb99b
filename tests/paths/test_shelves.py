"""What lies on a publisher's shelf, and what a reader is shown of it: versions, repeats, conflicts, revocations.

ALPHA receives up to amber+strict, ROMEO up to amber, BRAVO up to green; all but ROMEO publish.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from feeds.taxii_query import VersionFilter
from keys.envelope import Item, item_of
from support.failpoints import Point, Second, until_it_waits
from support.stage import Stage, indicator, told
from support.stix_objects import observable
from support.world import World, envelope_of

NUMBERS = count(100)
"""Objects that no other test has."""
VERSIONS = tuple(f"2026-11-20T0{hour}:00:00.000Z" for hour in range(1, 6))


def version(number: int, at: int, **changes: Any) -> dict[str, Any]:
    """A version of an indicator; `at` 0 to 4."""
    return indicator(number, modified=VERSIONS[at], **changes)


def sent(stage: Stage, who: str, stix_id: str, **chosen: Any) -> list[tuple[str, str]]:
    """(modified, name) of each row of the id that a member is sent, in order."""
    bodies = stage.world.cirts[who].poll(
        stage.first.id, match_id=(stix_id,), match_version=VersionFilter(**chosen) if chosen else None
    )
    return [(value.get("modified", ""), value.get("name", "")) for value in map(json.loads, bodies)]


def times(stage: Stage, who: str, stix_id: str, **chosen: Any) -> list[int]:
    """Which of `VERSIONS` a member is sent."""
    return [VERSIONS.index(modified) for modified, _ in sent(stage, who, stix_id, **chosen)]


def refused(stage: Stage, value: dict[str, Any], tlp: str = "green", who: str = "alpha") -> str:
    """The code with which an object is refused."""
    failed = told(stage.post(stage.objects(), stage.envelope(who, [value], tlp), who))["failures"]
    return str(next(each["message"] for each in failed if each.get("id") == value["id"]).partition(":")[0])


def test_t43_twice_in_one_envelope_is_once(lasting: Stage) -> None:
    """Red if the same object twice makes two rows, or a manifest may list it twice."""
    alpha, value = lasting.world.cirts["alpha"], item_of(indicator(next(NUMBERS)))
    manifest, _ = alpha.manifest(lasting.first, [value])
    answer = told(lasting.post(lasting.objects(), envelope_of([value, manifest, value])))
    assert answer["failure_count"] == 0, answer
    alpha.remember(lasting.first)
    assert len(sent(lasting, "bravo", value.id, all=True)) == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_t43_versions_in_one_envelope_in_any_order(lasting: Stage, order: Sequence[int]) -> None:
    """S5, S30: versioning. Red if which one is the last depends on the order of the envelope."""
    number = next(NUMBERS)
    lasting.publish("alpha", [version(number, at) for at in order])
    stix_id = indicator(number)["id"]
    assert sorted(times(lasting, "bravo", stix_id, all=True)) == [0, 1, 2]
    assert times(lasting, "bravo", stix_id) == [2]
    assert times(lasting, "bravo", stix_id, first=True) == [0]
    assert sorted(times(lasting, "bravo", stix_id, first=True, last=True)) == [0, 2]


def test_t43_other_content_under_the_same_version_is_refused(lasting: Stage) -> None:
    """Row 123, S1, S6. Red if the second content replaces the first: in one envelope, later, or spelt otherwise."""
    number = next(NUMBERS)
    one, other = version(number, 1), version(number, 1, name="other content")
    same_instant = other | {"modified": VERSIONS[1].replace(".000Z", "Z")}
    alpha = lasting.world.cirts["alpha"]
    manifest, _ = alpha.manifest(lasting.first, [one])
    both = told(lasting.post(lasting.objects(), envelope_of([item_of(one), item_of(other), manifest])))
    assert both["success_count"] == 0
    lasting.publish("alpha", [one])
    assert [refused(lasting, each) for each in (other, same_instant)] == ["conflicting-content"] * 2
    assert sent(lasting, "bravo", one["id"], all=True) == [(VERSIONS[1], one["name"])]


def test_s11_an_observable_has_its_date_for_a_version(lasting: Stage) -> None:
    """Red if other bytes of an object without versions conflict, or the same bytes are a further version."""
    first = observable(id=f"ipv4-addr--00000000-0000-4000-8000-{next(NUMBERS):012x}")
    other = first | {"value": "198.51.100.7"}
    for value in (first, first, other, other):
        lasting.publish("alpha", [value])
    bodies = lasting.world.cirts["bravo"].poll(
        lasting.first.id, match_id=(first["id"],), match_version=VersionFilter(all=True)
    )
    assert bodies == [item_of(first).canonical, item_of(other).canonical]
    answer = lasting.call(lasting.objects(path=f"objects/{first['id']}/versions/"), "bravo")
    assert told(answer)["versions"] == sorted(told(answer)["versions"])
    assert len(told(answer)["versions"]) == 2


def test_186_a_late_older_version_is_not_the_current_one(lasting: Stage) -> None:
    """S5. Red if what arrives last is the last, or a poller that moves on is sent an older version as current."""
    number = next(NUMBERS)
    stix_id = indicator(number)["id"]
    lasting.publish("alpha", [version(number, 3)])
    position = lasting.call(lasting.objects(), "bravo").headers["X-TAXII-Date-Added-Last"]
    lasting.publish("alpha", [version(number, 1)])
    assert times(lasting, "bravo", stix_id) == [3]
    later = told(lasting.call(lasting.objects(path=f"objects/?added_after={position}&match[id]={stix_id}"), "bravo"))
    assert later == {"more": False}
    assert times(lasting, "bravo", stix_id, first=True) == [1]


def test_a_newer_version_above_the_clearance_hides_nothing(lasting: Stage) -> None:
    """Red if last or first is judged by versions that the reader may not see."""
    number = next(NUMBERS)
    stix_id = indicator(number)["id"]
    lasting.publish("alpha", [version(number, 1)])
    lasting.publish("alpha", [version(number, 0), version(number, 3)], "amber")
    lasting.publish("alpha", [version(number, 4)], "amber+strict")
    assert [times(lasting, who, stix_id) for who in ("bravo", "romeo", "alpha")] == [[1], [3], [4]]
    assert [times(lasting, who, stix_id, first=True) for who in ("bravo", "romeo", "alpha")] == [[1], [0], [0]]
    assert [times(lasting, who, stix_id, all=True) for who in ("bravo", "romeo")] == [[1], [1, 0, 3]]


def test_a_laxer_label_reaches_the_others_at_a_new_position(lasting: Stage) -> None:
    """Red if a row is relaxed where it lies, behind the cursors of those it opens to, or shows twice."""
    value = indicator(next(NUMBERS))
    lasting.publish("alpha", [value], "amber")
    filler = indicator(next(NUMBERS))
    lasting.publish("alpha", [filler])
    position = lasting.call(lasting.objects(), "bravo").headers["X-TAXII-Date-Added-Last"]
    told_so = lasting.publish("alpha", [value])
    assert "written again under green" in json.dumps(told_so)
    later = told(lasting.call(lasting.objects(path=f"objects/?added_after={position}"), "bravo"))
    assert later["objects"] == [value]
    assert len(sent(lasting, "romeo", value["id"], all=True)) == 1
    stricter = lasting.publish("alpha", [value], "amber+strict")
    assert "does not take back what was released" in json.dumps(stricter)
    assert len(sent(lasting, "bravo", value["id"])) == 1


def test_a_revocation_is_final_and_reaches_all(lasting: Stage) -> None:
    """S7. Red if a revocation goes out under a label that some holders cannot read, or a version follows it."""
    number = next(NUMBERS)
    ended = version(number, 2, revoked=True)
    lasting.publish("alpha", [version(number, 0)])
    assert refused(lasting, ended, "amber") == "stricter-revocation"
    assert refused(lasting, version(number, 1, created="2026-11-18T00:00:00.000Z")) == "created-changed"
    lasting.publish("alpha", [ended])
    assert refused(lasting, version(number, 3)) == "already-revoked"
    assert times(lasting, "bravo", ended["id"]) == [2]


def test_f09_every_publisher_has_a_shelf(lasting: Stage) -> None:
    """F-09: the same object by two publishers, and a third version by one of them: nobody's is overwritten or hidden.

    Red if versions are judged over the whole collection.
    """
    number = next(NUMBERS)
    stix_id = indicator(number)["id"]
    lasting.publish("alpha", [version(number, 1)])
    lasting.publish("bravo", [version(number, 1)])
    lasting.publish("bravo", [version(number, 2, name="as BRAVO sees it")])
    lasting.publish("bravo", [version(number, 0, name="earlier, as BRAVO saw it")])
    assert sorted(times(lasting, "romeo", stix_id)) == [1, 2]
    assert sorted(times(lasting, "romeo", stix_id, all=True)) == [0, 1, 1, 2]
    lasting.publish("bravo", [version(number, 3, revoked=True)])
    lasting.publish("alpha", [version(number, 4)])
    assert sorted(times(lasting, "romeo", stix_id)) == [3, 4]


def test_f09_two_publishers_at_once(world: World, second: Second) -> None:
    """F-09: A's publication is halted before its commit while B posts the same objects; a reader has both, whole.

    Red if positions are read from the group's row without its lock.
    """
    a, b, c = world.cirt("a"), world.cirt("b"), world.cirt("c")
    group = world.agreement([(a, "both", "amber"), (b, "both", "amber"), (c, "receiver", "amber")])
    values = [version(number, 0) for number in (1, 2)]
    halt, slow = second.start(a, group, a.envelope(group, values), Point.STAMPED)
    with ThreadPoolExecutor(1) as threads:
        fast = threads.submit(b.publish, group, values)
        until_it_waits(world, fast)
        assert c.ids(group.id) == []
        halt.go.set()
        assert slow.result()["failure_count"] == 0
        assert fast.result()["failure_count"] == 0
    ids = [value["id"] for value in values]
    assert c.ids(group.id) == [*ids, *ids]
    assert [json.loads(body)["created_by_ref"] for body in c.poll(group.proofs)] == [a.id, b.id]


def test_f10_two_versions_at_once(world: World, second: Second) -> None:
    """F-10: the older one is halted before its commit while the newer is posted; both stand, and one is the last.

    Red if a shelf is judged before the lock that makes one publication wait for the other.
    """
    a, b = world.cirt("a"), world.cirt("b")
    group = world.agreement([(a, "both", "amber"), (b, "receiver", "amber")])
    assert a.publish(group, [version(2, 0)])["failure_count"] == 0  # the shelf is there: it is locked, not made
    older: list[Item] = [item_of(version(1, 0))]
    halt, slow = second.start(a, group, a.envelope(group, older, "amber"), Point.STAMPED)
    with ThreadPoolExecutor(1) as threads:
        fast = threads.submit(a.publish, group, [version(1, 1)])
        until_it_waits(world, fast)
        halt.go.set()
        assert slow.result()["failure_count"] == 0
        assert fast.result()["failure_count"] == 0
    wanted = VersionFilter(all=True)
    stix_id = version(1, 0)["id"]
    last = [json.loads(body)["modified"] for body in b.poll(group.id, match_id=(stix_id,))]
    every = [json.loads(body)["modified"] for body in b.poll(group.id, match_id=(stix_id,), match_version=wanted)]
    assert last == [VERSIONS[1]]
    assert every == list(VERSIONS[:2])
