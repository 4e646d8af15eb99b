"""What ails the hub? Looked at from a shell, whether it runs or not: files, disk, database, clock, certificates.

Nothing is changed, and nothing that is amiss keeps the rest from being looked at. What waits for people is in
`hub.overdue`.
"""

import shutil
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from feeds.timestamps import format_taxii
from keys.errors import KeysError
from keys.validity import valid_until

from .config import Settings
from .findings import Finding, error, info, warning
from .overdue import overdue
from .receipt_key import ReceiptKey
from .running import read_secret
from .store import copying, health, replacing, schema
from .store.engine import Database, Tx
from .store.errors import CopyFailed, NotInitialised, StoreError, Unavailable
from .store.registry import Registries
from .store.shelves import MOST_AHEAD

MEBIBYTE = 1 << 20
LEAST_FREE = 256 * MEBIBYTE
LITTLE_FREE = 2_048 * MEBIBYTE
TLS_DAYS = 30
DAY = 86_400 * 1_000_000
#: The versions with SQLite's WAL-reset bug: from the first with WAL to the last before the fix.
WAL_RESET = ((3, 7, 0), (3, 51, 2))


def examine(settings: Settings, at: int, certificates: Sequence[Path] = ()) -> list[Finding]:
    """Everything that is found, the worst first.

    Args:
        settings: of the hub.
        at: now, microseconds since the epoch.
        certificates: PEM files of the TLS certificates in use.
    """
    found = [*_files(settings), *_disk(settings), *_database(settings, at), *_certificates(certificates, at)]
    order = ("error", "warning", "info")
    return sorted(found, key=lambda finding: order.index(finding.level))


def _files(settings: Settings) -> Iterator[Finding]:
    """Secrets: there, sound, and for their owner alone."""
    folder = settings.data_dir
    if not folder.is_dir():
        yield error(f"there is no data directory {folder}", "cirt-hub init, or set HUB_DATA_DIR")
    elif _is_open(folder):
        yield warning(f"others may enter the data directory {folder}", f"chmod 700 {folder}")
    try:
        read_secret(settings.secret_path)
    except NotInitialised as fault:
        mend = f"chmod 600 {settings.secret_path}, or copy the hub's secret there from where you keep it"
        yield error(fault.sentence, mend)
    path = settings.receipt_key_path
    if why := ReceiptKey(path).fault():
        mend = f"chmod 600 {path}, or copy the hub's receipt key there from where you keep it"
        yield error(f"publications and acceptances are refused: {why}", mend)
    place = replacing.file_of(settings.database)
    for each in (place,) if place else ():
        if each.exists() and _is_open(each):
            yield error(f"others may read the database {each}", f"chmod 600 {each}*")


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _disk(settings: Settings) -> Iterator[Finding]:
    """Space where SQLite's file lies, and the data directory."""
    place = replacing.file_of(settings.database)
    for folder in {settings.data_dir, place.parent} if place else {settings.data_dir}:
        if not folder.is_dir():
            continue
        usage = shutil.disk_usage(folder)
        told = f"{usage.free // MEBIBYTE:,} MiB of {usage.total // MEBIBYTE:,} MiB are free where {folder} lies"
        mend = f"free space on the disk of {folder}, or move the hub to a larger one with `cirt-hub backup`"
        if usage.free < LEAST_FREE:
            yield error(f"the disk is full or nearly so, and publications are refused on a full one: {told}", mend)
        elif usage.free < LITTLE_FREE:
            yield warning(told, mend)


def _database(settings: Settings, at: int) -> Iterator[Finding]:
    try:
        with closing(Database(settings.database)) as database, database.reading() as tx:
            schema.check(tx)
            yield from _engine(settings, tx)
            yield from _sequencer(tx, at)
            yield from overdue(tx, Registries().of(tx), settings.approvals, at)
    except NotInitialised as fault:
        yield error(fault.sentence, "cirt-hub init for a new hub, cirt-hub init --exist-ok after an upgrade")
    except Unavailable as fault:
        yield error(fault.sentence, "start the database server, and look at HUB_DATABASE_URL")
    except OSError as fault:
        mend = "see that the user who runs the hub owns the file, and that its disk has space"
        yield error(f"the database's files cannot be opened: {fault}", mend)
    except StoreError as fault:
        yield error(fault.sentence, "look at the database's own log; cirt-hub restore FILE --verify --replace")


def _engine(settings: Settings, tx: Tx) -> Iterator[Finding]:
    """What the engine promises."""
    if tx.postgresql:
        for name, value in health.unsafe(tx):
            sentence = f"PostgreSQL runs with {name} = {value}: what was acknowledged may be lost when it crashes"
            yield error(sentence, f"set {name} = on in postgresql.conf and restart PostgreSQL")
        try:
            copying.program("pg_dump", settings.postgresql_bin)
        except CopyFailed as fault:
            yield warning(f"no backup can be taken: {fault.sentence}", "apt-get install postgresql-client")
        return
    if (mode := health.journal(tx)) != "wal":
        yield error(f"SQLite's journal is {mode}, not wal", "stop the hub and start it again: it sets the mode")
    version = sqlite3.sqlite_version_info
    if WAL_RESET[0] <= version <= WAL_RESET[1]:
        yield info(
            f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug; the guard is in force: one writer at a time,"
            " behind a lock file, and readers that cannot write",
            "nothing has to be done; SQLite 3.51.3 or later is without it. Open the file with no other program",
        )


def _sequencer(tx: Tx, at: int) -> Iterator[Finding]:
    last = health.last_position(tx)
    if last > at + MOST_AHEAD:
        yield error(
            f"the sequencer stands at {format_taxii(last)}, and this machine's clock at {format_taxii(at)}:"
            " publications are refused while it is more than five minutes ahead",
            f"set the clock right (timedatectl set-ntp true); if it is right and was ahead before: wait until"
            f" {format_taxii(last - MOST_AHEAD)}, publishing then goes on by itself",
        )


def _certificates(paths: Sequence[Path], at: int) -> Iterator[Finding]:
    for path in paths:
        mend = f"renew the certificate, put it into {path}, and restart what serves it"
        try:
            until = valid_until(path.read_bytes())
        except (OSError, KeysError) as fault:
            yield error(f"the TLS certificate {path} cannot be read: {fault}", mend)
            continue
        if until < at:
            yield error(f"the TLS certificate {path} is over since {format_taxii(until)}", mend)
        elif until < at + TLS_DAYS * DAY:
            yield warning(f"the TLS certificate {path} is good until {format_taxii(until)} only", mend)
