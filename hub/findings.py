"""What a look at the hub comes to: how bad it is, what it is, and the command that mends it."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # something does not work, or may lose what was acknowledged
    WARNING = "warning"  # it will not work before long, or somebody waits
    INFO = "info"  # good to know


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is as it should not be, or good to know.

    Attributes:
        level: see `Level`.
        what: a sentence.
        mend: the command, or the act, that mends it.
    """

    level: Level
    what: str
    mend: str

    def view(self) -> dict[str, str]:
        """As an answer."""
        return {name: str(value) for name, value in asdict(self).items()}


def error(what: str, mend: str) -> Finding:
    """What must be mended."""
    return Finding(Level.ERROR, what, mend)


def warning(what: str, mend: str) -> Finding:
    """What should be looked at."""
    return Finding(Level.WARNING, what, mend)


def info(what: str, mend: str) -> Finding:
    """What is good to know."""
    return Finding(Level.INFO, what, mend)
