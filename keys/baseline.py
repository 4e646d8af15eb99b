"""Baseline: from where on does the hub owe this member every manifest?

Handed out when an agreement is accepted. The reader keeps it and judges gaps from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keys.errors import Malformed
from keys.head import Head
from keys.instants import format_ms
from keys.jwk import PublicKey
from keys.jws import Compact, verify_compact
from keys.shapes import DIGEST, IDENTITY, LABEL, UUID, mapping, matching, whole
from keys.signer import Signer
from keys.statement import read_statement, sign_statement

TYP = "baseline+jws"
_FIELDS = frozenset({"group", "member", "agreement", "starts", "heads", "agreements", "iat"})
_HEAD_FIELDS = frozenset({"seq", "digest"})


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the hub promised one member. A claim until `verify_baseline`.

    Attributes:
        group: the agreement's UUID.
        member: STIX identity id of the party it is for.
        agreement: digest of the version accepted.
        starts: label text -> position from which the member receives it, microseconds since the epoch.
        heads: (publisher's identity id, label text) -> head of that stream at that moment; absent: not begun.
        agreements: digests of all versions so far, oldest first, `agreement` among them.
        iat: the hub's clock, microseconds since the epoch, whole milliseconds.
    """

    group: str
    member: str
    agreement: str
    starts: Mapping[str, int]
    heads: Mapping[tuple[str, str], Head]
    agreements: tuple[str, ...]
    iat: int


def sign_baseline(baseline: Baseline, signer: Signer) -> str:
    """The baseline as a compact JWS by the hub's receipt key; `heads` as publisher -> label -> {seq, digest}."""
    heads: dict[str, dict[str, object]] = {}
    for (publisher, label), head in baseline.heads.items():
        heads.setdefault(publisher, {})[label] = {"seq": head.seq, "digest": head.digest}
    fields = {
        "group": baseline.group,
        "member": baseline.member,
        "agreement": baseline.agreement,
        "starts": dict(baseline.starts),
        "heads": heads,
        "agreements": list(baseline.agreements),
        "iat": format_ms(baseline.iat),
    }
    return sign_statement(fields, TYP, signer)


def read_baseline(raw: str) -> tuple[Baseline, Compact]:
    """A baseline and its JWS, the shape checked, the signature not; raises Malformed."""
    compact, fields = read_statement(raw, TYP, _FIELDS)
    baseline = Baseline(
        group=fields.text("group", UUID),
        member=fields.text("member", IDENTITY),
        agreement=fields.text("agreement", DIGEST),
        starts=_starts(fields.raw("starts")),
        heads=_heads(fields.raw("heads")),
        agreements=_agreements(fields.raw("agreements")),
        iat=fields.instant("iat"),
    )
    if baseline.agreement not in baseline.agreements:
        raise Malformed("the accepted version is not among the versions so far", path="$.agreements")
    return baseline, compact


def _starts(value: object) -> dict[str, int]:
    starts = mapping(value, "$.starts")
    return {
        matching(label, LABEL, "$.starts"): whole(position, f"$.starts.{label}") for label, position in starts.items()
    }


def _heads(value: object) -> dict[tuple[str, str], Head]:
    heads: dict[tuple[str, str], Head] = {}
    for publisher, labels in mapping(value, "$.heads").items():
        path = f"$.heads.{matching(publisher, IDENTITY, '$.heads')}"
        for label, entry in mapping(labels, path).items():
            head = mapping(entry, f"{path}.{matching(label, LABEL, path)}")
            if set(head) != _HEAD_FIELDS:
                raise Malformed("a stream's head has exactly: seq, digest", path=f"{path}.{label}")
            seq = whole(head["seq"], f"{path}.{label}.seq", least=1)
            heads[publisher, label] = Head(seq, matching(head["digest"], DIGEST, f"{path}.{label}.digest"))
    return heads


def _agreements(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Malformed("not a list of digests", path="$.agreements")
    digests = tuple(matching(digest, DIGEST, f"$.agreements[{index}]") for index, digest in enumerate(value))
    if len(set(digests)) != len(digests):
        raise Malformed("a digest stands twice", path="$.agreements")
    return digests


def verify_baseline(raw: str, key: PublicKey) -> Baseline:
    """A baseline proven to be by the hub's receipt key; raises Malformed, BadSignature.

    That it is for this member and group is the caller's to compare.
    """
    baseline, compact = read_baseline(raw)
    verify_compact(compact, key)
    return baseline
