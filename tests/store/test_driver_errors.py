"""What does the log say of a database that fails? The driver's class, code and first line; never a password."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
import structlog

from hub.store.dialect import dialect_of
from hub.store.driver_errors import MOST, REMOVED, translated
from hub.store.engine import Database
from hub.store.errors import Busy, StoreError, Unavailable
from hub.web import errors
from support.proxy import free_port

SECRET = "s3cr/t"


def test_an_unreachable_server_is_named_without_the_password() -> None:
    """Red if what the driver said is dropped: a 503 in the log would have no cause."""
    port = free_port()
    with pytest.raises(Unavailable) as caught:
        Database(f"postgresql://hub:s3cr%2Ft@127.0.0.1:{port}/hub")
    assert caught.value.cause.startswith("OperationalError: ")
    assert str(port) in caught.value.cause
    assert (SECRET in caught.value.cause, "\n" in caught.value.cause) == (False, False)


@pytest.mark.parametrize("spelt", [SECRET, "s3cr%2Ft"])
@pytest.mark.parametrize("url", ["postgresql://hub:s3cr%2Ft@db/hub", "postgresql://db/hub?sslpassword=s3cr%2Ft"])
def test_a_password_that_the_driver_quotes_is_taken_out(url: str, spelt: str) -> None:
    """Red if the secrets of the address are not known, or only in one of their spellings."""
    said = psycopg.OperationalError(f'missing "=" after "{spelt}" in connection info string')
    cause = translated(said, dialect_of(url).secrets).cause
    assert cause == f'OperationalError: missing "=" after "{REMOVED}" in connection info string'


def test_what_follows_the_first_line_may_quote_what_is_stored() -> None:
    """Red if a driver's DETAIL, with the values of a row, gets into the log, or a sentence without end."""
    cause = translated(psycopg.OperationalError(f"{'x' * 2 * MOST}\nDETAIL:  Key (body)=(TLP:AMBER)")).cause
    assert cause == f"OperationalError: {'x' * MOST}"
    assert translated(psycopg.OperationalError("")).cause == "OperationalError: "


def test_what_the_engine_refuses_is_named_by_its_code(database_url: str, tmp_path: Path) -> None:
    """Red if the code is left out: by it an operator finds the fault in the engine's documentation."""
    with pytest.raises(Unavailable) as caught:
        Database(f"sqlite:///{tmp_path}")
    assert caught.value.cause == "OperationalError SQLITE_CANTOPEN: unable to open database file"
    database = Database(database_url, create=True)
    with pytest.raises(StoreError) as told, database.writing() as tx:
        tx.row("SELECT 1 / 0" if tx.postgresql else "NONSENSE")
    database.close()
    assert ("22012" if database.name == "postgresql" else "SQLITE_ERROR") in told.value.cause


@pytest.mark.parametrize("error", [psycopg.errors.DeadlockDetected("deadlock"), sqlite3.OperationalError("is locked")])
def test_the_log_of_a_503_has_the_cause_and_its_answer_has_not(error: Exception) -> None:
    """Red if the line of a 503 lacks the cause, or the caller is told it."""
    busy = translated(error)
    assert isinstance(busy, Busy)
    with structlog.testing.capture_logs() as lines:
        answer = errors.answer(busy, {"REQUEST_METHOD": "GET", "PATH_INFO": "/live/"})
    assert [(line["event"], line["cause"]) for line in lines] == [("unavailable", busy.cause)]
    assert str(error) in busy.cause
    assert busy.cause.encode() not in answer.get_data()
