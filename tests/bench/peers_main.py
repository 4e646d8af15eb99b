"""What `make bench-peers` does: the same publication, drain and poll on every server, in turns with the hub."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from bench.main import WIDTH, _teller, machine
from bench.peers_clients import ALL, Read, drain, poll, publish
from bench.peers_losses import losses
from bench.peers_sides import Ground, Side, bodies, ground, hub_side, medallion_side, opentaxii_side, versioned
from bench.table import Figure, Must, Report
from rich.console import Console

from support.peers import NoPeer
from support.postgres import Cluster

ENVELOPE = 1000
BINDING = 10_000  # objects, from which on the ratios are promised
MEDALLION = 1000  # objects: it compares each new one with all that it has
MEDALLION_PUBLICATIONS = 20  # of each publisher: a poll of 1,000 objects takes it many seconds
NEW = 5
SMALL = 3  # objects of a publication where losses show
SLOW = 5.0  # seconds of a drain that is not repeated
SEED = 20261120
HUB_POLLS, PEER_POLLS = 400, 40
PUBLISH, DRAIN, POLL = Must(least=15), Must(least=20), Must(least=80)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is measured: objects, runs of a drain, publications of each of the four publishers, where histories go."""

    objects: int
    runs: int
    publications: int
    histories: Path | None


@dataclass(frozen=True, slots=True)
class Pair:
    """The hub and another server, both empty at first, and asked in turns: a slow minute slows both.

    Attributes:
        sides: the hub first.
        other: the other's name in the lines of ratios.
        binding: whether the ratios are promised.
    """

    sides: tuple[Side, Side]
    other: str
    report: Report
    binding: bool

    def add(self, what: str, unit: str, runs: Callable[[Side], list[float]]) -> list[Figure]:
        """A line of each side, by its runs."""
        return [self.report.add(f"{side.name}: {what}", unit, runs(side)) for side in self.sides]

    def ratio(self, what: str, of: Figure, to: Figure, must: Must | None) -> None:
        """How many times better the hub is."""
        self.report.ratio(f"{what}, against {self.other}", of, to, must if self.binding else None)


