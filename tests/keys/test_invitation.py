"""One spelling of an invitation, and one reader of it for the hub and for `cirt`."""

import json
from typing import Any

import pytest

from keys import base64url
from keys.errors import NotAnInvitation
from keys.invitation import Invitation, read_invitation

MEMBER = "identity--aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
WRONG: tuple[object, ...] = (1, None, [], "", "a b", "a\x1b[0m", "x" * 513)
GOOD: dict[str, Any] = {"hub": "https://hub.example.org", "member": MEMBER, "nonce": "n-1"}


def spelled(value: object) -> str:
    """A value in the spelling of an invitation, whatever it is."""
    return base64url.encode(json.dumps(value).encode())


def test_what_was_written_is_read() -> None:
    """Red if a field is lost or swapped, or copying a blank with it makes another text of it."""
    made = Invitation(**GOOD)
    assert read_invitation(made.text()) == read_invitation(f" {made.text()}\n") == made


def test_a_slash_at_the_hubs_end_is_not_part_of_its_name() -> None:
    """Red if the enrolment is then signed for another hub than the one that checks it."""
    assert read_invitation(spelled({**GOOD, "hub": "https://hub.example.org/"})).hub == "https://hub.example.org"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "\u00e9",
        "e30=",
        base64url.encode(b"not json"),
        base64url.encode(b"\xff\xfe"),
        base64url.encode(f'{{"hub":"a","hub":"b","member":"{MEMBER}","nonce":"n"}}'.encode()),
        base64url.encode(b"[" * 100_000),
        Invitation(**GOOD).text()[:-4],
        spelled([]),
        spelled(None),
        spelled({}),
        spelled({"hub": "a", "nonce": "n"}),
        spelled({**GOOD, "more": "x"}),
        *(spelled({**GOOD, name: wrong}) for name in GOOD for wrong in WRONG),
    ],
)
def test_what_is_no_invitation_is_refused(text: str) -> None:
    """Red if a number passes for a text, a name said twice is taken, or a wrong text ends in another error."""
    with pytest.raises(NotAnInvitation, match="copy the whole text"):
        read_invitation(text)
