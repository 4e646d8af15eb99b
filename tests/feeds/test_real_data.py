"""Real feeds: nothing refused but what must be. `HUB_REAL_DATA` names a folder of STIX 2.1 bundles to try as well."""

from __future__ import annotations

import json
from pathlib import Path

from feeds.bundle import read_bundle
from feeds.errors import Fault, Unreadable
from support.stix_objects import UUID, Piece, indicator, observable, piece

_LATE = 4_102_444_800_000_000
"""2100-01-01T00:00:00Z in microseconds since the epoch: no sample is from the future then."""


def _read(items: list[Piece]) -> tuple[int, tuple[Fault, ...]]:
    try:
        return len(read_bundle(items, _LATE)), ()
    except Unreadable as error:
        return len(error.rest), error.faults


def test_only_ids_in_upper_case_are_refused(real_bundles: list[Path]) -> None:
    """Red if a rule refuses what real feeds hold, or the remedy does not name the spelling to write."""
    own = [indicator(id=f"indicator--{UUID.upper()}"), observable()]
    for values in (own, *(json.loads(path.read_bytes())["objects"] for path in real_bundles)):
        wrong = [value["id"] for value in values if value["id"] != value["id"].lower()]
        taken, faults = _read([piece(value) for value in values])
        assert [fault.object_id for fault in faults] == wrong
        assert all(f"write `{str(fault.object_id).lower()}`" in fault.sentence for fault in faults)
        assert taken == len(values) - len(wrong)
