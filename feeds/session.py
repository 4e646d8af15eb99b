"""How is another server called over HTTP? One session for one server: limits of time and size, and no stray secrets.

requests alone waits for ever, reads whatever it is sent, and follows redirects wherever they lead. This session has a
limit for each wait, for the whole answer and for its size; asks again with growing, jittered pauses where that is
harmless; and never sends a request to another origin than the one it was made for (RFC 6454 §4).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import requests
from requests.auth import AuthBase

from feeds.addresses import is_local, is_plain, joined, same_server
from feeds.errors import BadAnswer, PeerError, PeerRefused, TooMuch, Unreachable, shown
from feeds.interruptions import Interrupted, interruption
from feeds.retries import Retries

Params = Mapping[str, str | int | Sequence[str]]
"""Query parameters before encoding."""

USER_AGENT: Final = "cirt-hub"
_PIECE: Final = 65_536
_MAX_ERROR_BODY: Final = 65_536
"""Bytes of an error's body that are kept: enough for any error resource."""
_MAX_REDIRECTS: Final = 5
_OK_BELOW: Final = 300
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD_REDIRECTS: Final = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may cost.

    Attributes:
        connect_s: Seconds until a connection stands.
        read_s: Seconds without a byte.
        whole_s: Seconds for one whole answer, so that a trickle ends too.
        max_bytes: Largest answer, after decompression.
    """

    connect_s: float = 5.0
    read_s: float = 60.0
    whole_s: float = 600.0
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whatever its status.

    Attributes:
        url: The address that answered.
        status: The HTTP status.
        headers: By name in any case.
        body: The bytes after decompression; of an error status the first 64 kB.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return self.status < _OK_BELOW


class Bearer(AuthBase):
    """`Authorization: Bearer …` (RFC 6750 §2.1); its text never shows in a representation."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Anonymous(AuthBase):
    """No credentials: keeps requests from looking for some in a `.netrc`."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Unled(requests.Session):
    """Looks at no redirect: told not to follow, requests still reads all of its body and parses where it leads."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        del resp


@dataclass(slots=True)
class HttpSession:
    """Calls one server. Not for use by several threads at once.

    Attributes:
        address: The server's address, such as `https://hub.example`; only its scheme, host and port are called.
        auth: Adds the credentials; None for none.
        limits: What one call may cost.
        retries: When to ask again.
        verify: Path of the certificate authorities' file for TLS, or True for the usual ones.
        monotonic: Seconds that never go back.
    """

    address: str
    auth: AuthBase | None = None
    limits: Limits = field(default_factory=Limits)
    retries: Retries = field(default_factory=Retries)
    verify: bool | str = True
    monotonic: Callable[[], float] = time.monotonic
    _session: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the address and open the session; nothing is sent yet."""
        local = is_local(self.address)
        if is_plain(self.address) and not local:
            raise Unreachable(f"{shown(self.address)} is plain http: the token would cross in clear. Use https.")
        self._session = _Unled()
        self._session.auth = self.auth or _Anonymous()
        self._session.verify = self.verify
        self._session.trust_env = not local  # a proxy from the environment cannot reach this machine's own loopback
        self._session.headers["User-Agent"] = USER_AGENT

    def close(self) -> None:
        """Give back the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        repeatable: bool = True,
    ) -> Answer:
        """Call, again if need be, and answer with whatever status came in the end.

        Args:
            method: `GET` or `POST`.
            url: An absolute address of this session's server.
            params: Query parameters, before encoding.
            headers: Further headers.
            body: The request's body.
            repeatable: Whether doing it twice is harmless; if not, only what certainly was not done is asked again.

        Raises:
            Unreachable: no answer, also not later.
            TooMuch: the answer is larger than `limits.max_bytes`.
            PeerRefused: a redirect to another server.
            BadAnswer: redirects without end.
            PeerError: the address is another server's.
        """
        self._own(url)
        attempt = 1
        while True:
            try:
                answer = self._follow(method, url, params, headers, body)
            except Interrupted as interrupted:
                again = interrupted.passing and (repeatable or not interrupted.sent)
                if not again or not self.retries.pause(attempt, None):
                    raise interrupted.error from interrupted
            else:
                again = self.retries.worth_it(answer.status, repeatable=repeatable)
                if not again or not self.retries.pause(attempt, answer.headers.get("Retry-After")):
                    return answer
            attempt += 1

    def _own(self, url: str) -> None:
        """See that an address is this session's server's: its credentials are for nobody else."""
        if not same_server(url, self.address):
            raise PeerError(
                f"{shown(url)} is another server than {shown(self.address)}, whose credentials are not sent elsewhere. "
                "Set that address up by itself if it is right."
            )

    def _follow(
        self, method: str, url: str, params: Params | None, headers: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        """One call, along redirects that stay on this server and keep the method."""
        for _ in range(_MAX_REDIRECTS):
            answer = self._once(method, url, params, headers, body)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            target = joined(url, location)
            same_method = method == "GET" or answer.status in _SAME_METHOD_REDIRECTS
            if not same_server(target, self.address) or not same_method:
                raise PeerRefused(
                    f"{shown(url)} sends us on to {shown(target)}; it is not followed, since credentials go to the "
                    "address they were given for only. Set that address if it is right.",
                    status=answer.status,
                )
            url, params = target, None
        raise BadAnswer(f"{shown(url)} sends us round in circles.")

    def _once(
        self, method: str, url: str, params: Params | None, headers: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        """One request and its answer, read to its end within the limits."""
        try:
            with self._session.request(
                method,
                url,
                params=None if params is None else dict(params),
                headers=None if headers is None else dict(headers),
                data=body,
                timeout=(self.limits.connect_s, self.limits.read_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(url, response.status_code, response.headers, self._read(response))
        except requests.RequestException as error:
            raise interruption(url, error) from error

    def _read(self, response: requests.Response) -> bytes:
        """The body, counted while it comes; an error's body is cut, any other must be whole."""
        most = self.limits.max_bytes if response.status_code < _OK_BELOW else _MAX_ERROR_BODY
        pieces: list[bytes] = []
        size = 0
        end = self.monotonic() + self.limits.whole_s
        for piece in response.iter_content(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if self.monotonic() > end:
                error = Unreachable(f"{shown(response.url)} took longer than {self.limits.whole_s:g} s for one answer.")
                raise Interrupted(error, sent=True, passing=False)
            if size > most:
                if response.status_code < _OK_BELOW:
                    raise TooMuch(f"{shown(response.url)} answers with more than {most} bytes; ask for smaller pages.")
                return b"".join(pieces)[:most]
        return b"".join(pieces)


def http_session(address: str, *, token: str | None = None, verify: bool | str = True) -> HttpSession:
    """A session for the hub at an address, with the usual limits.

    Args:
        address: Such as `https://hub.example`.
        token: The API token, sent as a bearer; None for none.
        verify: Path of the certificate authorities' file for TLS, or True for the usual ones.

    Raises:
        Unreachable: the address is none, or plain http to another machine.
    """
    return HttpSession(address, auth=None if token is None else Bearer(token), verify=verify)
