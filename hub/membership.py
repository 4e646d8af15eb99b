"""What does a member know of itself here? Its keys, its agreements, where it reads from, how far it is behind."""

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from keys.instants import format_ms
from keys.ring import KeyState
from policies.agreement import Agreement
from policies.entitlement import entitlement, open_from
from policies.group import Group, in_force, shown_to
from policies.reasons import Refusal

from .access import Absent, find
from .credentials import key_view
from .parties import group_of, state_of
from .store import acceptances, backlog, deliveries, keyring
from .store.engine import Tx
from .store.registry import Account, Registry


def me(tx: Tx, registry: Registry, account: Account, at: int) -> dict[str, Any]:
    """The account, its member's keys and agreements; an account whose key is not confirmed is told of its key only."""
    member = registry.members[account.member]
    polled = {grp: (when, position) for grp, when, position in deliveries.of_member(tx, account.member)}
    agreements = [
        {**each, **_behind(tx, registry, account, each["group"], polled, at)}
        for each in agreements_of(tx, registry, account, at)
    ]
    return {
        "member": {"id": member.id, "alias": member.alias, "name": member.name, "state": member.state},
        "account": {"token_id": account.token, "redistributes": account.redistributes, "pending": account.pending},
        "keys": [key_view(key) for key in keyring.of_member(tx, account.member)],
        "agreements": agreements,
    }


def _behind(
    tx: Tx, registry: Registry, account: Account, group_id: str, polled: Mapping[int, tuple[int, int]], at: int
) -> dict[str, Any]:
    """When it last polled, and how many latest versions it may see since (counted up to `backlog.MOST`)."""
    try:
        seen = find(registry, account, group_id, at)
    except Absent:
        return {"last_poll": None, "behind": None}
    when, position = polled.get(seen.collection.no, (None, 0))
    behind = backlog.behind(tx, seen.view, position) if seen.can_read else None
    return {"last_poll": None if when is None else format_ms(when), "behind": behind}


def agreements_of(tx: Tx, registry: Registry, account: Account, at: int) -> list[dict[str, Any]]:
    """The agreements this member may know of, by alias: those that concern nobody else's eyes do not exist for it."""
    known = []
    for identity in registry.groups:
        try:
            known.append(_summary(tx, group_of(registry, account, identity, at), account, at))
        except Absent:
            continue
    return sorted(known, key=lambda each: each["alias"])


def agreement_of(tx: Tx, registry: Registry, account: Account, name: str, at: int) -> dict[str, Any]:
    """One agreement (id or alias) with its terms and parties, and the hub's epoch. Raises `Absent`."""
    group = group_of(registry, account, name, at)
    summary = _summary(tx, group, account, at)
    shown = shown_to(group, account.member, at)
    versions = zip(summary["versions"], shown, strict=True)
    told = [{**version, **_terms(registry, group, text)} for version, text in versions]
    return {**summary, "epoch": _epoch(registry), "versions": told}


def _epoch(registry: Registry) -> str:
    """A name for the life of the hub's database, which a restore or a promotion ends; says nothing else of it."""
    return sha256(f"epoch shown to members: {registry.epoch}".encode()).hexdigest()[:16]


def agreement_document(registry: Registry, account: Account, name: str, at: int, digest: str | None = None) -> bytes:
    """The exact bytes of the version with this digest, else of the newest one shown. Raises `Absent`."""
    shown = shown_to(group_of(registry, account, name, at), account.member, at)
    found = [agreement for agreement in shown if digest is None or agreement.digest == digest]
    if not found:
        raise Absent("no such agreement")
    return found[0].raw


def keys_of_group(registry: Registry, account: Account, name: str, at: int) -> list[dict[str, Any]]:
    """The public keys of the parties of the versions shown, confirmed or revoked ones only. Raises `Absent`."""
    shown = shown_to(group_of(registry, account, name, at), account.member, at)
    parties = sorted({party.member for agreement in shown for party in agreement.parties})
    return [
        {
            "member": key.member,
            "kid": key.kid,
            "fingerprint": key.key.fingerprint,
            "jwk": dict(key.key.jwk),
            "state": str(key.state),
            "valid_from": format_ms(key.valid_from),
            "valid_until": None if key.valid_until is None else format_ms(key.valid_until),
            "revoked_at": None if key.revoked_at is None else format_ms(key.revoked_at),
        }
        for member in parties
        for key in registry.ring.of_member(member)
        if key.state is not KeyState.PENDING
    ]


def _summary(tx: Tx, group: Group, account: Account, at: int) -> dict[str, Any]:
    member = account.member
    last = acceptances.last(tx, group.id, member)
    try:
        governing = in_force(group, at).digest
    except Refusal:
        governing = None
    starts = dict(open_from(group, member, at))
    if account.redistributes:
        granted = entitlement(group, account, at)
        starts = dict(granted.starts) if granted else {}
    said = None
    if last is not None:
        said = {"n": last.n, "action": last.action, "agreement": last.digest, "at": format_ms(last.at)}
    return {
        "group": group.id,
        "proofs": group.proofs,
        "alias": group.alias,
        "agreement": governing,
        "acceptance": said,
        "starts": {label.text: position for label, position in sorted(starts.items())},
        "versions": [_version(group, shown, member, at) for shown in shown_to(group, member, at)],
    }


def _version(group: Group, agreement: Agreement, member: str, at: int) -> dict[str, Any]:
    party = agreement.party(member)
    accepted = group.acceptances.get(member, {}).get(agreement.digest)
    return {
        "version": agreement.version,
        "digest": agreement.digest,
        "title": agreement.title,
        "state": state_of(group, agreement, at),
        "from": format_ms(agreement.validity.from_),
        "until": format_ms(agreement.validity.until),
        "role": None if party is None else str(party.role),
        "clearance": None if party is None else party.clearance.text,
        "accepted": accepted is not None,
        "accepted_at": None if accepted is None else format_ms(accepted),
    }


def _terms(registry: Registry, group: Group, agreement: Agreement) -> dict[str, Any]:
    """What a party reads before it signs; the document itself is what it signs."""
    terms = {**asdict(agreement.terms), "ceiling": agreement.terms.ceiling.text}
    parties = [
        {
            "member": party.member,
            "name": registry.members[party.member].name if party.member in registry.members else None,
            "role": str(party.role),
            "clearance": party.clearance.text,
            "redistributes": party.redistributes,
            "contact": party.contact,
            "accepted": agreement.digest in group.acceptances.get(party.member, {}),
        }
        for party in agreement.parties
    ]
    return {"purpose": agreement.purpose, "operator": agreement.operator, "terms": terms, "parties": parties}
