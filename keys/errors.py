"""What can be wrong with signed data, a key or a signature: one base, leaves named after what is wrong.

Every leaf carries the code under which a publisher meets it in the TAXII status resource, a sentence that names the
fault and its remedy, and the path to the fault where there is one. How an error becomes an HTTP answer is decided at
the doors, not here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one object, as it will stand under `failures` of a status resource (TAXII 2.1 §4.3.1).

    Attributes:
        code: the short name of the fault, for example `missing-object`.
        sentence: what is wrong and what cures it.
        object_id: STIX id of the object concerned; `None` where it is not known.
        version: the object's version as written; `None` for an object without one.
        details: values a program may act on, for example the digest now in force.
    """

    code: str
    sentence: str
    object_id: str | None = None
    version: str | None = None
    details: Mapping[str, object] | None = None


class KeysError(Exception):
    """Base of all errors of this room; never raised itself.

    Attributes:
        code: the short name of the fault.
        sentence: what is wrong and what cures it.
        path: where, as `$.objects[3].labels[0]` or `line 1 column 5`; empty where there is no one place.
        details: values a program may act on.
        object_id: STIX id of the object concerned, where known.
        version: version of that object as written, where known.
    """

    code: ClassVar[str] = "refused"

    def __init__(
        self,
        sentence: str,
        *,
        path: str = "",
        details: Mapping[str, object] | None = None,
        object_id: str | None = None,
        version: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.path = path
        self.details = details
        self.object_id = object_id
        self.version = version

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The error as faults of objects: one, save for `FaultyObjects`."""
        return (Fault(self.code, str(self), self.object_id, self.version, self.details),)


class Malformed(KeysError):
    """Not JSON as strict as signed data must be (RFC 7493, RFC 8785), or not of the shape its place asks for."""

    code = "malformed"


class NotAnEnvelope(Malformed):
    """Readable JSON, but without a usable `objects` list (TAXII 2.1 §3.7)."""


class NotCanonical(Malformed):
    """Readable JSON, but not in the one spelling of RFC 8785 that a signed payload must have."""


class Unsigned(KeysError):
    """No signature where one is required: an envelope without a manifest, a manifest without `jws`."""

    code = "unsigned"


class UnknownKey(KeysError):
    """The key is not enrolled, not confirmed, not this member's, or not valid at that time."""

    code = "unknown-key"


class BadSignature(KeysError):
    """The signature does not verify under the key it names."""

    code = "bad-signature"


class Future(KeysError):
    """Dated later than any honest clock's error allows."""

    code = "future"


class WrongIssuer(KeysError):
    """The signed issuer is not the member that posts, or not the one the key is bound to."""

    code = "wrong-issuer"


class WrongGroup(KeysError):
    """Signed for another sharing group."""

    code = "wrong-group"


class RedLabel(KeysError):
    """TLP:RED is for named individuals; it never enters a collection (FIRST TLP 2.0)."""

    code = "red"


class AgreementChanged(KeysError):
    """Signed under another version of the agreement; `details["agreement"]` is the digest now in force."""

    code = "agreement-changed"


class StreamPosition(KeysError):
    """Does not continue its stream; `details` has the stream's `label` and its head's `seq` and `digest`."""

    code = "stream-position"


class EntriesMismatch(KeysError):
    """The list of entries is not the one that was signed, or not in its one order."""

    code = "entries-mismatch"


class KeyRefused(KeysError):
    """A key, or the file it lies in, that must not be used."""

    code = "key-refused"


class CertificateRefused(KeysError):
    """A TLS certificate that nobody should be known by, or a file that holds none."""

    code = "certificate-refused"


class BadPassphrase(KeysError):
    """The key file's passphrase is missing or wrong."""

    code = "bad-passphrase"


class NotAnInvitation(KeysError):
    """A text that is no invitation, or not all of one."""

    code = "bad-invitation"


class WrongNonce(KeysError):
    """A statement made for another invitation, or made twice."""

    code = "wrong-nonce"


class BadDocument(KeysError):
    """A TOML document of this room that cannot be read; `path` names key and line."""

    code = "bad-document"


class FaultyObjects(KeysError):
    """Several objects of one publication, each with its own fault.

    Attributes:
        faults: one `Fault` an object, never empty.
    """

    code = "faulty-objects"

    def __init__(self, faults: Sequence[Fault]) -> None:
        first, more = faults[0], len(faults) - 1
        super().__init__(first.sentence + (f" (and {more} more)" if more else ""), object_id=first.object_id)
        self._faults = tuple(faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All the faults, in the order they were found."""
        return self._faults
