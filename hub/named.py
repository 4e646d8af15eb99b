"""Who is meant by this name? A member by id or alias, an operator by name; else a sentence that says where to look."""

from policies.life import State

from .acts import Refused, Unknown
from .store import members, operators
from .store.engine import Tx
from .store.members import MemberRow


def member(tx: Tx, name: str) -> MemberRow:
    """The member with this id or alias, whatever its state. Raises `Unknown`."""
    row = members.find(tx, name)
    if row is None:
        raise no_member(name)
    return row


def approved(tx: Tx, name: str) -> MemberRow:
    """The member with this id or alias, if it may be given something. Raises `Unknown`, `Refused`."""
    row = member(tx, name)
    if row.state != State.APPROVED:
        remedy = "resume it first" if row.state == State.SUSPENDED else "it must be approved first"
        raise Refused(f"the member {row.alias} is {row.state}; {remedy}")
    return row


def no_member(name: str) -> Unknown:
    """What to raise where nobody has this id or alias."""
    return Unknown(f"there is no member {name!r}; `cirt-hub member list` shows them")


def check_operator(tx: Tx, name: str) -> None:
    """See that there is an operator of this name. Raises `Unknown`."""
    if not operators.exists(tx, name):
        raise Unknown(f"there is no operator {name!r}; make one with `cirt-hub operator add {name}`")
