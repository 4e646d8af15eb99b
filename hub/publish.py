"""The publish walk: a TAXII envelope in, a status resource out; all of it or none. Steps as in ARCHITECTURE.md."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import orjson

from feeds.bundle import read_bundle
from feeds.errors import Unreadable
from feeds.objects import Bundle, StixObject
from feeds.status import Reported
from feeds.timestamps import parse_stix
from keys.envelope import Envelope, Item, open_envelope, read_item
from keys.errors import Fault, FaultyObjects, KeysError
from keys.head import Head
from keys.manifest import Manifest, identity
from keys.receipt import Receipt, sign_receipt
from keys.verify import Signed, check_agreement, check_listing, check_streams, verify
from policies.group import in_force
from policies.labels import TLP2_MARKINGS, Label
from policies.reasons import Refusal

from . import answers, measures
from .access import find, require
from .decision import Asked, Listed, Refused, decide
from .placement import Shelf
from .running import Hub
from .store import shelves, statuses, streams
from .store.engine import Tx
from .store.errors import Busy, Deadlock
from .store.registry import Account

#: How often a publication is decided because the registry changed under it, or it met a deadlock; then: come back.
MOST_DECISIONS = 5


class Revoked(Exception):
    """The token was revoked, or its member suspended, while its publication was being processed."""


class _Overtaken(Exception):
    """Members, keys or agreements, or the version in force, changed before the positions were taken: decide anew."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A permitted publication on its way into the store: rows, flags and heads, all decided."""

    signed: Signed
    shelf: Shelf
    heads: Mapping[str, Head]


def accept(hub: Hub, account: Account, name: str, raw: bytes) -> dict[str, Any]:
    """Take a publication in: all of it or none. Steps as in ARCHITECTURE.md, "Publish".

    Args:
        hub: this process's hub.
        account: who posts.
        name: id or alias of the group's data collection.
        raw: the request body.

    Returns:
        The TAXII status resource, for a refused publication too: then every object stands under `failures`.

    Raises:
        Absent, Forbidden: the collection is not, or no longer, for this account.
        Revoked: the token ended while the publication was being processed.
        Malformed, NotAnEnvelope: the body is no envelope.
        StoreError: nothing was written, and a retry is harmless.
    """
    with measures.STAGES.labels("parse").time():
        envelope = open_envelope(raw)  # 2 keys: strict JSON, canonical bytes
    with hub.database.reading() as tx:
        asked = ask(hub, tx, account, name, hub.clock())  # 1 door: who, where
        known = _answered(tx, asked, envelope)
    if len(known) == 1:
        return answers.repeated(known, asked.at)
    try:
        signed = None if known else prove(asked, envelope)  # 2 keys: signatures
        faults, read = read_objects(signed.objects if signed else (), asked.at)  # 3 feeds
        for _ in range(MOST_DECISIONS):
            with suppress(_Overtaken, Deadlock), measures.taking() as taking, hub.database.writing() as tx:
                shelves.lock(tx, asked.group, account.member_no)
                taking.held()
                known = _answered(tx, asked, envelope)  # the same envelope may have come in twice at once
                if signed is None or known:
                    return _repeat(tx, asked, known)
                asked, signed = _ask_again(hub, tx, asked, name, envelope, signed)
                placed = judge(tx, asked, signed, faults, read)  # 4 policies
                resource = _store(hub, tx, asked, envelope, placed)  # 5 store, 6 receipts
                taking.stored(resource)
                return resource
        raise Busy("members or agreements kept changing while this was being written; nothing was; try again")
    except Refused as refusal:
        return _refuse(hub, asked, envelope, refusal.faults)
    except KeysError as error:
        return _refuse(hub, asked, envelope, error.faults)


def ask(hub: Hub, tx: Tx, account: Account, name: str, at: int) -> Asked:
    """Step 1: who publishes where. Raises `Absent`, `Forbidden`."""
    registry = hub.registries.of(tx)
    return Asked(registry, account, require(find(registry, account, name, at), "write"), at)