def measure(pair: Pair, base: Ground, wanted: Wanted, objects: int, seed: int) -> None:
    """Publish, drain and poll on."""
    load = base.loads(seed)[0]
    envelopes = [versioned(load, ENVELOPE) for _ in range(objects // ENVELOPE)]
    pair.report.stored = objects
    rates: dict[str, list[float]] = {side.name: [] for side in pair.sides}
    for envelope in envelopes:
        for side in pair.sides:
            rates[side.name].append(ENVELOPE / publish(side.port, side.writers[0], side.path, bodies(side, [envelope])))
    hub, other = pair.add("publish, one client", "objects/s", lambda side: rates[side.name])
    pair.ratio("publish", hub, other, PUBLISH)
    _drain(pair, wanted, "drain, all versions", ALL, objects)
    cursors = {side.name: drain(side.port, side.reader, side.path, ALL).cursor for side in pair.sides}
    _drain(pair, wanted, "drain, as clients ask", "", objects)
    new = versioned(load, NEW)
    times: dict[str, list[float]] = {}
    for side in pair.sides:
        publish(side.port, side.writers[0], side.path, bodies(side, [new]))
        count = HUB_POLLS if side.whole else PEER_POLLS
        taken = poll(side.port, side.reader, side.path, cursors[side.name], count, NEW)
        times[side.name] = [1000 * each for each in taken]
    hub, other = pair.add("poll with 5 new", "ms", lambda side: times[side.name])
    pair.ratio("poll with 5 new", other, hub, POLL)


def _drain(pair: Pair, wanted: Wanted, what: str, query: str, objects: int) -> None:
    """Drains in turns, once where one takes long; of a server that takes very long only the first pages."""
    reads: dict[str, list[Read]] = {side.name: [] for side in pair.sides}
    for _ in range(wanted.runs):
        for side in pair.sides:
            if not reads[side.name] or reads[side.name][-1].seconds < SLOW:
                reads[side.name].append(drain(side.port, side.reader, side.path, query))
    for name, each in reads.items():
        if each[0].whole and each[0].objects != objects:
            raise click.ClickException(f"{name} gives {each[0].objects} of {objects} objects")
    hub, other = pair.add(what, "objects/s", lambda side: [read.objects / read.seconds for read in reads[side.name]])
    pair.ratio(what, hub, other, None if query else DRAIN)
    if not query:
        name = "first poll of a fresh client, 1,000 objects"
        hub, other = pair.add(name, "ms", lambda side: [1000 * read.first for read in reads[side.name]])
        pair.ratio(name, other, hub, POLL)


def lose(side: Side, base: Ground, wanted: Wanted, report: Report, publications: int) -> None:
    """Four publishers and a poller; a hub that loses anything misses its target."""
    history = losses(side, base.loads(SEED), publications, SMALL)
    report.stored = history.objects
    must = Must(most=0) if side.whole else None
    report.add(f"{side.name}: acknowledged, never delivered", "objects", [len(history.lost())], must)
    report.add(f"{side.name}: delivered twice", "objects", [len(history.twice())], must)
    report.add(f"{side.name}: publications refused", "", [len(history.refused)], must)
    if wanted.histories is not None:
        wanted.histories.mkdir(parents=True, exist_ok=True)
        history.keep(wanted.histories / f"{side.name.replace(' ', '-').replace(',', '')}.json")


class Place:
    """A folder, and databases where there is a server for them; each side gets its own."""

    def __init__(self, folder: Path, cluster: Cluster | None) -> None:
        self._folder, self._cluster, self._count = folder, cluster, 0

    def folder(self) -> Path:
        """A folder that nobody has used."""
        self._count += 1
        return self._folder / str(self._count)

    def database(self, folder: Path) -> str:
        """A database that nobody has used."""
        return self._cluster.create_database() if self._cluster else f"sqlite:///{folder / 'hub.db'}"

    @property
    def store(self) -> str:
        """Which store it is."""
        return "PostgreSQL" if self._cluster else "SQLite"

    @contextmanager
    def hub(self) -> Iterator[tuple[Side, Ground]]:
        """A fresh hub."""
        folder = self.folder()
        base = ground(folder, self.database(folder))
        with hub_side(base, self.store) as side:
            yield side, base

    def opentaxii(self) -> AbstractContextManager[Side]:
        """A fresh OpenTAXII."""
        folder = self.folder()
        return opentaxii_side(folder, self.store, self._cluster.create_database() if self._cluster else None)


def on_store(place: Place, wanted: Wanted, tell: Callable[[str], None], *, medallion: bool) -> Report:
    """Everything on one store: the hub, OpenTAXII, and medallion where it is asked for."""
    report = Report(f"{place.store}, {wanted.objects:,} objects")
    with place.hub() as (side, base), place.opentaxii() as other:
        tell(f"{side.name} and {other.name}")
        pair = Pair((side, other), "OpenTAXII", report, binding=wanted.objects >= BINDING)
        measure(pair, base, wanted, wanted.objects, SEED)
    if medallion:
        few = min(wanted.objects, MEDALLION)
        with place.hub() as (side, base), medallion_side(place.folder()) as other:
            tell(f"{side.name} and {other.name}, {few:,} objects")
            measure(Pair((side, other), "medallion", report, binding=False), base, wanted, few, SEED)
    lost(place, wanted, report, tell, medallion=medallion)
    return report


def lost(place: Place, wanted: Wanted, report: Report, tell: Callable[[str], None], *, medallion: bool) -> None:
    """Who loses what, each server by itself and empty at first."""
    with place.hub() as (side, base):
        tell(f"{side.name}: four publishers")
        lose(side, base, wanted, report, wanted.publications)
    others = [(place.opentaxii(), wanted.publications)]
    others += [(medallion_side(place.folder()), min(wanted.publications, MEDALLION_PUBLICATIONS))] if medallion else []
    for each, publications in others:
        with each as side:
            tell(f"{side.name}: four publishers")
            lose(side, base, wanted, report, publications)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--objects", default=10_000, show_default=True, type=click.IntRange(1000), help="Published to each.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Drains of which the median counts.")
@click.option("--publications", default=100, show_default=True, help="Of each of four publishers, where losses show.")
@click.option("--postgresql/--no-postgresql", default=True, help="On PostgreSQL too, a throw-away one, fsync off.")
@click.option("--histories", type=click.Path(file_okay=False, path_type=Path), help="Folder to keep the histories in.")
@click.option("--json", "as_json", is_flag=True, help="Figures as JSON on stdout instead of tables.")
def main(
    *, objects: int, runs: int, publications: int, postgresql: bool, histories: Path | None, as_json: bool
) -> None:
    """Compare the hub with OpenTAXII and medallion on this machine, 127.0.0.1 only; exit 1 if a target is missed."""
    tell, about = _teller(), machine()
    wanted = Wanted(objects // ENVELOPE * ENVELOPE, runs, publications, histories)
    reports = []
    try:
        with tempfile.TemporaryDirectory(prefix="hub-peers-") as folder:
            reports.append(on_store(Place(Path(folder, "sqlite"), None), wanted, tell, medallion=True))
            if postgresql:
                with Cluster() as cluster:
                    reports.append(on_store(Place(Path(folder, "postgresql"), cluster), wanted, tell, medallion=False))
    except NoPeer as missing:
        raise click.ClickException(str(missing)) from missing
    if as_json:
        told = {each.title: [figure.json for figure in each.figures] for each in reports}
        click.echo(json.dumps({"machine": about, "reports": told}, indent=2))
    else:
        out = Console(width=None if sys.stdout.isatty() else WIDTH)
        out.print(", ".join(f"{name} {value}" for name, value in about.items()), highlight=False)
        for report in reports:
            out.print(report.table())
    sys.exit(1 if any(each.missed for each in reports) else 0)
