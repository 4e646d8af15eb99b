"""What does the room answer when it says no? Reasons with a code and a sentence, and the errors that carry them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's account of a decision.

    Attributes:
        code: the stable word scripts go by, such as ``above-ceiling``.
        sentence: what is wrong and what cures it, for a person.
        object_id: STIX id of the object concerned, or None if the whole publication is.
        version: that object's version as written, where it has one.
        details: machine-readable additions, such as the digest in force.
    """

    code: str
    sentence: str
    object_id: str | None = None
    version: str | None = None
    details: Mapping[str, object] | None = None


class PolicyError(Exception):
    """Anything this room raises on purpose."""


class Refusal(PolicyError):
    """A denial, with every reason that was found; there is always at least one."""

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        super().__init__("; ".join(f"{reason.code}: {reason.sentence}" for reason in reasons))
        self.reasons = reasons


class NotInForce(Refusal):
    """No version of the agreement is in force at that instant."""

    def __init__(self, sentence: str) -> None:
        super().__init__((Reason("not-in-force", sentence),))


class NotAParty(Refusal):
    """The member is no party of the version in force, or has not accepted it."""

    def __init__(self, sentence: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__((Reason("not-a-party", sentence, details=details),))


class Undecided(Refusal):
    """Something failed while deciding; the answer is no, and ``__cause__`` says what it was."""

    def __init__(self) -> None:
        sentence = "the hub could not come to a decision, so nothing was done; tell its operator"
        super().__init__((Reason("undecided", sentence),))


@contextmanager
def fail_closed() -> Iterator[None]:
    """Turn whatever goes wrong inside into a denial, `Undecided`; a `Refusal` passes as it is."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
        raise Undecided from error


class BadDocument(PolicyError):
    """A document that cannot be read as what it claims to be.

    Attributes:
        sentence: the fault and its remedy.
        key: dotted path of the key at fault, such as ``terms.ceiling`` or ``party[2].role``; "" for the whole text.
        line: its line in the document, counted from 1; None where no line can be named.
    """

    def __init__(self, sentence: str, *, key: str = "", line: int | None = None) -> None:
        place = ", ".join(part for part in (f"line {line}" if line else "", f"`{key}`" if key else "") if part)
        super().__init__(f"{place}: {sentence}" if place else sentence)
        self.sentence = sentence
        self.key = key
        self.line = line
