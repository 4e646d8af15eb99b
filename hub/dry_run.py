"""The dry run: who would receive it, and what would be refused? The publish walk's own checks, and nothing stored.

Takes a signed envelope, or an unsigned one with a label. It looks only at the caller's own shelf and is recorded.
"""

from collections.abc import Sequence
from typing import Any

from feeds.status import Reported
from keys.envelope import open_envelope
from keys.errors import KeysError
from policies.explain import audience
from policies.group import in_force
from policies.labels import Label

from .decision import Listed, Refused, decide
from .publish import ask, judge, prove, read_objects
from .running import Hub
from .store import audit
from .store.registry import Account


def rehearse(hub: Hub, account: Account, name: str, raw: bytes, tlp: Label | None = None) -> dict[str, Any]:
    """What would become of this envelope.

    Args:
        hub: this process's hub.
        account: who asks.
        name: id or alias of the group's data collection.
        raw: an envelope, signed or not.
        tlp: the label for an unsigned one; the agreement's ceiling if None.

    Returns:
        `accepted`, `failures` (id, version, code, message); for each label `recipients` (member, received, reasons).

    Raises:
        Absent, Forbidden: the collection is not for this account.
        Malformed, NotAnEnvelope: the body is no envelope.
    """
    faults: Sequence[Reported] = ()
    with hub.database.reading() as tx:
        asked = ask(hub, tx, account, name, hub.clock())
        envelope = open_envelope(raw)
        label = tlp if tlp is not None else in_force(asked.seen.collection.group, asked.at).terms.ceiling
        labels = {label}
        try:
            if envelope.manifests:
                signed = prove(asked, envelope)
                labels = {Label.of(manifest.tlp) for manifest in signed.manifests}
                judge(tx, asked, signed, *read_objects(signed.objects, asked.at))
            else:
                unread, bundle = read_objects(envelope.objects, asked.at)
                decide(tx, asked, [Listed(label, "", bundle.objects)], unread)
        except Refused as refusal:
            faults = refusal.faults
        except KeysError as error:
            faults = error.faults
        names = asked.registry.members
    with hub.database.writing() as tx:
        audit.record(
            tx,
            at=asked.at,
            actor=account.member,
            action="dry-run",
            subject=asked.seen.collection.group.id,
            objects=len(envelope.objects),
            failures=len(faults),
        )
    return {
        "accepted": not faults,
        "objects": len(envelope.objects),
        "failures": [
            {"id": fault.object_id, "version": fault.version, "code": fault.code, "message": fault.sentence}
            for fault in faults
        ],
        "recipients": {
            label.text: [
                {
                    "member": recipient.member,
                    "name": names[recipient.member].name if recipient.member in names else None,
                    "received": recipient.received,
                    "reasons": [{"code": reason.code, "sentence": reason.sentence} for reason in recipient.reasons],
                }
                for recipient in audience(asked.seen.collection.group, label, asked.at)
            ]
            for label in sorted(labels)
        },
    }
