"""`cirt-hub init`: make a hub, or bring an existing one to this version."""

import click

from hub.config import load_settings
from hub.founding import make_hub

from .shell import actor_of, answering


@click.command()
@click.option("--exist-ok", is_flag=True, help="Bring an existing hub to this version instead of refusing.")
@answering
def init(*, exist_ok: bool) -> dict[str, object]:
    """Make the data directory, the secret, the receipt key and the database."""
    return make_hub(load_settings(), actor_of(), exist_ok=exist_ok)
