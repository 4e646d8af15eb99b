"""Is a STIX pattern safe to hand on, and is it right? A quick look at the door, the full grammar for the author.

The one typed wrapper of stix2-patterns. Its parser recurses with the pattern and gives up at about a thousand terms, so
the door never runs it: a linear look at tokens and brackets decides there.
"""

from __future__ import annotations

import re
from typing import Final

from stix2patterns.validator import run_validator

from feeds.errors import BadPattern, PatternTooLarge, clipped, shown

MAX_PATTERN: Final = 65_536
"""Longest pattern in UTF-8 bytes; 1,000 addresses joined by OR take 34 kB."""

MAX_NESTING: Final = 100
"""Deepest nesting of brackets: parsers of receivers fail between 250 and 400."""

MAX_STEPS: Final = 100
"""Longest object path in steps: parsers of receivers fail below 1,000."""

_TOKEN: Final = re.compile(
    r"(?P<bracket>[][()])"
    r"|'(?:[^'\\]++|\\.)*+'"
    r"|/\*(?s:.*?)\*/|//[^\r\n]*"
    r"|(?P<run>[A-Za-z0-9_:.,=<>!*+^\s-]++)",
    re.DOTALL,
)
_PLAIN: Final = re.compile(
    r"(?:[A-Z0-9\s]*+\[(?:'(?:[^'\\]++|\\.)*+'|[A-Za-z0-9_:.,=<>!*+^\s-]++)*+\])++[A-Z0-9\s]*+", re.DOTALL
)
"""Comparisons in flat brackets: most patterns are no more, and need no second look."""

_LONG_PATH: Final = re.compile(rf"(?:\.[A-Za-z_][A-Za-z0-9_-]*+){{{MAX_STEPS}}}")
_CLOSES: Final = {"]": "[", ")": "("}
_MAX_FINDINGS: Final = 10


def door_check(pattern: str, pattern_type: str) -> None:
    """Let a pattern through that no receiver need fear; other types than `stix` are opaque (STIX 2.1 §9).

    Raises:
        PatternTooLarge: The pattern is longer than `MAX_PATTERN`.
        BadPattern: A text that is not closed, a character outside the grammar, brackets that do not match, or nesting
            and paths so deep that parsers fail.
    """
    size = len(pattern.encode(errors="surrogatepass"))
    if size > MAX_PATTERN:
        raise PatternTooLarge(f"is {size} bytes long, the limit is {MAX_PATTERN}: divide it over several indicators")
    if pattern_type == "stix":
        _look(pattern)


def full_check(pattern: str) -> list[str]:
    """What the STIX 2.1 pattern grammar finds wrong, as sentences; nothing found is an empty list.

    For authors and their tools, not for the door: time grows with the pattern (about 10 ms a kilobyte).
    """
    try:
        door_check(pattern, "stix")
        messages = run_validator(pattern, stix_version="2.1")
    except BadPattern as error:
        return [error.sentence]
    except RecursionError:
        return ["is too long or too deep for the STIX pattern parser that receivers use: divide it"]
    except Exception as error:  # noqa: BLE001 - the parser raises whatever its parts raise; none may end the caller
        return [clipped(f"cannot be parsed ({type(error).__name__}): check it against STIX 2.1 §9")]
    return [clipped(str(message).removeprefix("FAIL: ")) for message in messages[:_MAX_FINDINGS]]


def _look(pattern: str) -> None:
    """One pass over the tokens; linear in the length of the pattern."""
    if pattern.count(".") < MAX_STEPS and _PLAIN.fullmatch(pattern):
        return
    opened: list[str] = []
    comparisons, at, end = 0, 0, len(pattern)
    while at < end:
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise BadPattern(_unknown(pattern, at))
        at = token.end()
        bracket = token["bracket"]
        if bracket is not None:
            comparisons += bracket == "["
            _balance(opened, bracket, at)
        elif token["run"] is not None and _LONG_PATH.search(token["run"]):
            raise BadPattern(f"has an object path of more than {MAX_STEPS} steps, which stops parsers: shorten it")
    if opened:
        raise BadPattern(f"leaves a {shown(opened[-1])} open: close it")
    if not comparisons:
        raise BadPattern("has no comparison in square brackets: write such as `[ipv4-addr:value = '192.0.2.1']`")


def _balance(opened: list[str], bracket: str, at: int) -> None:
    if bracket in "[(":
        opened.append(bracket)
        if len(opened) > MAX_NESTING:
            raise BadPattern(f"nests brackets more than {MAX_NESTING} deep, which stops parsers: flatten it")
    elif not opened or opened.pop() != _CLOSES[bracket]:
        raise BadPattern(f"closes a bracket with {shown(bracket)} at character {at} that was not opened: balance it")


def _unknown(pattern: str, at: int) -> str:
    if pattern[at] == "'":
        return f"opens a text at character {at + 1} and never closes it: add the quote, and write `\\'` inside texts"
    return f"has {shown(pattern[at])} at character {at + 1}, which STIX patterns do not know outside quotes: remove it"
