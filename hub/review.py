"""The review walk: which documents are proposed, who has approved these very words, and what follows?

A pure state machine in `policies.life` says which move is legal; here it is applied with who, when and the digest of
the text reviewed. Of two operators at once exactly one wins: the row is held first, then read, then moved.
"""

from collections.abc import Sequence
from contextlib import suppress

from keys.member import MemberDocument, read_member
from policies.agreement import Agreement, read_agreement
from policies.life import State, Verb, move
from policies.life import approve as approved

from . import named
from .acts import Actor, Overtaken, Refused, Unknown
from .documents import Document
from .proposals import Proposal, proposal
from .store import agreements, approvals, members
from .store.engine import Tx
from .store.registry import bump, groups_of
from .titles import namesake


def propose(tx: Tx, document: Document, actor: Actor, *, at: int) -> dict[str, object]:
    """Take a document in as *proposed*; the same text again changes nothing and is said to be there already.

    Raises `Refused` where it cannot follow what is there.
    """
    kind = "member" if isinstance(document, MemberDocument) else "agreement"
    with suppress(Unknown, Overtaken):
        return proposal(tx, kind, document.id, document.digest).answer(already=True)
    more: dict[str, object] = {}
    if isinstance(document, MemberDocument):
        _propose_member(tx, document, at)
    else:
        more = {"unknown_parties": _propose_agreement(tx, document, at)}
    actor.record(tx, "import", document.id, at=at, digest=document.digest, kind=kind)
    bump(tx)
    return proposal(tx, kind, document.id, document.digest).answer(already=False, **more)


def _propose_member(tx: Tx, document: MemberDocument, at: int) -> None:
    row = members.find(tx, document.id)
    _alias_is_free(tx, document)
    if row is None:
        if not members.add(tx, document, state=State.PROPOSED, at=at):
            raise Overtaken(f"the member {document.id} was imported by somebody else just now; look at it first")
    elif row.state in {State.PROPOSED, State.REJECTED}:
        members.rewrite(tx, document)
        members.move(tx, row.id, State.REJECTED, State.PROPOSED)
    else:
        members.put_by(tx, row.id, document.digest, document.raw)


def _alias_is_free(tx: Tx, document: MemberDocument) -> None:
    holder = members.find(tx, document.alias)
    if holder is not None and holder.id != document.id:
        raise Refused(f"the alias {document.alias!r} is another member's ({holder.id}); choose another one")


def _propose_agreement(tx: Tx, document: Agreement, at: int) -> list[str]:
    """Take the version in; the parties that are to be at this hub and are not members of it."""
    known = agreements.versions(tx, document.id)
    _names_are_free(tx, document)
    _title_is_free(tx, document, at)
    last = known[-1] if known else None
    if last is not None and (document.version, last.state) == (last.version, State.PROPOSED):
        done = agreements.rewrite(tx, document, at=at)
    elif last is not None and document.version != last.version + 1:
        sentence = f"version {document.version} cannot follow version {last.version}, which is {last.state}"
        raise Refused(f"{sentence}; write `version = {last.version + 1}`")
    else:
        done = agreements.add(tx, document, state=State.PROPOSED, at=at)
    if not done:
        raise Overtaken(f"version {document.version} was imported by somebody else just now; look at it first")
    here = {member.id for member in members.every(tx)}
    return [party.member for party in document.parties if party.home is None and party.member not in here]


def _names_are_free(tx: Tx, document: Agreement) -> None:
    """A group keeps its names for good, and no two groups share one: they are addresses that clients remember."""
    wanted = _names(document.proofs, document.alias)
    for identity, proofs, alias in _taken_names(tx, document.id):
        if identity == document.id and (proofs, alias) != (document.proofs, document.alias):
            raise Refused(f"`proofs` and `alias` stay as they are in every version: {proofs}, {alias!r}")
        shared = {document.id, *wanted} & {identity, *_names(proofs, alias)}
        if identity != document.id and shared:
            raise Refused(f"{min(shared)!r} names the agreement {identity} already; choose another name")


def _names(proofs: str, alias: str) -> set[str]:
    return {proofs, alias, f"{alias}-proofs"}


