"""What did the driver mean? Its errors as the store's own, and what it said as a word for the log, without a secret."""

import sqlite3
from collections.abc import Iterable
from urllib.parse import quote

import psycopg
import sqlalchemy as sa

from .errors import Busy, Deadlock, Full, NotInitialised, StoreError, Unavailable

REMOVED = "[removed]"
#: Letters of a driver's sentence that are told.
MOST = 300
_READ_ONLY = "25006"  # PostgreSQL's read_only_sql_transaction
_AWAY = "the database cannot be reached; try again in a moment"
_IS_STANDBY = (
    "the database at HUB_DATABASE_URL is a standby, which takes no writes: name the primary there, or promote this one"
    " (SELECT pg_promote())"
)
_BROKEN_OFF = frozenset({"40001", "40P01"})  # PostgreSQL's serialization_failure and deadlock_detected


def translated(error: Exception, secrets: Iterable[str] = ()) -> StoreError:
    """The store's own error for what the driver or the pool said; raised `from` it by the caller.

    Args:
        error: the driver's or SQLAlchemy's.
        secrets: texts that must not be told, such as the database's password.
    """
    origin = getattr(error, "orig", None) or error
    meant = _meant(error, origin)
    meant.cause = _said(origin, secrets)
    return meant


def _meant(error: Exception, origin: Exception) -> StoreError:
    text = str(origin)
    state = getattr(origin, "sqlstate", None)
    if isinstance(error, sa.exc.TimeoutError) or "locked" in text or state in {"55P03", "57014", *_BROKEN_OFF}:
        kind = Deadlock if state in _BROKEN_OFF else Busy
        return kind("the database is busy; nothing was written; try again in a moment")
    if "disk is full" in text or state in {"53100", "53200"}:
        return Full("the disk of the database is full; nothing was written; free space and try again")
    if "disk I/O error" in text:
        return Unavailable("the disk of the database failed: look at the kernel's log; a retry is harmless")
    if "no such table" in text or state == "42P01":
        return NotInitialised("the database has no tables of the hub; make them with `cirt-hub init`")
    away = isinstance(origin, sqlite3.OperationalError | psycopg.OperationalError | psycopg.InterfaceError)
    if away or state == _READ_ONLY:
        return Unavailable(_IS_STANDBY if state == _READ_ONLY else _AWAY)
    return StoreError(f"the database refused a statement: {type(origin).__name__}")


def _said(origin: Exception, secrets: Iterable[str]) -> str:
    """Class, code and first line: what follows (DETAIL, LINE, the statement's parameters) may quote what is stored."""
    diagnostics = getattr(origin, "diag", None)
    lines = str(getattr(diagnostics, "message_primary", None) or origin).splitlines()
    text = lines[0] if lines else ""
    for secret in secrets:
        for spelt in (secret, quote(secret, safe="")):
            text = text.replace(spelt, REMOVED)
    code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    return f"{type(origin).__name__}{f' {code}' if code else ''}: {text[:MOST]}"
