"""Print how many tests keep each row of the list of leaks and faults; exit 1 if a required one has none."""

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.rows import REQUIRED, kept, missing, texts

if __name__ == "__main__":
    found = kept(texts(Path(__file__).resolve().parents[1]))
    for row, tests in found.items():
        click.echo(f"{row}  {len(tests):3}  {tests[0]}")
    lacking = missing(found)
    click.echo(f"{len(REQUIRED)} rows required, {len(lacking)} without a test: {' '.join(lacking) or 'none'}")
    sys.exit(bool(lacking))
