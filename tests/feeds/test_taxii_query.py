"""Query parameters: TAXII 2.1 §3.4, rows 172-185 of the checklist, T-34, T-61, T-62, T-64."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import BadQuery
from feeds.taxii_query import (
    MAX_VALUES,
    OBJECT_MATCH,
    OBJECTS_MATCH,
    VERSIONS_MATCH,
    Query,
    VersionFilter,
    parse_query,
)

SECOND = 1_763_632_800
"""2025-11-20T10:00:00Z."""
MICRO = SECOND * 1_000_000


def ask(query_string: str, allowed: frozenset[str] = OBJECTS_MATCH) -> Query:
    """Parse a query string as a web server hands it on: decoded, every pair, in order."""
    return parse_query(parse_qsl(query_string, keep_blank_values=True), allowed)


def refused(query_string: str, allowed: frozenset[str] = OBJECTS_MATCH) -> str:
    """The sentence with which a query string is refused."""
    with pytest.raises(BadQuery) as caught:
        ask(query_string, allowed)
    return caught.value.sentence


def test_nothing_asked() -> None:
    """Red if a default other than None creeps in."""
    assert ask("") == Query()


@pytest.mark.parametrize("spelling", ["match[type]=indicator,malware", "match%5Btype%5D=malware%2Cindicator"])
def test_row_28_brackets_encoded_or_literal_are_the_same(spelling: str) -> None:
    """Rows 28, 177. Red if the order of values, or the spelling of brackets, makes a difference."""
    assert ask(spelling).match_type == ("indicator", "malware")


def test_row_177_fields_are_read_side_by_side() -> None:
    """Row 177. Red if one field's values end up in another."""
    query = ask("match[id]=tool--a&match[type]=tool&match[spec_version]=2.0,2.1&limit=5&next=abc")
    assert query == Query(
        limit=5, next="abc", match_id=("tool--a",), match_type=("tool",), match_spec_version=("2.0", "2.1")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "2025-11-20T10:00:00Z": MICRO,
        "2025-11-20T10:00:00.1Z": MICRO + 100_000,
        "2025-11-20T10:00:00.123Z": MICRO + 123_000,
        "2025-11-20T10:00:00.123456Z": MICRO + 123_456,
        "2025-11-20T10:00:00.123456999Z": MICRO + 123_456,
        "2025-11-20T10:00:00z": MICRO,
        "2025-11-20T10:00:00+00:00": MICRO,
        "2025-11-20T10:00:00%2B00:00": MICRO,
        "": None,
    }.items(),
)
def test_row_174_t_61_added_after_is_read_leniently_and_truncated_down(text: str, expected: int | None) -> None:
    """Row 174, T-61. Red if digits are rounded up, a raw `+` (which arrives as a blank) refuses, or empty does."""
    assert ask(f"added_after={text}").added_after == expected


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2025-11-20",
        "2025-11-20T10:00:00",
        "2025-11-20T10:00:00%2B01:00",
        "2025-13-01T00:00:00Z",
        "2025-11-20T10:00:00.Z",
        "2025-11-20T10:00:00.1234567891Z",
        "2025-11-20T10:00:00Z,2025-11-21T10:00:00Z",
        "0",
    ],
)
def test_row_172_t_61_garbage_as_added_after_is_refused(text: str) -> None:
    """Rows 172-173, T-61. Red if another zone, a list or a bare date passes, or another error escapes."""
    assert "added_after" in refused(f"added_after={text}")


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("007", 7), ("5000", 5000), ("9" * 30, 10**18 - 1)])
def test_row_176_t_62_a_limit_of_any_size_is_read(text: str, expected: int) -> None:
    """Row 176, T-62. Red if a large limit refuses (it is clamped later), or grows past what SQL holds."""
    assert ask(f"limit={text}").limit == expected


@pytest.mark.parametrize("text", ["", "0", "000", "-1", "1e9", "abc", "10.5", "1.0", "%2B5", "+5", " 5", "٣", "5,6"])
def test_row_176_t_62_what_is_no_positive_number_is_refused(text: str) -> None:
    """Row 176, T-62. Red if `int()` decides what a number is (it takes `+5`, ` 5` and Arabic digits)."""
    assert "whole number" in refused(f"limit={text}")


def test_t_64_an_empty_next_is_absent() -> None:
    """T-64: MISP sends `limit=50&next=`. Red if the empty text is taken for a token."""
    assert ask("limit=50&next=") == Query(limit=50)


def test_t_64_an_endless_next_is_refused() -> None:
    """Red if a token is handed on whatever its length."""
    assert "next" in refused("next=" + "A" * 40_000)