def _answered(tx: Tx, asked: Asked, envelope: Envelope) -> list[dict[str, Any]]:
    """Step 0: the answers to manifests that were all accepted before; none if one is new."""
    digests = [digest for item in envelope.manifests if (digest := identity(item)) is not None]
    known = streams.answered(tx, asked.group, asked.account.member_no, digests)
    if not digests or len(digests) != len(envelope.manifests) or any(digest not in known for digest in digests):
        return []
    kept = [statuses.read(tx, name, asked.account.member) for name in dict.fromkeys(known[each] for each in digests)]
    return [orjson.loads(body) for body in kept if body is not None]


def _repeat(tx: Tx, asked: Asked, known: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What was accepted before is answered as it was then; the retry of a lost answer stores nothing again."""
    resource = answers.repeated(known, asked.at)
    if len(known) > 1:
        _keep(tx, asked, resource, refused=False)
    return resource


@measures.STAGES.labels("signatures").time()
def prove(asked: Asked, envelope: Envelope) -> Signed:
    """Step 2: every manifest is signed by this member for this group. Raises `KeysError`."""
    group = asked.seen.collection.group.id
    ring = asked.registry.ring
    return verify(envelope, ring, member=asked.account.member, group=group, at=asked.at, markings=TLP2_MARKINGS)


@measures.STAGES.labels("objects").time()
def read_objects(items: Sequence[Item], at: int) -> tuple[tuple[Reported, ...], Bundle]:
    """Step 3: the objects that can be read, and the faults of those that cannot."""
    try:
        return (), read_bundle(items, at)
    except Unreadable as error:
        return error.faults, error.rest


def _ask_again(hub: Hub, tx: Tx, asked: Asked, name: str, envelope: Envelope, signed: Signed) -> tuple[Asked, Signed]:
    """The same question in the writing transaction: whatever was revoked or changed meanwhile binds."""
    registry = hub.registries.of(tx)
    at = hub.clock()
    if registry.revision == asked.registry.revision:
        return replace(asked, at=at), signed
    account = registry.tokens.get(asked.account.token)
    if account is None:
        raise Revoked("the token was revoked while its publication was being processed; nothing was stored")
    again = Asked(registry, account, require(find(registry, account, name, at), "write"), at)
    return again, prove(again, envelope)


@measures.STAGES.labels("decision").time()
def judge(tx: Tx, asked: Asked, signed: Signed, faults: Iterable[Reported], read: Bundle) -> Placed:
    """Step 4: consent, place in the stream, completeness, policy and shelf. Raises `Refused` with every fault."""
    group = asked.seen.collection.group
    try:
        check_agreement(signed, in_force(group, asked.at).digest)
    except Refusal as refusal:
        raise Refused(refusal.reasons) from refusal
    heads = check_streams(signed, _heads(tx, asked))
    found: list[Reported] = list(faults)
    held = shelves.bodies(tx, asked.group, asked.account.member_no, signed.not_in_envelope())
    try:
        check_listing(signed, {key: row.version for key, row in held.items()})
    except FaultyObjects as error:
        found += error.faults
    faulty, older = read_objects([read_item(row.body) for row in held.values()], asked.at)
    found += [*faulty, *_taken_ids(tx, asked, signed)]
    objects = {(item.id, item.sha256): item for item in (*older, *read)}
    listing = [
        Listed(Label.of(manifest.tlp), manifest.digest, _listed(manifest, objects)) for manifest in signed.manifests
    ]
    return Placed(signed, decide(tx, asked, listing, found), heads)


def _taken_ids(tx: Tx, asked: Asked, signed: Signed) -> list[Fault]:
    """A manifest has one version for ever: another of this publisher's with the same id is refused."""
    ids = [manifest.id for manifest in signed.manifests]
    sentence = "you published another manifest under this id; give each manifest an id of its own"
    taken = streams.manifest_ids(tx, asked.group, asked.account.member_no, ids)
    return [Fault("malformed", sentence, stix_id) for stix_id in taken]


def _heads(tx: Tx, asked: Asked) -> dict[str, Head]:
    stored = streams.heads(tx, asked.group, asked.account.member_no)
    return {Label(rank).text: head for rank, head in stored.items()}


def _listed(manifest: Manifest, objects: Mapping[tuple[str, str], StixObject]) -> list[StixObject]:
    return [objects[key] for entry in manifest.entries if (key := (entry.id, entry.sha256)) in objects]


@measures.STAGES.labels("store").time()
def _store(hub: Hub, tx: Tx, asked: Asked, envelope: Envelope, placed: Placed) -> dict[str, Any]:
    """Steps 5 and 6: rows at positions taken last, heads moved, receipts signed, the answer kept."""
    shelf, manifests = placed.shelf, placed.signed.manifests
    shelves.flag(tx, shelf.moved())
    for label, head in placed.heads.items():
        streams.advance(tx, asked.group, asked.account.member_no, Label.of(label), head)
    data, proofs = _positions(tx, asked, shelf, manifests, hub.clock())
    if hub.registries.of(tx).revision != asked.registry.revision:
        raise _Overtaken  # an acceptance may have set its start below these positions, for rows decided without it
    _check_instant(asked, manifests, proofs[-1])
    versions = shelves.add(tx, asked.group, shelf.written, data)
    receipts = [
        sign_receipt(_receipt(asked, manifest, *_range(shelf, manifest, data, position)), hub.receipts)
        for manifest, position in zip(manifests, proofs, strict=True)
    ]
    resource = answers.accepted(envelope, asked.at, shelf.remarks, versions, receipts)
    streams.keep(tx, asked.group, [_kept(asked, m, p, resource["id"]) for m, p in zip(manifests, proofs, strict=True)])
    _keep(tx, asked, resource, refused=False)
    return resource


def _positions(
    tx: Tx, asked: Asked, shelf: Shelf, manifests: Sequence[Manifest], at: int
) -> tuple[Sequence[int], Sequence[int]]:
    """The positions of rows and manifests; the last of each label falls on a whole millisecond."""
    rows = shelves.runs(row.rank for row in shelf.written)
    taken = shelves.take_positions(
        tx, asked.group, [*rows, *shelves.runs(Label.of(manifest.tlp) for manifest in manifests)], at
    )
    positions = [*chain.from_iterable(taken)]
    return positions[: len(shelf.written)], positions[len(shelf.written) :]


def _check_instant(asked: Asked, manifests: Sequence[Manifest], last: int) -> None:
    """The version decided under must still be in force at the last position taken: positions open labels by instant."""
    try:
        agreement = in_force(asked.seen.collection.group, max(asked.at, last))
    except Refusal as refusal:
        raise _Overtaken from refusal
    if any(manifest.agreement != agreement.digest for manifest in manifests):
        raise _Overtaken


def _range(shelf: Shelf, manifest: Manifest, data: Sequence[int], own: int) -> tuple[int, int]:
    """First and last position of a manifest's rows; its own where it brought none."""
    taken = [position for row, position in zip(shelf.written, data, strict=True) if row.manifest == manifest.digest]
    return (taken[0], taken[-1]) if taken else (own, own)


def _receipt(asked: Asked, manifest: Manifest, first: int, last: int) -> Receipt:
    return Receipt(
        manifest=manifest.id,
        payload=manifest.digest,
        iss=manifest.iss,
        group=manifest.group,
        agreement=manifest.agreement,
        first=first,
        last=last,
        received=asked.at,
    )


def _kept(asked: Asked, manifest: Manifest, position: int, status: str) -> streams.KeptManifest:
    return streams.KeptManifest(
        position=position,
        publisher=asked.account.member_no,
        rank=int(Label.of(manifest.tlp)),
        seq=manifest.seq,
        digest=manifest.digest,
        agreement=manifest.agreement,
        stix_id=manifest.id,
        version=manifest.iat,
        version_ns=parse_stix(manifest.iat),
        status=status,
        body=manifest.item.canonical,
    )


def _keep(tx: Tx, asked: Asked, resource: dict[str, Any], *, refused: bool) -> None:
    statuses.keep(
        tx,
        identity=resource["id"],
        member=asked.account.member,
        group=asked.seen.collection.group.id,
        at=asked.at,
        refused=refused,
        body=orjson.dumps(resource),
    )


def _refuse(hub: Hub, asked: Asked, envelope: Envelope, faults: Sequence[Reported]) -> dict[str, Any]:
    """The answer to a publication of which nothing was written; it alone is kept, in a transaction of its own."""
    resource = answers.refused(envelope, asked.at, faults)
    with hub.database.writing() as tx:
        _keep(tx, asked, resource, refused=True)
    measures.refused_publication(fault.code for fault in faults)
    return resource
