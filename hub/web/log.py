"""What does the hub say while it runs? One JSON line an event on stderr; never a token, a payload or a query string.

Whatever a stranger sent comes out escaped, in ASCII: no line of the log can begin another, or move a cursor.
"""

import logging
import re
import sys
from contextlib import suppress
from typing import Any, Final

import structlog

from hub.store.tokens import PREFIX

#: What must not be in a log even if it was put into an address: an API token, the begin of a private key.
_SECRET: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]+|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END|\Z)", re.DOTALL)
REMOVED: Final = "[removed]"


class Lines(structlog.WriteLogger):
    """Lines on a file, which an answer never waits for in vain: one that cannot be written (a full disk) is lost."""

    def msg(self, message: str) -> None:
        """Write one line."""
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def set_up(log_format: str) -> None:
    """Begin to log: `json` for machines, `text` for people. Control characters come out escaped in both."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback, repr_native_str=True
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: Lines(sys.stderr),
        cache_logger_on_first_use=True,
    )


def without_secrets(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The event with every secret that a text of it holds taken out; a second guard, nothing should put one in."""
    for name, value in event.items():
        if isinstance(value, str) and (PREFIX in value or "PRIVATE KEY" in value):
            event[name] = _SECRET.sub(REMOVED, value)
    return event
