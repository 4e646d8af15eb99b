"""Is a line of the log one line, whatever a stranger puts into it? T-36."""

import errno
import sys
from collections.abc import Iterator
from io import StringIO

import orjson
import pytest
import structlog

from hub.web import log


class Full(StringIO):
    """A file on a disk without room."""

    tried = 0

    def write(self, _text: str) -> int:
        """Fail as the system does."""
        self.tried += 1
        raise OSError(errno.ENOSPC, "No space left on device")


NASTY = 'a\r\nlevel=fake\x1b[31m\u202e"}{'


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.reset_defaults()
    structlog.configure(**before)


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_t36_an_event_is_one_line_without_control_characters(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    """Red if what a request brought can begin a line of its own, or move an operator's cursor."""
    log.set_up(log_format)
    structlog.get_logger("test").warning("refused", path=NASTY, why="\x1b[2J", peer="\u202e", name="\n")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert all(letter.isprintable() for letter in err.strip("\n"))


def test_a_json_line_is_json_with_time_level_and_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Red if a failure's traceback is lost, or breaks the line."""
    log.set_up("json")
    try:
        int(NASTY)
    except ValueError as error:
        structlog.get_logger("test").error("failed", exc_info=error)
    (line,) = capsys.readouterr().err.splitlines()
    told = orjson.loads(line)
    assert (told["event"], told["level"]) == ("failed", "error")
    assert "ValueError" in told["exception"]
    assert told["timestamp"].endswith("Z")


def test_a_log_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Red if a full disk under the log makes every answer a failure that is to be logged."""
    full = Full()
    monkeypatch.setattr(sys, "stderr", full)
    log.set_up("json")
    structlog.get_logger("test").error("failed", why=NASTY)
    assert full.tried == 1


def test_what_is_no_news_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """Red if debug lines of libraries come out."""
    log.set_up("json")
    structlog.get_logger("test").debug("chatter")
    assert capsys.readouterr().err == ""
