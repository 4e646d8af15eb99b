"""Does a client stand still? Some go on from a date of their own, and are sent one page for ever: a hint for them.

MineMeld takes the latest `modified` it has seen for the date to go on from (its pull request 400). Nothing is refused
here: the same page is answered again. In memory, for each process by itself.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

import structlog

log = structlog.get_logger("hub.store")

#: The same page in a row, after which it is said; and said again after twice as many, each time.
TIMES: Final = 50
#: Pollers remembered at a time; the one that was silent longest is forgotten.
MOST: Final = 10_000


class Standing:
    """The last page that each poller was sent, and how many times in a row."""

    def __init__(self) -> None:
        self._last: OrderedDict[Hashable, tuple[int, int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, poller: Hashable, after: int, last: int, **names: str) -> int:
        """A page was sent; how many times in a row now.

        Args:
            poller: whom it was sent to.
            after: the position it begins behind, microseconds.
            last: the position of its last row; 0 for an empty page, which is what a client gets that is up to date.
            **names: what the log is to say of poller and collection.
        """
        if not last:
            return 0
        with self._lock:
            known = self._last.pop(poller, None)
            times = known[2] + 1 if known is not None and known[:2] == (after, last) else 1
            self._last[poller] = (after, last, times)
            if len(self._last) > MOST:
                self._last.popitem(last=False)
        rounds, rest = divmod(times, TIMES)
        if rest == 0 and rounds.bit_count() == 1:
            log.warning("the same page again and again: this client does not go on", times=times, **names)
        return times
