"""What does a token see that passes on what it reads? Of its own member's publications, no more than a poll gives."""

import orjson
import pytest

from keys.acceptance import Action, sign_acceptance
from support.stage import Stage, indicator, told

STRICT, LAX = indicator(1), indicator(2)


@pytest.fixture
def feed(fresh: Stage) -> Stage:
    """Give a stage on which ALPHA has published strictly and laxly, and has a token "feed" that redistributes."""
    fresh.publish("alpha", [LAX], "clear")
    fresh.credentials["feed"], _ = fresh.world.token(fresh.world.cirts["alpha"].id, redistributes=True)
    return fresh


def test_it_polls_up_to_the_cap(feed: Stage) -> None:
    """Red if the rule takes polling away too."""
    feed.publish("alpha", [STRICT], "amber+strict")
    assert [each["id"] for each in told(feed.call(feed.objects(), "feed"))["objects"]] == [LAX["id"]]
    collections = told(feed.call("/live/collections/", "feed"))["collections"]
    assert {(each["can_read"], each["can_write"]) for each in collections} == {(True, False)}


def test_it_does_not_publish_and_asks_nothing_of_publications(feed: Stage) -> None:
    """Red if `rights` or `for_oneself` forgets it: streams, dry runs and receipts tell of stricter things."""
    status = feed.publish("alpha", [STRICT], "amber+strict")
    group, alpha = feed.first, feed.world.cirts["alpha"]
    assert feed.post(feed.objects(), feed.envelope("alpha", [indicator(3)]), "feed").status_code == 403
    body = orjson.dumps({"objects": [indicator(3)]})
    assert feed.post(f"/api/v1/dry-run/{group.id}", body, "feed", "application/json").status_code == 403
    assert feed.call(f"/api/v1/streams/{group.id}?since=amber%2Bstrict:0", "feed").status_code == 403
    assert feed.call(f"/live/status/{status['id']}/", "feed").status_code == 404
    jws = sign_acceptance(
        group=group.id, agreement=group.digest, action=Action.ACCEPT, n=9, iss=alpha.id, iat=feed.world.clock(),
        signer=alpha.signer,
    )  # fmt: skip
    path = f"/api/v1/agreements/{group.id}/acceptances"
    assert feed.post(path, jws.encode(), "feed", "application/jose").status_code == 403


def test_it_is_told_as_much_as_it_may_read(feed: Stage) -> None:
    """Red if explain counts its member's own rows, or its standing names labels above the cap."""
    feed.publish("alpha", [STRICT], "amber+strict")
    for stix_id, status in ((STRICT["id"], 404), (LAX["id"], 200)):
        assert feed.call(f"/api/v1/explain/{feed.first.id}/{stix_id}", "feed").status_code == status
    assert feed.call(f"/api/v1/explain/{feed.first.id}/{STRICT['id']}").status_code == 200
    for who, labels in (("feed", {"clear"}), ("alpha", {"clear", "green", "amber", "amber+strict"})):
        (first,) = (each for each in told(feed.call("/api/v1/me", who))["agreements"] if each["group"] == feed.first.id)
        assert set(first["starts"]) == labels


def test_a_publisher_that_receives_nothing_has_nothing_for_it(feed: Stage) -> None:
    """Red if a collection that it can neither read nor write is shown to it."""
    feed.credentials["papa's feed"], _ = feed.world.token(feed.world.cirts["papa"].id, redistributes=True)
    assert feed.call(f"/live/collections/{feed.first.id}/", "papa").status_code == 200
    assert feed.call(f"/live/collections/{feed.first.id}/", "papa's feed").status_code == 404
