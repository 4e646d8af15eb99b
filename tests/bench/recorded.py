"""Is anything lost, run after run, on both engines? `history.py` starts this; exit 1 if so.

Publishers and three kinds of pollers record what happened while servers and the database are killed and started again;
with `--faulty` a hub that takes its time stamps too early is judged by the same judge, which must find what it loses.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import click

from support.breaking import faulty, stress
from support.deadly import STAMPED_EARLY

ENGINES = ("sqlite", "postgresql")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--runs", default=10, show_default=True, type=click.IntRange(1), help="Runs on each engine.")
@click.option("--engine", multiple=True, type=click.Choice(ENGINES), help="Only this engine; may be given again.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Of each kill and restart a run.")
@click.option("--faulty", "early", is_flag=True, help="Judge a hub that loses things: exit 1 if that is not found.")
def main(*, runs: int, engine: tuple[str, ...], rounds: int, early: bool) -> None:
    """Record histories and judge them."""
    if early:
        os.environ[STAMPED_EARLY] = "1"  # for the servers that are started here
    bad = 0
    for chosen in engine or ENGINES:
        for number in range(1, runs + 1):
            begun = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="hub-history-") as folder:
                place = Path(folder)
                found = faulty(place, chosen, 10 * rounds, server=True) if early else stress(place, chosen, rounds)
            bad += found.faults["lost"] == 0 if early else any(found.faults.values())
            told = ", ".join(f"{name} {count}" for name, count in found.faults.items())
            seconds = time.monotonic() - begun
            click.echo(f"{chosen} {number}: acknowledged {found.acknowledged}, {told}, {seconds:.0f} s")
    sys.exit(1 if bad else 0)
