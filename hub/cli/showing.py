"""How is an answer printed? JSON, or plain text without colour; nothing a member wrote can move the cursor."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from keys.member import is_showable

WIDEST = 64  # characters of a column of a table


def plain(text: str) -> str:
    """The text with every control or invisible character replaced by a question mark."""
    return "".join(character if is_showable(character) else "?" for character in text)


def show(value: Any, *, as_json: bool) -> None:
    """Print an answer on stdout."""
    if as_json:
        click.echo(json.dumps(value, indent=2))  # ASCII only: whatever is in it stands escaped
        return
    for line in lines(value):
        click.echo(line)


def lines(value: Any, indent: str = "") -> Iterator[str]:
    """An answer as lines for people: tables for lists of rows, `name: value` for the rest."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not _is_one(inner):
                yield f"{indent}{_title(name)}:"
                yield from lines(inner, indent + "  ")
            else:
                yield f"{indent}{_title(name)}: {_cell(inner)}"
    elif isinstance(value, list) and value and all(_is_flat(row) for row in value):
        yield from (indent + line for line in _table(value))
    elif isinstance(value, list):
        for row in value:
            yield from lines(row, indent)
            if isinstance(row, Mapping) and row is not value[-1]:
                yield ""
        if not value:
            yield f"{indent}none"
    else:
        texts = value.splitlines() if isinstance(value, str) else [value]
        yield from (f"{indent}{_cell(text)}" if text else "" for text in texts)


def _is_flat(row: Any) -> bool:
    return isinstance(row, Mapping) and all(_is_one(inner) for inner in row.values())


def _is_one(value: Any) -> bool:
    """Whether the value fits into one cell: no mapping, no list of such, no text of several lines."""
    if isinstance(value, str):
        return "\n" not in value
    if isinstance(value, list):
        return not any(isinstance(inner, Mapping | list) for inner in value)
    return not (isinstance(value, Mapping) and value)


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_title(name) for name in names], *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [min(WIDEST, max(len(line[column]) for line in cells)) for column in range(len(names))]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _title(name: str) -> str:
    return plain(name.replace("_", " "))


def _cell(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, list):
        return ", ".join(_cell(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(str(value))
