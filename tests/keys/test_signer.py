"""Private key files: made once, for their owner alone, and opened with errors that say what to do."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from keys.errors import BadPassphrase, KeyRefused
from keys.jwk import load_jwk
from keys.signer import generate_key_file, open_signer

# RFC 8032 §7.1: secret key, public key, message, signature
RFC_8032 = {
    "TEST 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
}


def write_pem(
    path: Path,
    private: PrivateKeyTypes,
    encryption: KeySerializationEncryption | None = None,
    *,
    form: PrivateFormat = PrivateFormat.PKCS8,
    mode: int = 0o600,
) -> str:
    path.write_bytes(private.private_bytes(Encoding.PEM, form, encryption or NoEncryption()))
    path.chmod(mode)
    return f"file:{path}"


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032.values(), ids=RFC_8032)
def test_rfc_8032_vectors(tmp_path: Path, secret: str, public: str, message: str, signature: str) -> None:
    """Red if the key read, the JWK or the signature is not what RFC 8032 §7.1 says for this secret."""
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    signer = open_signer(write_pem(tmp_path / "key.pem", private), None)
    assert private.public_key().public_bytes_raw().hex() == public
    assert signer.sign(bytes.fromhex(message)).hex() == signature
    load_jwk(dict(signer.jwk)).verify(bytes.fromhex(signature), bytes.fromhex(message))


@pytest.mark.parametrize("passphrase", [None, b"correct horse"], ids=["plain", "passphrase"])
def test_a_generated_key_is_found_again(tmp_path: Path, passphrase: bytes | None) -> None:
    """Red if what is written cannot be opened, or opens as another key."""
    path = tmp_path / "key.pem"
    made = generate_key_file(path, passphrase)
    opened = open_signer(f"file:{path}", passphrase)
    assert (opened.kid, opened.alg) == (made.kid, "Ed25519") == (load_jwk(dict(made.jwk)).kid, made.alg)
    assert opened.sign(b"data") == made.sign(b"data")
    assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777], ids=oct)
def test_a_new_key_is_its_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """Red if the file is created with the default mode, or first open and then narrowed."""
    before = os.umask(umask)
    try:
        generate_key_file(tmp_path / "key.pem", None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_an_existing_file_or_link_is_never_written_over(tmp_path: Path) -> None:
    """Red if O_EXCL goes: a second `cirt join` would destroy the first key, and a link would be followed."""
    path = tmp_path / "key.pem"
    generate_key_file(path, None)
    before = path.read_bytes()
    with pytest.raises(KeyRefused, match="exists already"):
        generate_key_file(path, None)
    assert path.read_bytes() == before
    (tmp_path / "link.pem").symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(KeyRefused, match="exists already"):
        generate_key_file(tmp_path / "link.pem", None)
    assert not (tmp_path / "elsewhere.pem").exists()


def test_a_key_is_on_disk_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red if file or directory is not synced: a key enrolled and then lost with the power is an orphan."""
    synced: list[str] = []

    def record(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", record)
    generate_key_file(tmp_path / "key.pem", None)
    assert synced == [str(tmp_path / "key.pem"), str(tmp_path)]


def test_a_failed_write_leaves_no_half_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red if the file stays after a full disk: the next try would find it and refuse."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        generate_key_file(tmp_path / "key.pem", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666], ids=oct)
def test_a_plain_key_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """Red if the mode is not looked at, or only at its reading bits."""
    address = write_pem(tmp_path / "key.pem", Ed25519PrivateKey.generate(), mode=mode)
    with pytest.raises(KeyRefused, match="chmod 600"):
        open_signer(address, None)


def test_a_key_with_passphrase_may_be_readable(tmp_path: Path) -> None:
    """Red if the mode is demanded of encrypted files too: they may lie on a shared configuration volume."""
    path = tmp_path / "key.pem"
    kid = generate_key_file(path, b"secret").kid
    path.chmod(0o644)
    assert open_signer(f"file:{path}", b"secret").kid == kid


def test_passphrase_errors_say_which(tmp_path: Path) -> None:
    """Red if wrong, missing and superfluous passphrase are one error, or none."""
    generate_key_file(tmp_path / "locked.pem", b"secret")
    generate_key_file(tmp_path / "plain.pem", None)
    with pytest.raises(BadPassphrase, match="wrong passphrase"):
        open_signer(f"file:{tmp_path}/locked.pem", b"Secret")
    for missing in (None, b""):
        with pytest.raises(BadPassphrase, match="needs its passphrase"):
            open_signer(f"file:{tmp_path}/locked.pem", missing)
    with pytest.raises(BadPassphrase, match="has no passphrase"):
        open_signer(f"file:{tmp_path}/plain.pem", b"secret")
    with pytest.raises(BadPassphrase, match="empty passphrase"):
        generate_key_file(tmp_path / "empty.pem", b"")


@pytest.mark.parametrize(
    "private",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
        x25519.X25519PrivateKey.generate(),
    ],
    ids=["P-384", "secp256k1", "RSA", "X25519"],
)
def test_a_key_of_another_type_is_refused(tmp_path: Path, private: PrivateKeyTypes) -> None:
    """Red if whatever has a `sign` method is taken."""
    address = write_pem(tmp_path / "key.pem", private)
    with pytest.raises(KeyRefused, match="none of: Ed25519"):
        open_signer(address, None)
    address = write_pem(tmp_path / "locked.pem", private, BestAvailableEncryption(b"secret"))
    with pytest.raises(KeyRefused, match="none of: Ed25519"):
        open_signer(address, b"secret")


def test_files_that_are_no_pkcs8_key_are_refused(tmp_path: Path) -> None:
    """Red if another container is read by chance, or its parser's own error comes through."""
    path = tmp_path / "key.pem"
    with pytest.raises(KeyRefused, match="not a PKCS#8 PEM"):
        open_signer(write_pem(path, Ed25519PrivateKey.generate(), form=PrivateFormat.OpenSSH), None)
    for content, sentence in (
        (b"", "not a PKCS#8 PEM"),
        (b"\x00" * 1000, "not a PKCS#8 PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "damaged"),
        (b"-----BEGIN PRIVATE KEY-----\n", "damaged"),
        (b"-" * 70_000, "too large"),
    ):
        path.write_bytes(content)
        with pytest.raises(KeyRefused, match=sentence):
            open_signer(f"file:{path}", None)
    os.mkfifo(tmp_path / "fifo")
    for place, sentence in (
        ("missing.pem", "No such file"),
        ("fifo", "not a regular file"),
        (".", "not a regular file"),
    ):
        with pytest.raises(KeyRefused, match=sentence):
            open_signer(f"file:{tmp_path}/{place}", None)


def test_a_key_address_names_a_local_file(tmp_path: Path) -> None:
    """Red if another scheme or host is taken for a path, or a path with blanks and `%` is bent."""
    for address in (
        "",
        "key.pem",
        "/etc/key.pem",
        "pkcs11:object=x",
        "file:",
        "file://host/key",
        "file:///a?b",
        "http:a",
    ):
        with pytest.raises(KeyRefused):
            open_signer(address, None)
    path = tmp_path / "a key %41.pem"
    kid = generate_key_file(path, None).kid
    assert open_signer(f"file:{path}", None).kid == open_signer(path.as_uri(), None).kid == kid


def test_a_signer_does_not_show_its_secret(tmp_path: Path) -> None:
    """T-35: red if the private half or its function appears in a representation that a log might take."""
    signer = generate_key_file(tmp_path / "key.pem", None)
    assert "sign" not in repr(signer).replace("FileSigner", "")
    assert "rivate" not in repr(signer)
