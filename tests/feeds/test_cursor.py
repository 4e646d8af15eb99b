"""The `next` token: TAXII 2.1 §3.5 and App. B, rows 191-196 of the checklist, T-06, T-64."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.cursor import Cursor, Scope, resume, seal, unseal
from feeds.errors import BadCursor
from feeds.taxii_query import Query, VersionFilter

SECRET = b"s" * 32
EPOCH = "3f0f3a52-5a2b-4d43-a3a5-0b9c5f7f3a10"
MEMBER = "identity--7e0cd3f6-5a56-4a0c-9d55-5f4bb53b4a33"
COLLECTION = "0d2fe6a4-1f9c-4f5b-9be2-21a9d0d3a7c1"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SCOPE = Scope(MEMBER, COLLECTION, "objects")
POSITION = 1_763_632_800_123_456
FILTERED = Query(
    match_id=("tool--1", "tool--2"),
    match_type=("tool",),
    match_spec_version=("2.1",),
    match_version=VersionFilter(first=True, instants_ns=(7, 1_763_632_800_000_000_001)),
)


def token_of(query: Query = FILTERED, scope: Scope = SCOPE) -> str:
    """A token as the first page gives it out."""
    return seal(SECRET, scope, position=POSITION, epoch=EPOCH, query=query)


def raw_of(token: str) -> bytes:
    """The bytes of a token."""
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


words = st.text(max_size=30)
queries = st.builds(
    Query,
    match_id=st.none() | st.lists(words, min_size=1).map(tuple),
    match_type=st.none() | st.lists(words, min_size=1).map(tuple),
    match_version=st.none()
    | st.builds(
        VersionFilter, st.booleans(), st.booleans(), st.booleans(), st.lists(st.integers(0, 2**63 - 1)).map(tuple)
    ),
)


@given(query=queries, position=st.integers(0, 2**63 - 1), member=words, endpoint=words)
def test_what_is_sealed_is_opened(query: Query, position: int, member: str, endpoint: str) -> None:
    """Red if a filter, a position or a scope does not survive the round trip, or the token is not fit for a URL."""
    scope = Scope(member, COLLECTION, endpoint)
    token = seal(SECRET, scope, position=position, epoch=EPOCH, query=query)
    assert set(token) <= set(ALPHABET)
    assert unseal(SECRET, scope, token, epoch=EPOCH) == Cursor(position, query)


@given(st.data())
def test_t_06_a_token_with_one_bit_changed_is_refused(data: st.DataObject) -> None:
    """T-06. Red if any bit of the token is not covered by its code, or a changed one raises another error."""
    raw = bytearray(raw_of(token_of()))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadCursor):
        unseal(SECRET, SCOPE, base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), epoch=EPOCH)


@given(st.data())
def test_t_06_a_token_with_one_letter_changed_is_refused(data: st.DataObject) -> None:
    """T-06. Red if a changed letter opens the token, or raises another error."""
    token = token_of(data.draw(st.sampled_from([Query(), FILTERED, Query(match_type=("x",)), Query(match_id=("yy",))])))
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters().filter(lambda c: c != token[place]))
    with pytest.raises(BadCursor):
        unseal(SECRET, SCOPE, token[:place] + letter + token[place + 1 :], epoch=EPOCH)


@pytest.mark.parametrize("query", [Query(), FILTERED, Query(match_type=("x",)), Query(match_type=("xyz",))])
def test_t_06_a_token_has_one_spelling(query: Query) -> None:
    """T-06. Red if base64's loose bits, padding, blanks or its other alphabet give one token a second spelling."""
    token = token_of(query)
    others = {token[:-1] + letter for letter in ALPHABET} | {token + tail for tail in ("=", "==", "\n", " ", "A")}
    others |= {token.replace("-", "+").replace("_", "/"), " " + token}
    for other in others - {token}:
        with pytest.raises(BadCursor):
            unseal(SECRET, SCOPE, other, epoch=EPOCH)


@pytest.mark.parametrize("garbage", ["", "=", "A", "next", "AAAA", "é", "A" * 65, "\x00", " ", "\ud800", "A" * 99_999])
def test_row_195_garbage_is_refused_with_the_way_out(garbage: str) -> None:
    """Row 195. Red if garbage raises another error, or the sentence does not tell how to go on."""
    with pytest.raises(BadCursor, match="added_after"):
        unseal(SECRET, SCOPE, garbage, epoch=EPOCH)


@given(st.text())
def test_row_195_any_text_is_refused(text: str) -> None:
    """Row 195. Red if any text raises something else than `BadCursor`."""
    with pytest.raises(BadCursor):
        unseal(SECRET, SCOPE, text, epoch=EPOCH)


@pytest.mark.parametrize(
    "other",
    [
        replace(SCOPE, member="identity--other"),
        replace(SCOPE, collection="other"),
        replace(SCOPE, endpoint="manifest"),
        replace(SCOPE, endpoint="object/tool--1"),
        Scope(MEMBER + COLLECTION, "", "objects"),
        Scope(MEMBER, COLLECTION + "o", "bjects"),
    ],
    ids=["member", "collection", "endpoint", "object", "moved border", "moved border behind"],
)
def test_row_194_a_token_serves_nobody_and_nowhere_else(other: Scope) -> None:
    """Row 194, T-06. Red if member, collection or endpoint is left out of the code, or the parts just run together."""
    with pytest.raises(BadCursor, match="not given out for this account, collection and endpoint"):
        unseal(SECRET, other, token_of(), epoch=EPOCH)