@pytest.mark.parametrize("name", ["match[type]", "match%5Btype%5D", "added_after", "limit", "next"])
def test_row_178_i28_a_parameter_twice_is_refused(name: str) -> None:
    """Row 178, I28. Red if the first value is silently taken, also where the two are equal or empty."""
    plain = name.replace("%5B", "[").replace("%5D", "]")
    value = {"added_after": "2025-11-20T10:00:00Z", "limit": "5", "next": ""}.get(plain, "tool")
    assert "twice" in refused(f"{name}={value}&{plain}={value}")


@pytest.mark.parametrize(
    ("allowed", "known"),
    [
        (OBJECTS_MATCH, "match[id], match[spec_version], match[type], match[version]"),
        (OBJECT_MATCH, "match[spec_version], match[version]"),
        (VERSIONS_MATCH, "match[spec_version]"),
        (frozenset(), "none"),
    ],
)
def test_row_179_an_unknown_match_lists_the_known_ones(allowed: frozenset[str], known: str) -> None:
    """Row 179, I31. Red if an unknown filter is ignored (it widens the answer), or the list is another endpoint's."""
    assert refused("match[tlp]=red", allowed).endswith(f"known ones: {known}.")


@pytest.mark.parametrize("name", ["match[id]", "match[type]", "match[version]"])
def test_row_141_a_match_of_another_endpoint_is_unknown(name: str) -> None:
    """Rows 141, 144. Red if an endpoint takes filters that it does not have."""
    refused(f"{name}=all", VERSIONS_MATCH)


def test_unknown_other_parameters_are_ignored() -> None:
    """Row 179. Red if an unknown parameter refuses, also twice (T-34: `sort` means nothing)."""
    assert ask("sort=date;drop&sort=2&added-after=x&tlp=red") == Query()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", VersionFilter(all=True)),
        ("last", VersionFilter(last=True)),
        ("first,last", VersionFilter(first=True, last=True)),
        (
            "last,2025-11-20T10:00:00.000Z,2025-11-20T10:00:00Z,2025-11-19T10:00:00.000000001Z",
            VersionFilter(last=True, instants_ns=((SECOND - 86_400) * 10**9 + 1, SECOND * 10**9)),
        ),
        ("9999-12-31T23:59:59Z", VersionFilter(instants_ns=(2**63 - 1,))),
    ],
)
def test_rows_182_185_match_version_is_a_union(text: str, expected: VersionFilter) -> None:
    """Rows 182-185. Red if keywords exclude times, equal instants count twice, or an instant outgrows SQL integers."""
    assert ask(f"match[version]={text}").match_version == expected


@pytest.mark.parametrize(
    "text",
    ["all,last", "all,2025-11-20T10:00:00Z", "all,all", "first,first", "", "last,", "ALL", "newest", "1", "2025-11-20"],
)
def test_row_184_all_stands_alone_and_garbage_is_refused(text: str) -> None:
    """Rows 172, 184. Red if `all` combines, a value repeats, or another word or bad time passes."""
    assert "match[version]" in refused(f"match[version]={text}")


HOSTILE = ["' OR 1=1 --", 'x"y', "100%", "tool_--a", "a\\b", "a;DROP TABLE objects", "a'b", "${jndi}", "é🦊", "tool--*"]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["id", "type", "spec_version"])
def test_t_34_hostile_values_are_values(field: str, value: str) -> None:
    """T-34. Red if a value is unescaped, cut or interpreted instead of compared as it is."""
    query = parse_query([(f"match[{field}]", value)], OBJECTS_MATCH)
    assert getattr(query, f"match_{field}") == (value,)


@pytest.mark.parametrize(
    "value", ["", "a,", ",a", "a, b", " a", "a\x00b", "a\nb", "\ud800", "a" * 301, "a," * 200 + "a"]
)
@pytest.mark.parametrize("field", ["id", "type", "spec_version", "version"])
def test_t_34_what_no_database_can_be_asked_is_refused(field: str, value: str) -> None:
    """T-34. Red if U+0000 or a lone surrogate reaches PostgreSQL, or blanks and empty values silently match nothing."""
    with pytest.raises(BadQuery, match=rf"match\[{field}\]"):
        parse_query([(f"match[{field}]", value)], OBJECTS_MATCH)


def test_row_199_the_number_of_values_is_bounded() -> None:
    """Row 199. Red if the bound moves by one, or is gone."""
    query = ask("match[id]=" + ",".join(f"tool--{n}" for n in range(MAX_VALUES)))
    assert len(query.match_id or ()) == MAX_VALUES
    assert "more than" in refused("match[id]=" + ",".join(f"tool--{n}" for n in range(MAX_VALUES + 1)))


@given(st.lists(st.tuples(st.sampled_from(["match[id]", "match[version]", "limit", "added_after", "x"]), st.text())))
def test_whatever_is_sent_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    """Row 172. Red if any input raises something else than `BadQuery`, whose sentence is printable."""
    sentence = ""
    try:
        parse_query(pairs, OBJECTS_MATCH)
    except BadQuery as error:
        sentence = error.sentence
    assert sentence == "" or sentence.isprintable()
