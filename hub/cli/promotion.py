"""`cirt-hub promoted`: after a standby was made the primary, end the page tokens of the life before."""

import click

from hub.promotion import promoted

from .shell import actor_of, answering, by, doing


@click.command("promoted")
@by
@answering
def promoted_command(by: str) -> dict[str, object]:
    """Begin a new epoch, once after a standby has become the primary and before members are let in again.

    Page tokens from before are refused with the advice to restart, and positions go on after all that were given out.
    """
    actor = actor_of(by)
    return doing(actor, "promoted", "hub", lambda _, tx, at: promoted(tx, actor, at))
