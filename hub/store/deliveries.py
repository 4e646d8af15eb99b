"""Deliveries: who polled what, when, and how far. Gathered in memory and written once a second, off the polls' path."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from hub import measures

from .background import Repeated
from .engine import Database, Row, Tx
from .errors import StoreError
from .standing import Standing

FLUSH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Poller:
    """Whose delivery is meant."""

    grp: int
    member: str
    token: str
    proofs: bool


class Deliveries:
    """The polls of this process since the last flush; a kill loses at most `FLUSH_SECONDS` of them.

    `standing` finds the clients that are sent one page for ever.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.standing = Standing()
        self._waiting: dict[Poller, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._flushing = Repeated("deliveries", FLUSH_SECONDS, self.flush)

    def note(self, poller: Poller, at: int, position: int) -> None:
        """A page was answered at `at`, up to `position` (0: an empty one)."""
        with self._lock:
            known = self._waiting.get(poller, (0, 0))
            self._waiting[poller] = (max(at, known[0]), max(position, known[1]))

    def start(self) -> None:
        """Flush in the background from now on."""
        self._flushing.start()

    def close(self) -> None:
        """Write what waits and stop."""
        self._flushing.stop()
        self.flush()

    def flush(self) -> None:
        """Write what waits; if the database is busy it waits for the next time."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            with self._database.writing() as tx:
                write(tx, [(poller, *seen) for poller, seen in sorted(waiting.items(), key=lambda item: repr(item[0]))])
        except StoreError:
            measures.FAILURES.labels("deliveries").inc()
            for poller, seen in waiting.items():
                self.note(poller, *seen)


def write(tx: Tx, seen: Sequence[tuple[Poller, int, int]]) -> None:
    """Record (poller, polled at, position) triples; positions only ever rise."""
    tx.run_many(
        "INSERT INTO deliveries (grp, member, token, proofs, polled_at, position)"
        " VALUES (:grp, :member, :token, :proofs, :polled_at, :position)"
        " ON CONFLICT (grp, member, token, proofs) DO UPDATE SET polled_at = excluded.polled_at, position ="
        " CASE WHEN excluded.position > deliveries.position THEN excluded.position ELSE deliveries.position END",
        [
            {
                "grp": poller.grp,
                "member": poller.member,
                "token": poller.token,
                "proofs": poller.proofs,
                "polled_at": at,
                "position": position,
            }
            for poller, at, position in seen
        ],
    )


def of_member(tx: Tx, member: str) -> Sequence[Row]:
    """(grp, last poll, highest position) of a member's data collections, over all its tokens."""
    return tx.rows(
        "SELECT grp, max(polled_at), max(position) FROM deliveries WHERE member = :member AND NOT proofs GROUP BY grp",
        member=member,
    )
