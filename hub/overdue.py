"""What waits for an operator? Documents and keys to confirm, what is about to end, silent members."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from feeds.timestamps import format_taxii
from keys.ring import KeyState
from policies.group import Group, in_force, standing
from policies.life import State
from policies.reasons import Refusal

from .findings import Finding, info, warning
from .store import agreements, certificates, deliveries, keyring, members, operators
from .store.engine import Tx
from .store.members import MemberRow
from .store.registry import Registry
from .titles import namesake

DAY = 86_400 * 1_000_000
SOON_DAYS = 30
SILENT_DAYS = 7


def overdue(tx: Tx, registry: Registry, needed: int, at: int) -> Iterator[Finding]:
    """What people have to do.

    Args:
        tx: a reading transaction.
        registry: as it is in it.
        needed: operators who must approve a document.
        at: now, microseconds since the epoch.
    """
    number = operators.count(tx)
    if number < needed:
        yield warning(
            f"{needed} operators must approve a document, and there are {number}",
            "cirt-hub operator add NAME, or HUB_APPROVALS=1 for a hub of one operator",
        )
    rows = members.every(tx)
    yield from _proposed(tx, rows)
    for row in rows:
        if row.state == State.APPROVED:
            yield from _keys(tx, row)
            yield from _certificates(tx, row, at)
    for group in registry.groups.values():
        yield from _agreement(group, at)
        yield from _title(registry, group, at)
        yield from _silent(tx, registry, group, at)


def _proposed(tx: Tx, rows: Sequence[MemberRow]) -> Iterator[Finding]:
    for row in rows:
        if row.state == State.PROPOSED or row.next_digest is not None:
            what = "the member" if row.state == State.PROPOSED else "a changed text of the member"
            yield info(f"{what} {row.alias} waits for approval", f"cirt-hub approve member {row.alias} --by OPERATOR")
    for version in agreements.every(tx):
        if version.state == State.PROPOSED:
            name = f"{version.group_id} (version {version.version})"
            mend = f"cirt-hub approve agreement {version.group_id} --by OPERATOR"
            yield info(f"the agreement {name} waits for approval", mend)


def _keys(tx: Tx, row: MemberRow) -> Iterator[Finding]:
    held = keyring.of_member(tx, row.id)
    pending = [key for key in held if key.state == KeyState.PENDING and key.revoked_at is None]
    if pending:
        yield warning(
            f"a key of {row.alias} waits to be confirmed, and signs nothing until then",
            f"cirt-hub key list {row.alias}; then cirt-hub key confirm {row.alias} --fingerprint FP --by OPERATOR",
        )
    elif not any(key.state == KeyState.CONFIRMED for key in held):
        yield warning(
            f"the member {row.alias} has no confirmed key, and cannot publish", f"cirt-hub invite {row.alias}"
        )


def _certificates(tx: Tx, row: MemberRow, at: int) -> Iterator[Finding]:
    """Client certificates that open nothing any more, or soon; a revoked one is not asked after."""
    for each in certificates.listed(tx, row.id):
        if each.revoked_at is not None or each.valid_until >= at + SOON_DAYS * DAY:
            continue
        name = f"{each.id} ({each.label})" if each.label else each.id
        until = format_taxii(each.valid_until)
        mend = f"ask {row.alias} for a new one: cirt-hub cert add {row.alias} FILE; then cirt-hub cert revoke {each.id}"
        if each.valid_until < at:
            yield warning(f"the client certificate {name} of {row.alias} expired on {until}, and opens nothing", mend)
        else:
            yield warning(f"the client certificate {name} of {row.alias} is good until {until} only", mend)


def _agreement(group: Group, at: int) -> Iterator[Finding]:
    """The version in force: how long, and when it is to be reviewed."""
    with suppress(Refusal):
        agreement = in_force(group, at)
        validity = agreement.validity
        if validity.until < at + SOON_DAYS * DAY:
            yield warning(
                f"the agreement {group.alias} ends on {format_taxii(validity.until)}: nothing is released after that",
                f"cirt-hub import FILE with version {agreement.version + 1}, or cirt-hub agreement end {group.alias}",
            )
        elif validity.review_by < at + SOON_DAYS * DAY:
            yield info(
                f"the agreement {group.alias} is to be reviewed by {format_taxii(validity.review_by)}",
                f"cirt-hub agreement show {group.alias}; then cirt-hub import FILE with the next version",
            )


def _title(registry: Registry, group: Group, at: int) -> Iterator[Finding]:
    """A title that two agreements have had since before that was refused."""
    with suppress(Refusal):
        agreement = in_force(group, at)
        other = namesake(registry.groups.values(), group.id, agreement.title, at)
        if other is not None:
            yield warning(
                f"the agreements {group.alias} and {other.alias} share the title {other.title!r}: a client that chooses"
                " by it polls either",
                f"cirt-hub import FILE with version {agreement.version + 1} and another title",
            )


def _silent(tx: Tx, registry: Registry, group: Group, at: int) -> Iterator[Finding]:
    """Parties that may read and do not, or have not accepted what is in force."""
    try:
        agreement = in_force(group, at)
    except Refusal:
        return
    number = registry.collections[group.id].no if group.id in registry.collections else None
    for party in agreement.parties:
        member = registry.members.get(party.member)
        if member is None or member.state != State.APPROVED:
            continue
        try:
            standing(group, party.member, at)
        except Refusal:
            yield info(
                f"{member.alias} has not accepted the agreement {group.alias}", f"ask it: cirt accept {group.alias}"
            )
            continue
        polled = {grp: last for grp, last, _ in deliveries.of_member(tx, party.member)}.get(number)
        if party.role.receives and (polled is None or polled < at - SILENT_DAYS * DAY):
            since = f"since {format_taxii(polled)}" if polled else "so far"
            mend = f"call its contact (cirt-hub member show {member.alias}); cirt-hub token list {member.alias}"
            yield warning(f"{member.alias} has not polled {group.alias} {since}", mend)
