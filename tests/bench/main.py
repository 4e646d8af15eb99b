"""`make bench`: fill a hub, ask it, compare with what is possible and with what was promised; a table at the end."""

import json
import multiprocessing
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from bench.processes import Setting
from bench.stages import GROWTH, PARTS, Chosen
from bench.table import Report
from rich.console import Console

from support.postgres import Cluster

WIDTH = 132  # characters, where the output is no terminal


def _teller() -> Callable[[str], None]:
    console, since = Console(stderr=True), time.monotonic()
    return lambda sentence: console.print(f"{time.monotonic() - since:6.1f} s  {sentence}", highlight=False)


def machine() -> dict[str, Any]:
    """What the figures depend on besides the code."""
    return {
        "cpus": os.cpu_count(),
        "load before": " ".join(f"{each:.1f}" for each in os.getloadavg()),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "granian": version("granian"),
    }


def _both(chosen: Chosen, elsewhere: Executor, *, sqlite: bool, postgresql: bool) -> tuple[list[Report], int]:
    """The reports, and how many targets were missed where they bind."""
    reports = []
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as place:
        if sqlite:
            for number, measure in enumerate(chosen.measures):
                folder = Path(place, f"sqlite-{number}")
                reports.append(measure("SQLite", folder, f"sqlite:///{folder / 'hub.db'}", chosen, elsewhere))
        missed = sum(report.missed for report in reports)
        if postgresql:
            with Cluster() as cluster:
                for number, measure in enumerate(chosen.measures):
                    folder, database = Path(place, f"postgresql-{number}"), cluster.create_database()
                    reports.append(measure("PostgreSQL (fsync off)", folder, database, chosen, elsewhere))
    return reports, missed


def _show(about: dict[str, Any], reports: Sequence[Report], *, as_json: bool) -> None:
    if as_json:
        told = {each.title: [figure.json for figure in each.figures] for each in reports}
        click.echo(json.dumps({"machine": about, "reports": told}, indent=2))
        return
    out = Console(width=None if sys.stdout.isatty() else WIDTH)
    out.print(", ".join(f"{name} {value}" for name, value in about.items()), highlight=False)
    for report in reports:
        out.print(report.table())


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--objects", default=100_000, show_default=True, type=click.IntRange(3000), help="Stored when measuring.")
@click.option("--million", is_flag=True, help=f"Then fill up to {GROWTH} times as many and measure again.")
@click.option("--postgresql", is_flag=True, help="Also on PostgreSQL, a throw-away one with fsync off.")
@click.option("--sqlite/--no-sqlite", default=True, help="On SQLite, whose targets bind.")
@click.option("--part", multiple=True, type=click.Choice(PARTS), help="Only this part; may be given again.")
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1), help="Runs of which the median counts.")
@click.option("--workers", type=click.IntRange(1), help="Server processes; as `cirt-hub serve` chooses unless given.")
@click.option("--threads", type=click.IntRange(1), help="Python threads a process; the server's choice unless given.")
@click.option("--json", "as_json", is_flag=True, help="Figures as JSON on stdout instead of tables.")
def main(
    *,
    objects: int,
    million: bool,
    postgresql: bool,
    sqlite: bool,
    part: tuple[str, ...],
    runs: int,
    workers: int | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure publish and poll of a served hub on this machine, 127.0.0.1 only; exit 1 if SQLite misses a target."""
    chosen = Chosen(objects, million, runs, frozenset(part or PARTS), Setting(workers, threads), _teller())
    about = machine()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as elsewhere:
        reports, missed = _both(chosen, elsewhere, sqlite=sqlite, postgresql=postgresql)
    _show(about, reports, as_json=as_json)
    sys.exit(1 if missed else 0)
