"""Private keys: who signs here, and where does the key lie?

A signer is chosen by URI. `file:` is a PKCS#8 PEM file (RFC 5958) with a passphrase or an owner-only mode; `pkcs11:`
is left a place. Private keys stay in this file: everything else sees the `Signer` protocol.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from keys.algorithms import ALGORITHMS, ED25519, Sign
from keys.errors import BadPassphrase, KeyRefused
from keys.jwk import load_jwk

OWNER_ONLY = 0o600
MAX_KEY_FILE = 65_536  # bytes; a PKCS#8 key of these types has some 300
_PLAIN = b"-----BEGIN PRIVATE KEY-----"
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


class Signer(Protocol):
    """Whatever signs bytes with one key: a file now, a smart card or an HSM later."""

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""

    @property
    def alg(self) -> str:
        """JWS algorithm name."""

    @property
    def jwk(self) -> Mapping[str, str]:
        """The public key, exactly the members of its type."""

    def sign(self, data: bytes) -> bytes:
        """The raw signature over `data`."""


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A signer whose key came from a file; its representation shows the public half only."""

    kid: str
    alg: str
    jwk: Mapping[str, str] = field(compare=False)
    _sign: Sign = field(compare=False, repr=False)

    def sign(self, data: bytes) -> bytes:
        """The raw signature over `data` (RFC 8032 §5.1.6 for Ed25519, RFC 7518 §3.4 for ES256)."""
        return self._sign(data)


def _signer(private: object, where: Path | str) -> Signer:
    for algorithm in ALGORITHMS.values():
        unlocked = algorithm.unlock(private)
        if unlocked is not None:
            jwk, sign = unlocked
            return FileSigner(load_jwk(jwk).kid, algorithm.name, jwk, sign)
    raise KeyRefused(f"the key in {where} is none of: {', '.join(ALGORITHMS)}")


def generate_key_file(path: Path | str, passphrase: bytes | None, alg: str = ED25519.name) -> Signer:
    """Make a key and write it to a new file: PKCS#8 PEM, mode 0600, synced to disk before returning.

    An existing file (or dangling link) is never written over. Without a passphrase the file's mode is its only
    protection.

    Args:
        path: where it goes.
        passphrase: protects it; None: nothing but the mode does.
        alg: JWS name of its algorithm, one of `ALGORITHMS`.

    Raises KeyRefused, BadPassphrase for an empty passphrase, and OSError where the disk fails.
    """
    if alg not in ALGORITHMS:
        raise KeyRefused(f"no key can be made for {alg}, only for: {', '.join(ALGORITHMS)}")
    if passphrase is not None and not passphrase:
        raise BadPassphrase("an empty passphrase protects nothing; give one, or none at all")
    private = ALGORITHMS[alg].generate()
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    _write_new(Path(path), private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return _signer(private, path)


def _write_new(path: Path, content: bytes) -> None:
    """Create `path` for its owner alone and sync it and its directory entry; nothing is left behind on failure."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    except FileExistsError as fault:
        raise KeyRefused(f"{path} exists already; a key is never written over") from fault
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), OWNER_ONLY)  # whatever the umask took away
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def open_signer(uri: str, passphrase: bytes | None) -> Signer:
    """The signer a URI names: `file:/path` (the path as it stands) or `file:///path` (percent-decoded, RFC 8089).

    A key without passphrase is refused if anyone but its owner may read or change the file. Raises KeyRefused, or
    BadPassphrase where a passphrase is wrong, missing or superfluous; the sentence says which, and where.
    """
    path = path_of(uri)
    content, mode = _read_file(path)
    encrypted = _ENCRYPTED in content
    if not encrypted and _PLAIN not in content:
        raise KeyRefused(f"{path} is not a PKCS#8 PEM private key; `openssl pkcs8 -topk8` makes one of other PEM keys")
    if not encrypted and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(f"{path} has no passphrase and others may use it (mode {mode:04o}); chmod 600 {path}")
    if encrypted and not passphrase:
        raise BadPassphrase(f"the key in {path} needs its passphrase")
    if passphrase and not encrypted:
        raise BadPassphrase(f"the key in {path} has no passphrase, but one was given")
    try:
        private = load_pem_private_key(content, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        if encrypted:
            raise BadPassphrase(f"wrong passphrase for {path}, or the file is damaged") from fault
        raise KeyRefused(f"the key in {path} is damaged, or of an unknown type") from fault
    return _signer(private, path)


def path_of(uri: str) -> Path:
    """The file that a `file:` URI names, whether it is there or not; raises KeyRefused for another URI."""
    scheme, colon, rest = uri.partition(":")
    if not colon or "/" in scheme:
        raise KeyRefused(f"{uri!r} is not a key address; write file:/path/to/key.pem")
    if scheme != "file":
        raise KeyRefused(f"keys of scheme {scheme!r} cannot be used here; file: can")
    if rest.startswith("//"):
        parts = urlsplit(uri)
        if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
            raise KeyRefused(f"{uri!r} does not name a local file (RFC 8089)")
        rest = unquote(parts.path)
    if not rest or "\0" in rest:
        raise KeyRefused(f"{uri!r} names no file")
    return Path(rest)


def _read_file(path: Path) -> tuple[bytes, int]:
    """Content and permission bits of a regular file, both from one opened file, so that they belong together."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise KeyRefused(f"cannot open the key {path}: {fault.strerror}") from fault
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeyRefused(f"{path} is not a regular file")
        content = os.read(descriptor, MAX_KEY_FILE + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_KEY_FILE:
        raise KeyRefused(f"{path} is too large for a key file")
    return content, stat.S_IMODE(status.st_mode)
