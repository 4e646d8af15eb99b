"""What happens in the demo, in order? Each step by those who do it at a real hub, and only if it is not done yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.running import Hub

from . import cast
from .findings import Line, is_published, lines
from .ground import Ground
from .operators import Office
from .teams import Team

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        lines: who received what, and why others did not.
        verdicts: (team, group) to its verifier's report.
        published: how many incidents were published this time; the others had been before.
    """

    lines: list[Line]
    verdicts: Mapping[tuple[str, str], Mapping[str, Any]]
    published: int


def walk(hub: Hub, ground: Ground, user: str, say: Say) -> Outcome:
    """Go through all of it against the served hub; a second time it finds most of it done.

    Raises `DemoFailed`, and what the acts raise.
    """
    office = Office(hub, ground, user)
    teams = {member.alias: Team(member.alias, ground) for member in cast.members()}
    _review(office, say)
    for alias, team in teams.items():
        _enrol(office, alias, team, say)
    published = _publish(hub, teams, say)
    verdicts = _receive(teams, say)
    held = {(alias, group): teams[alias].holds(group) for alias, group in verdicts}
    return Outcome(lines(hub, held), verdicts, published)


def _review(office: Office, say: Say) -> None:
    """Operators import the documents, and two of them approve each."""
    hired = office.hire()
    documents = [*cast.member_files(), *cast.agreement_files()]
    fresh = [path.stem for path in documents if office.bring_in(path)]
    names = " and ".join(cast.OPERATORS)
    if hired or fresh:
        say(f"{names} imported and approved: {', '.join(fresh) or 'nothing new'}")
    else:
        say(f"{names} had approved all documents before")


def _enrol(office: Office, alias: str, team: Team, say: Say) -> None:
    """A team is invited, joins with a key of its own, reads out its fingerprint, and accepts its agreements."""
    done = []
    if not team.has_joined():
        team.join(office.invite(alias))
        done.append("joined by invitation")
    if not office.has_confirmed(alias):
        mark = team.fingerprint()
        office.confirm(alias, mark)
        done.append(f"its key {mark[:9]} … was confirmed")
    member = next(member for member in cast.members() if member.alias == alias)
    accepted = [agreement.alias for agreement in cast.groups_of(member.id) if team.accepts(agreement.alias)]
    if accepted:
        done.append(f"accepted {' and '.join(accepted)}")
    say(f"{alias}: {', '.join(done) or 'a member already'}")


def _publish(hub: Hub, teams: Mapping[str, Team], say: Say) -> int:
    """Each incident is signed and posted once; how many were."""
    published = 0
    for publication in cast.PUBLICATIONS:
        told = f"{publication.title!r} in {publication.group}"
        if is_published(hub, publication):
            say(f"{publication.publisher} had published {told} before: not published again")
            continue
        counts = teams[publication.publisher].publish(publication)
        labels = ", ".join(f"{count} {label.upper()}" for label, count in counts.items())
        say(f"{publication.publisher} published {told}: {labels}")
        published += 1
    return published


def _receive(teams: Mapping[str, Team], say: Say) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Every team polls its groups, then verifies from its own files."""
    verdicts: dict[tuple[str, str], Mapping[str, Any]] = {}
    for member in cast.members():
        team = teams[member.alias]
        groups = [agreement.alias for agreement in cast.groups_of(member.id)]
        came = {group: team.poll(group) for group in groups}
        verdicts |= {(member.alias, group): team.verify(group) for group in groups}
        counts = ", ".join(f"{count or 'nothing new'} in {group}" for group, count in came.items())
        say(f"{member.alias} polled and verified: {counts}")
    return verdicts
