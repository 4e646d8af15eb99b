"""How is a hub copied into one file while it runs? As of one instant, without waiting for publishers."""

import hashlib
import hmac
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path

from keys.errors import KeysError
from keys.signer import open_signer

from . import archive
from .acts import Actor
from .archive import DATABASE, RECEIPT_KEY, SECRET, Statement
from .config import Settings
from .release import VERSION
from .running import read_secret
from .store import founding, schema
from .store.copying import Told
from .store.engine import Database, Tx
from .store.errors import Full


def back_up(
    settings: Settings,
    path: Path,
    actor: Actor,
    *,
    secrets: bool,
    clock: Callable[[], int],
    told: Told,
) -> dict[str, object]:
    """Copy the hub of these settings into a new file, consistent and without stopping it.

    Args:
        settings: whose hub.
        path: the file to make, for its owner alone.
        actor: who asks; told to the audit trail.
        secrets: whether the hub's secret and its receipt key go with it.
        clock: microseconds since the epoch.
        told: is told how far the copy has come.

    Raises `AlreadyThere`, `StoreError`, `KeysError`, `OSError`; then no backup is left.
    """
    archive.check_free(path)
    secret = read_secret(settings.secret_path)
    with closing(Database(settings.database)) as database:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.absolute().parent) as folder:
            files = {DATABASE: Path(folder, DATABASE)}
            if secrets:
                open_signer(f"file:{settings.receipt_key_path.absolute()}", None)  # what is kept is a key
                files |= {SECRET: settings.secret_path, RECEIPT_KEY: settings.receipt_key_path}
            with database.reading() as tx:
                schema.check(tx)
                tx.copy_to(files[DATABASE], told, bin_dir=settings.postgresql_bin)
                statement = _statement(tx, settings, secret, clock(), files)
            digest = archive.write(path, statement, files)
        with suppress(Full), database.writing() as tx:  # a full disk is when a backup is wanted most
            actor.record(tx, "backup", "hub", at=clock(), digest=digest, secrets=secrets)
    return {
        "backup": str(path.absolute()),
        "digest": digest,
        "bytes": path.stat().st_size,
        "secrets": secrets,
        "schema": statement.schema,
        "counts": dict(statement.counts),
    }


def _statement(tx: Tx, settings: Settings, secret: bytes, at: int, files: Mapping[str, Path]) -> Statement:
    created_at, revision = founding.row(tx)
    kid = None
    with suppress(KeysError):
        kid = open_signer(f"file:{settings.receipt_key_path.absolute()}", None).kid
    return Statement(
        program=VERSION,
        engine="postgresql" if tx.postgresql else "sqlite",
        schema=schema.version(tx),
        taken_at=at,
        created_at=created_at,
        revision=revision,
        counts=schema.counts(tx),
        secret_mark=mark_of(secret),
        receipt_key=kid,
        files={name: archive.digest_of(file) for name, file in files.items()},
    )


def mark_of(secret: bytes) -> str:
    """What tells two secrets apart without telling either."""
    return hmac.new(secret, b"cirt-hub backup v1", hashlib.sha256).hexdigest()
