"""Compact JWS: one spelling, one place for each type, and the enrolled key's algorithm only."""

import base64
import hashlib
import hmac
import json
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc import jws as jose
from joserfc.jwk import OKPKey

from keys import base64url
from keys.errors import BadSignature, KeysError, Malformed
from keys.jwk import PublicKey, load_jwk
from keys.jws import header_bytes, read_compact, sign_compact, verify_compact
from keys.signer import Signer, generate_key_file

TYP = "publication-manifest+jws"
PAYLOAD = b'{"v":1}'
ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return generate_key_file(tmp_path / "key.pem", None)


@pytest.fixture
def key(signer: Signer) -> PublicKey:
    return load_jwk(dict(signer.jwk))


def check(jws: str, key: PublicKey, typ: str = TYP) -> bytes:
    compact = read_compact(jws, typ)
    verify_compact(compact, key)
    return compact.payload


def by_hand(header: bytes, sign: Callable[[bytes], bytes], payload: bytes = PAYLOAD) -> str:
    signing_input = f"{base64url.encode(header)}.{base64url.encode(payload)}"
    return f"{signing_input}.{base64url.encode(sign(signing_input.encode()))}"


def test_the_independent_judge_accepts_ours(signer: Signer) -> None:
    """Red if header, signing input or signature differ from RFC 7515 and RFC 9864 as joserfc reads them."""
    theirs = OKPKey.import_key(dict(signer.jwk))
    judged = jose.deserialize_compact(sign_compact(PAYLOAD, TYP, signer), theirs, algorithms=["Ed25519"])
    assert judged.payload == PAYLOAD
    assert judged.headers() == {"alg": "Ed25519", "kid": signer.kid, "typ": TYP}
    assert theirs.thumbprint() == signer.kid


def test_ours_accepts_the_independent_judges() -> None:
    """Red if our reader asks for anything joserfc does not write."""
    theirs = OKPKey.generate_key("Ed25519")
    public = theirs.as_dict(private=False)
    key = load_jwk({name: public[name] for name in ("crv", "kty", "x")})
    made = jose.serialize_compact(
        {"alg": "Ed25519", "kid": key.kid, "typ": TYP}, PAYLOAD, theirs, algorithms=["Ed25519"]
    )
    assert check(made, key) == PAYLOAD


def test_the_header_is_these_bytes(signer: Signer) -> None:
    """Red if the header's order, blanks or members change."""
    header = sign_compact(PAYLOAD, TYP, signer).split(".")[0]
    assert base64url.decode(header) == f'{{"alg":"Ed25519","kid":"{signer.kid}","typ":"{TYP}"}}'.encode()
    with pytest.raises(ValueError, match="no header"):
        header_bytes(signer.kid, "Ed25519", 'x","crit":["x"')


def test_any_other_spelling_of_the_header_is_refused(signer: Signer, key: PublicKey) -> None:
    """T-48: red if the header is parsed and interpreted rather than compared, though its signature is right."""
    good = {"alg": "Ed25519", "kid": signer.kid, "typ": TYP}
    compact = json.dumps(good, separators=(",", ":"))
    assert check(by_hand(compact.encode(), signer.sign), key) == PAYLOAD
    for header in (
        json.dumps(good),
        json.dumps(dict(reversed(good.items())), separators=(",", ":")),
        json.dumps({**good, "crit": ["x"], "x": 1}, separators=(",", ":")),
        json.dumps({**good, "b64": False}, separators=(",", ":")),
        json.dumps({**good, "jwk": dict(signer.jwk)}, separators=(",", ":")),
        compact.replace('"alg":"Ed25519"', '"alg":"none","alg":"Ed25519"'),
        compact.replace("Ed25519", "Ed2551\\u0039"),
        compact.replace('"typ"', '"t\\u0079p"'),
        compact + " ",
        compact + "\n",
        "\ufeff" + compact,
        "[]",
        "",
        compact.replace(signer.kid, signer.kid[:-1]),
        compact.replace(signer.kid, ""),
        compact.replace(f'"{signer.kid}"', "null"),
    ):
        with pytest.raises(Malformed):
            read_compact(by_hand(header.encode(), signer.sign), TYP)


def test_algorithm_none_is_refused(signer: Signer) -> None:
    """T-48: red if `alg` of the message is obeyed (RFC 8725 §2.1)."""
    for name in ("none", "None", "NONE", "EdDSA", "ES384", "ES256K", "es256", "RS256"):
        for made in (b"", signer.sign(b"")):
            header = header_bytes(signer.kid, name, TYP)
            with pytest.raises(Malformed, match="none of: Ed25519"):
                read_compact(by_hand(header, lambda _, made=made: made), TYP)  # type: ignore[misc]  # default binds it


