"""How long is a server's TLS certificate good? Of a chain, what ends first counts (RFC 5280 §4.1.2.5)."""

from datetime import UTC, datetime, timedelta

from cryptography import x509

from keys.errors import CertificateRefused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def valid_until(raw: bytes) -> int:
    """The last instant at which every certificate of a PEM file is good, microseconds since the epoch.

    Raises `CertificateRefused` where there is none in it.
    """
    try:
        chain = x509.load_pem_x509_certificates(raw)
    except ValueError as error:
        raise CertificateRefused("there is no certificate in PEM form in it") from error
    return min((each.not_valid_after_utc - _EPOCH) // timedelta(microseconds=1) for each in chain)
