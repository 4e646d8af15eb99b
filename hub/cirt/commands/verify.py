"""`cirt verify`: what may be believed of these files? Asks nobody; the profile's own keys and baseline decide."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from hub.cirt import show
from hub.cirt.destinations import recorded_files
from hub.cirt.faults import CirtError, Told
from hub.cirt.inspection import inspect
from hub.cirt.ledger import StoredLedger
from hub.cirt.reception import footing, knowledge
from hub.cirt.report import report_of
from hub.cirt.run import Run, command
from hub.cirt.state import State, scratch_state
from hub.cirt.terms import Place, recall
from keys.entries import Entry
from keys.verdicts import Reader, Verdict


@command("verify")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option("--group", required=True, help="Alias or id of the sharing group.")
@click.option("--require-confirmed", is_flag=True, help="Believe confirmed keys only, none pinned at first sight.")
@click.option("--each", is_flag=True, help="Also tell the verdict on every single object, a line each.")
def verify(run: Run, files: Sequence[Path], group: str, *, require_confirmed: bool, each: bool) -> None:
    """Verify files or folders offline, by default all that `poll` wrote: a verdict per object and per stream.

    Ends with 0 only if every object is verified, relayed or expired, and every stream complete.
    """
    profile = run.profile()
    with run.state() as state, scratch_state(run.home) as scratch:
        place = recall(state, group)
        basis = footing(state, place, profile.ring(), run.clock(), require_confirmed=require_confirmed)
        polled = StoredLedger(state, place.no)
        taken = files or recorded_files(state, place.no)
        if not taken and (polled.heads() or not _was_polled(state, place)):
            raise CirtError(
                f"poll has written no file of {place.alias} yet: begin with `cirt poll --group {place.alias}`, or name"
                " the files",
                code="nothing-received",
            )
        ledger = StoredLedger(scratch, place.no)
        reader = Reader(basis, ledger, _teller(run) if each else None)
        with scratch.change():
            faults = list(inspect(reader, taken))
        known = knowledge(state, place)
        report = report_of(reader, ledger, ledger.streams(known.origins, known.told, polled.heads()), faults)
    if each:
        for finding in report.findings:
            _line(run, finding.id, finding.version, finding.verdict, finding.place)
            show.say(f"  {finding.id or finding.place}: {finding.sentence}")
        show.say(f"verdicts {report.view()['verdicts']}, streams {report.view()['streams']}")
    elif run.json:
        show.answer_json({"group": place.id, "alias": place.alias, **report.view()})
    else:
        report.tell()
    if not report.good:
        raise Told(report.remedy, code="unverified")


def _was_polled(state: State, place: Place) -> bool:
    return state.row("SELECT polled_at FROM groups WHERE no = ?", place.no)[0] is not None


def _teller(run: Run) -> Callable[[Entry, Verdict, str], None]:
    return lambda entry, verdict, place: _line(run, entry.id, entry.version, verdict, place)


def _line(run: Run, stix_id: str, version: str | None, verdict: Verdict, place: str) -> None:
    if run.json:
        line = {"id": stix_id, "version": version, "verdict": str(verdict), "place": place}
        click.echo(json.dumps(line, ensure_ascii=True))
    else:
        click.echo("\t".join(show.plain(cell) for cell in (verdict, stix_id, version or "", place)))
