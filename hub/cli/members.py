"""`cirt-hub member`, `invite`: who is here, and who may come in."""

import click

from hub import credentials, listing
from hub.moves import Brake, move_member
from policies.life import Verb

from .shell import actor_of, answering, by, doing, reading


@click.group()
def member() -> None:
    """Members: the teams this hub knows."""


@member.command("list")
@answering
def member_list() -> list[dict[str, object]]:
    """List the members."""
    return reading(lambda _hub, tx: listing.members_listed(tx))


@member.command("show")
@click.argument("name", metavar="ID")
@answering
def member_show(name: str) -> dict[str, object]:
    """Show a member (id or alias): its document, keys and tokens."""
    return reading(lambda _hub, tx: listing.member_shown(tx, name))


def _moving(verb: Brake, told: str) -> click.Command:
    @click.argument("name", metavar="ID")
    @click.option("--reason", default="", help="Why; told to the audit trail.")
    @by
    @answering
    def moved(name: str, reason: str, by: str) -> dict[str, object]:
        actor = actor_of(by)
        return doing(
            actor, f"member-{verb}", name, lambda _hub, tx, at: move_member(tx, name, verb, actor, at=at, reason=reason)
        )

    return click.command(str(verb), help=told)(moved)


member.add_command(_moving(Verb.SUSPEND, "Suspend a member: none of its tokens works meanwhile."))
member.add_command(_moving(Verb.RESUME, "Let a suspended member back in."))


@click.command()
@click.argument("name", metavar="MEMBER")
@by
@answering
def invite(name: str, by: str) -> dict[str, object]:
    """Make a one-time invitation for an approved member, good for 72 hours."""
    actor = actor_of(by)
    return doing(
        actor,
        "invite",
        name,
        lambda hub, tx, at: credentials.invite(tx, hub.secret, hub.settings.public_url, name, actor, at=at),
    )
