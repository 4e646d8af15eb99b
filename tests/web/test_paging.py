"""Does a poller get everything once? Rows 171, 190 to 198; T-06, T-59, T-60, T-64."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.stage import Stage, indicator, told

EVERYTHING = [f"{number:02x}" for number in (*range(1, 10), 20, 21, 22, 0)]


def ids(body: Any) -> list[str]:
    """The last digits of each id, in order."""
    return [each["id"][-2:] for each in body.get("objects", [])]


def pages(stage: Stage, query: str, path: str = "objects/", who: str = "alpha", *, keep: bool = True) -> Iterator[Any]:
    """Page after page by `next`; `keep` repeats the first query beside it, as the standard asks."""
    following = ""
    for _ in range(50):
        body = told(stage.call(stage.objects(path=f"{path}?{query if keep or not following else ''}{following}"), who))
        assert ("next" in body) is body["more"]
        assert body["more"] is False or body["objects"]
        yield body
        if not body["more"]:
            return
        following = f"&next={body['next']}"
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("limit", range(1, len(EVERYTHING) + 2))
@pytest.mark.parametrize("path", ["objects/", "manifest/"])
def test_190_to_192_t60_the_union_of_pages_is_the_whole(stage: Stage, limit: int, path: str) -> None:
    """Red if a page repeats or skips a row, promises more than there is, or exceeds its limit."""
    found = list(pages(stage, f"limit={limit}", path))
    assert [each for body in found for each in ids(body)] == EVERYTHING
    assert all(len(body["objects"]) <= limit for body in found)
    assert len(found) == -(-len(EVERYTHING) // limit)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 13])
@pytest.mark.parametrize("digits", [6, 3, 0])
def test_171_193_t59_paging_by_added_after_alone(stage: Stage, limit: int, digits: int) -> None:
    """Red if two rows share a date, or the last of a commit does not fall on a whole millisecond.

    Clients that cut the header to milliseconds or seconds get rows again, and never miss one.
    """
    found: list[str] = []
    after = ""
    for _ in range(40):
        answer = stage.call(stage.objects(path=f"objects/?limit={limit}{after}"))
        new = [each for each in ids(told(answer)) if each not in found]
        found += new
        if not new and digits < 6 and told(answer)["more"]:
            break  # a client that cuts dates cannot pass rows of one second a page smaller than they are
        if not told(answer)["more"]:
            break
        last = answer.headers["X-TAXII-Date-Added-Last"]
        after = f"&added_after={last[: 20 + digits].rstrip('.').rstrip('Z')}Z"
    assert found == EVERYTHING[: len(found)]
    assert digits < 6 or found == EVERYTHING


def test_196_t64_elastic_and_opencti_send_next_in_their_ways(stage: Stage) -> None:
    """Red if `next` alone, or beside a changed or omitted `added_after`, is refused or begins anew."""
    first = told(stage.call(stage.objects(path="objects/?limit=4&match[version]=all&added_after=2020-01-01T00:00:00Z")))
    expected = None
    for beside in (
        "&match[version]=all&added_after=2020-01-01T00:00:00Z",
        "&added_after=2026-11-20T10:30:00.000005Z",
        "&match[version]=all",
        "",
    ):
        body = told(stage.call(stage.objects(path=f"objects/?limit=4&next={first['next']}{beside}")))
        assert expected is None or ids(body) == expected
        expected = ids(body)
    assert expected == ["04", "05", "06", "07"]


def test_192_195_a_token_is_replayable_and_the_limit_may_change(stage: Stage) -> None:
    """Red if a token is used up, or bound to the page size."""
    token = told(stage.call(stage.objects(path="objects/?limit=4")))["next"]
    twice = [ids(told(stage.call(stage.objects(path=f"objects/?limit=3&next={token}")))) for _ in range(2)]
    assert twice == [EVERYTHING[4:7]] * 2


def test_196_a_changed_filter_beside_next_is_400(stage: Stage) -> None:
    """Red if a token can be widened."""
    token = told(stage.call(stage.objects(path="objects/?limit=2&match[type]=indicator")))["next"]
    for beside in ("match[type]=indicator,malware", "match[version]=all", "match[id]=indicator--x"):
        assert stage.call(stage.objects(path=f"objects/?next={token}&{beside}")).status_code == 400


def test_194_t06_a_token_is_good_for_one_member_collection_and_endpoint(stage: Stage) -> None:
    """Red if a token of one place is taken at another: it would carry its filters, or its reader's rights, along."""
    token = told(stage.call(stage.objects(path="objects/?limit=2&match[version]=all")))["next"]
    one = "objects/indicator--8e2e2d2b-17d4-4cbf-938f-000000000000"
    assert stage.call(stage.objects(path=f"objects/?next={token}")).status_code == 200
    assert stage.call(stage.objects("first-group", path=f"objects/?next={token}")).status_code == 200
    for path in (f"manifest/?next={token}", f"{one}/?next={token}", f"{one}/versions/?next={token}"):
        assert stage.call(stage.objects(path=path)).status_code == 400
    for name in (stage.first.proofs, stage.second.id):
        assert stage.call(stage.objects(name, f"objects/?next={token}")).status_code == 400
    assert stage.call(stage.objects(path=f"objects/?next={token}"), "romeo").status_code == 400


def test_t06_a_token_with_any_bit_changed_is_400(stage: Stage) -> None:
    """Red if a part of the token is not covered by its code, or a garbled one is a 500."""
    token = told(stage.call(stage.objects(path="objects/?limit=2")))["next"]
    for place, letter in enumerate(token):
        other = "B" if letter == "A" else "A"
        answer = stage.call(stage.objects(path=f"objects/?next={token[:place]}{other}{token[place + 1 :]}"))
        assert (answer.status_code, told(answer)["error_code"]) == (400, "bad-cursor")


def test_198_rows_added_between_pages_come_at_the_end(fresh: Stage) -> None:
    """Red if publishing while somebody pages makes it miss or repeat a row."""
    fresh.publish("alpha", [indicator(number) for number in range(5)])
    found: list[str] = []
    for number, body in enumerate(pages(fresh, "limit=2")):
        found += ids(body)
        if number < 2:
            fresh.publish("bravo", [indicator(10 + number)])
    assert found == ["00", "01", "02", "03", "04", "0a", "0b"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limits=st.lists(st.integers(1, 14), min_size=14, max_size=14),
    after=st.sampled_from(["", "&added_after=2026-11-20T00:00:00Z", "&added_after=2001-01-01T00:00:00Z"]),
    who=st.sampled_from("ab"),
)
def test_t60_any_limits_in_any_order(stage: Stage, limits: list[int], after: str, who: str) -> None:
    """Red if the page size is kept in the token, or `added_after` beside a token counts."""
    reader = {"a": "alpha", "b": "bravo"}[who]
    whole = ids(told(stage.call(stage.objects(), reader)))
    found: list[str] = []
    query = ""
    for limit in limits:
        body = told(stage.call(stage.objects(path=f"objects/?limit={limit}{query}"), reader))
        found += ids(body)
        if not body["more"]:
            break
        query = f"&next={body['next']}{after}"
    assert found == whole
