"""From parts to a signed envelope: each manifest continues its stream, and is read back as a hub would read it."""

from collections.abc import Sequence
from dataclasses import dataclass

from keys.envelope import Item, open_envelope
from keys.head import Head
from keys.manifest import Manifest, build_manifest, read_manifest
from keys.signer import Signer
from policies.labels import TLP2_MARKINGS

from .splitting import Part


@dataclass(frozen=True, slots=True)
class Pen:
    """Who signs what: the publisher, its key, the group and the agreement text it consents to.

    Attributes:
        member: STIX identity id of the publisher.
        signer: its key.
        group: UUID of the sharing group.
        agreement: digest of the version in force.
    """

    member: str
    signer: Signer
    group: str
    agreement: str


@dataclass(frozen=True, slots=True)
class SignedEnvelope:
    """What is to be posted: the manifests and the bytes of the whole."""

    manifests: tuple[Manifest, ...]
    raw: bytes


def sign(parts: Sequence[Part], pen: Pen, heads: dict[str, Head], at: int) -> SignedEnvelope:
    """Sign the manifests of one envelope; `heads` (label to head) moves along.

    Args:
        parts: what each manifest lists.
        pen: who signs.
        heads: where each stream stands.
        at: now, microseconds since the epoch.
    """
    objects: dict[str, Item] = {}
    manifests: list[Manifest] = []
    for part in parts:
        label = part.label.text
        head = heads.get(label)
        items = [each.item for each in part.objects]
        item = build_manifest(
            iss=pen.member,
            group=pen.group,
            tlp=label,
            marking_ref=TLP2_MARKINGS[label],
            seq=head.seq + 1 if head else 1,
            prev=head.digest if head else None,
            iat_us=at,
            agreement=pen.agreement,
            items=items,
            signer=pen.signer,
        )
        manifest = read_manifest(item, markings=TLP2_MARKINGS)
        heads[label] = Head(manifest.seq, manifest.digest)
        manifests.append(manifest)
        objects |= {each.sha256: each for each in items}
    raw = envelope_of([*objects.values(), *(m.item for m in manifests)])
    open_envelope(raw)  # what could not be read back must never be kept, or it would be posted for ever
    return SignedEnvelope(tuple(manifests), raw)


def envelope_of(items: Sequence[Item]) -> bytes:
    """The TAXII envelope of these items (TAXII 2.1 §3.7), in canonical form."""
    return b'{"objects":[' + b",".join(item.canonical for item in items) + b"]}"
