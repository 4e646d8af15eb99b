"""What came out? Figures with their targets, as a table for people and as JSON for machines."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Must:
    """A target: at least, or at most, so much."""

    least: float | None = None
    most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a value reaches it."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    @property
    def text(self) -> str:
        """As the table shows it."""
        return f"≥ {_number(self.least)}" if self.least is not None else f"≤ {_number(self.most or 0)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, once a run.

    Attributes:
        name: what, in words; `unit` belongs to every number of the line.
        stored: objects in the hub at that time; None where they do not matter.
        runs: the value of each run; their median counts.
        must: the target; None where there is none.
    """

    name: str
    stored: int | None
    unit: str
    runs: tuple[float, ...]
    must: Must | None = None

    @property
    def median(self) -> float:
        """What counts."""
        return statistics.median(self.runs)

    @property
    def verdict(self) -> str:
        """`ok`, `missed`, or nothing where there is no target."""
        if self.must is None:
            return ""
        return "ok" if self.must.holds(self.median) else "missed"

    @property
    def json(self) -> dict[str, Any]:
        """The line for machines."""
        return {
            "name": self.name,
            "stored": self.stored,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.runs),
            "max": max(self.runs),
            "runs": list(self.runs),
            "must": None if self.must is None else {"least": self.must.least, "most": self.must.most},
            "verdict": self.verdict or None,
        }


@dataclass(slots=True)
class Report:
    """The figures of one database, in the order of measuring."""

    title: str
    stored: int | None = None
    figures: list[Figure] = field(default_factory=list)

    def add(self, name: str, unit: str, runs: Sequence[float], must: Must | None = None) -> Figure:
        """Take a figure in, for as many objects as are stored now."""
        self.figures.append(Figure(name, self.stored, unit, tuple(runs), must))
        return self.figures[-1]

    def ratio(self, name: str, of: Figure, to: Figure, must: Must | None) -> None:
        """Take the ratio of two figures in: of the runs made in turns, else of their medians."""
        if len(of.runs) == len(to.runs) and of.stored == to.stored:
            self.add(name, "x", [one / other for one, other in zip(of.runs, to.runs, strict=True)], must)
        else:
            self.add(name, "x", [of.median / to.median], must)

    @property
    def missed(self) -> int:
        """How many targets were missed."""
        return sum(figure.verdict == "missed" for figure in self.figures)

    def table(self) -> Table:
        """The figures as a table."""
        table = Table(title=self.title, title_justify="left")
        table.add_column("measured", overflow="fold", min_width=40)
        table.add_column("stored", justify="right", no_wrap=True)
        for column in ("median", "min - max", "unit", "must"):
            table.add_column(column, justify="left" if column == "unit" else "right", no_wrap=True)
        table.add_column("verdict")
        for figure in self.figures:
            several = len(figure.runs) > 1
            table.add_row(
                escape(figure.name),
                "" if figure.stored is None else f"{figure.stored:,}",
                _number(figure.median),
                f"{_number(min(figure.runs))} - {_number(max(figure.runs))}" if several else "",
                figure.unit,
                figure.must.text if figure.must else "",
                figure.verdict,
                style="red" if figure.verdict == "missed" else None,
            )
        return table


def _number(value: float) -> str:
    """Three digits that say something; no more, since no run repeats them."""
    if abs(value) >= 100 or value == int(value):  # no fractions from here on
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"
