"""A member's TLS certificate (RFC 5280): which one is it, and how long is it good?

What counts is the certificate itself, by its digest, as in RFC 8705 §3.1: who issued it, and to which name, opens
nothing. So a member may make its own; the TLS handshake proves that it holds the private key.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.errors import CertificateRefused
from keys.instants import MICROSECONDS

MAX_FILE = 65_536
"""Bytes; a certificate has some 1,000 to 2,000."""
LEAST_RSA_BITS = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_FOR_CLIENTS = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRIVATE = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate that a client may show.

    Attributes:
        fingerprint: SHA-256 of its DER form, lower-case hex.
        subject: as RFC 4514 writes it; for people only.
        valid_from: microseconds since the epoch.
        valid_until: microseconds since the epoch, the last instant it is good.
    """

    fingerprint: str
    subject: str
    valid_from: int
    valid_until: int


def fingerprint_of(der: bytes) -> str:
    """The name of a certificate: SHA-256 of its DER form, lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def read_certificate(raw: bytes) -> ClientCertificate:
    """The one certificate of a file, PEM or DER, if a client may show it. Raises `CertificateRefused`."""
    if _PRIVATE.search(raw):
        raise CertificateRefused("the file holds a private key; its owner alone should have it, so treat it as lost")
    if len(raw) > MAX_FILE:
        raise CertificateRefused(f"a certificate's file has at most {MAX_FILE} bytes")
    with _readable():
        certificate = _only(raw)
        _check_key(certificate)
        _check_usage(certificate)
        return ClientCertificate(
            fingerprint_of(certificate.public_bytes(Encoding.DER)),
            certificate.subject.rfc4514_string(),
            _instant(certificate.not_valid_before_utc),
            _instant(certificate.not_valid_after_utc),
        )


@contextmanager
def _readable() -> Iterator[None]:
    """Whatever the parser says of what is no certificate, told as one refusal."""
    try:
        yield
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension) as fault:
        raise CertificateRefused("this is no X.509 certificate that can be read; give it as PEM or DER") from fault


def _only(raw: bytes) -> x509.Certificate:
    if b"-----BEGIN" not in raw:
        return x509.load_der_x509_certificate(raw)
    found = x509.load_pem_x509_certificates(raw)
    if len(found) != 1:
        raise CertificateRefused(f"the file holds {len(found)} certificates; give the member's own alone")
    return found[0]


def _check_key(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    strong = (
        isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
        or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS)
        or (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES))
    )
    if not strong:
        raise CertificateRefused(
            f"the certificate's key is too weak or unknown; use RSA of {LEAST_RSA_BITS} bits or more, P-256, P-384,"
            " P-521, Ed25519 or Ed448"
        )


def _check_usage(certificate: x509.Certificate) -> None:
    """See that it may be shown by a client; one that does not say for what it is may be (RFC 5280 §4.2.1.12)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if _FOR_CLIENTS.isdisjoint(usage):
        raise CertificateRefused("the certificate is not for clients; have one made with the usage clientAuth")


def _instant(moment: datetime) -> int:
    """Microseconds since the epoch, of a time in whole seconds."""
    return int((moment - _EPOCH).total_seconds()) * MICROSECONDS
