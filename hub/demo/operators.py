"""What do the operators do? Import, approve by two, invite, confirm: each only where it has not been done yet."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from hub import credentials, review
from hub.acts import Actor, perform
from hub.documents import Document, read_document
from hub.running import Hub
from hub.store import approvals, operators
from hub.store.engine import Tx
from keys.ring import KeyState
from policies.life import State

from . import cast
from .ground import Ground

T = TypeVar("T")
_FIRST = cast.OPERATORS[0]


@dataclass(frozen=True, slots=True)
class Office:
    """The shell of the demo's hub, with its operators at it.

    Attributes:
        hub: the hub, open in this process as in every `cirt-hub` command.
        ground: where secrets that are shown once are kept.
        user: the operating system's user, for the audit trail.
    """

    hub: Hub
    ground: Ground
    user: str

    def hire(self) -> list[str]:
        """Make the operators that are not there yet; their names."""
        with self.hub.database.reading() as tx:
            missing = [name for name in cast.OPERATORS if not operators.exists(tx, name)]
        for name in missing:
            answer = self._do("", "operator-add", name, partial(self._hire, name))
            self.ground.keep_secret(name, str(answer["secret"]))
        return missing

    def _hire(self, name: str, tx: Tx, at: int, actor: Actor) -> dict[str, object]:
        return credentials.add_operator(tx, self.hub.secret, name, actor, at=at)

    def bring_in(self, path: Path) -> bool:
        """Import a document and have it approved by two; False if it was all done before."""
        document = read_document(str(path), path.read_bytes())
        text = self._do(_FIRST, "import", document.id, lambda tx, at, actor: review.propose(tx, document, actor, at=at))
        if text["state"] != State.PROPOSED:
            return False
        with self.hub.database.reading() as tx:
            said = approvals.of(tx, document.digest)
        for operator in [name for name in cast.OPERATORS if name not in said]:
            self._do(operator, "approve", document.id, partial(self._approve, str(text["kind"]), document))
        return True

    def _approve(self, kind: str, document: Document, tx: Tx, at: int, actor: Actor) -> dict[str, object]:
        needed = self.hub.settings.approvals
        return review.approve(tx, kind, document.id, actor, at=at, needed=needed, digest=document.digest)

    def invite(self, member: str) -> str:
        """A one-time invitation for a member (its alias)."""
        url = self.hub.settings.public_url
        answer = self._do(
            _FIRST,
            "invite",
            member,
            lambda tx, at, actor: credentials.invite(tx, self.hub.secret, url, member, actor, at=at),
        )
        return str(answer["invitation"])

    def has_confirmed(self, member: str) -> bool:
        """Whether a key of the member works."""
        with self.hub.database.reading() as tx:
            return any(key["state"] == KeyState.CONFIRMED for key in credentials.keys_of(tx, member))

    def confirm(self, member: str, fingerprint: str) -> None:
        """Confirm the member's key by the fingerprint that it read out."""
        self._do(
            _FIRST,
            "key-confirm",
            member,
            lambda tx, at, actor: credentials.confirm_key(tx, member, fingerprint, actor, at=at),
        )

    def _do(self, operator: str, action: str, subject: str, act: Callable[[Tx, int, Actor], T]) -> T:
        """An act in a transaction of its own, in the audit trail as from the shell."""
        actor, at = Actor(operator, self.user), self.hub.clock()
        return perform(self.hub.database, actor, action, subject, at=at, act=lambda tx: act(tx, at, actor))
