"""Small STIX 2.1 objects for tests, and the items that strict parsing would make of them.

All names and addresses are from the ranges reserved for documentation (RFC 5737, RFC 2606).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

AT = 1_795_170_600_000_000
"""The clock of these tests: 2026-11-20T10:30:00Z in microseconds since the epoch."""

UUID = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
OTHER = "4c1d2f7e-0a4b-4b57-9d7b-5a9e0c6d1a22"
CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"


@dataclass(frozen=True, slots=True)
class Piece:
    """What the envelope's parser hands over, made here without it."""

    value: dict[str, Any]
    canonical: bytes
    sha256: str


def piece(value: dict[str, Any]) -> Piece:
    """The item for an object of integers, texts, lists and dictionaries with ASCII keys."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return Piece(value, canonical, hashlib.sha256(canonical).hexdigest())


def indicator(**changes: Any) -> dict[str, Any]:
    """An indicator with every property a decision looks at."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{UUID}",
        "created": "2026-11-20T09:58:11.120Z",
        "modified": "2026-11-20T09:58:11.120Z",
        "created_by_ref": f"identity--{OTHER}",
        "object_marking_refs": [CLEAR],
        "labels": ["phishing"],
        "name": "Sender of the November lures",
        "pattern": "[ipv4-addr:value = '192.0.2.1']",
        "pattern_type": "stix",
        "valid_from": "2026-11-20T00:00:00Z",
        **changes,
    }


def sdo(stix_type: str, **changes: Any) -> dict[str, Any]:
    """The properties that every domain object has, and those given."""
    return {
        "type": stix_type,
        "spec_version": "2.1",
        "id": f"{stix_type}--{UUID}",
        "created": "2026-11-20T09:58:11.120Z",
        "modified": "2026-11-20T09:58:11.120Z",
        **changes,
    }


def observable(stix_type: str = "ipv4-addr", **changes: Any) -> dict[str, Any]:
    """A cyber-observable object: no times, no version of the standard."""
    return {"type": stix_type, "id": f"{stix_type}--{UUID}", "value": "192.0.2.1", **changes}
