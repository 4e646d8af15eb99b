"""How is the hub called? Its TAXII side and its small JSON side over one session, every answer strictly parsed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from feeds.api import ApiClient
from feeds.errors import BadAnswer, PeerRefused
from feeds.peer import Peer, PeerCollection
from feeds.session import HttpSession, http_session
from keys.errors import KeysError
from keys.jwk import PublicKey, load_jwk
from keys.strict_json import canonical

from .reading import parse_envelope

_JOSE = "application/jose"
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Link:
    """Calls one hub as one member. Not for use by several threads at once."""

    address: str
    session: HttpSession
    api: ApiClient
    peer: Peer

    @classmethod
    def to(cls, address: str, *, token: str | None = None, ca: str | None = None) -> "Link":
        """The way to the hub at an address; nothing is sent yet. Raises `Unreachable` for a bad address."""
        session = http_session(address, token=token, verify=ca or True)
        return cls(address.rstrip("/"), session, ApiClient(session, parse_envelope), Peer(session, parse_envelope))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    @property
    def root(self) -> str:
        """Address of the TAXII API root."""
        return f"{self.address}/live/"

    def about(self) -> Mapping[str, Any]:
        """What the hub says of itself; needs no token."""
        return self._object("/hub")

    def me(self) -> Mapping[str, Any]:
        """What the hub knows of this member."""
        return self._object("/me")

    def agreements(self) -> Sequence[Mapping[str, Any]]:
        """This member's agreements, each with the versions it is shown."""
        return dicts_of(self._object("/agreements"), "agreements")

    def agreement(self, name: str) -> Mapping[str, Any]:
        """One agreement by id or alias, with its terms."""
        try:
            return self._object(f"/agreements/{quote(name, safe='')}")
        except PeerRefused as error:
            if error.status != _NOT_FOUND:
                raise
            sentence = (
                f"there is no agreement {name!r} for this member; `cirt agreements` shows those there are (none before"
                " your key is confirmed)"
            )
            raise PeerRefused(sentence, status=error.status, body=error.body) from error

    def document(self, name: str, digest: str) -> bytes:
        """The exact text of one version of an agreement."""
        return self.api.get_bytes(f"/agreements/{quote(name, safe='')}/document?digest={quote(digest, safe='')}")

    def accept(self, name: str, jws: str) -> str:
        """Post an `accept+jws`; the hub's baseline, not verified."""
        reply = self.api.post(
            f"/agreements/{quote(name, safe='')}/acceptances", jws.encode("ascii"), content_type=_JOSE
        )
        return text_of(_object(reply.value), "baseline")

    def join(self, invitation: str, enrolment: str) -> Mapping[str, Any]:
        """Post an `enrol+jws` with its invitation; the hub's welcome, with the token."""
        body = canonical({"invitation": invitation, "enrolment": enrolment})
        return _object(self.api.post("/join", body).value)

    def enrol(self, enrolment: str) -> Mapping[str, Any]:
        """Post an `enrol+jws` of a further key of this member; the hub's answer, with a token for it."""
        return _object(self.api.post("/keys", enrolment.encode("ascii"), content_type=_JOSE, repeatable=True).value)

    def keys(self, group: str) -> Sequence[Mapping[str, Any]]:
        """The public keys of a group's parties, as the hub has them."""
        return dicts_of(_object(self.api.get("/keys", {"group": group}).value), "keys")

    def streams(self, group: str, since: Sequence[str]) -> Mapping[str, Any]:
        """This member's own heads in a group, and its manifests since `label:seq` places."""
        reply = self.api.get(f"/streams/{quote(group, safe='')}", {"since": list(since)} if since else None)
        return _object(reply.value)

    def dry_run(self, group: str, envelope: bytes, label: str) -> Mapping[str, Any]:
        """Who would receive an unsigned envelope under a label, and what would be refused."""
        path = f"/dry-run/{quote(group, safe='')}?tlp={quote(label, safe='')}"
        return _object(self.api.post(path, envelope, repeatable=True).value)

    def explain(self, group: str, stix_id: str, member: str | None) -> Mapping[str, Any]:
        """The hub's account of why an object is received, or not."""
        path = f"/explain/{quote(group, safe='')}/{quote(stix_id, safe='')}"
        return _object(self.api.get(path, {"member": member} if member else None).value)

    def status(self, status_id: str) -> Mapping[str, Any]:
        """The status resource of an earlier publication."""
        return self.peer.status(self.root, status_id)

    def collection(self, collection_id: str) -> PeerCollection:
        """A collection by its id."""
        return self.peer.collection(self.root, collection_id)

    def max_content_length(self) -> int:
        """The largest body that the hub takes, bytes (TAXII 2.1 §4.2.1)."""
        return self.peer.root(self.root).max_content_length

    def _object(self, path: str) -> Mapping[str, Any]:
        return _object(self.api.get(path).value)


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadAnswer("The hub answers with JSON that is no object where one belongs.")
    return value


def dicts_of(value: Mapping[str, Any], name: str) -> Sequence[dict[str, Any]]:
    """A list of objects that an answer must have; raises `BadAnswer`."""
    listed = value.get(name)
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise BadAnswer(f"The hub's answer has no list of objects `{name}`.")
    return listed


def text_of(value: Mapping[str, Any], name: str) -> str:
    """A text that an answer must have; raises `BadAnswer`."""
    text = value.get(name)
    if not isinstance(text, str):
        raise BadAnswer(f"The hub's answer has no text `{name}`.")
    return text


def receipt_key_of(value: object) -> PublicKey:
    """The receipt key of an answer, without the members that only describe it; raises `BadAnswer`."""
    jwk = (
        {name: text for name, text in value.items() if name not in {"kid", "alg"}} if isinstance(value, dict) else None
    )
    try:
        return load_jwk(jwk)
    except KeysError as error:
        raise BadAnswer(f"The hub's receipt key cannot be used: {error}") from error
