"""Did this member sign this publication, for this group? From an envelope to a `Signed`, or an error; never a boolean.

Pure: the ring, the instant and what is held already are passed in. Steps are numbered as in the publish walk:
1 strict parse (`envelope`), 2 signature, 3 payload, 4 for whom, 5 place in the stream, 6 entries, 7 the objects.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keys.entries import Entry
from keys.envelope import Envelope, Item
from keys.errors import (
    AgreementChanged,
    Fault,
    FaultyObjects,
    Future,
    Malformed,
    StreamPosition,
    Unsigned,
    WrongGroup,
    WrongIssuer,
)
from keys.head import Head
from keys.instants import parse_ms
from keys.jws import verify_compact
from keys.manifest import Manifest, naming, read_listed, read_seal, read_signed
from keys.ring import Ring

NEWEST = 86_400_000_000
"""How far `iat` may lie ahead of the hub's clock, microseconds: 24 hours."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What one member provably signed for one group; made by `verify` alone.

    Attributes:
        manifests: the envelope's manifests, each once; those of one stream stand together in order of `seq`.
        objects: the envelope's other objects in the order of the request; the same bytes twice count once.
        listed_by: for every entry of every manifest, the manifests that list it.
    """

    manifests: tuple[Manifest, ...]
    objects: tuple[Item, ...]
    listed_by: Mapping[Entry, tuple[Manifest, ...]]

    def not_in_envelope(self) -> tuple[Entry, ...]:
        """The entries whose object did not come along: the publisher must hold them in this group already."""
        inside = {item.entry for item in self.objects}
        return tuple(entry for entry in self.listed_by if entry not in inside)


def verify(envelope: Envelope, ring: Ring, *, member: str, group: str, at: int, markings: Mapping[str, str]) -> Signed:
    """Prove who signed an envelope's manifests, and that they are whole and meant for this group.

    Args:
        envelope: what was posted; step 1 is behind it.
        ring: all enrolled keys.
        member: STIX identity id of the authenticated member.
        group: UUID of the group posted to.
        at: the instant of the request, microseconds since the epoch.
        markings: label -> id of its TLP 2.0 marking-definition.

    Raises:
        FaultyObjects: objects beyond 1 MiB, all of them.
        Unsigned: there is no manifest, or one without `jws`.
        UnknownKey, BadSignature: step 2. Malformed, RedLabel: steps 2 and 3.
        WrongIssuer, WrongGroup, Future: step 4; `check_agreement` completes it.
        EntriesMismatch: step 6.
    """
    if envelope.oversized:
        raise FaultyObjects(envelope.oversized)
    if not envelope.manifests:
        raise Unsigned("no publication manifest came along; sign the objects, for example with `cirt publish`")
    by_digest: dict[str, Manifest] = {}
    for item in envelope.manifests:
        with naming(item):
            manifest = _prove(item, ring, member=member, group=group, at=at, markings=markings)
        by_digest.setdefault(manifest.digest, manifest)
    manifests = _in_order(by_digest.values())
    _check_ids(manifests)
    return Signed(manifests, _each_once(envelope.objects), _listed_by(manifests))


def check_agreement(signed: Signed, in_force: str) -> None:
    """Step 4, second half: every manifest consents to the agreement version in force.

    Args:
        signed: the proven publication.
        in_force: digest of that version.

    Raises:
        AgreementChanged: with the digest in force under `details["agreement"]`.
    """
    for manifest in signed.manifests:
        if manifest.agreement != in_force:
            raise AgreementChanged(
                "signed under another version of the agreement; read the one in force, accept it and sign again",
                object_id=manifest.id,
                version=manifest.item.version,
                details={"agreement": in_force},
            )


def check_streams(signed: Signed, heads: Mapping[str, Head]) -> dict[str, Head]:
    """Step 5: every manifest continues its stream; several of one stream in one envelope continue each other.

    Args:
        signed: the proven publication.
        heads: label -> the head of this publisher's stream in this group; no entry for a stream not begun.

    Returns:
        The new heads, of the streams that move.

    Raises:
        StreamPosition: with `label`, `seq` and `digest` of the stream's head (0 and None before its beginning) under
            `details`.
    """
    moved: dict[str, Head] = {}
    for manifest in signed.manifests:
        label = manifest.tlp
        head = moved.get(label, heads.get(label))
        seq, digest = (head.seq, head.digest) if head else (0, None)
        if manifest.seq != seq + 1 or manifest.prev != digest:
            held = heads.get(label)
            raise StreamPosition(
                f"the stream {label} goes on with seq {seq + 1} and prev {digest}; read your streams, sign again",
                object_id=manifest.id,
                version=manifest.item.version,
                details={"label": label, "seq": held.seq if held else 0, "digest": held.digest if held else None},
            )
        moved[label] = Head(manifest.seq, manifest.digest)
    return moved


def check_listing(signed: Signed, held: Mapping[tuple[str, str], str | None]) -> None:
    """Step 7: every listed object came along or is held already; no object came along unlisted.

    Args:
        signed: the proven publication.
        held: (id, sha256) -> version as written, of what this publisher already holds in this group; needed for
            `signed.not_in_envelope()` only.

    Raises:
        FaultyObjects: `missing-object` and `unlisted-object`, all of them.
    """
    faults = list(_missing(signed, held))
    for item in signed.objects:
        if item.entry not in signed.listed_by:
            sentence = "no manifest of this publication lists the object with these bytes; list it or leave it out"
            faults.append(Fault("unlisted-object", sentence, item.id, item.version))
    if faults:
        raise FaultyObjects(faults)


def _prove(item: Item, ring: Ring, *, member: str, group: str, at: int, markings: Mapping[str, str]) -> Manifest:
    # 2 header bytes, the member's key, valid now; signature
    seal = read_seal(item)
    verify_compact(seal, ring.valid(seal.kid, member, at).key)
    # 3 the payload, and the outside that must agree with it
    signed = read_signed(item, seal, markings=markings)
    # 4 for whom
    if signed.iss != member:
        raise WrongIssuer(f"issued in the name of {signed.iss}, posted by {member}; publish in your own name")
    if signed.group != group:
        raise WrongGroup(f"signed for the group {signed.group}; sign again for the one posted to")
    if parse_ms(signed.iat) > at + NEWEST:
        raise Future(f"dated {signed.iat}, over 24 hours ahead of the hub's clock; set the publisher's clock right")
    # 6 the entries; 5 needs the database and follows in `check_streams`
    return read_listed(item, seal, signed)


def _in_order(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Streams in the order of their first manifest in the request, each by `seq`."""
    streams: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        streams.setdefault(manifest.tlp, []).append(manifest)
    return tuple(m for stream in streams.values() for m in sorted(stream, key=lambda manifest: manifest.seq))


