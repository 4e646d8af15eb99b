"""How is a server asked that is not trusted? By reading alone, so often and no oftener, and whatever comes is noted.

Only GET and HEAD are ever sent. Nothing that the server does ends the questions with an error: an answer that does not
come, does not end, or is too large is noted as that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import urlencode, urlsplit

import requests
from requests.auth import AuthBase

from feeds.accept import MEDIA_TYPE
from feeds.conformance.exchanges import Exchange, NotIJson, read
from feeds.errors import PeerError, Unreachable, shown
from feeds.retries import Retries
from feeds.session import Answer, HttpSession, Limits, Params

MAX_REQUESTS: Final = 150
"""Most requests of one check; the plan needs about eighty."""
MAX_SECONDS: Final = 300.0
"""After this long nothing further is asked."""
_MAX_LOST: Final = 4
"""So many answers in a row that do not come, and the server counts as gone."""
LIMITS: Final = Limits(connect_s=5.0, read_s=15.0, whole_s=30.0, max_bytes=24 * 1024 * 1024)
RETRIES: Final = Retries(attempts=2, longest_s=10.0)
_NOT_SENT: Final = "not asked: the server had stopped answering, or the limit of requests or time was reached"


class Who(StrEnum):
    """As whom a question is asked."""

    GIVEN = "with the credentials given"
    NOBODY = "without credentials"
    STRANGER = "with wrong credentials"
    LOWER = "with the scheme's name in lower case"


class Stated(AuthBase):
    """An `Authorization` header as it is; its text never shows in a representation."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = self._text
        return request

    def lower(self) -> Stated:
        """The same with the scheme in lower case (RFC 9110 §11.1: it is matched in any case)."""
        scheme, _, rest = self._text.partition(" ")
        return Stated(f"{scheme.lower()} {rest}")

    @property
    def basic(self) -> bool:
        """Whether it is a user's name and password (RFC 7617)."""
        return self._text.lower().startswith("basic ")


STRANGER: Final = Stated("Basic Y2lydC1jaGVjazpub2JvZHktaGFzLXRoaXM=")
"""Credentials of nobody: a name of our own, so that no real account is locked by the question."""


@dataclass(slots=True)
class Caller:
    """Asks one server. Not for use by several threads at once.

    Attributes:
        address: Its scheme, host and port are what is asked.
        credentials: Those given; None for none.
        authorities: Path of the certificate authorities' file for TLS; None for the usual ones.
        limits: What one answer may cost.
        retries: When to ask again.
        step: Called before each request.
        monotonic: Seconds that never go back.
    """

    address: str
    credentials: Stated | None = None
    authorities: str | None = None
    limits: Limits = LIMITS
    retries: Retries = RETRIES
    step: Callable[[], None] = lambda: None
    monotonic: Callable[[], float] = time.monotonic
    _sessions: dict[Who, HttpSession] = field(init=False, repr=False)
    _left: int = field(init=False, default=MAX_REQUESTS)
    _lost: int = field(init=False, default=0)
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        """Open the sessions; nothing is sent yet. Raises `Unreachable` for what is no address."""
        given = self.credentials
        each = {Who.GIVEN: given, Who.NOBODY: None, Who.STRANGER: STRANGER, Who.LOWER: given.lower() if given else None}
        self._sessions = {who: self._session(auth) for who, auth in each.items()}
        self._end = self.monotonic() + MAX_SECONDS

    def _session(self, auth: Stated | None) -> HttpSession:
        verify = self.authorities or True
        return HttpSession(self.address, auth=auth, limits=self.limits, retries=self.retries, verify=verify)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            session.close()

    @property
    def gone(self) -> bool:
        """Whether nothing further is asked."""
        return self._left <= 0 or self._lost >= _MAX_LOST or self.monotonic() > self._end

    def ask(
        self,
        url: str,
        params: Params | None = None,
        *,
        method: Literal["GET", "HEAD"] = "GET",
        who: Who = Who.GIVEN,
        headers: Mapping[str, str] | None = None,
        said: str = "",
    ) -> Exchange:
        """Ask once and note what comes; nothing is raised.

        Args:
            url: An absolute address of this server.
            params: Query parameters, before encoding.
            method: `GET` or `HEAD`: nothing else is ever sent.
            who: As whom.
            headers: Further headers, or others than `Accept: application/taxii+json;version=2.1`.
            said: How the question differs from a plain one.
        """
        parts = urlsplit(url)
        query = urlencode(dict(params), doseq=True) if params else parts.query
        target = (parts.path or "/") + (f"?{query}" if query else "")
        told = ", ".join(each for each in (said, "" if who is Who.GIVEN else str(who)) if each)
        if self.gone:
            return Exchange(method, target, said=told, failure=_NOT_SENT, lost=True)
        self._left -= 1
        self.step()
        sent = {"Accept": MEDIA_TYPE} | dict(headers or {})
        try:
            answer = self._sessions[who].request(method, url, params=params, headers=sent)
        except Unreachable as error:
            self._lost += 1
            return Exchange(method, target, said=told, failure=error.sentence, lost=True)
        except PeerError as error:
            return Exchange(method, target, said=told, failure=error.sentence)
        except Exception as error:  # noqa: BLE001 - a hostile answer may break the HTTP library in ways of its own
            sentence = f"the answer cannot be read ({shown(type(error).__name__)})"
            return Exchange(method, target, said=told, failure=sentence)
        self._lost = 0
        return _heard(method, target, told, answer)


def _heard(method: str, target: str, said: str, answer: Answer) -> Exchange:
    """The exchange of an answer that came whole."""
    value, garbled = None, None
    if answer.body:
        try:
            value = read(answer.body)
        except NotIJson as error:
            garbled = str(error)
    headers = {name.lower(): text for name, text in answer.headers.items()}
    return Exchange(method, target, answer.status, headers, len(answer.body), value, garbled, said)
