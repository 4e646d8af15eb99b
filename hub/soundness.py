"""Is a database what was signed? Every object by digest and manifest, every manifest by signature, every chain.

Asks nothing but the database: bytes against digests, entries against rows, signatures against the keys on record
(whether a key was revoked since is no matter here), heads against chains, positions against the sequencer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from keys.envelope import read_item
from keys.errors import KeysError
from keys.jws import verify_compact
from keys.manifest import Manifest, read_manifest, read_seal
from keys.ring import Ring
from keys.strict_json import sha256_hex

from .store import contents, registry, schema
from .store.contents import StoredManifest, StoredObject
from .store.engine import Tx

MOST_TOLD = 50
"""Faults that are told one by one; the rest is counted."""
_MANIFESTS_AT_HAND = 256


@dataclass(slots=True)
class Soundness:
    """What an inspection saw: rows looked at, and what is wrong with them, a sentence each."""

    objects: int = 0
    manifests: int = 0
    streams: int = 0
    count: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, sentence: str) -> None:
        """Note a fault."""
        self.count += 1
        if len(self.faults) < MOST_TOLD:
            self.faults.append(sentence)

    def view(self) -> dict[str, object]:
        """As an answer."""
        return {
            "objects": self.objects,
            "manifests": self.manifests,
            "streams": self.streams,
            "faults": self.faults,
            "fault_count": self.count,
        }


def inspect(tx: Tx, counts: Mapping[str, int] | None = None) -> Soundness:
    """Look at everything in the database, in one snapshot.

    Args:
        tx: a reading transaction.
        counts: table -> rows that must be there; None: any.

    Raises `NotInitialised` where the schema is not this program's, `StoreError` where the database cannot be read.
    """
    schema.check(tx)
    seen = Soundness()
    there = schema.counts(tx) if counts else {}
    for name, number in (counts or {}).items():
        if there.get(name) != number:
            seen.fault(f"the table {name} has {there.get(name)} rows, not {number}")
    try:
        ring = registry.ring(tx)
    except (KeysError, ValueError) as error:
        seen.fault(f"the keys on record cannot be read: {error}")
        ring = Ring({})
    for name, digest, text in contents.agreements(tx):
        if sha256_hex(text) != digest:
            seen.fault(f"the text of the agreement {name} has another digest than the one that was approved")
    _manifests(tx, seen, ring)
    _objects(tx, seen)
    for sentence in contents.misplaced(tx):
        seen.fault(sentence)
    return seen


def _manifests(tx: Tx, seen: Soundness, ring: Ring) -> None:
    """Every manifest: bytes, digest, signature, chain, and that what it lists is there."""
    chains: dict[tuple[int, int, int], tuple[int, str]] = {}
    for row in contents.manifests(tx):
        seen.manifests += 1
        for why in _manifest_faults(tx, row, ring):
            seen.fault(f"manifest {row.stix_id} (position {row.position}): {why}")
        stream = (row.grp, row.publisher, row.rank)
        seq, digest = chains.get(stream, (0, None))
        if row.seq != seq + 1 or _prev(row) != digest:
            seen.fault(f"manifest {row.stix_id}: seq {row.seq} does not follow the seq {seq} before it")
        chains[stream] = (row.seq, row.digest)
    seen.streams = len(chains)
    for stream, head in contents.heads(tx).items():
        if chains.pop(stream, None) != head:
            seen.fault(f"the stream {stream} ends at another manifest than its head, seq {head[0]}")
    for stream in chains:
        seen.fault(f"the stream {stream} has no head")


def _manifest_faults(tx: Tx, row: StoredManifest, ring: Ring) -> Iterator[str]:
    manifest = _read(row)
    if manifest is None:
        yield "its bytes are no manifest"
        return
    if (manifest.digest, manifest.id, manifest.seq, manifest.iss, manifest.group, manifest.tlp) != row.identity:
        yield "its bytes are another manifest's"
    held = ring.keys.get(manifest.kid)
    if held is None or held.member != manifest.iss:
        yield f"its key {manifest.kid} is not on record as its publisher's"
    else:
        try:
            verify_compact(read_seal(manifest.item), held.key)
        except KeysError as error:
            yield f"its signature does not hold: {error}"
    there = contents.stored(tx, row.grp, row.publisher, [entry.id for entry in manifest.entries])
    for entry in manifest.entries:
        if (entry.id, entry.sha256) not in there:
            yield f"{entry.id}, which it lists, is not there"


def _prev(row: StoredManifest) -> str | None:
    manifest = _read(row)
    return manifest.prev if manifest is not None else None


def _read(row: StoredManifest) -> Manifest | None:
    """The manifest of a row, if its bytes are one and the canonical ones."""
    try:
        item = read_item(row.body)
        return read_manifest(item, any_op=True) if item.canonical == row.body else None
    except KeysError:
        return None


def _objects(tx: Tx, seen: Soundness) -> None:
    """Every object: its digest, its id, and that the manifest it names lists it."""

    @lru_cache(_MANIFESTS_AT_HAND)
    def listed(grp: int, publisher: int, digest: str) -> frozenset[tuple[str, str]]:
        row = contents.manifest(tx, grp, publisher, digest)
        manifest = _read(row) if row else None
        return frozenset((entry.id, entry.sha256) for entry in manifest.entries) if manifest else frozenset()

    for row in contents.objects(tx):
        seen.objects += 1
        for why in _object_faults(row):
            seen.fault(f"object {row.stix_id} (position {row.position}): {why}")
        if (row.stix_id, row.sha256) not in listed(row.grp, row.publisher, row.manifest):
            seen.fault(f"object {row.stix_id} (position {row.position}): its manifest does not list it")


def _object_faults(row: StoredObject) -> Sequence[str]:
    if sha256_hex(row.body) != row.sha256:
        return ["its bytes have another digest"]
    try:
        item = read_item(row.body)
    except KeysError as error:
        return [f"its bytes are no object: {error}"]
    return [] if (item.id, item.canonical) == (row.stix_id, row.body) else ["its bytes are another object's"]
