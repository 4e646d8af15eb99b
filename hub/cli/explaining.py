"""`cirt-hub explain`: why does a member receive an object, or not?"""

import click

from hub.explaining import explain_object

from .shell import answering, reading


@click.command()
@click.argument("group")
@click.argument("object_id", metavar="OBJECT-ID")
@click.argument("member")
@click.option("--redistributes", is_flag=True, help="As seen through a token that passes things on.")
@answering
def explain(group: str, object_id: str, member: str, *, redistributes: bool) -> dict[str, object]:
    """Tell rule by rule whether MEMBER receives the object of GROUP (ids or aliases)."""
    return reading(
        lambda hub, tx: explain_object(
            tx, hub.registries.of(tx), group, object_id, member, hub.clock(), redistributes=redistributes
        )
    )
