"""TAXII resources: rows 42-105, 145-162 of the checklist."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taxii2client.v21 import ApiRoot, Collection, Server

from feeds.resources import (
    api_root,
    collection,
    collections,
    data_collection,
    discovery,
    error,
    proofs_collection,
    to_bytes,
)

GROUP = "0d2fe6a4-1f9c-4f5b-9be2-21a9d0d3a7c1"
PROOFS = "5b0f1c52-93a7-4f0b-8f0e-0d1f4f1f3b77"


class Canned:
    """A connection for taxii2-client that answers with one resource."""

    def __init__(self, resource: object) -> None:
        self.resource = resource

    def get(self, *_: object, **__: object) -> object:
        """The resource."""
        return self.resource


@pytest.mark.parametrize("public", ["https://hub.example", "https://hub.example/"])
def test_rows_70_74_discovery_is_absolute_and_has_a_default(public: str) -> None:
    """Rows 70-74. Red if an address is relative, loses its final slash, or the default is not one of the list."""
    resource = discovery(public, title="Hub", contact="cert@hub.example")
    assert resource == {
        "title": "Hub",
        "default": "https://hub.example/live/",
        "api_roots": ["https://hub.example/live/"],
        "contact": "cert@hub.example",
    }
    server = Server("https://hub.example/taxii2/", conn=Canned(resource))
    assert server.default.url == "https://hub.example/live/"


def test_row_63_discovery_without_roots_has_no_empty_list() -> None:
    """Rows 63, 71. Red if an empty list or a null is sent."""
    assert discovery("https://hub.example", title="Hub", roots=()) == {"title": "Hub"}


@pytest.mark.parametrize(
    "public", ["", "hub.example", "/live/", "ftp://hub.example", "https://hub.example/?a=b", "https://"]
)
def test_row_72_a_public_address_that_is_none_is_refused(public: str) -> None:
    """Row 72. Red if a hub starts to give out addresses that nobody can call."""
    with pytest.raises(ValueError, match="public address"):
        discovery(public, title="Hub")


def test_rows_75_77_api_root() -> None:
    """Rows 75-77. Red if `versions` is not the full media type (Sentinel), or the length is no positive integer."""
    resource = api_root(title="Live", max_content_length=10_485_760)
    assert resource == {
        "title": "Live",
        "versions": ["application/taxii+json;version=2.1"],
        "max_content_length": 10_485_760,
    }
    assert ApiRoot("https://hub.example/live/", conn=Canned(resource)).max_content_length == 10_485_760
    with pytest.raises(ValueError, match="at least 1"):
        api_root(title="Live", max_content_length=0)


def test_rows_92_96_a_collection() -> None:
    """Rows 92-96. Red if a required property is missing or null, or `media_types` is not STIX 2.1."""
    resource = collection(GROUP, title="Regio", can_read=True, can_write=False, alias="regio")
    assert resource == {
        "id": GROUP,
        "title": "Regio",
        "alias": "regio",
        "can_read": True,
        "can_write": False,
        "media_types": ["application/stix+json;version=2.1"],
    }
    assert Collection(f"https://h/live/collections/{GROUP}/", conn=Canned(resource)).can_read is True
    assert "alias" not in collection(GROUP, title="Regio", can_read=True, can_write=True)


@pytest.mark.parametrize(
    ("can_read", "can_write", "words"),
    [
        (True, True, "You may read and publish."),
        (True, False, "You may read."),
        (False, True, "You may publish."),
        (False, False, "neither read nor publish."),
    ],
)
def test_row_93_the_words_say_the_requesters_rights(words: str, *, can_read: bool, can_write: bool) -> None:
    """Row 93. Red if description and flags contradict each other."""
    resource = data_collection(GROUP, title="Regio", can_read=can_read, can_write=can_write, alias="regio")
    assert (resource["can_read"], resource["can_write"]) == (can_read, can_write)
    assert resource["description"].endswith(words)


def test_row_94_proofs_have_their_own_title_and_alias_and_are_never_written() -> None:
    """Rows 93-94: some clients choose by title. Red if the companion shares title or alias, or seems writable."""
    proofs = proofs_collection(PROOFS, title="Regio", can_read=True, alias="regio")
    assert (proofs["title"], proofs["alias"], proofs["can_write"]) == ("Regio (proofs)", "regio-proofs", False)
    assert "alias" not in proofs_collection(PROOFS, title="Regio", can_read=True, alias=None)


def test_rows_90_91_collections_are_sorted_and_never_an_empty_list() -> None:
    """Rows 90-91, I8. Red if the order is the caller's, or none becomes `[]`."""
    data = data_collection(PROOFS, title="Regio", can_read=True, can_write=True, alias=None)
    proofs = proofs_collection(GROUP, title="Regio", can_read=True, alias=None)
    assert [each["id"] for each in collections([data, proofs])["collections"]] == [GROUP, PROOFS]
    assert collections([]) == {}


def test_rows_52_53_an_error() -> None:
    """Rows 52-53. Red if `http_status` is a number (OpenCTI), or something that was not given is sent."""
    assert error("Not found", http_status=404) == {"title": "Not found", "http_status": "404"}
    full = error(
        "Agreement changed",
        http_status=409,
        description="Accept version 2.",
        error_code="agreement-changed",
        error_id="e1",
        external_details="https://hub.example/docs",
        details={"agreement": "ab"},
    )
    assert all(isinstance(value, str) for name, value in full.items() if name != "details")
    assert full["details"] == {"agreement": "ab"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_row_43_bytes_are_utf_8_without_a_mark(title: str) -> None:
    """Row 43. Red if a byte order mark, another encoding, or another value comes out."""
    raw = to_bytes(error(title, http_status=400))
    assert raw.startswith(b"{")
    assert json.loads(raw.decode("utf-8"))["title"] == title
