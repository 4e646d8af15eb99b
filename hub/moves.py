"""An operator suspends, resumes or ends: which version is meant, is the move legal, and who was first?"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from policies.group import Group, Version, reign
from policies.life import State, Verb, move

from . import named
from .acts import Actor, Overtaken, Unknown
from .proposals import agreement_versions
from .store import agreements, members
from .store.agreements import VersionRow
from .store.engine import Tx
from .store.registry import Registry, bump

Brake: TypeAlias = Literal[Verb.SUSPEND, Verb.RESUME]
"""What a member may be asked to; everything else about it is decided in review."""


def move_agreement(
    tx: Tx,
    registry: Registry,
    name: str,
    verb: Verb,
    actor: Actor,
    *,
    at: int,
    reason: str = "",
    version: int | None = None,
) -> dict[str, object]:
    """Suspend, resume or end a version: the given one, else the one that governs now, else the newest that can.

    Raises `Unknown`, `IllegalMove` with the moves that are open, `Overtaken`.
    """
    rows = agreement_versions(tx, name)
    row = _meant(rows, registry.groups[rows[0].group_id], verb, at, version)
    after = move(State(row.state), verb)
    if not agreements.move(tx, row.digest, row.state, after, at):
        _tell_the_first(lambda: _state(agreement_versions(tx, name), row.digest), verb)
    actor.record(tx, f"agreement-{verb}", row.group_id, at=at, digest=row.digest, version=row.version, reason=reason)
    bump(tx)
    return {"id": row.group_id, "version": row.version, "digest": row.digest, "state": str(after)}


def _meant(rows: Sequence[VersionRow], group: Group, verb: Verb, at: int, version: int | None) -> VersionRow:
    if version is not None:
        found = next((row for row in rows if row.version == version), None)
        if found is None:
            raise Unknown(f"this agreement has no version {version}; it has {', '.join(str(r.version) for r in rows)}")
        return found
    governing = _governing(group, at)
    if governing is not None and governing.state in _FROM[verb]:
        return next(row for row in rows if row.digest == governing.agreement.digest)
    return next((row for row in reversed(rows) if State(row.state) in _FROM[verb]), rows[-1])


_FROM: Final[Mapping[Verb, tuple[State, ...]]] = MappingProxyType(
    {
        Verb.SUSPEND: (State.APPROVED,),
        Verb.RESUME: (State.SUSPENDED,),
        Verb.END: (State.APPROVED, State.SUSPENDED),
    }
)


def _governing(group: Group, at: int) -> Version | None:
    governed = reign(group, at)
    return governed[-1][0] if governed else None


def _state(rows: Sequence[VersionRow], digest: str) -> State:
    return State(next(row.state for row in rows if row.digest == digest))


def _tell_the_first(state: Callable[[], State], verb: Verb) -> None:
    """Somebody else was first: raise what is true now."""
    move(state(), verb)
    raise Overtaken("somebody else moved it just now; look at it and decide anew")


def move_member(tx: Tx, name: str, verb: Brake, actor: Actor, *, at: int, reason: str = "") -> dict[str, object]:
    """Suspend a member (none of its tokens works meanwhile) or let it back in. Raises as `move_agreement`."""
    row = named.member(tx, name)
    after = move(State(row.state), verb)
    if not members.move(tx, row.id, row.state, after):
        _tell_the_first(lambda: State(named.member(tx, row.id).state), verb)
    actor.record(tx, f"member-{verb}", row.id, at=at, digest=row.digest, reason=reason)
    bump(tx)
    return {"id": row.id, "alias": row.alias, "state": str(after)}
