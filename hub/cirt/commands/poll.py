"""`cirt poll`: receive what is new in a group, verify it, write it; go on next time where this run ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from feeds.timestamps import format_taxii
from hub.cirt import show
from hub.cirt.destinations import STANDARD_OUTPUT, open_destination
from hub.cirt.draining import Drain
from hub.cirt.faults import Told
from hub.cirt.ledger import StoredLedger
from hub.cirt.reception import Knowledge, candidates, footing, knowledge, pin_first_seen, silent_parties
from hub.cirt.report import Report, report_of
from hub.cirt.run import Run, command
from hub.cirt.state import State
from hub.cirt.terms import Place, digest_open, look_up
from keys.ring import Ring, RingKey
from keys.verdicts import Reader

RECEIVED = "received"


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
def poll(
    run: Run, group: str, out: Path | None, ndjson: str | None, *, require_confirmed: bool, silent_days: int
) -> None:
    """Receive a group's new objects and manifests, verify them, and write their signed bytes.

    The cursor moves only once a page is on disk, so a run may be stopped at any moment.
    """
    if out is not None and ndjson is not None:
        raise click.UsageError("name one destination: --out or --ndjson")
    profile = run.profile()
    with run.state() as state, run.link(profile) as link:
        place = look_up(link, state, group)
        digest_open(place)
        offered = candidates(link, place.id)
        ring, first_seen = pin_first_seen(profile, offered)
        ledger = StoredLedger(state, place.no)
        basis = footing(state, place, ring, run.clock(), require_confirmed=require_confirmed)
        reader = Reader(basis, ledger)
        with state.change():
            ledger.judge_again(basis, reader)
        folder = out or run.home / RECEIVED / place.alias
        with open_destination(state, place.no, folder, ndjson) as destination:
            drain = Drain(link, state, place, ledger, reader, destination)
            drain.all()
        known = knowledge(state, place)
        with state.change():
            state.run("UPDATE groups SET polled_at = ? WHERE no = ?", basis.at, place.no)
        report = report_of(reader, ledger, ledger.streams(known.origins, known.told))
        silent = silent_parties(state, place, ledger, profile.member, basis.at, silent_days)
        cursor = _cursor(state, place)
    _about_keys(first_seen, ring, offered)
    _remarks(known, silent, silent_days)
    answer = {
        "group": place.id,
        "alias": place.alias,
        "objects": drain.objects,
        "cursor": cursor,
        **report.view(),
        "first_seen": [{"member": key.member, "fingerprint": key.key.fingerprint} for key in first_seen],
        "silent": silent,
        "destination": ndjson or str(folder),
    }
    _tell(run, report, answer, quiet=ndjson == STANDARD_OUTPUT)


def _cursor(state: State, place: Place) -> str | None:
    position = state.row("SELECT data_after FROM groups WHERE no = ?", place.no)[0]
    return None if position is None else format_taxii(position)


def _about_keys(first_seen: Sequence[RingKey], ring: Ring, offered: Sequence[RingKey]) -> None:
    """Say which keys are new, changed or revoked; the hub's word changes nothing in the ring of its own accord."""
    for key in first_seen:
        show.say(f"first seen, and believed from now on: key of {key.member}: {key.key.fingerprint}")
        show.say(f"  compare it over another channel, then: cirt keys pin {key.member} '{key.key.fingerprint}'")
    for key in offered:
        if key.revoked and key.kid in ring.keys:
            show.say(f"the hub says that a key of {key.member} was revoked: {key.key.fingerprint}; ask its owner")
        elif not key.revoked and key.kid not in ring.keys:
            show.say(f"another key of {key.member} than the one you know is at the hub: {key.key.fingerprint}")
            show.say("  what it signs is `unknown-signer` until you compare it over another channel, and then run:")
            show.say(f"  cirt keys pin {key.member} '{key.key.fingerprint}'")


def _remarks(known: Knowledge, silent: Sequence[Mapping[str, str | None]], days: int) -> None:
    if not known.has_baseline:
        show.say("this agreement was not accepted from this profile, so there is no baseline to judge gaps by")
    for each in silent:
        last = each["last"] or "never"
        show.say(f"silent for more than {days} days: {each['member']}, last heard of: {last}")


def _tell(run: Run, report: Report, answer: dict[str, object], *, quiet: bool) -> None:
    """The answer; where objects go to standard output themselves, a line on standard error instead."""
    if quiet:
        show.say(f"received {answer['objects']} objects; cursor {answer['cursor']}; verdicts {answer['verdicts']}")
    elif run.json:
        show.answer_json(answer)
    else:
        show.answer(f"received {answer['objects']} objects into {answer['destination']}")
        report.tell()
    if not report.good:
        raise Told(report.remedy, code="unverified")
