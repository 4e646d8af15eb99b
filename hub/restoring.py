"""How is a hub made again from a backup? Checked first, put in its place last; until then there is none to be served.

A restored hub has forgotten what came after its backup: it gets a new epoch, so that page tokens of the life before are
refused with the advice to begin again by `added_after`, and its sequencers go on after whatever was given out: by what
is replaced, and by a machine that is gone and whose clock was ahead of this one's.
"""

import hmac
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from feeds.timestamps import format_taxii

from . import archive
from .acts import Actor, Refused
from .archive import DATABASE, OWNER_ONLY, RECEIPT_KEY, SECRET, BadBackup, Statement
from .backups import mark_of
from .config import Settings
from .durable import sync_folder
from .promotion import MOST_APART
from .soundness import Soundness, inspect
from .store import founding, replacing, schema
from .store.copying import Told
from .store.engine import Database

PRIVATE = 0o700


class Unsound(Refused):
    """A restored database is not what was signed and counted; `details["faults"]` tells where."""

    code = "unsound"


@dataclass(frozen=True, slots=True)
class Wish:
    """How to restore.

    Attributes:
        replace: a hub that is there is replaced; its SQLite file, secret and key are put aside, not deleted.
        verify: everything restored is checked before the hub can be served.
        digest: SHA-256 that the backup must have; empty: any.
    """

    replace: bool = False
    verify: bool = False
    digest: str = ""


def restore(
    settings: Settings, path: Path, actor: Actor, wish: Wish, *, clock: Callable[[], int], told: Told
) -> dict[str, object]:
    """Make the hub of a backup the hub of these settings; no process of it may run meanwhile.

    Raises `BadBackup`; `Refused` where a hub is there and is not to be replaced, or for another engine, a later version
    or another secret; `Unsound` with `wish.verify`; also `StoreError`, `OSError`.
    """
    digest = archive.digest_of(path)
    if wish.digest and digest != wish.digest.lower():
        raise BadBackup(f"{path} has the SHA-256 {digest}, not {wish.digest}: it is another file, or damaged")
    settings.data_dir.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    file = replacing.file_of(settings.database)
    place = file.parent if file else settings.data_dir  # on the disk of what is to be replaced
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=place) as folder:
        statement, files = archive.unpack(path, Path(folder))
        _check_version(settings, statement)
        secrets = _secrets(settings, statement, files, replace=wish.replace)
        before = _before(settings, replace=wish.replace)
        stamp, soundness = format_taxii(clock())[:19].replace(":", ""), None
        url, bin_dir = settings.database, settings.postgresql_bin
        with replacing.restored(url, files[DATABASE], told, bin_dir=bin_dir, tables=statement.counts) as database:
            schema.upgrade(database)
            if wish.verify:
                soundness = _sound(database, statement)
            for target, source in secrets.items():
                _put(source, target, stamp)
            _renew(database, statement, before, actor, clock(), digest)
        aside = replacing.put_in_place(url, files[DATABASE], stamp)
        sync_folder(place)
    return {
        "restored": str(path.absolute()),
        "digest": digest,
        "taken_at": format_taxii(statement.taken_at),
        "new_epoch": True,
        "counts": dict(statement.counts),
        "put_aside": str(aside) if aside else None,
        "verified": soundness.view() if soundness else None,
    }


def _check_version(settings: Settings, statement: Statement) -> None:
    engine = settings.database.partition(":")[0].partition("+")[0]
    if statement.engine != engine:
        raise Refused(
            f"the backup is of a {statement.engine} database, and HUB_DATABASE_URL names {engine}: name a"
            f" {statement.engine} database to restore it into"
        )
    if not schema.is_known(statement.schema):
        raise Refused(
            f"the backup was taken by a later version of this program ({statement.program}, schema"
            f" {statement.schema}): install that version"
        )


def _before(settings: Settings, *, replace: bool) -> Mapping[str, int]:
    """The sequencers of the hub that is to be replaced. Raises `Refused` if none is to be."""
    found = replacing.standing(settings.database)
    if found is not None and not replace:
        raise Refused(
            "there is a hub already; nothing was changed. `--replace` puts the backup in its place: whatever was"
            " published since is gone then, so take a backup of it first"
        )
    replacing.check_unused(settings.database)
    return found or {}


def _secrets(
    settings: Settings, statement: Statement, files: Mapping[str, Path], *, replace: bool
) -> Mapping[Path, Path]:
    """Where which secret of the backup goes; those that lie there already stay. Raises `Refused`."""
    wanted: dict[Path, Path] = {}
    for name, target in ((SECRET, settings.secret_path), (RECEIPT_KEY, settings.receipt_key_path)):
        content = target.read_bytes() if target.exists() else None
        if content is None and name not in files:
            raise Refused(
                f"the backup holds no {name}, and {target} is not there: copy it from where you keep the hub's"
                " secrets; with another one every token would be void and every receipt unproven"
            )
        if name in files and content != files[name].read_bytes():
            if content is not None and not replace:
                raise Refused(f"{target} is another one than the backup's; `--replace` puts the backup's in its place")
            wanted[target] = files[name]
    if not wanted.get(settings.secret_path) and not hmac.compare_digest(
        mark_of(settings.secret_path.read_bytes()), statement.secret_mark
    ):
        raise Refused(
            f"{settings.secret_path} is not the secret of the hub in the backup: every token would be void; copy the"
            " right one there first"
        )
    return wanted


def _sound(database: Database, statement: Statement) -> Soundness:
    with database.reading() as tx:
        soundness = inspect(tx, {name: number for name, number in statement.counts.items() if name != "hub"})
    if soundness.faults:
        listed = "; ".join(soundness.faults[:3])
        raise Unsound(
            f"the backup does not hold what was signed and counted ({soundness.count} faults: {listed}); the hub was"
            " not opened with it: take another backup",
            {"faults": list(soundness.faults)},
        )
    return soundness


def _renew(
    database: Database, statement: Statement, before: Mapping[str, int], actor: Actor, at: int, digest: str
) -> None:
    with database.writing() as tx:
        founding.renew(tx, created_at=statement.created_at, revision=statement.revision)
        founding.raise_positions(tx, before, at + MOST_APART)
        actor.record(tx, "restore", "hub", at=at, digest=digest, taken_at=statement.taken_at)


def _put(source: Path, target: Path, stamp: str) -> None:
    """Write a secret for its owner alone; another one that is there is put aside."""
    target.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    if target.exists():
        target.rename(target.with_name(f"{target.name}.before-restore-{stamp}"))
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(target.parent)
