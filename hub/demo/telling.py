"""How is the demo told? A table of who received what, the reasons why others did not, and what each team can prove."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from . import cast
from .findings import Line, Share

Verdicts = Mapping[tuple[str, str], Mapping[str, Any]]
"""(team, group) to what its verifier reports."""


def as_data(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The table for programs."""
    return [
        {
            "group": line.publication.group,
            "incident": line.publication.title,
            "file": line.publication.file,
            "publisher": line.publication.publisher,
            "label": line.label.text,
            "objects": line.objects,
            "parties": [
                {
                    "member": share.member,
                    "published": share.published,
                    "received": share.arrived,
                    "withheld": line.objects - share.entitled,
                    "reason": share.reason or None,
                }
                for share in line.shares
            ],
        }
        for line in lines
    ]


def show_lines(console: Console, lines: Sequence[Line]) -> None:
    """A table a group of who received what; the numbers lead to the reasons below."""
    reasons = list(dict.fromkeys(share.reason for line in lines for share in line.shares if share.reason))
    for agreement in cast.agreements():
        console.print(f"\n{agreement.alias}: {agreement.title}, up to TLP:{agreement.terms.ceiling.text.upper()}")
        console.print(_table([line for line in lines if line.publication.group == agreement.alias], reasons))
    console.print("\nWhy others did not, as `cirt-hub explain` says:")
    for number, reason in enumerate(reasons, start=1):
        console.print(f"  [{number}] {reason}", markup=False, soft_wrap=True)


def _table(lines: Sequence[Line], reasons: Sequence[str]) -> Table:
    drawn = Table(box=SIMPLE_HEAD, show_edge=False, padding=0)
    drawn.add_column("incident", no_wrap=True)
    drawn.add_column("TLP", no_wrap=True)
    for name in ("sent", *(member.alias for member in cast.members())):
        drawn.add_column(name, justify="right", no_wrap=True)
    last = None
    for line in lines:
        title = line.publication.title if line.publication is not last else ""
        cells = [_cell(share, line.objects, reasons) for share in line.shares]
        drawn.add_row(title, line.label.text.upper(), str(line.objects), *cells)
        last = line.publication
    return drawn


def _cell(share: Share, objects: int, reasons: Sequence[str]) -> str:
    if share.published:
        return "own"
    if share.arrived < share.entitled:
        return f"{share.arrived} of {share.entitled} !"
    if share.reason:
        number = reasons.index(share.reason) + 1
        return f"\\[{number}]" if not share.arrived else f"{share.arrived} of {objects} \\[{number}]"
    return str(share.arrived)


def show_verdicts(console: Console, verdicts: Verdicts) -> None:
    """What each team's own verifier says of what it holds."""
    console.print("\nWhat each team can prove from its own files, offline (`cirt verify`):")
    drawn = Table("team", "group", "objects", "streams", box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for (member, group), report in verdicts.items():
        drawn.add_row(member, group, _counts(report["verdicts"]), _counts(Counter(report["streams"].values())))
    console.print(drawn)


def _counts(counts: Mapping[str, int]) -> str:
    told = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{count} {word}" for word, count in told if count) or "none"