def test_hmac_with_the_public_key_as_secret_is_refused(signer: Signer, key: PublicKey) -> None:
    """T-48: red if a verifier picks HMAC because the message says HS256 (RFC 8725 §2.1)."""
    for secret in (base64url.decode(key.jwk["x"]), key.jwk["x"].encode(), json.dumps(dict(key.jwk)).encode()):
        forged = by_hand(
            header_bytes(signer.kid, "HS256", TYP),
            lambda data, secret=secret: hmac.digest(secret, data, hashlib.sha256),  # type: ignore[misc]  # as above
        )
        with pytest.raises(Malformed, match="HS256"):
            read_compact(forged, TYP)


def test_the_algorithm_is_the_enrolled_keys(signer: Signer, key: PublicKey) -> None:
    """Red if `verify_compact` trusts the header's `alg`, once the table has two entries."""
    compact = read_compact(sign_compact(PAYLOAD, TYP, signer), TYP)
    for_es256 = PublicKey(key.kid, "ES256", key.jwk, key.verify)
    with pytest.raises(BadSignature, match="enrolled for ES256"):
        verify_compact(compact, for_es256)


def test_each_type_has_its_own_place(signer: Signer) -> None:
    """Red if `typ` is not compared: an enrolment would do as an acceptance (RFC 8725 §3.11)."""
    signed = sign_compact(PAYLOAD, "enrol+jws", signer)
    assert read_compact(signed, "enrol+jws").payload == PAYLOAD
    for typ in ("accept+jws", TYP, "JWT", "enrol", "ENROL+JWS", "application/enrol+jws"):
        with pytest.raises(Malformed, match="enrol\\+jws stands where"):
            read_compact(signed, typ)


def test_base64url_has_one_spelling(signer: Signer) -> None:
    """T-48: red if padding, blanks, the other alphabet or spare bits are let pass."""
    header, payload, signature = sign_compact(b'{"v":12}', TYP, signer).split(".")
    twins = (signature[:-1] + last for last in ALPHABET if last != signature[-1])
    twin = next(one for one in twins if _same_bytes(one, signature))
    for made in (
        f"{header}.{payload}.{twin}",
        f"{header}.{payload}.{signature}==",
        f"{header}.{payload}=.{signature}",
        f"{header}.{payload}.{signature}\n",
        f" {header}.{payload}.{signature}",
        f"{header}.{payload[:4]}\n{payload[4:]}.{signature}",
        f"{header}.{payload}+.{signature}",
        f"{header}.{payload}.{signature}é",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature}.",
        f"{header}.{payload}.{signature}.{signature}",
        f"{header}..{signature}\x00",
        "",
        "..",
    ):
        with pytest.raises(Malformed):
            read_compact(made, TYP)


def _same_bytes(one: str, other: str) -> bool:
    return base64.urlsafe_b64decode(one + "==") == base64.urlsafe_b64decode(other + "==")


@pytest.mark.parametrize("value", [None, 5, b"a.b.c", ["a", "b", "c"], {}], ids=repr)
def test_what_is_no_string_is_malformed(value: object) -> None:
    """Red if a number or list from parsed JSON ends in a TypeError."""
    with pytest.raises(Malformed):
        read_compact(value, TYP)


def test_every_changed_character_is_noticed(signer: Signer, key: PublicKey) -> None:
    """T-48: red if any part of the text is outside the signature and its one spelling."""
    good = sign_compact(PAYLOAD, TYP, signer)
    assert check(good, key) == PAYLOAD
    for place, character in enumerate(good):
        for other in {"A", "B", "_", ".", ""} - {character}:
            with pytest.raises(KeysError):
                check(good[:place] + other + good[place + 1 :], key)


def test_another_members_key_does_not_verify(signer: Signer, key: PublicKey, tmp_path: Path) -> None:
    """T-48: red if the signature is checked with the key the message names instead of the one given, or not at all."""
    other = generate_key_file(tmp_path / "other.pem", None)
    with pytest.raises(BadSignature, match="another key"):
        check(sign_compact(PAYLOAD, TYP, other), key)
    swapped = by_hand(header_bytes(signer.kid, "Ed25519", TYP), other.sign)
    with pytest.raises(BadSignature, match="does not fit"):
        check(swapped, key)


def test_a_signature_above_the_group_order_is_refused(signer: Signer, key: PublicKey) -> None:
    """Red if S + L is taken for S: the same document would have a second signature (RFC 8032 §5.1.7)."""
    header, payload, signature = sign_compact(PAYLOAD, TYP, signer).split(".")
    raw = base64url.decode(signature)
    order = 2**252 + 27742317777372353535851937790883648493
    twin = raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    with pytest.raises(BadSignature):
        check(f"{header}.{payload}.{base64url.encode(twin)}", key)
