"""`cirt-hub agreement`: what was agreed, where it stands, and the operator's brakes."""

import click

from hub import listing
from hub.moves import move_agreement
from policies.life import Verb

from .shell import actor_of, answering, by, doing, reading


@click.group()
def agreement() -> None:
    """Sharing agreements: one a group."""


@agreement.command("list")
@answering
def agreement_list() -> list[dict[str, object]]:
    """List every version of every agreement."""
    return reading(lambda hub, tx: listing.agreements_listed(tx, hub.registries.of(tx), hub.clock()))


@agreement.command("show")
@click.argument("name", metavar="ID")
@answering
def agreement_show(name: str) -> dict[str, object]:
    """Show an agreement (id or alias): its versions, approvals and parties."""
    return reading(lambda hub, tx: listing.agreement_shown(tx, hub.registries.of(tx), name, hub.clock()))


def _moving(verb: Verb, told: str) -> click.Command:
    @click.argument("name", metavar="ID")
    @click.option("--version", type=int, help="Another version than the one that governs now.")
    @click.option("--reason", default="", help="Why; told to the audit trail.")
    @by
    @answering
    def moved(name: str, version: int | None, reason: str, by: str) -> dict[str, object]:
        actor = actor_of(by)
        return doing(
            actor,
            f"agreement-{verb}",
            name,
            lambda hub, tx, at: move_agreement(
                tx, hub.registries.of(tx), name, verb, actor, at=at, reason=reason, version=version
            ),
        )

    return click.command(str(verb), help=told)(moved)


agreement.add_command(_moving(Verb.SUSPEND, "Suspend it: nobody publishes or receives, at once and on open cursors."))
agreement.add_command(_moving(Verb.RESUME, "Let a suspended agreement go on."))
agreement.add_command(_moving(Verb.END, "End it for good: future releases stop; only a new version can follow."))
