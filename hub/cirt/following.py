"""How does a poll go on for ever? Round after round, patient with a hub that is away, until a signal ends it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from feeds.errors import BadAnswer, FeedsError, PeerRefused, Unreachable

from .receiving import Round

SHORTEST: Final = 1
"""Seconds between two rounds, at least."""
LONGEST: Final = 86_400
"""Seconds between two rounds, and the longest pause that a hub may ask for."""
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 300.0
_ASK_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_FAULT: Final = 500


def passing(error: FeedsError) -> bool:
    """Whether what went wrong may be over by itself: no answer, none that can be read, or one that says later.

    RFC 9110 §15.5.9, §15.6; RFC 8470 §5.2; RFC 6585 §4.
    """
    if isinstance(error, PeerRefused):
        return error.status in _ASK_AGAIN or error.status >= _SERVER_FAULT
    return isinstance(error, Unreachable | BadAnswer)


@dataclass(slots=True)
class Follower:
    """Asks again and again.

    Attributes:
        interval: seconds between two rounds that went well, a tenth more or less.
        ask: one round.
        told: is told what each round brought.
        failed: is told what went wrong with one, and after how many seconds it is asked again.
        sleep: waits that many seconds.
        jitter: a number from 0 to 1: keeps many members from coming at the same moment.
    """

    interval: float
    ask: Callable[[], Round]
    told: Callable[[Round], None]
    failed: Callable[[FeedsError, float], None]
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.SystemRandom().random
    _failures: int = field(default=0, init=False)

    def go_on(self) -> None:
        """Never returns; ends by what is raised, such as `Stopped`, or an error that does not pass by itself."""
        while True:
            try:
                found = self.ask()
            except FeedsError as error:
                if not passing(error):
                    raise
                pause = self._back_off(error)
                self.failed(error, pause)
            else:
                self._failures = 0
                self.told(found)
                pause = self.interval * (0.9 + self.jitter() / 5)
            self.sleep(pause)

    def _back_off(self, error: FeedsError) -> float:
        """Seconds until the next try: twice as long each time, never before the hub asked for (RFC 9110 §10.2.3)."""
        self._failures += 1
        longest = max(_LONGEST_PAUSE, self.interval)
        pause = min(_FIRST_PAUSE * float(1 << min(self._failures - 1, 30)), longest) * (0.5 + self.jitter() / 2)
        asked = error.retry_after if isinstance(error, PeerRefused) else None
        return max(pause, min(asked or 0.0, float(LONGEST)))
