"""Acceptances: what has each party signed, and from which position on may it read since?"""

from collections.abc import Mapping
from dataclasses import dataclass

from .engine import Tx


@dataclass(frozen=True, slots=True)
class Said:
    """A party's last word on a group: its counter, what it was, on which text, and when (microseconds)."""

    n: int
    action: str
    digest: str
    at: int


def last(tx: Tx, group_id: str, member: str) -> Said | None:
    """The party's last word in this group, or None if it has said nothing yet."""
    row = tx.row(
        "SELECT n, action, digest, at FROM acceptances WHERE group_id = :group_id AND member = :member"
        " ORDER BY n DESC LIMIT 1",
        group_id=group_id,
        member=member,
    )
    return None if row is None else Said(*row)


def add(tx: Tx, *, group_id: str, member: str, said: Said, jws: str) -> None:
    """Keep a signed word, whose counter lies above that of the last one."""
    tx.run(
        "INSERT INTO acceptances (group_id, member, n, action, digest, jws, at)"
        " VALUES (:group_id, :member, :n, :action, :digest, :jws, :at)",
        group_id=group_id,
        member=member,
        n=said.n,
        action=said.action,
        digest=said.digest,
        jws=jws,
        at=said.at,
    )


def set_starts(tx: Tx, group_id: str, member: str, starts: Mapping[int, int]) -> None:
    """Replace a party's starts: rank → first readable position."""
    tx.run("DELETE FROM starts WHERE group_id = :group_id AND member = :member", group_id=group_id, member=member)
    tx.run_many(
        "INSERT INTO starts (group_id, member, rank, position) VALUES (:group_id, :member, :rank, :position)",
        [
            {"group_id": group_id, "member": member, "rank": rank, "position": position}
            for rank, position in starts.items()
        ],
    )
