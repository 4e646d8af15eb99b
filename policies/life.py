"""Which move is legal? The life of an agreement's version, as a table.

In force and expired are no states: the clock says so when a decision is made (`policies.group.in_force`). A version
that a newer one has replaced stays *approved* here and is simply no longer the newest that came into force.
"""

import unicodedata
from collections.abc import Collection
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from policies.reasons import PolicyError


class State(StrEnum):
    """Where a version stands in its review."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Verb(StrEnum):
    """What an operator may ask for."""

    APPROVE = "approve"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


MOVES: Final = MappingProxyType(
    {
        (State.PROPOSED, Verb.APPROVE): State.APPROVED,
        (State.PROPOSED, Verb.REJECT): State.REJECTED,
        (State.APPROVED, Verb.SUSPEND): State.SUSPENDED,
        (State.APPROVED, Verb.END): State.ENDED,
        (State.SUSPENDED, Verb.RESUME): State.APPROVED,
        (State.SUSPENDED, Verb.END): State.ENDED,
    }
)
"""Every legal move. What is not in the table is illegal; *rejected* and *ended* are final."""


class IllegalMove(PolicyError):
    """A move that the version's state does not allow."""


def move(state: State, verb: Verb) -> State:
    """The state after the move; raises `IllegalMove` with the moves that are open."""
    after = MOVES.get((state, verb))
    if after is None:
        open_moves = [other for (before, other) in MOVES if before is state]
        remedy = f"it can only be asked to {' or '.join(open_moves)}" if open_moves else "import a new version instead"
        raise IllegalMove(f"{verb} is not possible, this version is {state}; {remedy}")
    return after


def approve(state: State, approvals: Collection[str], operator: str, needed: int = 2) -> State:
    """The state after ``operator`` adds an approval to those already given by ``approvals`` (operator names).

    A version needs ``needed`` *different* operators and stays *proposed* until then. Raises `IllegalMove` where the
    state allows no approval or the same operator, in any spelling, approves twice.
    """
    after = move(state, Verb.APPROVE)
    given = {_folded(name) for name in approvals}
    if _folded(operator) in given:
        raise IllegalMove(f"{operator} has approved this version already; another operator must approve it too")
    return after if len(given) + 1 >= needed else state


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
