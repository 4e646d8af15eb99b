"""What stands between taxii2-client and the network? A connection of our own, and errors of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from taxii2client.exceptions import AccessError, TAXIIServiceException

from feeds.accept import MEDIA_TYPE, content_type_ok
from feeds.api import Parser, checked, parsed
from feeds.errors import BadAnswer, PeerRefused, shown
from feeds.session import Answer, HttpSession, Params

_FORBIDDEN: Final = 403


class Connection:
    """What taxii2-client takes for its connection: our session, and the caller's parser."""

    def __init__(self, session: HttpSession, parse: Parser) -> None:
        self._session = session
        self._parse = parse
        self.last: tuple[Answer, dict[str, Any]] | None = None

    def get(self, url: str, headers: object = None, params: Params | None = None) -> dict[str, Any]:
        """GET a resource; the library's own headers say the same as ours and are passed over."""
        del headers
        return self._taken(self._session.request("GET", url, params=params, headers={"Accept": MEDIA_TYPE}))

    def post(self, url: str, headers: object = None, params: Params | None = None, data: bytes = b"") -> dict[str, Any]:
        """POST an envelope. A second copy does no harm (an exact duplicate is a success, TAXII 2.1 §5.5)."""
        del headers
        ours = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
        return self._taken(self._session.request("POST", url, params=params, headers=ours, body=data))

    def close(self) -> None:
        """Nothing: who made the session closes it."""

    def _taken(self, answer: Answer) -> dict[str, Any]:
        """The parsed resource of a success; the answer itself is kept for who wants its bytes and headers."""
        checked(answer, self._session)
        stated = answer.headers.get("Content-Type")
        if not content_type_ok(stated):
            raise BadAnswer(
                f"{shown(answer.url)} answers with {shown(stated or 'no type')} where `{MEDIA_TYPE}` belongs; "
                "check that the address is a TAXII 2.1 server's."
            )
        value = parsed(answer, self._parse)
        if not isinstance(value, dict):
            raise BadAnswer(f"{shown(answer.url)} answers with JSON that is no object.")
        self.last = answer, value
        return value


@contextmanager
def understood(url: str) -> Iterator[None]:
    """Turn what taxii2-client raises over an odd resource into `BadAnswer`; it raises Python's own errors too."""
    try:
        yield
    except AccessError as error:
        raise PeerRefused(f"{shown(url)} does not allow this account to do that.", status=_FORBIDDEN) from error
    except (TAXIIServiceException, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadAnswer(f"{shown(url)} answers with a resource that TAXII 2.1 does not know: {error}") from error


def identifier(text: object) -> str:
    """A TAXII identifier (TAXII 2.1 §2), fit to stand in an address."""
    try:
        return str(UUID(text_of(text)))
    except ValueError as error:
        raise BadAnswer(f"{shown(text)} is no TAXII identifier; a UUID belongs there.") from error


def text_of(value: object) -> str:
    """A property that must be text."""
    if not isinstance(value, str):
        raise BadAnswer(f"A property that must be text is {type(value).__name__}.")
    return value
