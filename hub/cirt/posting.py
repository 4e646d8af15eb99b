"""What became of it? A kept envelope is posted; its status is read, its receipts are verified, and both are kept."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feeds.errors import BadAnswer, PeerRefused
from feeds.status import DETAILS, RECEIPTS, UNKNOWN_ID, split_message
from keys.envelope import open_envelope
from keys.errors import KeysError
from keys.jwk import PublicKey
from keys.manifest import Manifest, read_manifest
from keys.receipt import verify_receipt

from .faults import CirtError, Failure
from .link import Link
from .memory import Sent, refuse, settle
from .state import State

_FOR_GOOD = frozenset({400, 413, 415, 422})
"""Statuses by which a body is refused whatever is tried later."""
_LOOKS = 60
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of an envelope: publications (as `--json` tells them), or the failures it was refused for."""

    manifests: tuple[Manifest, ...]
    publications: tuple[dict[str, Any], ...]
    failures: tuple[Failure, ...]


def manifests_of(raw: bytes) -> tuple[Manifest, ...]:
    """The manifests of a kept envelope; raises Malformed for a damaged one."""
    return tuple(read_manifest(item) for item in open_envelope(raw).manifests)


def post(link: Link, state: State, sent: Sent, receipt_key: PublicKey) -> Posted:
    """Post a kept envelope; whatever ends the wait leaves it to be posted again, unless it was refused for good.

    Raises:
        CirtError: the hub says it took it in, but its receipts do not prove it.
        FeedsError: no answer, or one that is none.
    """
    raw, manifests = _read(state, sent)
    try:
        status = _complete(link, link.collection(sent.group).post(raw))
    except PeerRefused as error:
        if error.status in _FOR_GOOD:
            refuse(state, sent, None)
        raise
    status_id = str(status.get("id"))
    failures = _failures(status)
    if failures:
        refuse(state, sent, status_id)
        return Posted(manifests, (), tuple(failures))
    receipts = _receipts(status, manifests, receipt_key)
    settle(state, sent, status_id, [(manifest, receipts[manifest.digest]) for manifest in manifests])
    told = tuple(_publication(manifest, status_id, receipts[manifest.digest]) for manifest in manifests)
    return Posted(manifests, told, ())


def _read(state: State, sent: Sent) -> tuple[bytes, tuple[Manifest, ...]]:
    """The kept bytes and their manifests. Raises `CirtError` where they are gone or damaged: they are given up."""
    try:
        raw = sent.path.read_bytes()
        return raw, manifests_of(raw)
    except (OSError, KeysError) as fault:
        refuse(state, sent, None)
        raise CirtError(
            f"an envelope that was signed earlier cannot be posted again, since {sent.path} is gone or damaged. Publish"
            " its objects anew; if it had arrived all the same, your stream is found further on",
            code="lost-envelope",
        ) from fault


def _complete(link: Link, status: Mapping[str, Any]) -> Mapping[str, Any]:
    """The status once nothing is pending (TAXII 2.1 §4.3)."""
    for _ in range(_LOOKS):
        if status.get("status") == "complete":
            return status
        time.sleep(_PAUSE_S)
        status = link.status(str(status.get("id")))
    raise CirtError(
        f"the hub has not decided yet. Look later: cirt status {status.get('id')}; the next run posts it again",
        code="pending",
    )


def _failures(status: Mapping[str, Any]) -> list[Failure]:
    listed = status.get("failures", [])
    count = status.get("failure_count")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed) or count != len(listed):
        raise BadAnswer("The hub's status has no readable `failures`.")
    return [_failure(each) for each in listed]


def _failure(told: Mapping[str, Any]) -> Failure:
    code, sentence = split_message(str(told.get("message", "")))
    details = told.get(DETAILS)
    stix_id = str(told.get("id"))
    return Failure(
        code or "refused",
        sentence,
        None if stix_id == UNKNOWN_ID else stix_id,
        str(told.get("version")),
        details if isinstance(details, dict) else None,
    )


def _receipts(status: Mapping[str, Any], manifests: Sequence[Manifest], key: PublicKey) -> dict[str, str]:
    """Digest of each manifest to its receipt, proven to be the hub's and about that very manifest."""
    listed = status.get(RECEIPTS)
    found: dict[str, str] = {}
    try:
        for raw in listed if isinstance(listed, list) else ():
            receipt = verify_receipt(raw, key)
            found[receipt.payload] = raw
            for manifest in manifests:
                same = (manifest.id, manifest.iss, manifest.group, manifest.agreement)
                if manifest.digest == receipt.payload and same != (
                    receipt.manifest, receipt.iss, receipt.group, receipt.agreement
                ):  # fmt: skip
                    raise _unproven("a receipt that does not agree with its manifest")
    except KeysError as fault:
        raise _unproven(f"a receipt that is not by its receipt key ({fault})") from fault
    if any(manifest.digest not in found for manifest in manifests):
        raise _unproven("no receipt for every manifest")
    return found


def _unproven(sentence: str) -> CirtError:
    return CirtError(
        f"the hub says it took the publication in, but sends {sentence}. The envelope is kept and will be posted again"
        " with the next publication; tell the hub's operator",
        code="bad-receipt",
    )


def _publication(manifest: Manifest, status_id: str, receipt: str) -> dict[str, Any]:
    return {
        "manifest": manifest.id,
        "group": manifest.group,
        "tlp": manifest.tlp,
        "seq": manifest.seq,
        "objects": len(manifest.entries),
        "status_id": status_id,
        "receipt": receipt,
    }
