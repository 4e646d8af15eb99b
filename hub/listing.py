"""What do operators see of members and agreements? Everything but secrets, as rows that any front can print."""

from keys.instants import format_ms
from keys.member import read_member
from policies.agreement import Agreement, read_agreement
from policies.entitlement import open_from
from policies.group import Group

from . import named
from .credentials import keys_of, tokens_of
from .parties import state_of
from .proposals import agreement_versions
from .store import agreements, approvals, members
from .store.agreements import VersionRow
from .store.engine import Tx
from .store.members import MemberRow
from .store.registry import Registry


def members_listed(tx: Tx) -> list[dict[str, object]]:
    """Every member in a row; `changes`: a changed text waits for approval."""
    return [_member(row) for row in members.every(tx)]


def _member(row: MemberRow) -> dict[str, object]:
    return {
        "id": row.id,
        "alias": row.alias,
        "name": row.name,
        "state": row.state,
        "digest": row.digest,
        "changes": row.next_digest is not None,
    }


def member_shown(tx: Tx, name: str) -> dict[str, object]:
    """A member (id or alias) with its document, the approvals of it, keys and tokens. Raises `Unknown`."""
    row = named.member(tx, name)
    document = read_member(row.document)
    return {
        **_member(row),
        "contact": document.contact,
        "languages": list(document.languages),
        "region": document.region,
        "constituency": document.constituency,
        "approved_by": list(approvals.of(tx, row.digest)),
        "next_digest": row.next_digest,
        "next_approved_by": list(approvals.of(tx, row.next_digest)) if row.next_digest else [],
        "created": format_ms(row.created_at),
        "keys": keys_of(tx, row.id),
        "tokens": tokens_of(tx, row.id),
        "text": row.document.decode(),
        "next_text": row.next_document.decode() if row.next_document else "",
    }


def agreements_listed(tx: Tx, registry: Registry, at: int) -> list[dict[str, object]]:
    """Every version of every agreement in a row; `state` is its review's, `now` what the clock makes of it."""
    return [_version(registry.groups[row.group_id], row, at) for row in agreements.every(tx)]


def _version(group: Group, row: VersionRow, at: int) -> dict[str, object]:
    agreement = read_agreement(row.document)
    return {
        "id": row.group_id,
        "alias": agreement.alias,
        "version": row.version,
        "state": row.state,
        "now": state_of(group, agreement, at),
        "from": format_ms(agreement.validity.from_),
        "until": format_ms(agreement.validity.until),
        "digest": row.digest,
        "title": agreement.title,
    }


def agreement_shown(tx: Tx, registry: Registry, name: str, at: int) -> dict[str, object]:
    """An agreement (id or alias) with its versions, their approvals, its newest version's parties, and every text.

    Raises `Unknown`.
    """
    rows = agreement_versions(tx, name)
    group = registry.groups[rows[0].group_id]
    newest = read_agreement(rows[-1].document)
    return {
        "id": group.id,
        "proofs": group.proofs,
        "alias": group.alias,
        "title": newest.title,
        "purpose": newest.purpose,
        "versions": [
            {
                **{
                    key: value for key, value in _version(group, row, at).items() if key not in {"id", "alias", "title"}
                },
                "approved_by": list(approvals.of(tx, row.digest)),
            }
            for row in rows
        ],
        "parties": _parties(registry, group, newest, at),
        "texts": [{"version": row.version, "digest": row.digest, "text": row.document.decode()} for row in rows],
    }


def _parties(registry: Registry, group: Group, agreement: Agreement, at: int) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    for party in agreement.parties:
        member = registry.members.get(party.member)
        accepted = group.acceptances.get(party.member, {}).get(agreement.digest)
        starts = open_from(group, party.member, at)
        told.append(
            {
                "member": party.member,
                "alias": None if member is None else member.alias,
                "role": str(party.role),
                "clearance": party.clearance.text,
                "redistributes": party.redistributes,
                "accepted": None if accepted is None else format_ms(accepted),
                "starts": {label.text: position for label, position in sorted(starts.items())},
            }
        )
    return told
