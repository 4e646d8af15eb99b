"""What lies in the file? A member's or an agreement's document; faults name file, line and key."""

import tomllib
from typing import TypeAlias

from keys.errors import BadDocument as BadMember
from keys.member import MemberDocument, read_member
from policies.agreement import Agreement, read_agreement
from policies.document import check_limits
from policies.reasons import BadDocument as BadAgreement

from .acts import BadText

KINDS = ("member", "agreement")

Document: TypeAlias = MemberDocument | Agreement


def read_document(name: str, raw: bytes) -> Document:
    """The document in the bytes of the file `name`. Raises `BadText`, whose sentence begins with the file's name."""
    try:
        return read_agreement(raw) if _kind(raw) == "agreement" else read_member(raw)
    except (BadMember, BadAgreement) as fault:
        raise BadText(f"{name}: {fault}") from fault


def _kind(raw: bytes) -> str:
    """The document's kind, "agreement" or "member"; texts that are no TOML count as members, whose reader says so.

    Raises `BadAgreement` for a text beyond the limits, and for another kind.
    """
    check_limits(raw)
    try:
        kind = tomllib.loads(raw.decode("utf-8")).get("kind")
    except (ValueError, RecursionError):
        return "member"
    if isinstance(kind, str) and kind not in KINDS:
        line = next((n for n, text in enumerate(raw.splitlines(), 1) if text.lstrip().startswith(b"kind")), 1)
        raise BadAgreement(f"{kind!r} cannot be imported; write one of {', '.join(KINDS)}", key="kind", line=line)
    return kind if isinstance(kind, str) else "member"
