"""`cirt poll`: receive what is new in a group, verify it, write it; go on next time where this run ended."""

from dataclasses import dataclass, field
from pathlib import Path

import click

from feeds.errors import FeedsError
from hub.cirt import show
from hub.cirt.destinations import STANDARD_OUTPUT
from hub.cirt.faults import Told
from hub.cirt.following import LONGEST, SHORTEST, Follower
from hub.cirt.receiving import Order, Round, receive
from hub.cirt.run import Run, command
from hub.cirt.stopping import Stop, Stopped

_INTERVAL = 60


@command("poll")
@click.option("--group", required=True, help="Alias or id of the sharing group.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for page files; else one in the profile."
)
@click.option("--ndjson", help="A file that grows instead, or `-` for standard output; manifests are among the lines.")
@click.option(
    "--require-confirmed",
    is_flag=True,
    help="Believe confirmed keys only, none pinned at first sight, of what is new; `cirt verify` judges the rest so.",
)
@click.option(
    "--silent-days", type=click.IntRange(1), default=30, show_default=True, help="When a party counts as silent."
)
@click.option("--follow", is_flag=True, help="Go on until SIGINT or SIGTERM, round after round.")
@click.option(
    "--interval",
    type=click.IntRange(SHORTEST, LONGEST),
    help=f"With --follow: seconds between two rounds, a tenth more or less. [default: {_INTERVAL}]",
)
def poll(
    run: Run,
    group: str,
    out: Path | None,
    ndjson: str | None,
    interval: int | None,
    *,
    require_confirmed: bool,
    silent_days: int,
    follow: bool,
) -> None:
    """Receive a group's new objects and manifests, verify them, and write their signed bytes.

    The cursor moves only once a page is on disk, so a run may be stopped at any moment.
    """
    if out is not None and ndjson is not None:
        raise click.UsageError("name one destination: --out or --ndjson")
    if interval is not None and not follow:
        raise click.UsageError("--interval says how often to ask with --follow; say both, or neither")
    order = Order(group, out, ndjson, require_confirmed, silent_days)
    if follow:
        _follow(run, order, interval or _INTERVAL)
    else:
        _once(run, order)


def _once(run: Run, order: Order) -> None:
    """One round; where objects go to standard output themselves, what is told goes to standard error."""
    found = receive(run, order)
    for line in (*found.keys, *found.remarks):
        show.say(line)
    if order.ndjson == STANDARD_OUTPUT:
        show.say(_summary(found))
    elif run.json:
        show.answer_json(found.answer)
    else:
        show.answer(f"received {found.answer['objects']} objects into {found.answer['destination']}")
        found.report.tell()
    _judged(found)


def _summary(found: Round) -> str:
    answer = found.answer
    return f"received {answer['objects']} objects; cursor {answer['cursor']}; verdicts {answer['verdicts']}"


def _judged(found: Round) -> None:
    if not found.report.good:
        raise Told(found.report.remedy, code="unverified")


def _follow(run: Run, order: Order, interval: int) -> None:
    """Round after round; a signal is the way it ends, judged by the last round that was finished."""
    run.lines = True
    stop, teller = Stop(), _Teller(json=run.json and order.ndjson != STANDARD_OUTPUT)
    follower = Follower(interval, lambda: receive(run, order, stop.shielded), teller.told, teller.failed)
    try:
        with stop.listening():
            follower.go_on()
    except Stopped:
        show.say("stopped; what is on disk is whole, and the next run goes on from there")
    if teller.last is not None:
        _judged(teller.last)
    elif teller.error is not None:
        raise teller.error


@dataclass(slots=True)
class _Teller:
    """Tells each round: with --json a line on standard output, else what is new on standard error.

    Attributes:
        json: whether rounds are told in JSON.
        last: the last round that was finished.
        error: what went wrong last.
        rounds: how many there were.
    """

    json: bool
    last: Round | None = None
    error: FeedsError | None = None
    rounds: int = 0
    _said: set[str] = field(default_factory=set)

    def told(self, found: Round) -> None:
        """Tell a round; what was said before is not said again, but what was good and is not any more is."""
        for line in (*found.keys, *found.remarks):
            self._say_once(line)
        news = self.last is None or found.answer["objects"] or found.report.good is not self.last.report.good
        self.last, self.rounds = found, self.rounds + 1
        if self.json:
            show.answer_line({"round": self.rounds, **found.answer})
        elif news:
            show.say(_summary(found))
            if not found.report.good:
                show.say(f"unverified: {found.report.remedy}")

    def failed(self, error: FeedsError, pause: float) -> None:
        """Tell a round that came to nothing."""
        self.error, self.rounds = error, self.rounds + 1
        if self.json:
            fault = {"code": error.code, "message": error.sentence}
            show.answer_line({"round": self.rounds, "error": fault, "retry_in": round(pause, 1)})
        show.say(f"{error.code}: {error.sentence} Next try in {pause:.0f} s")

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            show.say(line)