def _check_ids(manifests: Sequence[Manifest]) -> None:
    seen: set[str] = set()
    for manifest in manifests:
        if manifest.id in seen:
            raise Malformed(
                "two manifests have this id; a manifest has one version for ever", path="$.id", object_id=manifest.id
            )
        seen.add(manifest.id)


def _each_once(objects: Sequence[Item]) -> tuple[Item, ...]:
    return tuple({item.sha256: item for item in objects}.values())


def _listed_by(manifests: Sequence[Manifest]) -> dict[Entry, tuple[Manifest, ...]]:
    listed: dict[Entry, tuple[Manifest, ...]] = {}
    for manifest in manifests:
        alone = (manifest,)
        for entry in manifest.entries:
            listed[entry] = listed[entry] + alone if entry in listed else alone
    return listed


def _missing(signed: Signed, held: Mapping[tuple[str, str], str | None]) -> Iterable[Fault]:
    inside = {(item.id, item.version) for item in signed.objects}
    for entry in signed.not_in_envelope():
        key = (entry.id, entry.sha256)
        if key in held and held[key] == entry.version:
            continue
        if (entry.id, entry.version) in inside:
            sentence = "listed with another digest than the bytes that came along; sign what is posted"
        elif key in held:
            sentence = f"listed as another version than the bytes held, which are {held[key]}; list that one"
        else:
            sentence = "listed, but neither in this publication nor published by you in this group; post it along"
        yield Fault("missing-object", sentence, entry.id, entry.version)
