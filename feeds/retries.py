"""When is a call worth a second try, and after how long? Growing, jittered pauses; `Retry-After` is honoured.

RFC 9110 §10.2.3 (Retry-After), §15.6 (5xx), RFC 6585 §4 (429).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

_NOT_DONE: Final = frozenset({429, 503})
"""Statuses that say the request was not worked on."""
_PASSING: Final = _NOT_DONE | {502, 504}
"""Statuses that may pass, though the request may have been worked on."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently to ask again.

    Attributes:
        attempts: Calls in all, at least 1.
        first_s: Seconds of the first pause; each further one is twice as long.
        longest_s: Seconds of the longest pause; a server that asks for more is not asked again.
        sleep: Waits that many seconds.
        jitter: A number from 0 to 1: keeps many clients from coming back at the same moment.
        now: Seconds since the epoch, for a `Retry-After` that is a date.
    """

    attempts: int = 4
    first_s: float = 0.5
    longest_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.SystemRandom().random
    now: Callable[[], float] = time.time

    def worth_it(self, status: int, *, repeatable: bool) -> bool:
        """Whether an answer with this status may be another one later."""
        return status in (_PASSING if repeatable else _NOT_DONE)

    def pause(self, attempt: int, retry_after: str | None) -> bool:
        """Wait before the next attempt; False, at once, where there is to be none.

        Args:
            attempt: The number of the attempt that failed, from 1.
            retry_after: The header's value, where there is one.
        """
        asked = seconds(retry_after, self.now())
        if attempt >= self.attempts or (asked is not None and asked > self.longest_s):
            return False
        backoff = min(self.first_s * 2 ** (attempt - 1), self.longest_s) * (0.5 + self.jitter() / 2)
        self.sleep(max(backoff, asked or 0.0))
        return True


def seconds(retry_after: str | None, now: float) -> float | None:
    """The seconds to wait that a `Retry-After` means, never negative; None where absent or unreadable.

    Args:
        retry_after: A number of seconds, or an HTTP date.
        now: Seconds since the epoch.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now)
