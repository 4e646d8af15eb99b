"""Who acts, and what is he told when it cannot be done? The same for the command line and the doors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from policies.life import IllegalMove

from .store import audit
from .store.engine import Database, Tx

T = TypeVar("T")


class ActError(Exception):
    """Base of what the acts of operators and members raise.

    Attributes:
        code: stable word for programs.
        sentence: what is wrong and what cures it, for a person.
        details: values a program may act on.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, sentence: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details


class Unknown(ActError):
    """There is no such member, agreement, operator, key, token or object."""

    code = "unknown"


class AlreadyThere(ActError):
    """What was to be made is there already; nothing was changed."""

    code = "already-there"


class Refused(ActError):
    """It is there, but may not be done; nothing was changed."""


class Overtaken(Refused):
    """Somebody else was first, and what was read is no longer what stands there; nothing was changed."""

    code = "overtaken"


class BadInvitation(Refused):
    """The invitation is unknown, used or expired."""

    code = "bad-invitation"


class Replayed(Refused):
    """A signed word whose counter is not above the last one; `details["n"]` is the last."""

    code = "replayed"


class BadValue(ActError):
    """What was given cannot be such a value, a name with a blank for instance; the sentence says what can."""

    code = "bad-value"


class BadText(ActError):
    """A document that cannot be taken in; the sentence names file, line and key."""

    code = "bad-document"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose act it is.

    Attributes:
        name: the operator who says so (`--by`), or the member's id at a door; "" where nobody is named.
        user: the operating system's user at a shell, the token's id at a door. `--by` is no authentication: the
            local shell is trusted, and this tells whose shell it was.
    """

    name: str
    user: str

    def record(
        self, tx: Tx, action: str, subject: str, *, at: int, digest: str | None = None, **detail: object
    ) -> None:
        """Add the act to the audit trail, in the transaction of the act itself."""
        actor = self.name or f"shell:{self.user}"
        audit.record(tx, at=at, actor=actor, action=action, subject=subject, digest=digest, user=self.user, **detail)


def perform(database: Database, actor: Actor, action: str, subject: str, *, at: int, act: Callable[[Tx], T]) -> T:
    """Do `act` in a transaction of its own; a refusal is told to the caller, and to the audit trail as well.

    The act adds itself to the trail; what was refused rolled back, so its row is written afterwards.
    """
    try:
        with database.writing() as tx:
            return act(tx)
    except (Refused, IllegalMove) as refusal:
        with database.writing() as tx:
            actor.record(tx, f"{action}-refused", subject, at=at, reason=str(refusal))
        raise
