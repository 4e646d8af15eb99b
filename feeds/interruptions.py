"""Why did a call end without an answer, and may it be tried again? What requests raises, sorted."""

from __future__ import annotations

import requests
from urllib3.exceptions import NewConnectionError

from feeds.errors import PeerError, Unreachable, shown


class Interrupted(Exception):
    """A call that ended without an answer; it carries the error until it is known whether to ask again.

    Attributes:
        error: What to raise if not.
        sent: Whether the request may have arrived.
        passing: Whether it may go better later.
    """

    def __init__(self, error: PeerError, *, sent: bool, passing: bool) -> None:
        self.error = error
        self.sent = sent
        self.passing = passing
        super().__init__(str(error))


def interruption(url: str, error: requests.RequestException) -> Interrupted:
    """What a failed call to an address means."""
    where = shown(url)
    if isinstance(error, requests.exceptions.SSLError):
        sentence = (
            f"{where} shows no certificate that we trust ({type(error).__name__}); check address and authorities."
        )
        return Interrupted(Unreachable(sentence), sent=False, passing=False)
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError):
        sentence = f"{where} cannot be reached: nothing answers there. Check the address, and whether the server runs."
        return Interrupted(Unreachable(sentence), sent=False, passing=True)
    if isinstance(error, requests.exceptions.ReadTimeout):
        sentence = f"{where} took the request and then fell silent; try again later."
        return Interrupted(Unreachable(sentence), sent=True, passing=True)
    passing = isinstance(
        error,
        (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.exceptions.Timeout),
    )
    told = "broke off its answer" if passing else f"could not be called ({type(error).__name__})"
    return Interrupted(Unreachable(f"{where} {told}; try again later."), sent=True, passing=passing)
