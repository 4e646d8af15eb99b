"""`cirt sign`: the same as `publish`, up to an envelope that any TAXII 2.1 client can post."""

from collections.abc import Sequence
from pathlib import Path

import click

from hub.cirt import show
from hub.cirt.faults import CirtError
from hub.cirt.leaving import Leaving
from hub.cirt.memory import Fate, unanswered
from hub.cirt.publishing import Desk
from hub.cirt.reading import read_files
from hub.cirt.run import Run, command
from hub.cirt.signing import sign as sign_parts
from hub.durable import write_whole
from policies.labels import Label

from .publish import LABELS, LEAVE_OUT, remarks


@command("sign")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--group", required=True, help="Alias or id of the sharing group.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where the envelope goes.")
@click.option("--tlp", type=LABELS, help="Label for objects without a TLP marking; required when there are any.")
@click.option("--as-is", is_flag=True, help="Mark nothing: sign the very bytes given.")
@LEAVE_OUT
def sign(
    run: Run, files: Sequence[str], group: str, out: Path, tlp: str | None, leave_out: Sequence[str], *, as_is: bool
) -> None:
    """Sign an envelope without posting it: to be posted, once, by any TAXII 2.1 client."""
    profile = run.profile()
    leaving = Leaving(frozenset(leave_out))
    found = leaving.readable(read_files(files))
    label = None if tlp is None else Label.of(tlp)
    with run.state() as state, run.link(profile) as link:
        desk = Desk.set_up(run, profile, link, state, group)
        if unanswered(state, run.home, desk.place.id):
            raise CirtError(
                "an envelope of an earlier run is not answered yet; run `cirt publish` first", code="pending"
            )
        prepared = desk.prepare(found, label, leaving, as_is=as_is)
        packed = desk.packed(prepared.labelled)
        if len(packed) > 1:
            raise CirtError(
                f"this needs {len(packed)} envelopes; divide the input, or use `cirt publish`", code="too-large"
            )
        pen = desk.pen()
        heads = desk.heads(pen)
        signed = sign_parts(packed[0], pen, heads, run.clock())
        desk.keep(signed, Fate.HANDED_OUT)
        write_whole(out, signed.raw)
    remarks(prepared)
    show.say("post this envelope before anything else is published by you in this group, or its place will be taken")
    listed = [
        {"manifest": m.id, "group": m.group, "tlp": m.tlp, "seq": m.seq, "objects": len(m.entries)}
        for m in signed.manifests
    ]
    if run.json:
        show.answer_json({"envelope": str(out), "manifests": listed, **prepared.view()})
    else:
        show.answer(str(out))
