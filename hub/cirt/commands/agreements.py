"""`cirt agreements`: which agreements are there for me, on which terms, and which have I accepted?"""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from hub.cirt import show
from hub.cirt.link import dicts_of
from hub.cirt.run import Run, command
from hub.cirt.terms import accepted_here, digests_shown, look_up, text_held
from hub.cirt.wording import in_words


@command("agreements")
@click.argument("agreement", required=False)
def agreements(run: Run, agreement: str | None) -> None:
    """Show your agreements; of one AGREEMENT (alias or id) the terms in words, and the digest you would sign."""
    profile = run.profile()
    with run.state() as state, run.link(profile) as link:
        if agreement is None:
            _listed(run, link.agreements())
            return
        place = look_up(link, state, agreement)
        accepted = accepted_here(state, place)
        texts = [text_held(state, place.id, digest) for digest in digests_shown(place.said)]
        if run.json:
            show.answer_json({**place.said, "accepted_here": accepted, "words": [in_words(each) for each in texts]})
            return
        for text in texts:
            mark = "in force" if text.digest == place.in_force else "not in force"
            here = "accepted from this profile" if text.digest == accepted else "not accepted from this profile"
            show.answer(f"{text.title} ({text.alias}), version {text.version}: {mark}, {here}")
            show.answer(f"digest {text.digest}")
            for line in in_words(text):
                show.answer(f"  {line}")


def _listed(run: Run, listed: Sequence[Mapping[str, Any]]) -> None:
    if run.json:
        show.answer_json(list(listed))
        return
    rows = [
        (
            each.get("alias"),
            version.get("version"),
            version.get("state"),
            version.get("role"),
            version.get("clearance"),
            "accepted" if version.get("accepted") else "not accepted",
            version.get("digest"),
            version.get("title"),
        )
        for each in listed
        for version in dicts_of(each, "versions")
    ]
    if not rows:
        show.say("there is none for you: no agreement names you yet, or your key is not confirmed: see cirt whoami")
    show.table(("agreement", "version", "state", "role", "clearance", "acceptance", "digest", "title"), rows)
