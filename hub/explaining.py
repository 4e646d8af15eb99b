"""Why does a member receive an object, or not? By the functions that decide a poll; for operators and at the doors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from policies.explain import explain
from policies.group import Group
from policies.labels import Label
from policies.reasons import Reason

from .acts import Unknown
from .named import no_member
from .store.engine import Tx
from .store.registry import Collection, Registry
from .store.traces import traces


@dataclass(frozen=True, slots=True)
class Copy:
    """A stored row of an object; `publisher` is a member's id, `position` microseconds."""

    publisher: str
    rank: int
    position: int
    version: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose receiving is asked about: a member, by a token that passes things on or by one that does not."""

    member: str
    redistributes: bool = False


def explain_object(
    tx: Tx, registry: Registry, name: str, stix_id: str, member: str, at: int, *, redistributes: bool = False
) -> dict[str, Any]:
    """Does the member (id or alias) receive the object of this group (id or alias) at `at` (microseconds), and why?

    Received if any copy is; the reasons are of the newest copy received, else of the newest one. Raises `Unknown` for
    a group, object or member that is not there.
    """
    collection = registry.collections.get(name)
    if collection is None or collection.kind != "data":
        raise Unknown(f"there is no group {name!r}; `cirt-hub agreement list` shows them")
    known = registry.member(member)
    if known is None:
        raise no_member(member)
    found = copies_of(tx, registry, collection, stix_id)
    if not found:
        raise Unknown(f"the group {name!r} holds no object {stix_id!r}")
    return explained(collection.group, stix_id, Asked(known.id, redistributes), found, at)


def explained(group: Group, stix_id: str, asked: Asked, copies: Sequence[Copy], at: int) -> dict[str, Any]:
    """What is told of an object, of which there is at least one copy: a row for each of them, rule by rule."""
    told = [(copy, explain(group, asked, copy, at)) for copy in copies]
    received = [pair for pair in told if pair[1].received]
    return {
        "group": group.id,
        "object": stix_id,
        "member": asked.member,
        "received": bool(received),
        "reasons": [_reason(reason) for reason in (received or told)[-1][1].reasons],
        "rows": [
            {
                "version": copy.version,
                "publisher": copy.publisher,
                "label": Label(copy.rank).text,
                "position": copy.position,
                "received": said.received,
                "reasons": [_reason(reason) for reason in said.reasons],
            }
            for copy, said in told
        ],
    }


def copies_of(tx: Tx, registry: Registry, collection: Collection, stix_id: str) -> list[Copy]:
    """Every stored row of the id in a group, ascending by position."""
    return [
        Copy(registry.member_numbers[row.publisher].id, row.rank, row.position, row.version)
        for row in traces(tx, collection.no, stix_id)
    ]


def _reason(reason: Reason) -> dict[str, Any]:
    details = {"details": dict(reason.details)} if reason.details else {}
    return {"code": reason.code, "sentence": reason.sentence, **details}
