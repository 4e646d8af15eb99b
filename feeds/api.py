"""How is a hub's own JSON interface called? GET and POST under one address; a refusal is raised, with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from feeds.accept import media_ranges
from feeds.errors import BadAnswer, FeedsError, shown
from feeds.refusals import refusal
from feeds.session import Answer, HttpSession, Params

Parser = Callable[[bytes], Any]
"""Reads JSON strictly and raises what it will: the caller's own, since bytes that are signed have one parser only."""

_JSON: Final = "application/json"
_PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer.

    Attributes:
        status: The HTTP status, 200 to 299.
        value: The parsed body; None for an empty one.
        body: The bytes as received.
        headers: By name in any case.
    """

    status: int
    value: Any
    body: bytes
    headers: Mapping[str, str]


class ApiClient:
    """Calls the JSON routes of one hub, such as those under `https://hub.example/api/v1`."""

    def __init__(self, session: HttpSession, parse: Parser) -> None:
        """Calls go to the session's address, then `/api/v1`, then the path of the call."""
        self._session = session
        self._parse = parse
        self._root = session.address.rstrip("/") + _PREFIX

    def get(self, path: str, params: Params | None = None) -> Reply:
        """GET a JSON resource.

        Args:
            path: Begins with `/`; parts that come from outside are percent-encoded by the caller.
            params: Query parameters, before encoding.

        Raises:
            PeerRefused: an error status; `feeds.refusals.told` reads its body.
            Unreachable: no answer.
            BadAnswer: not JSON, or not what the parser takes.
            TooMuch: larger than the session's limit.
        """
        answer = self._session.request("GET", self._root + path, params=params, headers={"Accept": _JSON})
        return self._reply(answer)

    def get_bytes(self, path: str) -> bytes:
        """GET a document exactly as it is stored, of whatever type; raises as `get`, without parsing."""
        answer = self._session.request("GET", self._root + path, headers={"Accept": "*/*"})
        return checked(answer, self._session).body

    def post(self, path: str, body: bytes, *, content_type: str = _JSON, repeatable: bool = False) -> Reply:
        """POST a body; raises as `get`.

        Args:
            path: Begins with `/`.
            body: The bytes to send.
            content_type: What they are.
            repeatable: Whether posting it twice is harmless; if not, it is tried again only where it was surely not
                worked on.
        """
        headers = {"Accept": _JSON, "Content-Type": content_type}
        answer = self._session.request("POST", self._root + path, headers=headers, body=body, repeatable=repeatable)
        return self._reply(answer)

    def _reply(self, answer: Answer) -> Reply:
        """A success with its parsed body."""
        checked(answer, self._session)
        if not answer.body:
            return Reply(answer.status, None, b"", answer.headers)
        stated = answer.headers.get("Content-Type", "")
        kinds = [(each.kind, each.subtype) for each in media_ranges(stated)]
        if (
            len(kinds) != 1
            or kinds[0][0] != "application"
            or not (kinds[0][1] == "json" or kinds[0][1].endswith("+json"))
        ):
            raise BadAnswer(f"{shown(answer.url)} answers with {shown(stated)} where JSON belongs; check the address.")
        return Reply(answer.status, parsed(answer, self._parse), answer.body, answer.headers)


def checked(answer: Answer, session: HttpSession) -> Answer:
    """The answer, if its status is one of success.

    Raises:
        PeerRefused: it is not.
    """
    if not answer.ok:
        raise refusal(answer, now=session.retries.now())
    return answer


def parsed(answer: Answer, parse: Parser) -> Any:
    """The body as the caller's parser reads it.

    Raises:
        BadAnswer: the parser does not take it.
    """
    try:
        return parse(answer.body)
    except FeedsError:
        raise
    except Exception as error:  # the parser is another room's and has errors of its own
        raise BadAnswer(f"{shown(answer.url)} answers with JSON that cannot be taken: {error}") from error
