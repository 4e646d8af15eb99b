"""`cirt publish`: check, mark, split, sign, post, and keep the receipts."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from hub.cirt import show
from hub.cirt.faults import ToldDenied
from hub.cirt.leaving import CODES, Leaving
from hub.cirt.opinions import opinions
from hub.cirt.preparing import Prepared
from hub.cirt.publishing import Desk, Result, publish_all
from hub.cirt.reading import read_files
from hub.cirt.rehearsing import Rehearsal
from hub.cirt.run import Run, command
from policies.labels import Label

LEAVE_OUT = click.option(
    "--leave-out",
    type=click.Choice(CODES),
    metavar="CODE",
    multiple=True,
    help="Publish the rest when objects would be refused for this reason, and list them; may be given several times.",
)
LABELS = click.Choice(["clear", "green", "amber", "amber+strict"])


@command("publish")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--group", required=True, help="Alias or id of the sharing group.")
@click.option("--tlp", type=LABELS, help="Label for objects without a TLP marking; required when there are any.")
@click.option("--as-is", is_flag=True, help="Mark nothing: publish the very bytes given.")
@LEAVE_OUT
@click.option("--dry-run", is_flag=True, help="Ask who would receive it and what would be refused; publish nothing.")
def publish(
    run: Run,
    files: Sequence[str],
    group: str,
    tlp: str | None,
    leave_out: Sequence[str],
    *,
    as_is: bool,
    dry_run: bool,
) -> None:
    """Publish STIX bundles, envelopes or NDJSON (`-`: standard input) into a sharing group.

    All of an envelope is taken in, or none of it. What this run could not finish, the next one posts again.
    """
    profile = run.profile()
    leaving = Leaving(frozenset(leave_out))
    found = leaving.readable(read_files(files))
    label = None if tlp is None else Label.of(tlp)
    with run.state() as state, run.link(profile) as link:
        desk = Desk.set_up(run, profile, link, state, group)
        if dry_run:
            prepared = desk.prepare(found, label, leaving, as_is=as_is, keep=False)
            said = desk.rehearse(prepared)
            prepared.warnings += opinions([each for each, _ in prepared.labelled])
            _told_audience(run, said, prepared)
            return
        again = list(desk.post_unanswered())
        prepared = desk.prepare(found, label, leaving, as_is=as_is)
        result = publish_all(desk, prepared, again)
    _told(run, desk, prepared, result, _again(files, group, tlp, leave_out, as_is=as_is))


def _again(files: Sequence[str], group: str, tlp: str | None, leave_out: Sequence[str], *, as_is: bool) -> str:
    """This very command, to be run again."""
    words = [
        "cirt",
        "publish",
        *files,
        "--group",
        group,
        *(("--tlp", tlp) if tlp else ()),
        *(("--as-is",) if as_is else ()),
        *(word for code in leave_out for word in ("--leave-out", code)),
    ]
    return shlex.join(words)


def _told(run: Run, desk: Desk, prepared: Prepared, result: Result, again: str) -> None:
    failures = [failure.view() for failure in result.failures]
    following = next_commands([each["code"] for each in failures], desk.place.alias, again)
    remarks(prepared)
    answer = {"publications": result.publications, "failures": failures, **prepared.view(), "next": following}
    if run.json:
        show.answer_json(answer)
    else:
        for each in result.publications:
            show.answer(
                f"published {each['objects']} objects under {each['tlp']}: {each['manifest']}, seq {each['seq']}"
            )
    if not failures:
        return
    if not run.json:
        show.failures([each for each in failures if each["code"] != "with-its-envelope"])
    sentence = f"the hub refused an envelope; {result.unsent} objects were not published" + (
        f". Next: {' && '.join(following)}" if following else ""
    )
    raise ToldDenied(sentence, code=failures[0]["code"])


def next_commands(codes: Sequence[str], alias: str, again: str) -> list[str]:
    """What to type next, where that is known."""
    if "agreement-changed" in codes:
        return [f"cirt agreements {shlex.quote(alias)}", f"cirt accept {shlex.quote(alias)}", again]
    return [again] if "stream-position" in codes else []


def remarks(prepared: Prepared) -> None:
    """Tell what was touched, left out, or should be looked at."""
    if prepared.marked:
        show.say(
            f"marked {len(prepared.marked)} of your own objects, and renewed their `modified`: {_few(prepared.marked)}"
        )
    for reason in dict.fromkeys(each.message for each in prepared.left_out if each.code is None):
        names = [each.id or "" for each in prepared.left_out if each.message == reason]
        show.say(f"left out {len(names)} objects ({reason}): {_few(names)}")
    refused = [asdict(each) for each in prepared.left_out if each.code is not None]
    if refused:
        show.say(f"left out {len(refused)} objects that would be refused:")
        show.failures(refused)
    if prepared.warnings:
        show.say("look at these; they are published all the same:")
        show.failures([each.view() for each in prepared.warnings])


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004 - a line's worth


def _told_audience(run: Run, said: Rehearsal, prepared: Prepared) -> None:
    remarks(prepared)
    failures = [each.view() for each in said.failures]
    counts: dict[str, int] = {}
    for _, label in prepared.labelled:
        counts[label.text] = counts.get(label.text, 0) + 1
    if run.json:
        answer = {"accepted": not failures, "failures": failures, "recipients": said.recipients}
        show.answer_json({**answer, "objects": counts, **prepared.view()})
    else:
        rows = [
            (label, each.get("name") or each.get("member"), "receives" if each.get("received") else _why(each))
            for label, listed in said.recipients.items()
            for each in listed
        ]
        show.table(("label", "party", "what happens"), rows)
        show.failures(failures)
    if failures:
        raise ToldDenied("some of it would be refused", code=said.failures[0].code)


def _why(recipient: Mapping[str, Any]) -> str:
    reasons = recipient.get("reasons") or [{}]
    return str(reasons[-1].get("sentence", "does not receive"))
