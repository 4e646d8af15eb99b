"""How much may one account, or one address, ask of this process? Token buckets in bounded memory.

The clock is the monotonic one. Only what a bucket still owes is kept, as one instant (the generic cell rate algorithm,
ITU-T I.371): a bucket that was filled again is as good as none. Nobody is locked out for longer than it takes to fill,
and a failure counts against its source alone, never against an account: `docs/adr/0007-limits.md`.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Final, NoReturn

from .config import Settings
from .measures import LIMITED

#: Most sources remembered at once, some 4 MB; beyond that the one not heard of for longest is forgotten.
MOST: Final = 20_000
#: How long a caller may go at any speed before its rate counts, seconds of that rate.
BURST_SECONDS: Final = 10.0
FAILURE_SECONDS: Final = 60.0


class TooMany(Exception):
    """A limit was met; `retry_after` is in whole seconds, `scope` says whose limit: account, source or failures."""

    def __init__(self, scope: str, wait: float) -> None:
        self.scope = scope
        self.retry_after = max(1, math.ceil(wait))
        super().__init__(f"Too many requests; wait {self.retry_after} seconds (Retry-After) and send fewer at a time.")


def _stop(scope: str, wait: float) -> NoReturn:
    LIMITED.labels(scope).inc()
    raise TooMany(scope, wait)


class Buckets:
    """One bucket a key, each holding `burst` requests and refilled at `rate` a second; a rate of 0 sets no limit."""

    def __init__(
        self, rate: float, burst: float, *, most: int = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._most_owed = max(burst, 1) * self._gap
        self._most = most
        self._clock = clock
        self._owed: OrderedDict[str, float] = OrderedDict()  # until when the bucket is not full again
        self._lock = Lock()

    def take(self, key: str) -> float:
        """Take one out of the key's bucket: 0.0, or the seconds until there is one; a refused try costs nothing."""
        if not self._gap:
            return 0.0
        now = self._clock()
        with self._lock:
            owed = max(now, self._owed.get(key, now)) + self._gap
            if owed - now > self._most_owed + 1e-9:  # the sum of many gaps is not exact
                return owed - now - self._most_owed
            self._owed[key] = owed
            self._owed.move_to_end(key)
            if len(self._owed) > self._most:
                self._owed.popitem(last=False)
        return 0.0

    def __len__(self) -> int:
        return len(self._owed)


class Limits:
    """The limits of this process, by account, by source, and on failed tries by source."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        account, source, failures = settings.rate_account, settings.rate_source, settings.rate_failures
        self._accounts = Buckets(account, account * BURST_SECONDS, clock=clock)
        self._sources = Buckets(source, source * BURST_SECONDS, clock=clock)
        self._failures = Buckets(failures / FAILURE_SECONDS, failures, clock=clock)

    def check_account(self, token: str) -> None:
        """One request of the account with this token id. Raises `TooMany`."""
        if wait := self._accounts.take(token):
            _stop("account", wait)

    def check_source(self, address: str | None) -> None:
        """One request from an address; one that is not known is not limited. Raises `TooMany`."""
        if (source := source_of(address)) and (wait := self._sources.take(source)):
            _stop("source", wait)

    def check_failure(self, address: str | None) -> None:
        """A credential or invitation from this address was no good. Raises `TooMany`."""
        if (source := source_of(address)) and (wait := self._failures.take(source)):
            _stop("failures", wait)


@lru_cache(maxsize=4096)
def source_of(address: str | None) -> str:
    """The name an address is counted under: itself, or its network of /64 for IPv6, which one household has; or ''."""
    try:
        known = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if known.version == 4:  # noqa: PLR2004 - the version of the protocol
        return str(known)
    mapped = known.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((int(known), 64), strict=False).network_address)
