"""With which key does the hub sign receipts and baselines? One that may be away: then polls go on and nothing is lost.

A key file that cannot be read (a disk not mounted, a wrong owner) must not stop those who only read. What needs a
signature is refused and can be retried; the file is tried again each time, so nothing has to be restarted.
"""

from collections.abc import Mapping
from pathlib import Path

from keys.errors import KeysError
from keys.signer import Signer, open_signer


class NoReceiptKey(Exception):
    """The receipt key cannot be read now; nothing was changed, and the same request may be sent again."""


class ReceiptKey:
    """A `Signer` over the key file, opened now or, if that fails, when it is needed."""

    __slots__ = ("_path", "_signer")

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._signer: Signer | None = None
        self.fault()

    def fault(self) -> str | None:
        """Why nothing can be signed now, in a sentence for the operator; None if it can."""
        try:
            self._opened()
        except NoReceiptKey as error:
            return str(error)
        return None

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key. Raises `NoReceiptKey`, as the following do."""
        return self._opened().kid

    @property
    def alg(self) -> str:
        """JWS algorithm name."""
        return self._opened().alg

    @property
    def jwk(self) -> Mapping[str, str]:
        """The public key."""
        return self._opened().jwk

    def sign(self, data: bytes) -> bytes:
        """The raw signature over `data`."""
        return self._opened().sign(data)

    def _opened(self) -> Signer:
        if self._signer is None:
            try:
                self._signer = open_signer(f"file:{self._path}", None)
            except KeysError as error:
                raise NoReceiptKey(f"no receipt can be signed: {error}") from error
        return self._signer
