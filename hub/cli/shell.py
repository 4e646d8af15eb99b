"""Who runs the command, on which hub? What every command of `cirt-hub` shares: its options, its hub, its actor."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import click

from hub import named
from hub.acts import Actor, perform
from hub.config import load_settings
from hub.running import Hub, open_hub
from hub.store.engine import Tx

from .showing import show

T = TypeVar("T")

by = click.option("--by", metavar="OPERATOR", default="", help="The operator who says so; told to the audit trail.")
by_needed = click.option("--by", metavar="OPERATOR", required=True, help="The operator who says so.")


def answering(command: Callable[..., Any]) -> Callable[..., None]:
    """Give a command `--json` and print what it returns: as JSON, or as text for people."""

    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    @wraps(command)
    def answered(*arguments: Any, as_json: bool, **options: Any) -> None:
        show(command(*arguments, **options), as_json=as_json)

    return answered


def os_user() -> str:
    """The operating system's user, by the process's real id: what the environment says does not count."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid:{os.getuid()}"


def actor_of(operator: str = "") -> Actor:
    """The operator named, and the user whose shell this is."""
    return Actor(operator, os_user())


@contextmanager
def the_hub() -> Iterator[Hub]:
    """The hub of the settings, open for this command."""
    hub = open_hub(load_settings())
    try:
        yield hub
    finally:
        hub.close()


def reading(act: Callable[[Hub, Tx], T]) -> T:
    """What `act` finds in one snapshot of the hub."""
    with the_hub() as hub, hub.database.reading() as tx:
        return act(hub, tx)


def doing(actor: Actor, action: str, subject: str, act: Callable[[Hub, Tx, int], T]) -> T:
    """What `act` answers, done in one transaction at the hub's time; refusals stand in the audit trail as well."""
    with the_hub() as hub:
        at = hub.clock()
        return perform(
            hub.database, actor, action, subject, at=at, act=lambda tx: _by_one_of_us(act, hub, tx, at, actor)
        )


def _by_one_of_us(act: Callable[[Hub, Tx, int], T], hub: Hub, tx: Tx, at: int, actor: Actor) -> T:
    """The act, if the operator in whose name it is done exists. Raises `Unknown`."""
    if actor.name:
        named.check_operator(tx, actor.name)
    return act(hub, tx, at)
