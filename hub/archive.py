"""What is in a backup? One tar file, for its owner alone: a statement with everything's digest, then the files.

`backup.json` comes first; then `database`, and, only if asked for, `secret` and `receipt.pem`. Nothing is unpacked by
the paths in it: names that are not known are refused.
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

from .acts import ActError, AlreadyThere
from .durable import sync_folder

STATEMENT: Final = "backup.json"
DATABASE: Final = "database"
SECRET: Final = "secret"  # noqa: S105 - the name of a file
RECEIPT_KEY: Final = "receipt.pem"
FILES: Final = (DATABASE, SECRET, RECEIPT_KEY)
KIND: Final = "cirt-hub-backup"
FORMAT: Final = 1
OWNER_ONLY: Final = 0o600
_CHUNK: Final = 1 << 20
_MOST_STATEMENT: Final = 1 << 20


class BadBackup(ActError):
    """The file is no backup, or not as it was written; nothing was changed."""

    code = "bad-backup"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a backup says of itself.

    Attributes:
        program: version of the program that took it.
        engine: `sqlite` or `postgresql`; it can be restored into the same one only.
        schema: version of the database's schema.
        taken_at: by the hub's clock, microseconds since the epoch.
        created_at: when the hub was made, likewise.
        revision: of the registry.
        counts: table -> rows.
        secret_mark: tells whether a secret is the one of this hub, without telling the secret.
        receipt_key: kid of the receipt key; None where it could not be read.
        files: name -> SHA-256 of its bytes, lower-case hexadecimal.
    """

    program: str
    engine: str
    schema: str
    taken_at: int
    created_at: int
    revision: int
    counts: Mapping[str, int]
    secret_mark: str
    receipt_key: str | None
    files: Mapping[str, str]


def digest_of(path: Path) -> str:
    """SHA-256 of a file, lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(path: Path, statement: Statement, files: Mapping[str, Path]) -> str:
    """Write a backup to `path`, where nothing is, and sync it; its SHA-256. Raises `AlreadyThere`, `OSError`."""
    check_free(path)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            _pack(file, statement, files)
            file.flush()
            os.fsync(file.fileno())
        digest = digest_of(partial)
        partial.rename(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            partial.unlink()
    return digest


def check_free(path: Path) -> None:
    """See that nothing is written over. Raises `AlreadyThere`."""
    if path.exists():
        raise AlreadyThere(f"{path} is there already; a backup is never written over, so name another file")


def _pack(file: IO[bytes], statement: Statement, files: Mapping[str, Path]) -> None:
    told = json.dumps({"kind": KIND, "format": FORMAT, **asdict(statement)}, indent=1).encode()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(_entry(STATEMENT, len(told), statement), BytesIO(told))
        for name, path in files.items():
            with path.open("rb") as source:
                tar.addfile(_entry(name, path.stat().st_size, statement), source)


def _entry(name: str, size: int, statement: Statement) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, OWNER_ONLY, statement.taken_at // 1_000_000
    return entry


def unpack(path: Path, folder: Path) -> tuple[Statement, Mapping[str, Path]]:
    """The statement of a backup, and its files as they were written, unpacked into `folder`, for their owner alone.

    Raises `BadBackup` for anything that is not as it was written, `OSError` where the disk fails.
    """
    with _reading(path) as tar:
        entries = iter(tar)
        statement = _statement(path, tar, next(entries, None))
        found: dict[str, Path] = {}
        for entry in entries:
            if entry.name not in statement.files or entry.name in found or not entry.isreg():
                raise _damaged(path, f"{entry.name!r} does not belong into it")
            found[entry.name] = folder / entry.name
            if _extract(tar, entry, found[entry.name]) != statement.files[entry.name]:
                raise _damaged(path, f"{entry.name} is not as it was written")
        if missing := statement.files.keys() - found.keys():
            raise _damaged(path, f"{', '.join(sorted(missing))} is missing")
    return statement, found


@contextmanager
def _reading(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(path, str(error)) from error


def _statement(path: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo | None) -> Statement:
    opened = tar.extractfile(entry) if entry is not None and entry.name == STATEMENT and entry.isreg() else None
    if opened is None:
        raise _damaged(path, f"it does not begin with {STATEMENT}")
    try:
        told: dict[str, Any] = json.loads(opened.read(_MOST_STATEMENT))
        kind, version = told.pop("kind"), told.pop("format")
        statement = Statement(**told) if (kind, version) == (KIND, FORMAT) else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"{STATEMENT} cannot be read") from error
    if statement is None:
        raise BadBackup(f"{path} is a backup of format {version}, this program reads {FORMAT}: use the later program")
    if not _is_readable(statement):
        raise _damaged(path, f"{STATEMENT} cannot be read")
    if DATABASE not in statement.files or set(statement.files) - {*FILES}:
        raise _damaged(path, f"{STATEMENT} names other files than a backup has")
    return statement


def _is_readable(statement: Statement) -> bool:
    """Whether every part of a statement is of its type."""
    texts = (statement.program, statement.engine, statement.schema, statement.secret_mark)
    numbers = (statement.taken_at, statement.created_at, statement.revision)
    return (
        all(isinstance(each, str) and each.isascii() for each in texts)
        and all(type(each) is int for each in numbers)
        and isinstance(statement.counts, dict)
        and all(type(each) is int for each in statement.counts.values())
        and isinstance(statement.files, dict)
        and all(isinstance(each, str) for each in statement.files.values())
        and isinstance(statement.receipt_key, str | None)
    )


def _extract(tar: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> str:
    """Write one file out; the SHA-256 of what came."""
    digest = hashlib.sha256()
    source = tar.extractfile(entry)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        while source is not None and (chunk := source.read(_CHUNK)):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _damaged(path: Path, why: str) -> BadBackup:
    return BadBackup(f"{path} is no backup of a hub, or damaged: {why}; nothing was changed, take another one")
