"""How does a member come in? It enrols a key by invitation; it accepts agreements, and withdraws."""

from collections.abc import Mapping

from keys.acceptance import Acceptance, Action, verify_acceptance
from keys.baseline import Baseline, sign_baseline
from keys.enrolment import Enrolment, read_enrolment, verify_enrolment
from keys.head import Head
from keys.ring import KeyState
from policies.entitlement import starts_on_acceptance
from policies.group import Group, may_accept, shown_to
from policies.labels import Label
from policies.life import State
from policies.reasons import NotAParty

from .access import Absent
from .acts import Actor, BadInvitation, Refused, Replayed
from .credentials import invitation_digest, read_invitation
from .parties import group_of
from .running import Hub
from .store import acceptances, agreements, invitations, keyring, members, streams, tokens
from .store.acceptances import Said
from .store.engine import Tx
from .store.keyring import KeyRow
from .store.members import MemberRow
from .store.registry import Account, Registry, bump

MILLISECOND = 1_000


def join(hub: Hub, tx: Tx, invitation: str, enrolment: str, at: int) -> dict[str, object]:
    """Enrol a key by invitation and hand out a token that sleeps until the key is confirmed.

    1 the invitation is known, unused and unexpired; 2 the enrolment proves possession of the key, for this hub, member
    and nonce; 3 the key is nobody else's and not revoked; 4 the invitation is used up: of two at once exactly one wins.

    Args:
        hub: the hub that invited.
        tx: a writing transaction.
        invitation: the invitation as handed over, or its nonce alone.
        enrolment: the `enrol+jws`.
        at: microseconds since the epoch.

    Raises:
        BadInvitation: unknown, used or expired, all in one sentence.
        Refused: the key was revoked, or is another member's; the member is not approved.
        KeysError: the enrolment cannot be read, or does not prove what it says.
    """
    offered = read_enrolment(enrolment)
    nonce = invitation if invitation == offered.nonce else read_invitation(invitation).nonce
    digest = invitation_digest(hub.secret, nonce)
    known = invitations.find(tx, digest)
    row = None if known is None else members.find(tx, known.member)
    if known is None or row is None or known.used_at is not None or known.expires_at <= at:
        raise BadInvitation("this invitation is not known here, was used already, or has expired; ask for a new one")
    verified = verify_enrolment(enrolment, hub=hub.settings.public_url, iss=row.id, nonce=nonce)
    if row.state != State.APPROVED:
        raise Refused("this member is not approved at this hub (any more); ask its operator")
    key = _enrolled(tx, verified, row, at)
    if not invitations.use(tx, digest, at):
        raise BadInvitation("this invitation is not known here, was used already, or has expired; ask for a new one")
    token = tokens.new_token()
    identity = tokens.add(
        tx,
        digest=tokens.token_digest(hub.secret, token),
        member=row.id,
        label="joined",
        redistributes=False,
        kid=key.kid,
        at=at,
    )
    Actor(row.id, identity).record(tx, "join", row.id, at=at, kid=key.kid, token=identity)
    bump(tx)
    return _welcome(hub, row, verified, key) | {"token": token, "token_id": identity}


def _enrolled(tx: Tx, enrolment: Enrolment, row: MemberRow, at: int) -> KeyRow:
    """The key as held from now on; one that this member enrolled before keeps its state."""
    key = enrolment.key
    keyring.add(tx, kid=key.kid, member=row.id, jwk=key.jwk, at=at)
    held = keyring.find(tx, key.kid)
    if held is None or held.member != row.id or held.state == KeyState.REVOKED:
        raise Refused("this key cannot be enrolled: it was revoked, or is in use elsewhere; make a new one")
    return held


def _welcome(hub: Hub, row: MemberRow, enrolment: Enrolment, key: KeyRow) -> dict[str, object]:
    return {
        "member": row.id,
        "alias": row.alias,
        "name": row.name,
        "kid": key.kid,
        "fingerprint": enrolment.key.fingerprint,
        "state": key.state,
        "hub": hub.settings.public_url,
        "title": hub.settings.title,
        "receipt_key": dict(hub.receipts.jwk),
    }


