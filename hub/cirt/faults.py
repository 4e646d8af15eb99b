"""What can go wrong with a command, and with which code does it end? One table from errors to exit codes."""

import errno
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from feeds.errors import FeedsError, NotAuthenticated, PeerRefused, Unreachable
from feeds.refusals import told
from keys.errors import KeysError
from policies.reasons import PolicyError, Refusal

_FORBIDDEN, _CONFLICT = 403, 409
_LATER = frozenset({429, 502, 503, 504, 507})

_CURES: Mapping[int, str] = {
    errno.EACCES: "; see that you may read and write there",
    errno.EROFS: "; it must be writable",
    errno.ENOENT: "; check the path",
    errno.EISDIR: "; name a file",
    errno.ENOSPC: "; make room, then run the same command again",
}
STATE = "state.sqlite3"
"""The profile's memory."""


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_AUTHENTICATED = 3
    REFUSED = 4
    UNREACHABLE = 5


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing wrong with one object, as `--json` tells it.

    Attributes:
        code: stable word for programs.
        message: what is wrong and what cures it.
        id: STIX id, None where it is not known.
        version: as written, None where there is none.
        details: values a program may act on.
        places: where the objects meant were found, as `reading.Found` has it; not told.
    """

    code: str
    message: str
    id: str | None = None
    version: str | None = None
    details: Mapping[str, Any] | None = None
    places: tuple[str, ...] = ()

    def view(self) -> dict[str, Any]:
        """The failure as JSON."""
        plain = {"id": self.id, "version": self.version, "code": self.code, "message": self.message}
        return plain | ({"details": dict(self.details)} if self.details else {})


class CirtError(Exception):
    """A command cannot do what it was asked to.

    Attributes:
        code: stable word for programs.
        sentence: what is wrong and what cures it.
    """

    code: str = "failed"
    exit: ClassVar[Exit] = Exit.FAILED

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if code is not None:
            self.code = code


class NotJoined(CirtError):
    """There is no profile here."""

    code = "not-joined"


class Denied(CirtError):
    """Refused by the hub, the agreement, or this member's own checks."""

    code = "refused"
    exit = Exit.REFUSED


class Told(CirtError):
    """The answer was given, on standard output; only the exit code and this sentence are left to say."""


class ToldDenied(Told):
    """As `Told`, of what was refused."""

    exit = Exit.REFUSED


class Faulty(CirtError):
    """Objects that cannot be published.

    Attributes:
        failures: all of them.
    """

    code = "faulty-objects"

    def __init__(self, sentence: str, failures: Sequence[Failure], *, refused: bool) -> None:
        super().__init__(sentence)
        self.failures = tuple(failures)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command that raised ends: exit code, word for programs, sentence for people."""

    exit: Exit
    code: str
    sentence: str


def ending(error: Exception) -> Ending | None:
    """How a command ends that raised this; None for an error that nobody foresaw."""
    if isinstance(error, CirtError | FeedsError):
        code = told(error.body).code or error.code if isinstance(error, PeerRefused) else error.code
        return Ending(_exit(error), code, error.sentence)
    if isinstance(error, Refusal):
        return Ending(Exit.REFUSED, error.reasons[0].code, str(error))
    if isinstance(error, KeysError | PolicyError):
        return Ending(Exit.FAILED, getattr(error, "code", "bad-document"), str(error))
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Ending(Exit.FAILED, "file", f"{place}{error.strerror or error}{_CURES.get(error.errno or 0, '')}")
    if isinstance(error, sqlite3.Error):
        sentence = f"the profile's {STATE} cannot be used ({error}); see that its disk is not full and the file whole"
        return Ending(Exit.FAILED, "state", sentence)
    return None


def _exit(error: CirtError | FeedsError) -> Exit:
    if isinstance(error, Faulty):
        return Exit.REFUSED if error.refused else Exit.FAILED
    if isinstance(error, CirtError):
        return error.exit
    if isinstance(error, NotAuthenticated):
        return Exit.NOT_AUTHENTICATED
    if isinstance(error, PeerRefused) and error.status in {_FORBIDDEN, _CONFLICT}:
        return Exit.REFUSED
    later = isinstance(error, PeerRefused) and error.status in _LATER
    return Exit.UNREACHABLE if later or isinstance(error, Unreachable) else Exit.FAILED
