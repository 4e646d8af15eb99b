"""How does a hub come to be? Data directory, secret, receipt key, database, and last the row that says: here is one."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from keys.jwk import fingerprint
from keys.signer import Signer, generate_key_file, open_signer

from .acts import Actor, AlreadyThere, Refused
from .config import Settings
from .running import make_secret, read_secret, wall_clock
from .store import founding, schema
from .store.engine import Database

PRIVATE = 0o700


def make_hub(
    settings: Settings, actor: Actor, *, exist_ok: bool = False, clock: Callable[[], int] = wall_clock
) -> dict[str, object]:
    """Make the hub of these settings, or bring an existing one's schema to this version.

    The row comes last: where it stands, the secret and the receipt key were written before; so after a crash
    half-way `exist_ok` goes on, and a hub whose secret was lost is told instead of being given another one.

    Raises `AlreadyThere` where there is a hub and not `exist_ok`; `Refused` where its secret or key is gone; also
    `StoreError`, `KeysError`, `OSError`.
    """
    _data_dir(settings.data_dir)
    files = (settings.secret_path, settings.receipt_key_path)
    if not exist_ok and any(path.exists() for path in files):
        raise AlreadyThere(
            f"there is a hub in {settings.data_dir} already; `cirt-hub init --exist-ok` brings it up to date"
        )
    database = Database(settings.database, create=True)
    try:
        _schema(database, exist_ok=exist_ok, missing=[path for path in files if not path.exists()])
        for path in files:
            path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        make_secret(settings.secret_path)
        read_secret(settings.secret_path)
        receipts = _receipt_key(settings.receipt_key_path)
        with database.writing() as tx:
            at = clock()
            if founding.found(tx, at):
                actor.record(tx, "init", "hub", at=at, receipt_key=receipts.kid)
    finally:
        database.close()
    return {
        "data_dir": str(settings.data_dir.absolute()),
        "database": without_password(settings.database),
        "public_url": settings.public_url,
        "receipt_key": dict(receipts.jwk),
        "receipt_key_fingerprint": fingerprint(receipts.kid),
    }


def _data_dir(path: Path) -> None:
    """Make the directory for its owner alone; one that is there and empty is closed to others, another is left."""
    if not path.exists():
        path.mkdir(mode=PRIVATE, parents=True)
    if not any(path.iterdir()):
        path.chmod(PRIVATE)  # whatever the umask, or whoever made it, left open


def _schema(database: Database, *, exist_ok: bool, missing: list[Path]) -> None:
    with database.reading() as tx:
        founded = schema.made(tx) and founding.founded(tx)
    if founded and not exist_ok:
        raise AlreadyThere("the database holds a hub already; `cirt-hub init --exist-ok` brings it up to date")
    if founded and missing:
        gone = " and ".join(str(path) for path in missing)
        raise Refused(
            f"the database holds a hub, but {gone} is not here: copy it from the backup, or from the machine that"
            " runs this hub; with another one every token would be void and every receipt unproven"
        )
    schema.upgrade(database)


def _receipt_key(path: Path) -> Signer:
    if path.exists():
        return open_signer(f"file:{path.absolute()}", None)
    return generate_key_file(path, None)


def without_password(url: str) -> str:
    """A database URL as it may be shown."""
    password = urlsplit(url).password
    shown = url.replace(f":{password}@", ":***@") if password else url
    return re.sub(r"(?i)(password=)[^&]*", r"\1***", shown)
