"""The status resource: rows 80-89, 122 of the checklist, I23-I24."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taxii2client.v21 import Status

from feeds.errors import Fault
from feeds.status import UNKNOWN_ID, Outcome, failure, join_message, split_message, status

STATUS_ID = "2d086da7-4bdc-4f91-900e-d77486753710"
MICRO = 1_763_632_800_000_000
"""2025-11-20T10:00:00Z."""


def as_a_client_reads_it(resource: dict[str, Any]) -> Status:
    """The status in taxii2-client's eyes: it raises where counts and lists disagree (row 83)."""
    return Status("https://hub.example/live/status/x/", conn=object(), status_info=resource)


def test_rows_80_84_a_complete_status() -> None:
    """Rows 80-84, I23. Red if a required property is missing, or an empty list is sent (row 63)."""
    resource = status(
        STATUS_ID, requested=MICRO, successes=[Outcome("tool--1", "2025-11-20T09:00:00Z")], receipts=["j.w.s"]
    )
    assert resource == {
        "id": STATUS_ID,
        "status": "complete",
        "request_timestamp": "2025-11-20T10:00:00.000000Z",
        "total_count": 1,
        "success_count": 1,
        "failure_count": 0,
        "pending_count": 0,
        "successes": [{"id": "tool--1", "version": "2025-11-20T09:00:00Z"}],
        "x_cirt_hub_receipts": ["j.w.s"],
    }


def test_rows_83_84_a_failure_tells_its_code_its_sentence_and_its_details() -> None:
    """Rows 83-84. Red if the message loses code or sentence, or the facts for programs are dropped."""
    fault = Fault("agreement-changed", "Accept version 2 first.", "tool--1", "v", {"agreement": "ab"})
    assert status(STATUS_ID, requested=MICRO, failures=[failure(fault)])["failures"] == [
        {
            "id": "tool--1",
            "version": "v",
            "message": "agreement-changed: Accept version 2 first.",
            "x_cirt_hub_details": {"agreement": "ab"},
        }
    ]


def test_row_85_an_object_without_id_and_version_still_has_both() -> None:
    """Row 85. Red if a required property is empty, null or missing."""
    resource = status(STATUS_ID, requested=MICRO, failures=[failure(Fault("malformed", "No id."))])
    assert resource["failures"][0]["id"] == UNKNOWN_ID
    assert resource["failures"][0]["version"] == "2025-11-20T10:00:00.000000Z"


def test_row_81_pending_as_long_as_anything_is() -> None:
    """Row 81, I24. Red if `complete` is said too early: it never changes again."""
    assert status(STATUS_ID, requested=MICRO, pendings=[Outcome("tool--1", "v")])["status"] == "pending"


outcomes = st.lists(st.builds(Outcome, st.none() | st.text(), st.none() | st.text(), st.none() | st.text()), max_size=5)


@given(outcomes, outcomes, outcomes)
def test_row_83_counts_are_those_of_the_lists(good: list[Outcome], bad: list[Outcome], open_: list[Outcome]) -> None:
    """Row 83. Red if a count and its list, or the sum and the total, disagree: taxii2-client raises."""
    resource = status(STATUS_ID, requested=MICRO, successes=good, failures=bad, pendings=open_)
    seen = as_a_client_reads_it(resource)
    assert (seen.success_count, seen.failure_count, seen.pending_count) == (len(good), len(bad), len(open_))
    assert seen.total_count == len(good) + len(bad) + len(open_)
    assert [] not in resource.values()


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("not-stix: no `id`: give one", ("not-stix", "no `id`: give one")),
        ("held already", ("", "held already")),
        ("held already: see above", ("", "held already: see above")),
        (": x", ("", ": x")),
        ("", ("", "")),
    ],
)
def test_a_message_splits_into_code_and_sentence(message: str, parts: tuple[str, str]) -> None:
    """Red if a remark is taken for a code, or a sentence with a colon is cut twice."""
    assert split_message(message) == parts


def test_a_joined_message_splits_into_the_same() -> None:
    """Red if joining and splitting use different marks."""
    assert split_message(join_message("too-large", "Split: now.")) == ("too-large", "Split: now.")
