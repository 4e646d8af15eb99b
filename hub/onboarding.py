"""How does a member come in? It enrols a key by invitation; it accepts agreements, and withdraws."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keys.acceptance import Acceptance, Action, verify_acceptance
from keys.baseline import Baseline, sign_baseline
from keys.enrolment import Enrolment, read_enrolment, verify_enrolment
from keys.errors import NotAnInvitation
from keys.invitation import read_invitation
from keys.ring import KeyState
from policies.agreement import Agreement
from policies.entitlement import open_from, starts_on_acceptance
from policies.group import Group, came_into_force, may_accept, reign, shown_to
from policies.labels import Label
from policies.life import State
from policies.reasons import NotAParty

from .access import Absent, for_oneself
from .acts import Actor, BadInvitation, Refused, Replayed
from .credentials import invitation_digest
from .parties import group_of
from .running import Hub
from .store import acceptances, agreements, invitations, keyring, members, streams, tokens
from .store.acceptances import Said
from .store.engine import Tx
from .store.keyring import KeyRow
from .store.members import MemberRow
from .store.registry import Account, Registry, bump, hold

MILLISECOND = 1_000


@dataclass(frozen=True, slots=True)
class Offer:
    """A key offered on an invitation, proven: what `join` writes. `invitation` is the invitation's digest."""

    invitation: str
    enrolment: Enrolment


def prove(hub: Hub, tx: Tx, invitation: str, enrolment: str, at: int) -> Offer:
    """See that an enrolment proves possession of its key, for this hub and for the member and nonce of an invitation.

    Anybody may ask for this, so nothing waits for it: it holds no lock.

    Args:
        hub: the hub that invited.
        tx: a reading transaction.
        invitation: the invitation as handed over, or its nonce alone.
        enrolment: the `enrol+jws`.
        at: microseconds since the epoch.

    Raises:
        BadInvitation: no invitation at all, or unknown, used or expired, all in one sentence.
        Refused: the member is not approved.
        KeysError: the enrolment cannot be read, or does not prove what it says.
    """
    offered = read_enrolment(enrolment)
    nonce = invitation if invitation == offered.nonce else _nonce(invitation)
    digest = invitation_digest(hub.secret, nonce)
    row = _invited(tx, digest, at)
    verified = verify_enrolment(enrolment, hub=hub.settings.public_url, iss=row.id, nonce=nonce)
    _approved(row)
    return Offer(digest, verified)


def _nonce(invitation: str) -> str:
    try:
        return read_invitation(invitation).nonce
    except NotAnInvitation as fault:
        raise BadInvitation(fault.sentence) from fault


def _invited(tx: Tx, digest: str, at: int) -> MemberRow:
    """The member that an unused, unexpired invitation is for."""
    known = invitations.find(tx, digest)
    row = None if known is None else members.find(tx, known.member)
    if known is None or row is None or known.used_at is not None or known.expires_at <= at:
        raise BadInvitation("this invitation is not known here, was used already, or has expired; ask for a new one")
    return row


def _approved(row: MemberRow) -> None:
    if row.state != State.APPROVED:
        raise Refused("this member is not approved at this hub (any more); ask its operator")


