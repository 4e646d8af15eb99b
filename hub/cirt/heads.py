"""Where does the next manifest go? The hub's heads of this member's streams, accepted only if they continue memory.

A hub that lost, hides or replaced something would make this member fork its own stream; so its manifests since the
remembered head must chain on to it, each signed by a key that this profile knows as its member's.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from feeds.errors import BadAnswer
from keys.envelope import item_of
from keys.errors import KeysError, UnknownKey
from keys.head import Head
from keys.instants import parse_ms
from keys.jwk import fingerprint
from keys.jws import verify_compact
from keys.manifest import Manifest, read_manifest, read_seal
from keys.ring import Ring
from keys.shapes import LABELS
from policies.labels import TLP2_MARKINGS

from .faults import CirtError
from .link import Link, dicts_of


def confirmed_heads(
    link: Link, group: str, member: str, remembered: Mapping[str, Head], ring: Ring, kept: Path
) -> dict[str, Head]:
    """Label to the head after which the next manifest goes.

    Args:
        link: the way to the hub.
        group: UUID of the group.
        member: STIX identity id of this member.
        remembered: the heads it knows.
        ring: its ring, with its own key.
        kept: where its signed envelopes lie, for people.

    Raises:
        CirtError: `rewound`: the hub's streams do not continue what is remembered.
    """
    told = _heads(link.streams(group, ()))
    for label, head in remembered.items():
        if label not in told or told[label].seq < head.seq:
            seq = told[label].seq if label in told else 0
            raise _rewound(f"it says the stream {label} ends at {seq}, but {head.seq} was accepted there before", kept)
    for label, head in told.items():
        before = remembered.get(label)
        if before is None:
            _look_at_last(link, group, member, label, head, ring, kept)
        else:
            _follow(link, group, member, label, before, head, ring, kept)
    return told


def _heads(said: Mapping[str, Any]) -> dict[str, Head]:
    listed = said.get("heads")
    try:
        heads = {each["label"]: Head(each["seq"], each["digest"]) for each in listed or ()}
    except (KeyError, TypeError) as error:
        raise BadAnswer("The hub's answer has no readable `heads`.") from error
    if not all(
        label in LABELS and type(head.seq) is int and isinstance(head.digest, str) for label, head in heads.items()
    ):
        raise BadAnswer("The hub's answer has no readable `heads`.")
    return heads


def _look_at_last(link: Link, group: str, member: str, label: str, head: Head, ring: Ring, kept: Path) -> None:
    """A stream that another machine of this member began: its last manifest must be this member's own."""
    for manifest in _manifests(link, group, label, head.seq - 1):
        _own(manifest, group, member, label, ring)
        if (manifest.seq, manifest.digest) == (head.seq, head.digest):
            return
    raise _rewound(f"it does not show the last manifest of the stream {label}", kept)


def _follow(link: Link, group: str, member: str, label: str, before: Head, head: Head, ring: Ring, kept: Path) -> None:
    """The manifests since the remembered head, one after the other, to the head the hub tells."""
    at = before
    while at.seq < head.seq:
        reached = at
        for manifest in _manifests(link, group, label, at.seq):
            _own(manifest, group, member, label, ring)
            if (manifest.seq, manifest.prev) != (at.seq + 1, at.digest):
                raise _rewound(f"its manifest {manifest.seq} of the stream {label} does not follow {at.seq}", kept)
            at = Head(manifest.seq, manifest.digest)
        if at == reached:
            raise _rewound(f"it does not show the stream {label} after {at.seq}", kept)
    if at != head:
        raise _rewound(f"its head of the stream {label} is another manifest than the one remembered", kept)


def _manifests(link: Link, group: str, label: str, seq: int) -> Iterator[Manifest]:
    for value in dicts_of(link.streams(group, [f"{label}:{seq}"]), "manifests"):
        yield read_manifest(item_of(value), markings=TLP2_MARKINGS, any_op=True)


def _own(manifest: Manifest, group: str, member: str, label: str, ring: Ring) -> None:
    """See that a manifest is this member's, in this stream; raises `CirtError`."""
    if (manifest.iss, manifest.group, manifest.tlp) != (member, group, label):
        raise CirtError(f"the hub shows {manifest.id} as yours, but it is of another stream; nothing was signed")
    try:
        verify_compact(read_seal(manifest.item), ring.valid(manifest.kid, member, parse_ms(manifest.iat)).key)
    except UnknownKey as fault:
        raise CirtError(
            f"{manifest.id} (stream {label}, {manifest.seq}) was signed in your name by a key not known here. If it is"
            f" of another machine of yours, run: cirt keys pin {member} '{fingerprint(manifest.kid)}'",
            code="unknown-signer",
        ) from fault
    except KeysError as fault:
        raise CirtError(f"{manifest.id}: {fault}; nothing was signed", code=fault.code) from fault


def _rewound(sentence: str, kept: Path) -> CirtError:
    return CirtError(
        f"the hub lost or hides something: {sentence}. Nothing was signed, since it would fork your stream. Ask its"
        f" operator; after a restore the envelopes kept in {kept} can be posted again, in order of their names",
        code="rewound",
    )
