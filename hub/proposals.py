"""Which texts are there of a member or an agreement, and which one is under review?"""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.agreement import read_agreement
from policies.life import State

from . import named
from .acts import Overtaken, Unknown
from .store import agreements
from .store.agreements import VersionRow
from .store.engine import Tx


@dataclass(frozen=True, slots=True)
class Proposal:
    """A text under review; `changes`: of a member that is approved already, whose present text stays until then."""

    kind: str
    subject: str
    version: int | None
    digest: str
    document: bytes
    state: State
    changes: bool = False

    def answer(self, **more: object) -> dict[str, object]:
        """What the command answers."""
        state = {"kind": self.kind, "id": self.subject, "version": self.version, "digest": self.digest}
        return {**state, "state": str(self.state), **more}


def proposal(tx: Tx, kind: str, name: str, digest: str | None = None) -> Proposal:
    """The text of a member or agreement (id or alias) that is under review; else the newest, whatever its state.

    Raises `Unknown`, or `Overtaken` where `digest` is given and no text has it (any more).
    """
    found = _member_texts(tx, name) if kind == "member" else _agreement_texts(tx, name)
    if digest is not None:
        found = [text for text in found if text.digest == digest]
        if not found:
            raise Overtaken(f"no text of this {kind} has the digest {digest}; read the present one and decide anew")
    return next((text for text in found if text.state is State.PROPOSED), found[0])


def _member_texts(tx: Tx, name: str) -> Sequence[Proposal]:
    row = named.member(tx, name)
    present = Proposal("member", row.id, None, row.digest, row.document, State(row.state))
    if row.next_digest is None or row.next_document is None:
        return [present]
    return [Proposal("member", row.id, None, row.next_digest, row.next_document, State.PROPOSED, changes=True), present]


def _agreement_texts(tx: Tx, name: str) -> Sequence[Proposal]:
    rows = sorted(agreement_versions(tx, name), key=lambda row: -row.version)
    return [
        Proposal("agreement", row.group_id, row.version, row.digest, row.document, State(row.state)) for row in rows
    ]


def agreement_versions(tx: Tx, name: str) -> Sequence[VersionRow]:
    """Every version of the agreement with this id or alias, oldest first. Raises `Unknown`."""
    known = agreements.every(tx)
    found = [row for row in known if row.group_id == name]
    if not found:
        named = next((row.group_id for row in reversed(known) if read_agreement(row.document).alias == name), None)
        found = [row for row in known if row.group_id == named]
    if not found:
        raise Unknown(f"there is no agreement {name!r}; `cirt-hub agreement list` shows them")
    return found
