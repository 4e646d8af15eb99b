"""Who am I, at which hub? The member's profile: `config.toml`, its key and its ring beside it, for its owner alone."""

import json
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.durable import write_whole
from keys.errors import KeysError, Malformed
from keys.jwk import PublicKey, load_jwk
from keys.ring import KeyState, Ring, RingKey
from keys.signer import Signer, open_signer
from keys.strict_json import parse

from .faults import CirtError, NotJoined

CONFIG = "config.toml"
KEY = "key.pem"
RING = "ring.json"
_TEXTS = ("hub", "member", "alias", "name", "key", "token")


@dataclass(frozen=True, slots=True)
class Profile:
    """What `cirt join` left behind.

    Attributes:
        home: the profile's folder.
        hub: public address of the hub.
        member: STIX identity id of this member.
        alias: its short name.
        name: its name.
        key: URI of its signing key.
        token: its API token.
        receipt_key: the hub's key for receipts and baselines, pinned when joining.
        ca: file of certificate authorities for the hub, if not the usual ones.
    """

    home: Path
    hub: str
    member: str
    alias: str
    name: str
    key: str
    token: str = field(repr=False)
    receipt_key: PublicKey
    ca: str | None = None

    def save(self) -> None:
        """Write `config.toml`, whole and for its owner alone."""
        lines = [f"{name} = {_toml(str(getattr(self, name)))}" for name in _TEXTS]
        lines += [f"ca = {_toml(self.ca)}"] if self.ca else []
        lines += ["", "[receipt_key]", *(f"{name} = {_toml(value)}" for name, value in self.receipt_key.jwk.items())]
        write_whole(self.home / CONFIG, ("\n".join(lines) + "\n").encode())

    def signer(self, passphrase: bytes | None) -> Signer:
        """This member's key; raises KeyRefused, BadPassphrase."""
        return open_signer(self.key, passphrase)

    def ring(self) -> Ring:
        """The reader's own ring; raises `CirtError` for a damaged one."""
        path = self.home / RING
        try:
            return Ring.from_json(parse(path.read_bytes()))
        except FileNotFoundError:
            return Ring()
        except KeysError as fault:
            raise CirtError(f"{path}: {fault}; put back a copy of it", code="bad-ring") from fault

    def keep_ring(self, ring: Ring) -> None:
        """Write the ring."""
        write_whole(self.home / RING, json.dumps(ring.to_json(), indent=1).encode() + b"\n")

    def own_key_in(self, ring: Ring, signer: Signer) -> Ring:
        """The ring with this member's own key, which needs nobody's confirmation."""
        own = RingKey(load_jwk(dict(signer.jwk)), self.member, 0, state=KeyState.CONFIRMED)
        return Ring({**ring.keys, own.kid: own})


def load_profile(home: Path) -> Profile:
    """The profile in a folder; raises `NotJoined` if there is none, `CirtError` for one that cannot be used."""
    path = home / CONFIG
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CirtError(f"{path} holds a token, but others may use it; chmod 600 {path}", code="bad-profile")
        value = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as fault:
        raise NotJoined(f"there is no profile in {home}; begin with `cirt join INVITATION`") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise CirtError(f"{path}: {fault}; mend it, or join again", code="bad-profile") from fault
    try:
        texts = {name: _text(value, name) for name in _TEXTS}
        ca = _text(value, "ca") if "ca" in value else None
        return Profile(home, **texts, receipt_key=load_jwk(value.get("receipt_key")), ca=ca)
    except KeysError as fault:
        raise CirtError(f"{path}: {fault}; mend it, or join again", code="bad-profile") from fault


def _text(value: Mapping[str, object], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise Malformed(f"`{name}` is missing")
    return text


def _toml(text: str) -> str:
    """A TOML basic string: JSON's escapes are its own, save for U+007F (TOML 1.0)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
