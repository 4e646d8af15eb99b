"""How is it told? Answers on standard output, all else on standard error; nothing in either that moves a cursor."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from keys.member import is_showable

T = TypeVar("T")

_MANY = 200


def plain(text: object) -> str:
    """A text of somebody else's as it may stand on a terminal: control and direction characters taken out."""
    return "".join(c if is_showable(c) else "\ufffd" for c in str(text))


def say(text: str) -> None:
    """Tell people something on standard error; lines that came from others go through `plain` first."""
    click.echo("\n".join(plain(line) for line in text.split("\n")), err=True)


def usage(error: click.ClickException) -> None:
    """Tell what is wrong with a command line, on standard error: a word of it may have come from others."""
    told = StringIO()
    error.show(told)
    say(told.getvalue().removesuffix("\n"))


def answer(text: str) -> None:
    """Give a line of the answer on standard output."""
    click.echo(plain(text))


def answer_json(value: Any) -> None:
    """Give the answer as one JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def answer_line(value: Any) -> None:
    """Give one JSON document on one line of standard output, and have it taken at once."""
    click.echo(json.dumps(value, ensure_ascii=True))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Give the answer as a table: drawn on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(plain(cell) for cell in row))
        return
    drawn = Table(*headings, box=SIMPLE_HEAD)
    for row in rows:
        drawn.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(drawn)


def failures(found: Sequence[Mapping[str, Any]]) -> None:
    """Tell what is wrong with which object, on standard error: the object, the word, the remedy."""
    for each in found[:_MANY]:
        version = f" ({each['version']})" if each.get("version") else ""
        say(f"  {each['id'] or 'the whole publication'}{version}\n    {each['code']}: {each['message']}")
    if len(found) > _MANY:
        say(f"  … and {len(found) - _MANY} more; --json tells all")


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator["Steps"]:
    """A bar on a terminal's standard error, gone when it is done; nothing elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    shown = console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not shown) as bar:
        yield Steps(bar, bar.add_task(title, total=total))


class Steps:
    """A bar under way."""

    def __init__(self, bar: Progress, task: Any) -> None:
        self._bar = bar
        self._task = task

    def on(self, number: int = 1) -> None:
        """So many more are done."""
        self._bar.advance(self._task, number)

    def over(self, values: Iterable[T]) -> Iterator[T]:
        """The values, each counted as it is taken."""
        for value in values:
            yield value
            self.on()


def on_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()
