"""What did the publisher sign? The payload of a manifest's JWS: small and of constant size, so that a card can sign it.

Its place in the stream, whom it is for, under which label and agreement, and the digest of the list of entries.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import cast

from keys.errors import Malformed, RedLabel
from keys.instants import parse_ms
from keys.shapes import DIGEST, IDENTITY, LABELS, UUID, matching, whole
from keys.strict_json import Json, canonical, parse_canonical

VERSION = 1

PUBLISH = "publish"
"""The one operation known here."""

_ID = re.compile("publication-manifest--[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_AT = "$.jws.payload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a publisher says of a publication by signing it, each field of its shape.

    Attributes:
        id: the manifest's STIX id.
        iss: STIX identity id of the publisher.
        group: UUID of the sharing group (agreement).
        tlp: one of `LABELS`.
        seq: place in the stream (publisher, group, label), from 1.
        prev: digest of the payload before it; None at 1.
        iat: the publisher's clock, RFC 3339 with milliseconds; a claim.
        agreement: digest of the agreement version consented to.
        op: `publish`; a reader may meet others, which it chains and otherwise ignores.
    """

    id: str
    iss: str
    group: str
    tlp: str
    seq: int
    prev: str | None
    iat: str
    agreement: str
    op: str = PUBLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload(Claims):
    """The signed fields.

    Attributes:
        count: number of entries.
        entries: digest of the list of entries.
    """

    count: int
    entries: str


_NAMES = frozenset(Payload.__dataclass_fields__) | {"v"}


def write_payload(payload: Payload) -> bytes:
    """The RFC 8785 bytes to sign; raises Malformed or RedLabel for a payload that nobody would accept."""
    raw = canonical(cast("Json", {"v": VERSION, **asdict(payload)}))
    read_payload(raw)
    return raw


def read_payload(raw: bytes, *, any_op: bool = False) -> Payload:
    """The fields behind a decoded payload.

    Args:
        raw: the bytes under the signature, which must be canonical.
        any_op: take operations not known here as well, whatever further fields they bring.

    Raises:
        Malformed: a field is missing, unknown or of another shape; the path begins with `$.jws.payload`.
        RedLabel: the label is `red`.
    """
    try:
        fields = parse_canonical(raw)
    except Malformed as error:
        error.path = _AT + error.path.removeprefix("$") if error.path.startswith("$") else f"{_AT} {error.path}".strip()
        raise
    if not isinstance(fields, dict):
        raise Malformed("the signed payload is a JSON object", path=_AT)
    if whole(fields.get("v"), f"{_AT}.v") != VERSION:
        raise Malformed(f"only version {VERSION} of manifests is known here; update this software", path=f"{_AT}.v")
    op = fields.get("op")
    if not isinstance(op, str) or (op != PUBLISH and not any_op):
        raise Malformed(f"the only operation known here is `{PUBLISH}`; update this software", path=f"{_AT}.op")
    missing, more = _NAMES - fields.keys(), fields.keys() - _NAMES
    if missing or (more and op == PUBLISH):
        names = ", ".join(sorted(missing or more))
        raise Malformed(f"the signed payload {'lacks' if missing else 'may not have'}: {names}", path=_AT)
    return _shaped(fields, op)


def _shaped(fields: Mapping[str, Json], op: str) -> Payload:
    seq = whole(fields["seq"], f"{_AT}.seq", least=1)
    if seq == 1 and fields["prev"] is not None:
        raise Malformed("the first manifest of a stream follows nothing: `prev` is null", path=f"{_AT}.prev")
    parse_ms(fields["iat"], path=f"{_AT}.iat")
    return Payload(
        id=matching(fields["id"], _ID, f"{_AT}.id"),
        iss=matching(fields["iss"], IDENTITY, f"{_AT}.iss"),
        group=matching(fields["group"], UUID, f"{_AT}.group"),
        tlp=_label(fields["tlp"]),
        seq=seq,
        prev=None if seq == 1 else matching(fields["prev"], DIGEST, f"{_AT}.prev"),
        iat=str(fields["iat"]),
        agreement=matching(fields["agreement"], DIGEST, f"{_AT}.agreement"),
        count=whole(fields["count"], f"{_AT}.count"),
        entries=matching(fields["entries"], DIGEST, f"{_AT}.entries"),
        op=op,
    )


def _label(text: Json) -> str:
    if text == "red":
        raise RedLabel(
            "TLP:RED is for named individuals and is never relayed; hand it over in person", path=f"{_AT}.tlp"
        )
    if text not in LABELS:
        raise Malformed(f"the label is one of: {', '.join(LABELS)}", path=f"{_AT}.tlp")
    return str(text)
