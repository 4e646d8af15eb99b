"""`cirt explain`: why do I, or another party, receive an object, or not?"""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from hub.cirt import show
from hub.cirt.run import Run, command


@command("explain")
@click.argument("object_id")
@click.option("--group", required=True, help="Alias or id of the sharing group.")
@click.option("--member", help="Another party, by alias or id; only for objects that you published yourself.")
def explain(run: Run, object_id: str, group: str, member: str | None) -> None:
    """Show the hub's account of who receives OBJECT-ID, rule by rule."""
    profile = run.profile()
    with run.link(profile) as link:
        told = link.explain(group, object_id, member)
    if run.json:
        show.answer_json(told)
        return
    show.answer("received" if told.get("received") else "not received")
    reasons: Sequence[Mapping[str, Any]] = told.get("reasons", ())
    for each in reasons:
        show.answer(f"  {each.get('code')}: {each.get('sentence')}")
