"""May a page be read from a standby? Only if it misses nothing that its reader could be owed.

Rights are judged on the primary, in the transaction `tx` of the request; only rows come from the standby, which replays
commits in their order and so shows a state that the primary had. Three things are compared, in the standby's snapshot:

1. It is in recovery and has the hub's epoch: another hub's database, or one promoted behind our back, is not read.
2. Its revision is not above the registry's that the rights were judged by: else it may hold rows that were published
   after this reader lost a right. (Below it is harmless: rows only become visible to whom the primary opened them.)
3. Its last position in the group is not below the primary's, or the answer is a full page. A page that ends the
   collection tells its client "nothing more": some then ask on from their own clock, so a standby that is behind
   never says it.

Otherwise, and whenever the standby fails, the primary answers.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from .engine import Database, Tx
from .errors import StoreError
from .registry import Registry

#: How long a standby that failed is left alone, seconds; then one request tries it while the others go on without.
REST_SECONDS = 5.0

T = TypeVar("T")
log = structlog.get_logger("hub.store")

_STATE = (
    "SELECT h.revision, h.epoch, pg_is_in_recovery(), (SELECT last_position FROM groups WHERE no = :grp)"
    " FROM hub h WHERE h.id = 1"
)


class _NoStandby(Exception):
    """What answers there is no standby of this hub; the sentence says what it is."""


class Standby:
    """Reads pages beside the primary, where the database has a standby at all."""

    def __init__(self, database: Database, rest: float = REST_SECONDS) -> None:
        self._database = database
        self._rest = rest
        self._lock = threading.Lock()
        self._until: float | None = None  # monotonic seconds; None while it answers

    def read(
        self,
        tx: Tx,
        registry: Registry,
        grp: int,
        ask: Callable[[Tx], T],
        full: Callable[[T], bool] = lambda _: False,
    ) -> T:
        """What `ask` finds in the group, by the standby or by the primary.

        Args:
            tx: the request's transaction on the primary.
            registry: what the rights were judged by, read in `tx`.
            grp: the group's number.
            ask: the query; it may be asked twice, and must raise nothing but `StoreError`.
            full: whether an answer is right even though more may have come since: a page that others follow.

        Raises `StoreError` if the primary fails; the standby's failures are logged.
        """
        if not self._database.has_standby or not self._is_due():
            return ask(tx)
        held = _last_position(tx, grp)
        try:
            with self._database.reading_standby() as near:
                last = _comparable(near, registry, grp)
                answer = None if last is None else (ask(near),)
            self._answers()
        except (StoreError, _NoStandby) as error:
            self._failed(error)
            return ask(tx)
        if answer is not None and last is not None and (last >= held or full(answer[0])):
            return answer[0]
        return ask(tx)

    def _is_due(self) -> bool:
        """Whether to ask it; when its rest is over, one request does and the others wait for what that one finds."""
        if self._until is None:
            return True
        with self._lock:
            now = time.monotonic()
            if self._until is not None and now < self._until:
                return False
            self._until = now + self._rest
            return True

    def _answers(self) -> None:
        if self._until is not None:
            self._until = None
            log.info("standby answers again")

    def _failed(self, error: Exception) -> None:
        if self._until is None:
            cause = error.cause if isinstance(error, StoreError) else ""
            log.warning("standby not used", why=str(error), cause=cause, rest_seconds=self._rest)
        self._until = time.monotonic() + self._rest


def _last_position(tx: Tx, grp: int) -> int:
    row = tx.row("SELECT last_position FROM groups WHERE no = :grp", grp=grp)
    return int(row[0]) if row else 0


def _comparable(near: Tx, registry: Registry, grp: int) -> int | None:
    """The standby's last position in the group (-1: it does not know the group); None if it is ahead of the registry.

    Raises `_NoStandby`.
    """
    state = near.row(_STATE, grp=grp)
    if state is None:
        raise _NoStandby("the database at HUB_REPLICA_URL holds no hub")
    revision, epoch, recovering, last = state
    if not recovering:
        raise _NoStandby("the database at HUB_REPLICA_URL is no standby: it accepts writes")
    if epoch != registry.epoch:
        if revision > registry.revision:  # a new epoch is a revision too: this request began before it
            return None
        raise _NoStandby("the database at HUB_REPLICA_URL has another epoch: it is of another hub, or far behind")
    if revision > registry.revision:
        return None
    return -1 if last is None else int(last)
