"""`cirt-hub promoted`: after a standby was made the primary, end the page tokens of the life before."""

import click

from hub.promotion import ACTION, promoted

from .shell import actor_of, answering, by, doing


@click.command("promoted")
@click.option("--anyway", is_flag=True, help="Even where no promotion of PostgreSQL can be seen that this is for.")
@by
@answering
def promoted_command(by: str, *, anyway: bool) -> dict[str, object]:
    """Begin a new epoch, once after a standby has become the primary and before members are let in again.

    Page tokens from before are refused with the advice to restart, and positions go on after all that were given out.
    """
    actor = actor_of(by)
    answer = doing(actor, ACTION, "hub", lambda _, tx, at: promoted(tx, actor, at, anyway=anyway))
    click.echo(
        "page tokens of before end now, and pollers go on by `added_after`. Tell the members: what this standby had not"
        " received is gone until its publishers post it again (docs/operate.md, When the primary is lost)",
        err=True,
    )
    return answer
