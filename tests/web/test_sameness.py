"""Are the absent and the forbidden the same? Status, headers, body: T-01 to T-08, T-12, T-19."""

import orjson
import pytest

from hub.store import agreements, tokens
from hub.store.registry import bump
from policies.life import State
from support.stage import NOWHERE, Stage, indicator, kept_headers, told

AMBER = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000014"  # ALPHA's in the first group, not for BRAVO
FOREIGN = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000384"  # in the second group only
NEVER = f"indicator--{NOWHERE}"


@pytest.mark.parametrize("path", ["", "objects/", "manifest/", f"objects/{AMBER}/", f"objects/{AMBER}/versions/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT"])
def test_t01_t10_a_foreign_group_is_like_none(stage: Stage, path: str, method: str) -> None:
    """Row 54. Red if any method of a foreign group's address (id, alias, proofs) differs from that of a random id."""
    never = stage.call(stage.objects(NOWHERE, path), "bravo", method)
    for name in (stage.second.id, stage.second.proofs, "second-group", "second-group-proofs"):
        foreign = stage.call(stage.objects(name, path), "bravo", method)
        assert (foreign.status_code, foreign.data) == (never.status_code, never.data)
        assert kept_headers(foreign) == kept_headers(never)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
@pytest.mark.parametrize(
    "path",
    ["objects/{}/", "objects/{}/versions/", "manifest/?match[id]={}", "objects/?match[id]={}&match[version]=all"],
)
def test_t02_t03_an_object_above_the_clearance_is_like_none(stage: Stage, path: str, method: str) -> None:
    """Row 54. Red if BRAVO can tell an amber object, or one of another group, from one that never was."""
    never = stage.call(stage.objects(path=path.format(NEVER)), "bravo", method)
    for stix_id in (AMBER, FOREIGN):
        other = stage.call(stage.objects(path=path.format(stix_id)), "bravo", method)
        assert (other.status_code, other.data) == (never.status_code, never.data)
        assert kept_headers(other) == kept_headers(never)


@pytest.mark.parametrize("path", ["explain/{c}/{o}", "explain/{c}/{o}?member=alpha", "explain/{c}/{o}?member=charlie"])
def test_t02_explaining_tells_nothing_that_polling_does_not(stage: Stage, path: str) -> None:
    """Red if the account of an object tells that it exists to who may not see it."""
    never = stage.call(f"/api/v1/{path.format(c=stage.first.id, o=NEVER)}", "bravo")
    for stix_id in (AMBER, FOREIGN):
        other = stage.call(f"/api/v1/{path.format(c=stage.first.id, o=stix_id)}", "bravo")
        assert (other.status_code, other.data, kept_headers(other)) == (404, never.data, kept_headers(never))


def test_t04_t05_t06_what_is_invisible_moves_nothing(fresh: Stage) -> None:
    """Red if a page, `more`, `next` or a header of BRAVO's depends on objects above its clearance or elsewhere."""
    for number in range(3):
        fresh.publish("alpha", [indicator(number)])
    pages = ("objects/?limit=2", "objects/?limit=3", "objects/", "manifest/?limit=2", "objects/?match[version]=all")
    before = [fresh.call(fresh.objects(path=path), "bravo") for path in pages]
    assert [told(answer)["more"] for answer in before] == [True, False, False, True, False]
    fresh.publish("alpha", [indicator(number) for number in range(10, 60)], "amber")
    fresh.publish("charlie", [indicator(number) for number in range(100, 150)], group=fresh.second)
    after = [fresh.call(fresh.objects(path=path), "bravo") for path in pages]
    for one, other in zip(before, after, strict=True):
        assert (one.data, kept_headers(one)) == (other.data, kept_headers(other))


def test_t12_rights_are_judged_anew_on_every_page(fresh: Stage) -> None:
    """T-07. Red if a `next` goes on after the agreement was suspended, or after the token was revoked."""
    fresh.publish("alpha", [indicator(number) for number in range(4)])
    token = told(fresh.call(fresh.objects(path="objects/?limit=2"), "bravo"))["next"]
    following = fresh.objects(path=f"objects/?limit=2&next={token}")
    assert fresh.call(following, "bravo").status_code == 200
    database = fresh.world.hub.database
    with database.writing() as tx:
        assert agreements.move(tx, fresh.first.digest, State.APPROVED, State.SUSPENDED, fresh.world.clock())
        bump(tx)
    assert fresh.call(following, "bravo", headers={"If-None-Match": "*"}).status_code == 404
    with database.writing() as tx:
        assert tokens.revoke(tx, fresh.world.cirts["bravo"].account.token, fresh.world.clock())
        bump(tx)
    assert fresh.call(following, "bravo").status_code == 401


def test_t19_nothing_of_another_group_is_told(stage: Stage) -> None:
    """T-18. Red if a list, a description or the caller's own standing names a group that is not the caller's."""
    for path in ("/taxii2/", "/live/", "/live/collections/", "/api/v1/me", "/api/v1/agreements", "/api/v1/hub"):
        for who in ("bravo", "zulu", "oscar"):
            text = stage.call(path, who).data
            for foreign in (stage.second.id, stage.second.proofs, stage.second.alias, stage.second.title):
                assert foreign.encode() not in text


def test_t09_a_newer_version_of_anothers_object_stands_beside_it(fresh: Stage) -> None:
    """Red if BRAVO's version of an id takes the place of ALPHA's for a reader."""
    fresh.publish("alpha", [indicator(1)])
    fresh.publish("bravo", [indicator(1, modified="2026-11-19T20:00:00.000Z", name="mine")])
    names = [each["name"] for each in told(fresh.call(fresh.objects(), "romeo"))["objects"]]
    assert names == ["Lure 1", "mine"]


def test_t08_a_conflict_with_what_is_invisible_is_not_told(fresh: Stage) -> None:
    """Red if BRAVO's status differs because ALPHA holds the same id and version under amber, with other content."""
    fresh.publish("alpha", [indicator(1, name="secret")], "amber")
    answers = []
    for number in (1, 2):
        raw = fresh.envelope("bravo", [indicator(number)])
        answers.append(orjson.loads(fresh.post(fresh.objects(), raw, "bravo").data))
        fresh.world.cirts["bravo"].remember(fresh.first)
    assert [each["failure_count"] for each in answers] == [0, 0]
    assert ["message" in entry for each in answers for entry in each["successes"]] == [False] * 4
