"""Patterns: what passes the door without being parsed, and what the grammar says."""

from __future__ import annotations

import pytest

from feeds.errors import BadPattern, PatternTooLarge
from feeds.patterns import MAX_PATTERN, MAX_STEPS, door_check, full_check

_ONE = "[ipv4-addr:value = '192.0.2.1']"
_THOUSAND = "[" + " OR ".join(f"ipv4-addr:value = '192.0.2.{n % 256}'" for n in range(1_000)) + "]"


@pytest.mark.parametrize(
    "pattern",
    [
        _ONE,
        _THOUSAND,
        "[file:hashes.'SHA-256' = 'ab'] AND [url:value LIKE 'https://example.org/%']",
        "([a:b = 1] FOLLOWEDBY [c:d IN (1, 2.5)]) WITHIN 5 SECONDS",
        "[process:arguments[0] = 'x' AND process:arguments[*] != 'it\\'s ]( [' ]",
        "[a:b = h'ff' OR a:c = b'YQ==' OR a:d > t'2026-11-20T00:00:00Z'] /* a [comment */",
        "[a:b MATCHES '^(\\\\d+\\\\.)$'] // to the end [",
        "[a:ext.'x-ext'.y.z = true] REPEATS 3 TIMES",
        "[\n\tdomain-name:value = 'exämple.org'\n]",
    ],
)
def test_patterns_that_pass_the_door(pattern: str) -> None:
    """T-46. Red if quotes, comments, index brackets or a thousand terms are held against a pattern."""
    door_check(pattern, "stix")


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "ipv4-addr:value = '192.0.2.1'",
        "[ipv4-addr:value = '192.0.2.1'",
        "ipv4-addr:value = '192.0.2.1']",
        "[a:b = 'never closed]",
        "[a:b = 'ends in a backslash\\",
        "[a:b = (1]",
        "([a:b = 1)]",
        '[a:b = "double"]',
        "[a:b = 1] & [a:c = 2]",
        "[a:b = 1] /* never closed",
        "[a:b = \x00]",
        "(" * 400 + _ONE + ")" * 400,
        "[" + "(" * 250 + "a:b = 1" + ")" * 250 + "]",
        "[a:b" + ".c" * 1_000 + " = 1]",
    ],
)
def test_t46_patterns_stopped_at_the_door(pattern: str) -> None:
    """T-46. Red if brackets, quotes, nesting or path length are not looked at."""
    with pytest.raises(BadPattern) as caught:
        door_check(pattern, "stix")
    assert caught.value.sentence.isprintable()


def test_t46_many_numbers_are_no_long_path() -> None:
    """Red if points are counted without looking whether they make a path."""
    numbers = ", ".join(f"{n}.5" for n in range(2 * MAX_STEPS))
    door_check(f"[a:b IN ({numbers})]", "stix")


@pytest.mark.parametrize("pattern_type", ["stix", "yara"])
def test_t46_size_cap_of_every_type(pattern_type: str) -> None:
    """T-46. Red if the cap counts characters, or holds for one type only."""
    with pytest.raises(PatternTooLarge) as caught:
        door_check("[a:b = '" + "é" * (MAX_PATTERN // 2) + "']", pattern_type)
    assert caught.value.code == "too-large"


@pytest.mark.parametrize("filler", ["(", "'", "[a:b = 1] OR ", "/*", "\\", "''", ".a", "[", "a", "[]"])
def test_t46_largest_patterns_are_answered(filler: str) -> None:
    """T-46. Red if the door recurses or backtracks: such a pattern would then never be answered."""
    with pytest.raises(BadPattern):
        door_check((filler * MAX_PATTERN)[: MAX_PATTERN - 1] + "(", "stix")


@pytest.mark.parametrize("pattern_type", ["yara", "snort", "sigma", "unheard-of", "STIX"])
def test_t47_other_languages_are_opaque(pattern_type: str) -> None:
    """T-47. Red if anything but `stix` is looked into."""
    door_check("rule r { condition: ((( true }", pattern_type)


@pytest.mark.parametrize(
    "pattern",
    [
        _ONE,
        "[file:hashes.'SHA-256' = '" + "a" * 64 + "'] REPEATS 2 TIMES",
        "[a:b = 1] START t'2026-11-20T00:00:00Z' STOP t'2026-11-21T00:00:00Z'",
    ],
)
def test_full_check_finds_nothing(pattern: str) -> None:
    """Red if the grammar of STIX 2.0 is asked in place of 2.1."""
    assert full_check(pattern) == []


@pytest.mark.parametrize(
    "pattern", [_THOUSAND, "[a:b == ]", "[a:b = 1] OR", "[a]", "x", "", "[" + "(" * 90 + "a:b=1" + ")" * 90 + "] AND"]
)
def test_t46_full_check_answers_in_sentences(pattern: str) -> None:
    """T-46. Red if RecursionError, or any error of the parser, escapes."""
    sentences = full_check(pattern)
    assert sentences
    assert all(sentence.isprintable() for sentence in sentences)


def test_t46_a_pattern_beyond_the_parser_says_so() -> None:
    """T-46. Red if RecursionError is told as an error in the pattern."""
    assert full_check(_THOUSAND) == [
        "is too long or too deep for the STIX pattern parser that receivers use: divide it"
    ]