def test_another_secret_opens_nothing() -> None:
    """Red if the secret is not part of the code."""
    with pytest.raises(BadCursor):
        unseal(b"t" * 32, SCOPE, token_of(), epoch=EPOCH)


def test_t_06_a_token_from_before_a_restore_says_so_and_how_to_go_on() -> None:
    """T-06. Red if the epoch is not bound, or the sentence does not tell to restart from added_after."""
    with pytest.raises(BadCursor, match=r"restored.*`added_after` set to the last X-TAXII-Date-Added-Last"):
        unseal(SECRET, SCOPE, token_of(), epoch="another life")


def test_row_195_a_token_is_replayable_and_the_same_on_every_worker() -> None:
    """Row 195. Red if a token holds a nonce or is used up: a retry would lose a page."""
    assert token_of() == token_of()
    assert unseal(SECRET, SCOPE, token_of(), epoch=EPOCH) == unseal(SECRET, SCOPE, token_of(), epoch=EPOCH)


def test_t_06_nothing_foreign_is_inside() -> None:
    """T-06. Red if a token names member, collection, endpoint or epoch, or holds more than position and own filters."""
    bare = raw_of(token_of(Query()))
    assert bare[1:9] == POSITION.to_bytes(8, "big")
    assert len(bare) == 1 + 8 + 8 + 32
    for secret in (MEMBER, COLLECTION, "objects", EPOCH, SECRET.decode()):
        assert secret.encode() not in bare
    assert raw_of(token_of(Query(added_after=5, limit=3, next="abc"))) == bare


def test_a_token_of_many_filters_fits_a_url() -> None:
    """Row 196: the token carries its filters. Red if they are carried so clumsily that a proxy refuses the address."""
    ids = tuple(sorted(f"indicator--{n:08x}-5a56-4a0c-9d55-{n * 7919:012x}" for n in range(50)))
    assert len(token_of(Query(match_id=ids))) < len(",".join(ids))


def test_t_64_without_next_the_query_is_its_own() -> None:
    """T-64. Red if a query without `next` is changed, or does not begin at its `added_after`."""
    query = Query(added_after=77, limit=5, match_type=("tool",))
    assert resume(SECRET, SCOPE, query, epoch=EPOCH) == (query, 77)
    assert resume(SECRET, SCOPE, Query(), epoch=EPOCH) == (Query(), None)


@pytest.mark.parametrize("added_after", [None, 5, POSITION + 10])
def test_t_64_next_wins_over_added_after(added_after: int | None) -> None:
    """T-64, row 196: clients repeat, change and drop it. Red if `added_after` beside `next` counts or refuses."""
    query = replace(FILTERED, added_after=added_after, next=token_of(), limit=9)
    answered, after = resume(SECRET, SCOPE, query, epoch=EPOCH)
    assert after == POSITION
    assert answered == query


def test_row_196_omitted_filters_are_the_tokens_own() -> None:
    """Row 196: Elastic sends `next` alone. Red if an omitted filter widens the answer, or refuses."""
    answered, after = resume(SECRET, SCOPE, Query(next=token_of(), limit=3), epoch=EPOCH)
    assert (replace(answered, next=None), after) == (replace(FILTERED, limit=3), POSITION)


@pytest.mark.parametrize(
    "change",
    [
        {"match_id": ("tool--1",)},
        {"match_type": ("malware",)},
        {"match_spec_version": ("2.0", "2.1")},
        {"match_version": VersionFilter(all=True)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_row_196_a_changed_filter_is_refused(change: dict[str, object]) -> None:
    """Row 196. Red if a filter that differs from the token's is obeyed, or silently overruled."""
    field = next(iter(change)).removeprefix("match_")
    query = replace(FILTERED, next=token_of(), **change)  # type: ignore[arg-type]  # one field each, of its own type
    with pytest.raises(BadCursor, match=rf"match\[{field}\]"):
        resume(SECRET, SCOPE, query, epoch=EPOCH)


def test_row_196_a_filter_added_to_a_token_without_one_is_refused() -> None:
    """Row 196. Red if a token without filters takes on new ones half-way: `last` and paging would disagree."""
    with pytest.raises(BadCursor):
        resume(SECRET, SCOPE, Query(next=token_of(Query()), match_type=("tool",)), epoch=EPOCH)


@given(position=st.integers(0, 2**62), steps=st.lists(st.integers(1, 1000), max_size=20))
def test_row_192_pages_move_forward_token_by_token(position: int, steps: list[int]) -> None:
    """Row 192. Red if a token of a token loses the filters or the position."""
    query = FILTERED
    for step in steps:
        position += step
        token = seal(SECRET, SCOPE, position=position, epoch=EPOCH, query=query)
        query, after = resume(SECRET, SCOPE, Query(next=token), epoch=EPOCH)
        assert after == position
        assert replace(query, next=None) == FILTERED
