"""Does a 304 go to the reader who holds the page, for that page, and to nobody else? T-23, T-12; RFC 9110 §13."""

from collections.abc import Callable, Mapping

import pytest

from hub.store import agreements, members, tokens
from hub.store.registry import bump
from hub.web.validators import entity_tag, is_known, reader_key
from policies.life import State
from support.stage import Stage, indicator, kept_headers

PATHS = ("objects/", "objects/?limit=2", "manifest/", "objects/indicator--8e2e2d2b-17d4-4cbf-938f-000000000001/")
KNOWN: Mapping[str, bool] = {
    'W/"abc"': True,
    '"abc"': True,
    ' W/"abc" ': True,
    '"x", W/"abc"': True,
    '"x","abc","y"': True,
    "*": True,
    " * ": True,
    "": False,
    "abc": False,
    'W/"ab"': False,
    'W/"ABC"': False,
    '"*"': False,
    'W/"xabc", "abcx"': False,
    '"a b c"': False,
}


@pytest.mark.parametrize("header", KNOWN, ids=repr)
def test_tags_are_compared_weakly_and_whole(header: str) -> None:
    """Red if part of a tag is enough, `W/` makes a difference, or a list is not read to its end (RFC 9110 §13.1.2)."""
    assert is_known(header, 'W/"abc"') is KNOWN[header]


def tag(stage: Stage, path: str = "objects/", who: str = "bravo") -> str:
    """The tag of a page as this reader gets it."""
    answer = stage.call(stage.objects(path=path), who)
    assert answer.status_code == 200
    return answer.headers["ETag"]


def again(stage: Stage, known: str, path: str = "objects/", who: str = "bravo") -> int:
    """The status of asking with a tag."""
    answer = stage.call(stage.objects(path=path), who, headers={"If-None-Match": known})
    assert (answer.status_code == 304) is (answer.data == b"")
    return answer.status_code


@pytest.mark.parametrize("path", PATHS)
def test_t23_the_same_page_has_another_tag_for_another_reader(stage: Stage, path: str) -> None:
    """Red if the reader is left out of the key: one member's tag then tells it what another has been given."""
    tags = {who: tag(stage, path, who) for who in ("alpha", "bravo", "romeo")}
    assert stage.call(stage.objects(path=path), "alpha").data  # green alone: what all three may see
    assert len(set(tags.values())) == 3
    for who, own in tags.items():
        assert own.startswith('W/"')
        assert {other: again(stage, own, path, other) for other in tags} == dict.fromkeys(tags, 200) | {who: 304}


@pytest.mark.parametrize("path", ["/taxii2/", "/live/", "/live/collections/", "{c}", "/api/v1/agreements"])
def test_t23_every_door_that_reads_gives_a_tag(stage: Stage, path: str) -> None:
    """Red if a door's answers differ in tag from one reader to the next only where their bodies differ."""
    place = path.format(c=stage.objects(path=""))
    own, other = (stage.call(place, who).headers["ETag"] for who in ("alpha", "bravo"))
    assert own != other
    assert stage.call(place, "alpha", headers={"If-None-Match": own}).status_code == 304
    assert stage.call(place, "alpha", headers={"If-None-Match": other}).status_code == 200


def test_a_304_says_what_a_200_would_but_for_the_body(stage: Stage) -> None:
    """RFC 9110 §15.4.5. Red if `Vary`, `Cache-Control` or a position is lost, or a type of nothing is told."""
    for method in ("GET", "HEAD"):
        page = stage.call(stage.objects(), "bravo", method)
        same = stage.call(stage.objects(), "bravo", method, headers={"If-None-Match": page.headers["ETag"]})
        assert (same.status_code, same.data) == (304, b"")
        left_out = ("Content-Type", "Content-Length")
        assert kept_headers(same) == [field for field in kept_headers(page) if field[0] not in left_out]


def test_a_tag_is_the_same_in_every_coding_and_only_on_what_was_read(stage: Stage) -> None:
    """Red if the tag depends on `Accept-Encoding`, or an error, a publication or an open door has one."""
    for how in ("gzip", "zstd", "identity"):
        assert stage.call(stage.objects(), "bravo", headers={"Accept-Encoding": how}).headers["ETag"] == tag(stage)
    for path, method in (("/live/x/", "GET"), ("/api/v1/hub", "GET"), ("/healthz", "GET"), (stage.objects(), "POST")):
        assert "ETag" not in stage.call(path, "bravo", method).headers
    assert stage.call("/live/x/", "bravo", headers={"If-None-Match": "*"}).status_code == 404