def join(hub: Hub, tx: Tx, offer: Offer, at: int) -> dict[str, object]:
    """Enrol a key by invitation and hand out a token that sleeps until the key is confirmed.

    1 the invitation is still unused and unexpired, its member approved; 2 the key is nobody else's and not revoked;
    3 the invitation is used up: of two at once exactly one wins.

    Args:
        hub: the hub that invited.
        tx: a writing transaction.
        offer: what `prove` has proven.
        at: microseconds since the epoch.

    Raises:
        BadInvitation: used or expired meanwhile.
        Refused: the key was revoked, or is another member's; the member is not approved.
    """
    row = _invited(tx, offer.invitation, at)  # 1
    _approved(row)
    key = _enrolled(tx, offer.enrolment, row, at)  # 2
    if not invitations.use(tx, offer.invitation, at):  # 3
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
    return _welcome(hub, row, offer.enrolment, key) | {"token": token, "token_id": identity}


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

    1 the group exists for this account; 2 sequencer and registry are held, and both read anew: the account is still
    there; 3 signature by an active key of the party; 4 the counter rises; 5 the version may be accepted: starts are
    set; or was accepted: it is withdrawn, and the starts are kept for a return; 6 the baseline is signed.

    Args:
        hub: whose receipt key signs.
        tx: a writing transaction.
        registry: as `tx` sees it.
        account: the caller.
        group_id: UUID or alias of the agreement.
        jws: the `accept+jws`.
        at: microseconds since the epoch.

    Raises:
        Absent: no such agreement for this account, or the account ended meanwhile.
        Forbidden: an account that redistributes only polls.
        KeysError: the statement cannot be read, or does not prove what it says.
        Replayed: its counter was used; `details["n"]` is the last one.
        Refusal: `NotInForce` or `NotAParty`.
    """
    group = group_of(registry, account, group_id, at)  # 1
    for_oneself(account)
    place = agreements.lock_group(tx, group.id)  # 2
    hold(tx)
    registry = hub.registries.of(tx)
    if place is None or account.token not in registry.tokens:
        raise Absent("no such agreement")
    group = group_of(registry, registry.tokens[account.token], group.id, at)
    said = verify_acceptance(jws, registry.ring, member=account.member, group=group.id, at=at)  # 3
    last = acceptances.last(tx, group.id, account.member)  # 4
    if last is not None and said.n <= last.n:
        raise Replayed(f"the counter n must be above {last.n}, the last one used here", {"n": last.n})
    starts = (
        _accepted(tx, registry, group, said, place, at) if said.action is Action.ACCEPT else _left(tx, group, said, at)
    )  # 5
    word = Said(said.n, str(said.action), said.agreement, at)
    acceptances.add(tx, group_id=group.id, member=account.member, said=word, jws=jws)
    Actor(account.member, account.token).record(tx, str(said.action), group.id, at=at, digest=said.agreement, n=said.n)
    bump(tx)
    return sign_baseline(_baseline(tx, registry, group, said, starts, place, at), hub.receipts)  # 6


def _accepted(
    tx: Tx, registry: Registry, group: Group, said: Acceptance, place: tuple[int, int], at: int
) -> Mapping[Label, int]:
    """The starts after an acceptance, written."""
    grp, last_position = place
    agreement = may_accept(group, said.iss, said.agreement, at)
    published = [registry.member_numbers[no].id for no in streams.published(tx, grp)]
    starts = starts_on_acceptance(group, agreement, said.iss, published, last_position, at)
    acceptances.set_starts(tx, group.id, said.iss, {int(label): position for label, position in starts.items()})
    return _promised(group, agreement, said.iss, starts, at)


def _promised(
    group: Group, agreement: Agreement, member: str, starts: Mapping[Label, int], at: int
) -> Mapping[Label, int]:
    """The starts as they will count on the version's first day, by what is approved now."""
    accepted = {agreement.digest: at, **group.acceptances.get(member, {})}
    after = replace(
        group,
        acceptances={**group.acceptances, member: accepted},
        starts={**group.starts, member: starts},
    )
    begin = next(came_into_force(version) or at for version in group.versions if version.agreement is agreement)
    return open_from(after, member, max(at, begin))


def _left(tx: Tx, group: Group, said: Acceptance, at: int) -> Mapping[Label, int]:
    """Nothing is readable from now on; the starts are kept as they count now, since what was accepted is forgotten.

    Raises `NotAParty` for a text the party never accepted and is not shown.
    """
    shown = {agreement.digest for agreement in shown_to(group, said.iss, at)}
    if said.agreement not in shown | set(group.acceptances.get(said.iss, {})):
        raise NotAParty("there is no version with this digest that this member could withdraw from")
    kept = open_from(group, said.iss, at)
    acceptances.set_starts(tx, group.id, said.iss, {int(label): position for label, position in kept.items()})
    return {}


def _baseline(
    tx: Tx,
    registry: Registry,
    group: Group,
    said: Acceptance,
    starts: Mapping[Label, int],
    place: tuple[int, int],
    at: int,
) -> Baseline:
    """What the hub owes this member from now on: heads of the streams that are open to it, as they stand now.

    What opens later only has no heads yet. The digests are those of the texts that have governed, by which older
    manifests are signed, and of those that the member is shown.
    """
    grp, last_position = place
    opened = {label for label, start in starts.items() if start <= max(at, last_position + 1)}
    heads = {
        (registry.member_numbers[publisher].id, Label(rank).text): head
        for publisher, rank, head in streams.all_heads(tx, grp, max(opened, default=-1))
        if Label(rank) in opened
    }
    known = {version.agreement.digest for version, _ in reign(group, at)} | {said.agreement}
    known |= {agreement.digest for agreement in shown_to(group, said.iss, at)}
    texts = sorted((version.agreement for version in group.versions), key=lambda each: each.version)
    return Baseline(
        group=group.id,
        member=said.iss,
        agreement=said.agreement,
        starts={label.text: position for label, position in sorted(starts.items())},
        heads=heads,
        agreements=tuple(each.digest for each in texts if each.digest in known),
        iat=at - at % MILLISECOND,
    )
