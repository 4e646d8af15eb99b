"""What does the publisher read? The TAXII status resource of a publication, taken in or refused (TAXII 2.1 §4.3)."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from feeds.status import Outcome, Reported, failure, join_message, status
from keys.envelope import Envelope, Item

WITH_ITS_ENVELOPE = "with-its-envelope"
REPEATED = "x_cirt_hub_repeated"


def accepted(
    envelope: Envelope,
    at: int,
    remarks: Mapping[tuple[str, str], str],
    versions: Mapping[str, str],
    receipts: Sequence[str],
) -> dict[str, Any]:
    """The status of a publication that was taken in whole.

    Args:
        envelope: what was posted.
        at: when, microseconds since the epoch.
        remarks: (id, sha-256) → what to say of an object, for example that it was held already.
        versions: id → version text that the hub gave an object without one of its own.
        receipts: one compact JWS a manifest.
    """
    successes = [
        Outcome(item.id, item.version or versions.get(item.id), remarks.get((item.id, item.sha256)))
        for item in (*envelope.objects, *envelope.manifests)
    ]
    return status(str(uuid.uuid4()), requested=at, successes=successes, receipts=receipts)


def refused(envelope: Envelope, at: int, faults: Sequence[Reported]) -> dict[str, Any]:
    """The status of a publication that was refused whole: every object stands under `failures`, each once.

    A fault of no object, or of one that is not in the envelope, stands with the manifests (without any: with every
    object).
    """
    items = (*envelope.objects, *envelope.manifests)
    here = {item.id for item in items}
    by_object: dict[str, list[Reported]] = {}
    general: list[Reported] = []
    for fault in faults:
        if fault.object_id in here and fault.object_id is not None:
            by_object.setdefault(fault.object_id, []).append(fault)
        else:
            general.append(fault)
    manifests = {item.id for item in envelope.manifests}
    return status(
        str(uuid.uuid4()),
        requested=at,
        failures=[
            _failed(item, by_object.get(item.id, []), general if item.id in manifests or not manifests else ())
            for item in items
        ],
    )


def _failed(item: Item, own: Sequence[Reported], general: Sequence[Reported]) -> Outcome:
    """One object's failure: its own faults of this version first, then the envelope's."""
    mine = [fault for fault in own if fault.version in {None, item.version}] or list(own)
    faults = [*mine, *general]
    if not faults:
        sentence = "nothing is wrong with this object; its envelope was refused, so it was not stored"
        return Outcome(item.id or None, item.version, join_message(WITH_ITS_ENVELOPE, sentence))
    first = failure(faults[0])
    also = "".join(f"; also {join_message(fault.code, fault.sentence)}" for fault in faults[1:4])
    more = f"; and {len(faults) - 4} more" if len(faults) > 4 else ""  # noqa: PLR2004 (the four told above)
    return Outcome(item.id or None, item.version, f"{first.message}{also}{more}", first.details)
