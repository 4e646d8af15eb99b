"""What went wrong, and how does the command end? The one table from error classes to exit codes; never a traceback."""

import traceback
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from feeds.errors import FeedsError
from hub.access import AccessError
from hub.acts import ActError, BadValue, Refused
from hub.config import BadSetting
from hub.store.errors import Busy, StoreError, Unavailable
from keys.errors import KeysError
from policies.life import IllegalMove
from policies.reasons import PolicyError, Refusal

from .showing import plain

FAILED: Final = 1
USAGE: Final = 2
REFUSED: Final = 4
UNREACHABLE: Final = 5


class CommandFailed(Exception):
    """A command that cannot go on, for a reason of its own; the sentence says what to do."""


EXIT_CODES: Final[Mapping[type[BaseException], int]] = MappingProxyType(
    {
        BadSetting: USAGE,
        BadValue: USAGE,
        CommandFailed: FAILED,
        Refused: REFUSED,
        ActError: FAILED,
        IllegalMove: REFUSED,
        Refusal: REFUSED,
        PolicyError: FAILED,
        AccessError: REFUSED,
        KeysError: FAILED,
        FeedsError: FAILED,
        Busy: UNREACHABLE,
        Unavailable: UNREACHABLE,
        StoreError: FAILED,
        OSError: FAILED,
    }
)


def exit_code(error: BaseException) -> int | None:
    """The exit code of the error's nearest class in the table; None for one that nobody expected."""
    return next((EXIT_CODES[each] for each in type(error).__mro__ if each in EXIT_CODES), None)


def tell(error: Exception, program: str) -> int:
    """Say on stderr what went wrong; the exit code."""
    code = exit_code(error)
    if code is not None:
        click.echo(f"{program}: {plain(_sentence(error))}", err=True)
        return code
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    click.echo(
        f"{program}: a fault of this program, please report this line and the command: {type(error).__name__} in"
        f" {place.name} ({where})",
        err=True,
    )
    return FAILED


def tell_usage(error: click.ClickException) -> None:
    """Say on stderr what is wrong with a command line: a word of it, a file's name say, may have come from others."""
    told = StringIO()
    error.show(told)
    click.echo("\n".join(plain(line) for line in told.getvalue().splitlines()), err=True)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, StoreError) and error.cause:
        return f"{error} ({error.cause})"
    return str(error)
