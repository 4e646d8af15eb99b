"""`cirt accept`, `cirt withdraw`: the member's signed word on an agreement, and the hub's signed baseline."""

from typing import Any

import click

from feeds.timestamps import format_taxii
from hub.cirt import show
from hub.cirt.faults import CirtError, Denied
from hub.cirt.link import Link
from hub.cirt.profile import Profile
from hub.cirt.run import Run, command
from hub.cirt.state import State
from hub.cirt.terms import Place, accepted_here, digests_shown, keep_word, last_word, look_up, text_held
from hub.cirt.wording import in_words
from keys.acceptance import Action, sign_acceptance
from keys.baseline import Baseline
from policies.agreement import Agreement


@command("accept")
@click.argument("agreement")
@click.option("--digest", help="The very text to accept; else the version in force, else the one to come.")
def accept(run: Run, agreement: str, digest: str | None) -> None:
    """Accept an AGREEMENT (alias or id): sign its text, and keep what the hub owes you from now on.

    Read it first: `cirt agreements AGREEMENT`.
    """
    profile = run.profile()
    with run.state() as state, run.link(profile) as link:
        place = look_up(link, state, agreement)
        chosen = _to_accept(state, place, digest)
        baseline, n = _said(run, profile, state, link, place, Action.ACCEPT, chosen)
        text = text_held(state, place.id, chosen)
    _told(run, place, text, baseline, n)


@command("withdraw")
@click.argument("agreement")
def withdraw(run: Run, agreement: str) -> None:
    """Withdraw from an AGREEMENT (alias or id): you neither publish nor receive from now on.

    What was received keeps its terms. You may accept it again.
    """
    profile = run.profile()
    with run.state() as state, run.link(profile) as link:
        place = look_up(link, state, agreement)
        word = last_word(state, place.id)
        accepted = word.baseline.agreement if word and word.baseline else place.in_force
        if accepted is None:
            raise Denied(f"there is nothing to withdraw from in {place.alias}", code="not-accepted")
        _, n = _said(run, profile, state, link, place, Action.WITHDRAW, accepted)
    if run.json:
        show.answer_json({"group": place.id, "alias": place.alias, "agreement": accepted, "action": "withdraw", "n": n})
    else:
        show.answer(f"withdrawn from {place.alias}")


def _to_accept(state: State, place: Place, digest: str | None) -> str:
    """Digest of the version to accept."""
    shown = digests_shown(place.said)
    if digest is not None:
        if digest not in shown:
            raise CirtError(
                f"{place.alias} has no version with the digest {digest}; see `cirt agreements {place.alias}`"
            )
        return digest
    if place.in_force in shown and (accepted_here(state, place) != place.in_force or shown[0] == place.in_force):
        return str(place.in_force)
    if not shown:
        raise Denied(f"no version of {place.alias} can be accepted now", code="not-in-force")
    return shown[0]


def _said(
    run: Run, profile: Profile, state: State, link: Link, place: Place, action: Action, digest: str
) -> tuple[Baseline, int]:
    """Sign and post the word, with a counter above every earlier one, wherever that was said."""
    word = last_word(state, place.id)
    last = place.said.get("acceptance")
    there = last.get("n") if isinstance(last, dict) else 0
    n = max(word.n if word else 0, there if isinstance(there, int) else 0) + 1
    jws = sign_acceptance(
        group=place.id,
        agreement=digest,
        action=action,
        n=n,
        iss=profile.member,
        iat=run.clock(),
        signer=run.signer(profile),
    )
    answered = link.accept(place.id, jws)
    accepted = digest if action is Action.ACCEPT else None
    return keep_word(state, profile, place.id, n, answered, accepted=accepted), n


def _told(run: Run, place: Place, text: Agreement, baseline: Baseline, n: int) -> None:
    answer: dict[str, Any] = {"group": place.id, "alias": place.alias, "agreement": text.digest, "action": "accept"}
    if run.json:
        show.answer_json({**answer, "version": text.version, "n": n, "starts": dict(baseline.starts)})
        return
    show.answer(f"accepted {text.title} ({place.alias}), version {text.version}, digest {text.digest}")
    for line in in_words(text):
        show.say(f"  {line}")
    for label, start in baseline.starts.items():
        since = f"published from {format_taxii(start)} on" if start else "from the beginning"
        show.say(f"you receive TLP:{label.upper()} {since}")
