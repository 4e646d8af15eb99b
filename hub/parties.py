"""Which agreements may a member know of, and how do they stand? What it is no party of does not exist for it."""

from policies.agreement import Agreement
from policies.group import Group, reign, shown_to
from policies.life import State

from .access import Absent
from .store.registry import Account, Registry


def group_of(registry: Registry, account: Account, name: str, at: int) -> Group:
    """The group of this id or alias, as far as the account's member may know of it.

    That is where it is a party of a version shown now, or has accepted one once and not withdrawn. Raises `Absent`.
    """
    collection = registry.collections.get(name)
    group = registry.groups.get(name) if collection is None else collection.group
    if group is None or account.pending:
        raise Absent("no such agreement")
    if not shown_to(group, account.member, at) and not group.acceptances.get(account.member):
        raise Absent("no such agreement")
    return group


def state_of(group: Group, agreement: Agreement, at: int) -> str:
    """Where a version stands now: its review's state, or "in-force", "upcoming", "replaced", "expired" if approved."""
    state = next(version.state for version in group.versions if version.agreement.digest == agreement.digest)
    if state is not State.APPROVED:
        return str(state)
    governed = [version.agreement.digest for version, _ in reign(group, at)]
    if agreement.digest not in governed:
        return "upcoming"
    if agreement.digest != governed[-1]:
        return "replaced"
    return "expired" if at > agreement.validity.until else "in-force"
