"""On which line? The place of every key in a TOML text, which the standard parser does not tell."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

DEEPEST: Final = 8  # steps below a table that are followed: no key that is read lies as deep
MAX_SCAN: Final = 4_000_000  # characters parsed again to find the lines of a faulty document, under half a second

_STATEMENT_END: Final = re.compile(r"\"\"\"|'''|[\]}]")

Path = tuple[str | int, ...]
"""Keys and, for entries of an array, their index from 0."""


def key_lines(text: str) -> dict[Path, int]:
    """The line, counted from 1, of every key and table of a valid TOML text.

    The standard parser keeps no lines. So the text is cut into statements, the parser itself saying where each one is
    complete: ``("party", 1, "role")`` is the key *role* of the second ``[[party]]``. A text made to take long gets
    no further lines after `MAX_SCAN` characters parsed.
    """
    lines: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, statement in _statements(text):
        parsed = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _header(parsed, counts, repeats=statement.lstrip().startswith("[["))
            lines.setdefault(table, number)
        else:
            for path in _paths(parsed):
                lines.setdefault(table + path, number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    pending: list[str] = []
    first = scanned = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not pending:
            first = number
        elif not _STATEMENT_END.search(line):
            pending.append(line)
            continue
        pending.append(line)
        statement = "\n".join(pending)
        scanned += len(statement)
        if scanned > MAX_SCAN:
            return
        try:
            tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        yield first, statement
        pending = []


def _header(parsed: Mapping[str, Any], counts: dict[Path, int], *, repeats: bool) -> Path:
    path: Path = ()
    table: Any = parsed
    while table:
        ((key, inner),) = table.items()
        path += (key,)
        table = inner[0] if isinstance(inner, list) else inner
        if table and path in counts:
            path += (counts[path] - 1,)
    if repeats:
        counts[path] = counts.get(path, 0) + 1
        path += (counts[path] - 1,)
    return path


def _paths(value: object, room: int = DEEPEST) -> Iterator[Path]:
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in held:
        yield (step,)
        if room > 1:
            yield from ((step, *rest) for rest in _paths(inner, room - 1))
