"""Is a file one certificate that a client may show? Its name is the digest that the TLS handshake will show too."""

import hashlib
import re
from pathlib import Path

import pytest

from keys.certificate import MAX_FILE, fingerprint_of, read_certificate
from keys.errors import CertificateRefused
from support.x509 import P256, expired, make, openssl

KINDS = {
    "P-256": P256,
    "P-384": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "RSA 2048": ("-newkey", "rsa:2048"),
    "Ed25519": ("-newkey", "ed25519"),
}
WEAK = {
    "RSA 1024": ("-newkey", "rsa:1024"),
    "secp256k1": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
    "P-192": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime192v1"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_is_known_by_the_digest_of_its_der_form(kind: str, tmp_path: Path) -> None:
    """RFC 8705 §3.1. Red if PEM and DER have two names, or the name is not the one that openssl tells a member."""
    made = make(tmp_path, key=KINDS[kind])
    openssl("x509", "-in", made.certificate, "-outform", "DER", "-out", tmp_path / "der")
    told = openssl("x509", "-in", made.certificate, "-noout", "-fingerprint", "-sha256").decode()
    der = (tmp_path / "der").read_bytes()
    one, other = read_certificate(made.pem), read_certificate(der)
    assert one == other
    assert one.fingerprint == fingerprint_of(der) == hashlib.sha256(der).hexdigest()
    assert one.fingerprint == told.strip().partition("=")[2].replace(":", "").lower()
    assert one.subject == "CN=member,O=CERT of Example"
    assert one.valid_until - one.valid_from == 2 * 86_400 * 1_000_000


def test_a_certificate_without_usage_is_for_clients_too(tmp_path: Path) -> None:
    """RFC 5280 §4.2.1.12. Red if an extension that may be left out is asked for."""
    assert read_certificate(make(tmp_path, "plain", "-sha256").pem)


@pytest.mark.parametrize("kind", WEAK)
def test_a_weak_key_is_refused(kind: str, tmp_path: Path) -> None:
    """Red if the key is not looked at: whoever computes a private key to it is that member."""
    made = make(tmp_path, key=WEAK[kind])
    with pytest.raises(CertificateRefused, match="too weak or unknown"):
        read_certificate(made.pem)


def test_what_is_not_one_clients_certificate_is_refused(tmp_path: Path) -> None:
    """Red if the first of several is taken, a private key is passed over in silence, or a parser's fault gets out."""
    made, server = make(tmp_path), make(tmp_path, "server", "-addext", "extendedKeyUsage=serverAuth")
    middle = len(made.pem) // 2
    for raw, sentence in (
        (b"", "no X.509"),
        (b"\x30\x03\x02\x01\x01", "no X.509"),
        (made.pem[:middle], "no X.509"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no X.509"),
        (made.pem + server.pem, "holds 2 certificates"),
        (server.pem, "not for clients"),
        (made.key.read_bytes() + made.pem, "private key"),
        (made.pem + made.key.read_bytes(), "private key"),
        (made.pem + b"\n" * MAX_FILE, "at most"),
        (re.sub(rb"CERTIFICATE", b"CERTIFICATE REQUEST", made.pem), "no X.509"),
    ):
        with pytest.raises(CertificateRefused, match=sentence):
            read_certificate(raw)


def test_an_expired_certificate_is_read_with_its_dates(tmp_path: Path) -> None:
    """Red if the dates are taken for local time, or mixed up: what they mean is decided where a clock is."""
    old = read_certificate(expired(tmp_path).pem)
    assert (old.valid_from, old.valid_until) == (1_546_300_800_000_000, 1_577_836_800_000_000)
