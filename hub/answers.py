"""What does the publisher read? The TAXII status resource of a publication, taken in or refused (TAXII 2.1 §4.3)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from feeds.status import RECEIPTS, Outcome, Reported, failure, join_message, status
from keys.envelope import Envelope, Item

WITH_ITS_ENVELOPE = "with-its-envelope"
REPEATED = "x_cirt_hub_repeated"
#: Faults of one object that are told in words.
MOST_TOLD = 4


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
    here = {(item.id, item.version) for item in items} | {(item.id, None) for item in items}
    told: dict[tuple[str, str | None], Told] = {}
    general = Told()
    for fault in faults:
        place = (fault.object_id or "", fault.version)
        (told.setdefault(place, Told()) if place in here and fault.object_id else general).add(fault)
    manifests = {item.id for item in envelope.manifests}
    return status(
        str(uuid.uuid4()),
        requested=at,
        failures=[
            _failed(
                item,
                [
                    *(
                        told[place]
                        for place in dict.fromkeys(((item.id, item.version), (item.id, None)))
                        if place in told
                    ),
                    *([general] if item.id in manifests or not manifests else []),
                ],
            )
            for item in items
        ],
    )


@dataclass(slots=True)
class Told:
    """The faults of one place: the first few in words, the rest as a number."""

    first: list[Reported] = field(default_factory=list)
    number: int = 0

    def add(self, fault: Reported) -> None:
        """One more fault."""
        self.number += 1
        if len(self.first) < MOST_TOLD:
            self.first.append(fault)


def _failed(item: Item, told: Sequence[Told]) -> Outcome:
    """One object's failure: its own faults of this version first, then the envelope's."""
    faults = [fault for each in told for fault in each.first][:MOST_TOLD]
    if not faults:
        sentence = "nothing is wrong with this object; its envelope was refused, so it was not stored"
        return Outcome(item.id or None, item.version, join_message(WITH_ITS_ENVELOPE, sentence))
    first = failure(faults[0])
    also = "".join(f"; also {join_message(fault.code, fault.sentence)}" for fault in faults[1:])
    left = sum(each.number for each in told) - len(faults)
    more = f"; and {left} more" if left else ""
    return Outcome(item.id or None, item.version, f"{first.message}{also}{more}", first.details)


def repeated(kept: Sequence[dict[str, Any]], at: int) -> dict[str, Any]:
    """The answer to manifests that were all accepted before, from the statuses they were answered with then."""
    remark = {REPEATED: "accepted before; this is the answer given then, and nothing was stored again"}
    if len(kept) == 1:
        return kept[0] | remark
    successes = [Outcome(entry["id"], entry["version"]) for resource in kept for entry in resource["successes"]]
    receipts = [receipt for resource in kept for receipt in resource[RECEIPTS]]
    return status(str(uuid.uuid4()), requested=at, successes=successes, receipts=receipts) | remark