def accept_agreement(hub: Hub, tx: Tx, registry: Registry, account: Account, group_id: str, jws: str, at: int) -> str:
    """Take in a party's signed word on an agreement, accept or withdraw; the hub's signed baseline.

    1 the group exists for this member; 2 signature by an active key of the party; 3 the sequencer's row is held, and
    everything read anew under it; 4 the counter rises; 5 the version may be accepted: starts are set; or was accepted:
    it is withdrawn, and the starts are kept for a return; 6 the baseline is signed.

    Args:
        hub: whose receipt key signs.
        tx: a writing transaction.
        registry: as `tx` sees it.
        account: the caller.
        group_id: UUID or alias of the agreement.
        jws: the `accept+jws`.
        at: microseconds since the epoch.

    Raises:
        Absent: no such agreement for this member.
        KeysError: the statement cannot be read, or does not prove what it says.
        Replayed: its counter was used; `details["n"]` is the last one.
        Refusal: `NotInForce` or `NotAParty`.
    """
    group = group_of(registry, account, group_id, at)  # 1
    said = verify_acceptance(jws, registry.ring, member=account.member, group=group.id, at=at)  # 2
    place = agreements.lock_group(tx, group.id)  # 3
    if place is None:
        raise Absent("no such agreement")
    registry = hub.registries.of(tx)
    group = registry.groups[group.id]
    last = acceptances.last(tx, group.id, account.member)  # 4
    if last is not None and said.n <= last.n:
        raise Replayed(f"the counter n must be above {last.n}, the last one used here", {"n": last.n})
    starts = (
        _accepted(tx, registry, group, said, place, at) if said.action is Action.ACCEPT else _left(group, said, at)
    )  # 5
    word = Said(said.n, str(said.action), said.agreement, at)
    acceptances.add(tx, group_id=group.id, member=account.member, said=word, jws=jws)
    Actor(account.member, account.token).record(tx, str(said.action), group.id, at=at, digest=said.agreement, n=said.n)
    bump(tx)
    return sign_baseline(_baseline(tx, registry, group, said, starts, place[0], at), hub.receipts)  # 6


def _accepted(
    tx: Tx, registry: Registry, group: Group, said: Acceptance, place: tuple[int, int], at: int
) -> Mapping[Label, int]:
    """The starts after an acceptance, written."""
    grp, last_position = place
    agreement = may_accept(group, said.iss, said.agreement, at)
    published = [registry.member_numbers[no].id for no in streams.published(tx, grp)]
    starts = starts_on_acceptance(group, agreement, said.iss, published, last_position, at)
    acceptances.set_starts(tx, group.id, said.iss, {int(label): position for label, position in starts.items()})
    return starts


def _left(group: Group, said: Acceptance, at: int) -> Mapping[Label, int]:
    """Nothing is readable from now on. Raises `NotAParty` for a text the party never accepted and is not shown."""
    shown = {agreement.digest for agreement in shown_to(group, said.iss, at)}
    if said.agreement not in shown | set(group.acceptances.get(said.iss, {})):
        raise NotAParty("there is no version with this digest that this member could withdraw from")
    return {}


def _baseline(
    tx: Tx, registry: Registry, group: Group, said: Acceptance, starts: Mapping[Label, int], grp: int, at: int
) -> Baseline:
    """What the hub owes this member from now on: heads of the streams it may read, as they stand at this moment."""
    heads = {
        (registry.member_numbers[publisher].id, Label(rank).text): Head(head.seq, head.digest)
        for publisher, rank, head in streams.all_heads(tx, grp, max(starts, default=-1))
        if Label(rank) in starts
    }
    shown = [v.agreement for v in group.versions if v.state not in {State.PROPOSED, State.REJECTED}]
    return Baseline(
        group=group.id,
        member=said.iss,
        agreement=said.agreement,
        starts={label.text: position for label, position in sorted(starts.items())},
        heads=heads,
        agreements=tuple(each.digest for each in sorted(shown, key=lambda each: each.version)),
        iat=at - at % MILLISECOND,
    )