def test_what_changes_a_page_changes_its_tag(fresh: Stage) -> None:
    """Red if a page that gained a row, a version or a `next` is a 304: that poller would lose it."""
    fresh.publish("alpha", [indicator(number) for number in range(3)])
    newer = indicator(1, modified="2026-11-20T08:00:00.000Z")
    for who, value in (("alpha", indicator(3)), ("alpha", newer), ("bravo", indicator(2, name="mine"))):
        before = {path: tag(fresh, path) for path in ("objects/", "manifest/", "objects/?match[version]=all")}
        fresh.publish(who, [value])
        for path, known in before.items():
            assert again(fresh, known, path) == 200
            assert again(fresh, tag(fresh, path), path) == 304
    one, two = tag(fresh, "objects/?limit=2"), tag(fresh, "objects/?limit=3")
    assert (again(fresh, one, "objects/?limit=3"), again(fresh, two, "objects/?limit=2")) == (200, 200)


def test_t04_what_a_reader_may_not_see_does_not_move_its_tags(fresh: Stage) -> None:
    """Red if the tag is made of more than the reader's own page, such as the group's last position."""
    fresh.publish("alpha", [indicator(number) for number in range(3)])
    before = {path: tag(fresh, path) for path in PATHS}
    fresh.publish("alpha", [indicator(number) for number in range(10, 15)], "amber")
    fresh.publish("charlie", [indicator(40)], group=fresh.second)
    assert {path: tag(fresh, path) for path in PATHS} == before


def suspended(stage: Stage) -> None:
    """Suspend the agreement."""
    with stage.world.hub.database.writing() as tx:
        assert agreements.move(tx, stage.first.digest, State.APPROVED, State.SUSPENDED, stage.world.clock())
        bump(tx)


def revoked(stage: Stage) -> None:
    """Revoke BRAVO's token."""
    with stage.world.hub.database.writing() as tx:
        assert tokens.revoke(tx, stage.world.cirts["bravo"].account.token, stage.world.clock())
        bump(tx)


def out(stage: Stage) -> None:
    """Suspend BRAVO itself."""
    with stage.world.hub.database.writing() as tx:
        assert members.move(tx, stage.world.cirts["bravo"].id, State.APPROVED, State.SUSPENDED)
        bump(tx)


@pytest.mark.parametrize(("act", "expected"), [(suspended, 404), (revoked, 401), (out, 401)])
def test_t12_no_304_once_the_right_has_gone(fresh: Stage, act: Callable[[Stage], None], expected: int) -> None:
    """Red if the tag is compared before the door has judged: 304 would confirm what may no longer be known."""
    fresh.publish("alpha", [indicator(1)])
    known = tag(fresh)
    assert again(fresh, known) == 304
    act(fresh)
    for header in (known, "*"):
        answer = fresh.call(fresh.objects(), "bravo", headers={"If-None-Match": header})
        assert (answer.status_code, "ETag" in answer.headers) == (expected, False)


def test_a_tag_cannot_be_made_without_the_hubs_secret(stage: Stage) -> None:
    """Red if the secret is left out of the key: whoever sees a tag could prove a guess at the page by it."""
    answer, account = stage.call("/taxii2/", "bravo"), stage.world.cirts["bravo"].account
    made = {secret: entity_tag(reader_key(secret, account), answer.data) for secret in (stage.world.hub.secret, b"")}
    assert answer.headers["ETag"] == made[stage.world.hub.secret] != made[b""]


def test_a_restore_ends_every_tag(fresh: Stage) -> None:
    """Red if the epoch is left out: positions of the life that was lost may stand for other rows in the next."""
    fresh.publish("alpha", [indicator(1)])
    known = tag(fresh)
    with fresh.world.hub.database.writing() as tx:
        tx.run("UPDATE hub SET epoch = 'another', revision = revision + 1")
    assert again(fresh, known) == 200