def _taken_names(tx: Tx, identity: str) -> Sequence[tuple[str, str, str]]:
    """Names of every open group, and of other agreements under review."""
    waiting = [
        (document.id, document.proofs, document.alias)
        for row in agreements.every(tx)
        if row.group_id != identity and row.state == State.PROPOSED
        for document in [read_agreement(row.document)]
    ]
    return [*agreements.group_names(tx), *waiting]


def _title_is_free(tx: Tx, document: Agreement, at: int) -> None:
    """No two collections bear one title, now or later."""
    other = namesake(groups_of(tx).values(), document.id, document.title, at)
    if other is not None:
        sentence = f"the title {document.title!r} is taken: a collection of the agreement {other.alias!r} is called"
        raise Refused(f"{sentence} {other.title!r}, and some clients choose by the title alone; write another `title`")


def approve(
    tx: Tx, kind: str, name: str, actor: Actor, *, at: int, needed: int, digest: str | None = None
) -> dict[str, object]:
    """Add one operator's approval to the text under review; the last one needed brings it in.

    `digest` pins the text that was read. Raises `Unknown`, `Overtaken`, `Refused`, and `IllegalMove` where the text is
    not *proposed* (any more) or the same operator approves it twice.
    """
    text = _held(tx, kind, name, actor, Verb.APPROVE, digest)
    state = approved(text.state, approvals.of(tx, text.digest), actor.name, needed)
    approvals.add(tx, digest=text.digest, operator=actor.name, kind=kind, subject=text.subject, at=at)
    if state is State.APPROVED:
        _bring_in(tx, text, at)
    by = approvals.of(tx, text.digest)
    actor.record(tx, "approve", text.subject, at=at, digest=text.digest, kind=kind, state=str(state), approved_by=by)
    bump(tx)
    return {**text.answer(), "state": str(state), "approvals": len(by), "approved_by": list(by), "needed": needed}


def reject(
    tx: Tx, kind: str, name: str, actor: Actor, *, at: int, reason: str, digest: str | None = None
) -> dict[str, object]:
    """Reject the text under review; one operator is enough. Raises as `approve` does."""
    text = _held(tx, kind, name, actor, Verb.REJECT, digest)
    if text.changes:
        members.put_by(tx, text.subject, None, None)
    elif kind == "member":
        members.move(tx, text.subject, State.PROPOSED, State.REJECTED)
    else:
        agreements.move(tx, text.digest, State.PROPOSED, State.REJECTED, at)
    actor.record(tx, "reject", text.subject, at=at, digest=text.digest, kind=kind, reason=reason)
    bump(tx)
    return {**text.answer(), "state": str(State.REJECTED)}


def _held(tx: Tx, kind: str, name: str, actor: Actor, verb: Verb, digest: str | None) -> Proposal:
    """The text under review, its row locked. Raises what is true at that moment if there is none."""
    named.check_operator(tx, actor.name)
    text = proposal(tx, kind, name, digest)
    move(text.state, verb)
    held = members.hold(tx, text.subject, text.digest) if kind == "member" else agreements.hold(tx, text.digest)
    if not held:  # somebody else was first: say what is true now
        now = proposal(tx, kind, name, digest)
        move(now.state, verb)
        raise Overtaken(f"this {kind}'s text was changed just now; read the present one and decide anew")
    return text


def _bring_in(tx: Tx, text: Proposal, at: int) -> None:
    if text.changes:
        document = read_member(text.document)
        _alias_is_free(tx, document)
        members.rewrite(tx, document)
    elif text.kind == "member":
        members.move(tx, text.subject, State.PROPOSED, State.APPROVED)
    else:
        agreement = read_agreement(text.document)
        _names_are_free(tx, agreement)
        _title_is_free(tx, agreement, at)
        if not agreements.open_group(tx, identity=agreement.id, proofs=agreement.proofs, alias=agreement.alias):
            raise Refused(f"a name of this agreement ({agreement.alias!r}) was given to another one meanwhile")
        agreements.move(tx, text.digest, State.PROPOSED, State.APPROVED, at)
