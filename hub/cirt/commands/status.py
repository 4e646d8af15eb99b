"""`cirt status`: what became of a publication, and what is still under way?"""

import click

from hub.cirt import show
from hub.cirt.run import Run, command


@command("status")
@click.argument("status_id", required=False)
def status(run: Run, status_id: str | None) -> None:
    """Show the hub's status of a publication; without STATUS-ID what was signed here and what became of it."""
    profile = run.profile()
    if status_id is not None:
        with run.link(profile) as link:
            told = link.status(status_id)
        if run.json:
            show.answer_json(told)
        else:
            counts = ", ".join(f"{told.get(f'{name}_count')} {name}" for name in ("success", "failure", "pending"))
            show.answer(f"{told.get('id')}: {told.get('status')}, {counts}")
            rows = [(each.get("id"), each.get("version"), each.get("message", "")) for each in told.get("failures", ())]
            show.table(("object", "version", "why"), rows)
        return
    with run.state() as state:
        rows = state.rows(
            "SELECT e.alias, m.label, m.seq, m.objects, e.state, e.status_id, m.id, e.path, m.receipt FROM envelopes e"
            " JOIN manifests_sent m ON m.envelope = e.no ORDER BY e.no DESC, m.label, m.seq LIMIT 200"
        )
    names = ("group", "tlp", "seq", "objects", "state", "status_id", "manifest", "envelope", "receipt")
    if run.json:
        show.answer_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        show.table(names[:-2], [row[:-2] for row in rows])
