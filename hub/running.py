"""A hub in one process: its settings, database, secrets and clock, opened together and closed together."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .config import Settings
from .limits import Limits
from .receipt_key import ReceiptKey
from .store import schema, statuses
from .store.background import Repeated
from .store.deliveries import Deliveries
from .store.engine import Database
from .store.errors import NotInitialised
from .store.registry import Registries
from .store.standby import Standby

SECRET_BYTES = 32
SWEEP_SECONDS = 3_600.0
CHECKPOINT_SECONDS = 1.0


def wall_clock() -> int:
    """Microseconds since the epoch, by this machine's clock."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Hub:
    """Everything the paths need besides the transaction: made once a process, after the fork."""

    settings: Settings
    database: Database
    registries: Registries
    deliveries: Deliveries
    beside: tuple[Repeated, ...]
    secret: bytes
    receipts: ReceiptKey
    clock: Callable[[], int]
    limits: Limits
    standby: Standby

    def start(self) -> None:
        """Begin what is done beside answering: deliveries written, old statuses dropped, SQLite's log shortened."""
        self.deliveries.start()
        for act in self.beside:
            act.start()

    def close(self) -> None:
        """Write what waits and let go of the database."""
        for act in self.beside:
            act.stop()
        self.deliveries.close()
        self.database.close()


def read_secret(path: Path) -> bytes:
    """The secret that seals cursors and token digests. Raises `NotInitialised` if missing, short or open to others."""
    try:
        mode = path.stat().st_mode
        secret = path.read_bytes()
    except OSError as error:
        raise NotInitialised(
            f"the secret file {path} cannot be read ({error.strerror}); `cirt-hub init` makes it"
        ) from error
    if mode & 0o077:
        raise NotInitialised(f"the secret file {path} is open to others; run `chmod 600 {path}`")
    if len(secret) < SECRET_BYTES or len(set(secret)) < SECRET_BYTES // 4:
        raise NotInitialised(f"the secret file {path} must hold at least {SECRET_BYTES} random bytes")
    return secret


def make_secret(path: Path) -> None:
    """Write a new secret, for the owner only; an existing one is kept."""
    if path.exists():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(SECRET_BYTES))


def open_hub(settings: Settings, *, clock: Callable[[], int] = wall_clock) -> Hub:
    """Open the hub of these settings. Raises `NotInitialised` or `Unavailable` with what to do.

    A receipt key that cannot be read is no reason not to open: see `ReceiptKey`.
    """
    secret = read_secret(settings.secret_path)
    receipts = ReceiptKey(settings.receipt_key_path)
    database = Database(settings.database, standby=settings.replica_url)
    try:
        with database.reading() as tx:
            schema.check(tx)
    except BaseException:
        database.close()
        raise
    beside = (
        Repeated("statuses", SWEEP_SECONDS, lambda: statuses.sweep(database, clock(), settings.status_days)),
        Repeated("checkpoints", CHECKPOINT_SECONDS, database.checkpoint),
    )
    limits = Limits(settings)
    deliveries, standby = Deliveries(database), Standby(database)
    return Hub(settings, database, Registries(), deliveries, beside, secret, receipts, clock, limits, standby)
