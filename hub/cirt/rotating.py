"""How does this member change its key? Step by step, the old one signing until the last of them.

`next.json` beside `config.toml` says how far it is. 1 the new key's file is named there; 2 the key is made; 3 it is
enrolled at the hub, and the token for it is kept there; 4 once an operator has confirmed it, `config.toml` is replaced
whole: key and token change at once; 5 `next.json` goes. A run that was stopped is gone on with by the next one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from feeds.errors import NotAuthenticated
from hub.durable import sync_folder, write_whole
from keys.algorithms import ED25519
from keys.enrolment import sign_enrolment
from keys.errors import KeysError
from keys.ring import KeyState
from keys.signer import Signer, generate_key_file, open_signer
from keys.strict_json import parse

from .faults import CirtError
from .link import Link, text_of
from .profile import Profile
from .run import Run

NEXT = "next.json"


@dataclass(frozen=True, slots=True)
class Next:
    """The key to be.

    Attributes:
        key: name of its file, in the profile's folder.
        token: the API token that was given for it; None: not enrolled yet.
    """

    key: str
    token: str | None = field(default=None, repr=False)

    def save(self, home: Path) -> "Next":
        """Put it on disk, for its owner alone."""
        write_whole(home / NEXT, json.dumps({"key": self.key, "token": self.token}).encode() + b"\n")
        return self


@dataclass(frozen=True, slots=True)
class Rotated:
    """How far a rotation is: the new key, its state at the hub, and whether the profile signs with it."""

    signer: Signer
    state: str
    switched: bool


def begun(home: Path) -> Next | None:
    """The rotation that is under way; raises `CirtError` for a damaged file."""
    path = home / NEXT
    try:
        value = parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except KeysError as fault:
        raise _damaged(path) from fault
    if not isinstance(value, Mapping):
        raise _damaged(path)
    key, token = value.get("key"), value.get("token")
    if not isinstance(key, str) or key != Path(key).name or not (token is None or isinstance(token, str)):
        raise _damaged(path)
    return Next(key, token)


def _damaged(path: Path) -> CirtError:
    return CirtError(f"{path} is damaged; move it away, and begin again with `cirt keys rotate`", code="bad-profile")


def rotate(run: Run, alg: str | None) -> Rotated:
    """Go as far as it goes now; the caller holds the profile's lock. Raises `CirtError`, `FeedsError`, KeysError."""
    profile = run.profile()
    following = begun(run.home)
    if following is not None and profile.key == _uri(run.home, following.key):  # stopped between 4 and 5
        return _finished(run, run.signer(profile))
    if following is None:
        following = Next(_free_name(run.home)).save(run.home)  # 1
    signer = _signer(run, following, alg)  # 2
    if following.token is None:
        following = _enrolled(run, profile, signer, following)  # 3
    state = _standing(run, profile, following, signer.kid)
    if state != KeyState.CONFIRMED:
        return Rotated(signer, state, switched=False)
    profile.keep_ring(profile.own_key_in(profile.ring(), signer))
    assert following.token is not None
    replace(profile, key=_uri(run.home, following.key), token=following.token).save()  # 4
    return _finished(run, signer)


def _finished(run: Run, signer: Signer) -> Rotated:
    """Step 5."""
    (run.home / NEXT).unlink()
    sync_folder(run.home)
    return Rotated(signer, str(KeyState.CONFIRMED), switched=True)


def _uri(home: Path, name: str) -> str:
    return f"file:{(home / name).absolute()}"


def _free_name(home: Path) -> str:
    numbers = (int(path.stem[4:]) for path in home.glob("key-*.pem") if path.stem[4:].isdecimal())
    return f"key-{max(numbers, default=1) + 1}.pem"


def _signer(run: Run, following: Next, alg: str | None) -> Signer:
    """The new key, made if it is not there; it is on disk before anything is sent."""
    path = run.home / following.key
    if not path.exists():
        if following.token is not None:
            raise CirtError(f"{path} is gone; move {run.home / NEXT} away and begin again", code="lost-key")
        return generate_key_file(path, run.new_passphrase(), alg or ED25519.name)
    signer = run.open(lambda passphrase: open_signer(_uri(run.home, following.key), passphrase))
    if alg is not None and signer.alg != alg:
        raise CirtError(f"the rotation under way is to a key for {signer.alg}; finish it first", code="other-key")
    return signer


def _enrolled(run: Run, profile: Profile, signer: Signer, following: Next) -> Next:
    """Step 3: done again if its answer was lost, it enrols the same key and gives another token."""
    with run.link(profile) as link:
        account = link.me().get("account")
        nonce = text_of(account if isinstance(account, Mapping) else {}, "token_id")
        proof = sign_enrolment(hub=profile.hub, iss=profile.member, nonce=nonce, iat=run.clock(), signer=signer)
        token = text_of(link.enrol(proof), "token")
    return replace(following, token=token).save(run.home)


def _standing(run: Run, profile: Profile, following: Next, kid: str) -> str:
    """The new key's state at the hub, asked with its own token, so that this is known to work before it is taken up."""
    try:
        with Link.to(profile.hub, token=following.token, ca=profile.ca) as link:
            return _state_of(link.me(), kid)
    except NotAuthenticated as refused:
        with run.link(profile) as link:
            state = _state_of(link.me(), kid)
        if state == KeyState.REVOKED:
            (run.home / NEXT).unlink()
            sentence = "the new key was revoked at the hub; `cirt keys rotate` begins again with another one"
            raise CirtError(sentence, code="revoked") from refused
        replace(following, token=None).save(run.home)
        sentence = "the token for the new key was revoked at the hub; run `cirt keys rotate` again for another one"
        raise CirtError(sentence, code="revoked") from refused


def _state_of(me: Mapping[str, Any], kid: str) -> str:
    listed = me.get("keys")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and each.get("kid") == kid:
            return text_of(each, "state")
    raise CirtError("the hub does not know the new key any more; ask its operator", code="unknown-key")
