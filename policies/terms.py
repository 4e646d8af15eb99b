"""On which terms? The words and values that an agreement is made of."""

from dataclasses import dataclass
from enum import StrEnum

from policies.labels import Label


class Form(StrEnum):
    """The kind of arrangement."""

    BILATERAL = "bilateral"
    MULTILATERAL = "multilateral"
    REGIONAL = "regional"
    DRILL = "drill"


class Role(StrEnum):
    """What a party does in the group; an observer sees the agreement, not the objects."""

    PUBLISHER = "publisher"
    RECEIVER = "receiver"
    BOTH = "both"
    OBSERVER = "observer"

    @property
    def publishes(self) -> bool:
        """Whether it may publish."""
        return self in (Role.PUBLISHER, Role.BOTH)

    @property
    def receives(self) -> bool:
        """Whether it may receive."""
        return self in (Role.RECEIVER, Role.BOTH)


class Choice(StrEnum):
    """Whether what is in question (unmarked objects, personal data) is taken in."""

    REFUSE = "refuse"
    ALLOW = "allow"


class Onward(StrEnum):
    """How far a party may pass things on."""

    NONE = "none"
    COMMUNITY = "community"
    CLIENTS = "clients"


class History(StrEnum):
    """What a party that joins later may see."""

    ALL = "all"
    FROM_JOINING = "from-joining"


class PermittedActions(StrEnum):
    """What receivers may do with what they received (FIRST IEP 2.0, PERMITTED ACTIONS)."""

    NONE = "none"
    CONTACT = "contact-for-instruction"
    INTERNAL = "internally-visible-actions"
    INDIRECT = "externally-visible-indirect-actions"
    DIRECT = "externally-visible-direct-actions"


class Duty(StrEnum):
    """May, must or must not (FIRST IEP 2.0, ATTRIBUTION and AFFECTED PARTY NOTIFICATIONS)."""

    MAY = "may"
    MUST = "must"
    MUST_NOT = "must-not"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms that bind every party; ``object_types`` is ("any",) where every type is in scope."""

    ceiling: Label
    unmarked: Choice
    object_types: tuple[str, ...]
    subjects: tuple[str, ...]
    personal_data: Choice
    permitted_actions: PermittedActions
    onward: Onward
    attribution: Duty
    affected_party_notifications: Duty
    history: History
    retention_days: int
    acknowledge_hours: int


@dataclass(frozen=True, slots=True)
class Validity:
    """When the version holds, in microseconds since the epoch; ``from_`` and ``until`` are both inside."""

    from_: int
    until: int
    review_by: int
    notice_days: int
