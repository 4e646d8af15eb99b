"""What does a publisher vouch for? The publication manifest: read, built, identified; whose it is, `verify` proves.

A manifest is a STIX object whose `jws` signs a payload of constant size; all that stands outside must agree with it.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields

from keys import base64url
from keys.entries import Entry, entries_digest, entries_json, order, read_entries
from keys.envelope import MANIFEST_TYPE, Item, item_of
from keys.errors import EntriesMismatch, KeysError, Malformed, Unsigned
from keys.instants import format_ms
from keys.json_rules import quoted
from keys.jws import Compact, read_compact, sign_compact
from keys.payload import PUBLISH, Claims, Payload, read_payload, write_payload
from keys.shapes import MARKING, matching
from keys.signer import Signer
from keys.strict_json import Json, sha256_hex

TYP = "publication-manifest+jws"
"""The JWS header's `typ`; accepted here only."""

EXTENSION = "extension-definition--7c013d24-0e7d-46a1-95f1-d616b28a8a0c"
"""Declares the type as an extension of STIX (STIX 2.1 §7.3)."""

_PROPERTIES = {
    *("type", "spec_version", "id", "created", "modified", "created_by_ref"),
    *("object_marking_refs", "extensions", "entries", "jws"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Claims):
    """A manifest whose payload and outside agree; proven only inside a `Signed`.

    Attributes:
        entries: what it lists, in order; empty where `op` is not known here.
        payload: the decoded payload.
        digest: SHA-256 of the payload: the manifest's identity.
        kid: id of the key that is claimed to have signed.
        item: the object it came as.
    """

    entries: tuple[Entry, ...]
    payload: bytes
    digest: str
    kid: str
    item: Item


def identity(item: Item) -> str | None:
    """The digest a manifest is known by, without judging it: to answer the retry of what was accepted already.

    None where there is no payload to be found.
    """
    jws = item.value.get("jws")
    segments = jws.split(".") if item.type == MANIFEST_TYPE and isinstance(jws, str) else []
    try:
        return sha256_hex(base64url.decode(segments[1]))
    except (IndexError, Malformed):
        return None


def read_seal(item: Item) -> Compact:
    """The manifest's JWS taken apart: header bytes and base64url exact, nothing proven.

    Raises Unsigned without a `jws`, Malformed for another header; both name the manifest.
    """
    with naming(item):
        jws = item.value.get("jws")
        if jws is None:
            raise Unsigned("the manifest has no `jws`; sign it", path="$.jws")
        return read_compact(jws, TYP, path="$.jws")


def read_manifest(item: Item, *, markings: Mapping[str, str] | None = None, any_op: bool = False) -> Manifest:
    """Read a manifest; whether its signature holds is not looked at.

    Args:
        item: an object of the type `publication-manifest`.
        markings: label -> id of its marking-definition; None leaves that one comparison out.
        any_op: take operations not known here as well, without their entries (for readers; a hub refuses them).

    Raises:
        Unsigned: no `jws`.
        Malformed: header, payload or outside are not exactly as they must be, or do not agree.
        RedLabel: the payload says `red`.
        EntriesMismatch: count, digest, order or uniqueness of the entries.
    """
    seal = read_seal(item)
    return read_listed(item, seal, read_signed(item, seal, markings=markings, any_op=any_op))


def read_signed(
    item: Item, seal: Compact, *, markings: Mapping[str, str] | None = None, any_op: bool = False
) -> Payload:
    """The first half of `read_manifest`, the publish walk's step 3: the payload, and the outside agreeing with it."""
    with naming(item):
        signed = read_payload(seal.payload, any_op=any_op)
        _check_outside(item.value, signed, markings)
        return signed


def read_listed(item: Item, seal: Compact, signed: Payload) -> Manifest:
    """The second half of `read_manifest`, the publish walk's step 6: the list is the one that was signed."""
    with naming(item):
        entries = _read_entries(item.value["entries"], signed) if signed.op == PUBLISH else ()
    return Manifest(
        **{each.name: getattr(signed, each.name) for each in fields(Claims)},
        entries=entries,
        payload=seal.payload,
        digest=sha256_hex(seal.payload),
        kid=seal.kid,
        item=item,
    )


def build_manifest(
    *,
    iss: str,
    group: str,
    tlp: str,
    marking_ref: str,
    seq: int,
    prev: str | None,
    iat_us: int,
    agreement: str,
    items: Sequence[Item],
    signer: Signer,
    manifest_id: str | None = None,
) -> Item:
    """Sign a manifest that lists these objects, in whatever order they come.

    Args:
        iss: STIX identity id of the publisher.
        group: UUID of the sharing group.
        tlp: one of `keys.shapes.LABELS`.
        marking_ref: id of that label's TLP 2.0 marking-definition.
        seq: place in the stream, from 1.
        prev: digest of the stream's last payload; None at 1.
        iat_us: now, microseconds since the epoch; signed to the millisecond.
        agreement: digest of the agreement version in force.
        items: the 1 to 1,000 objects.
        signer: the publisher's key.
        manifest_id: its STIX id; a random one if None.

    Returns:
        The manifest, already read back as a hub would read it.

    Raises:
        KeysError: as `read_manifest`, before anything is signed.
    """
    listed = entries_json(sorted((item.entry for item in items), key=order))
    read_entries(listed)
    signed = Payload(
        id=manifest_id or f"{MANIFEST_TYPE}--{uuid.uuid4()}",
        iss=iss,
        group=group,
        tlp=tlp,
        seq=seq,
        prev=prev,
        iat=format_ms(iat_us),
        agreement=agreement,
        count=len(listed),
        entries=entries_digest(listed),
    )
    jws = sign_compact(write_payload(signed), TYP, signer)
    item = item_of({**_outside(signed), "object_marking_refs": [marking_ref], "entries": listed, "jws": jws})
    read_manifest(item, markings={tlp: marking_ref})
    return item


@contextmanager
def naming(item: Item) -> Iterator[None]:
    """Errors raised within name the manifest."""
    try:
        yield
    except KeysError as error:
        error.object_id, error.version = item.id, item.version
        raise


def _outside(signed: Payload) -> dict[str, Json]:
    """The properties that follow from the payload."""
    return {
        "type": MANIFEST_TYPE,
        "spec_version": "2.1",
        "id": signed.id,
        "created": signed.iat,
        "modified": signed.iat,
        "created_by_ref": signed.iss,
        "extensions": {EXTENSION: {"extension_type": "new-sdo"}},
    }


def _check_outside(value: Mapping[str, Json], signed: Payload, markings: Mapping[str, str] | None) -> None:
    missing, more = _PROPERTIES - value.keys(), value.keys() - _PROPERTIES
    if missing or more:
        names = ", ".join(quoted(name) for name in sorted(missing or more))
        raise Malformed(f"a manifest {'lacks' if missing else 'may not have'}: {names}", path="$")
    for name, expected in _outside(signed).items():
        if value[name] != expected:
            raise Malformed("not as the signed payload has it; post the manifest as it was built", path=f"$.{name}")
    refs = value["object_marking_refs"]
    if not isinstance(refs, list) or len(refs) != 1:
        raise Malformed("a manifest has one marking, that of its label", path="$.object_marking_refs")
    ref = matching(refs[0], MARKING, "$.object_marking_refs[0]")
    if markings is not None and markings.get(signed.tlp) != ref:
        raise Malformed(f"not the TLP 2.0 marking of the signed label {signed.tlp}", path="$.object_marking_refs[0]")


def _read_entries(listed: Json, signed: Payload) -> tuple[Entry, ...]:
    if not isinstance(listed, list) or len(listed) != signed.count:
        raise EntriesMismatch(f"the signed number of entries is {signed.count}; post them all", path="$.entries")
    if entries_digest(listed) != signed.entries:
        raise EntriesMismatch("the entries are not the ones that were signed; post those", path="$.entries")
    entries = read_entries(listed)
    for index, entry in enumerate(entries):
        if entry.id.startswith(f"{MANIFEST_TYPE}--"):
            raise Malformed("a manifest lists no manifests; each stands for itself", path=f"$.entries[{index}].id")
    return entries
