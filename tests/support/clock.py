"""What time is it in a test? Whatever the test says: microseconds since the epoch, moved by hand only."""

from dataclasses import dataclass

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_793_016_000 * SECOND  # 2026-10-26T12:00:00Z


@dataclass(slots=True)
class Clock:
    """A clock to hand to the hub: call it for the time; move it by hand, forwards or back."""

    now: int = NOON

    def __call__(self) -> int:
        """Return the time, microseconds since the epoch."""
        return self.now

    def advance(self, microseconds: int) -> int:
        """Move by so many microseconds (negative: the clock jumps back) and return the new time."""
        self.now += microseconds
        return self.now
