"""Agreements for tests: a document builder that everybody uses, and groups in which everything is accepted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from policies.agreement import Agreement, read_agreement
from policies.group import Group, Version
from policies.labels import Label
from policies.life import State
from support.clock import DAY

GROUP = "11111111-1111-4111-8111-111111111111"
PROOFS = "22222222-2222-4222-8222-222222222222"
A = "identity--aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
B = "identity--bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
C = "identity--cccccccc-cccc-4ccc-8ccc-cccccccccccc"
D = "identity--dddddddd-dddd-4ddd-8ddd-dddddddddddd"

FROM = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = datetime(2028, 12, 31, 23, 59, 59, tzinfo=UTC)


def micros(instant: datetime) -> int:
    """Microseconds since the epoch."""
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond


AT = micros(FROM) + 30 * DAY
"""An instant at which the builder's agreement is in force."""


def agreement_toml(**overrides: Any) -> bytes:
    """An agreement document.

    Keywords replace top-level keys; None leaves a key out. ``terms`` and ``validity`` are mappings laid over the
    defaults. ``parties`` is a sequence of mappings laid over a party of role *both*, clearance *amber*; ``carriers``
    a sequence of mappings. Without ``parties``: `A` and `B`.
    """
    parties: Sequence[Mapping[str, Any]] = overrides.pop("parties", ({"member": A}, {"member": B}))
    carriers: Sequence[Mapping[str, Any]] = overrides.pop("carriers", ())
    terms = {**_TERMS, **overrides.pop("terms", {})}
    validity = {**_VALIDITY, **overrides.pop("validity", {})}
    lines = _table({**_TOP, **overrides})
    lines += ["", "[terms]", *_table(terms), "", "[validity]", *_table(validity)]
    for party in parties:
        lines += ["", "[[party]]", *_table({**_PARTY, **party})]
    for carrier in carriers:
        lines += ["", "[[carrier]]", *_table(carrier)]
    return ("\n".join(lines) + "\n").encode()


def agreement(**overrides: Any) -> Agreement:
    """The agreement that `agreement_toml` writes, read."""
    return read_agreement(agreement_toml(**overrides))


def group_of(*versions: Agreement, starts: Mapping[str, Mapping[Label, int]] | None = None) -> Group:
    """A group of approved versions that every party of each has accepted.

    Every receiving party starts at 0 for each label of its clearance, unless ``starts`` says otherwise.
    """
    newest = versions[-1]
    accepted: dict[str, dict[str, int]] = {}
    for version in versions:
        for party in version.parties:
            accepted.setdefault(party.member, {})[version.digest] = version.validity.from_
    zero = {
        party.member: {label: 0 for label in Label if label <= party.clearance}
        for version in versions
        for party in version.parties
        if party.role.receives
    }
    return Group(
        id=newest.id,
        proofs=newest.proofs,
        alias=newest.alias,
        versions=tuple(Version(version, State.APPROVED, version.validity.from_) for version in versions),
        acceptances=accepted,
        starts=zero if starts is None else starts,
    )


_TOP: Mapping[str, Any] = {
    "kind": "agreement",
    "id": GROUP,
    "proofs": PROOFS,
    "alias": "example-rapid",
    "version": 1,
    "title": "Rapid response, example region",
    "purpose": "To warn each other early.",
    "form": "multilateral",
    "operator": "Example Hub Operations",
    "binding": False,
    "languages": ["en", "fr", "ar"],
}
_TERMS: Mapping[str, Any] = {
    "ceiling": "amber+strict",
    "unmarked": "allow",
    "object_types": ["any"],
    "subjects": ["threat", "vulnerability", "incident", "spam"],
    "personal_data": "refuse",
    "permitted_actions": "externally-visible-indirect-actions",
    "onward": "none",
    "attribution": "must",
    "affected_party_notifications": "may",
    "history": "all",
    "retention_days": 730,
    "acknowledge_hours": 24,
}
_VALIDITY: Mapping[str, Any] = {
    "from": FROM,
    "until": UNTIL,
    "review_by": datetime(2027, 12, 1, tzinfo=UTC),
    "notice_days": 60,
}
_PARTY: Mapping[str, Any] = {
    "role": "both",
    "clearance": "amber",
    "redistributes": False,
    "contact": "duty officer, +000 000 000",
}


def _table(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items() if value is not None]


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + "".join(_escaped(character) for character in value) + '"'
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case list() | tuple():
            return "[" + ", ".join(_value(entry) for entry in value) + "]"
        case _:
            return str(value)


def _escaped(character: str) -> str:
    if character in '"\\' or ord(character) < 0x20 or ord(character) == 0x7F:
        return f"\\u{ord(character):04x}"
    return character
