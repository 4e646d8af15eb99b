"""What does every command stand on? The profile's folder, the clock, the key's passphrase, and the way to the hub."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from hub.durable import locked, make_folder
from keys.errors import BadPassphrase
from keys.signer import Signer

from . import show
from .faults import CirtError
from .link import Link
from .profile import Profile, load_profile
from .state import State, open_state


def wall_clock() -> int:
    """Now, microseconds since the epoch."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class Run:
    """One run of the command.

    Attributes:
        home: the profile's folder.
        passphrase_file: file with the key's passphrase; None: asked for where one is needed.
        clock: microseconds since the epoch.
        json: whether the answer is to be JSON.
        lines: whether each answer is to be a line of its own.
    """

    home: Path
    passphrase_file: Path | None = None
    clock: Callable[[], int] = wall_clock
    json: bool = False
    lines: bool = False

    def profile(self) -> Profile:
        """The member's profile; raises `NotJoined`."""
        return load_profile(self.home)

    @contextmanager
    def state(self) -> Iterator[State]:
        """The profile's memory, held for this process alone while the block runs."""
        make_folder(self.home)
        with locked(self.home / "lock"), open_state(self.home) as state:
            yield state

    @contextmanager
    def link(self, profile: Profile) -> Iterator[Link]:
        """The way to the profile's hub."""
        with Link.to(profile.hub, token=profile.token, ca=profile.ca) as link:
            yield link

    def passphrase(self) -> bytes | None:
        """The passphrase of `CIRT_PASSPHRASE_FILE`, without its line end; None if there is no such file named."""
        if self.passphrase_file is None:
            return None
        return self.passphrase_file.read_bytes().rstrip(b"\r\n")

    def new_passphrase(self) -> bytes | None:
        """The passphrase for a new key: that of the file named, else asked for on a terminal; None: no passphrase."""
        given = self.passphrase()
        if given is not None or not show.on_terminal():
            return given
        asked: str = click.prompt(
            "Passphrase for your new key (empty: none)", default="", hide_input=True, show_default=False, err=True
        )
        return asked.encode() or None

    def signer(self, profile: Profile) -> Signer:
        """This member's key; asks for its passphrase on a terminal where no file names it."""
        return self.open(profile.signer)

    def open(self, key: Callable[[bytes | None], Signer]) -> Signer:
        """The key that opens by a passphrase; asks for that on a terminal where no file names it."""
        given = self.passphrase()
        try:
            return key(given)
        except BadPassphrase as fault:
            if given is not None or not show.on_terminal():
                remedy = "" if given is not None else "; name a file that holds it by CIRT_PASSPHRASE_FILE"
                raise CirtError(f"{fault.sentence}{remedy}", code=fault.code) from fault
        asked: str = click.prompt("Passphrase of your key", hide_input=True, err=True)
        return key(asked.encode())


def _set_json(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value:
        context.find_root().obj.json = True


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of `cirt`: its function takes the `Run` first; `--json` belongs to every one of them."""

    def wrap(act: Callable[..., Any]) -> click.Command:
        told = click.option(
            "--json",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_set_json,
            help="Answer in JSON on standard output.",
        )
        made: click.Command = click.command(name, **settings)(told(click.pass_obj(act)))  # type: ignore[no-untyped-call]  # click's own signature leaves its callable open
        return made

    return wrap
