"""What does a TAXII 2.1 resource look like? Discovery, API root, collections, error: as dictionaries and as bytes.

Empty lists never occur: the property is left out (TAXII 2.1 §2). Pages are in `feeds.listings`, statuses in
`feeds.status`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from feeds.accept import MEDIA_TYPE, STIX_MEDIA_TYPE

Resource = dict[str, Any]
"""A TAXII resource, ready for `to_bytes`."""

PROOFS_TITLE: Final = " (proofs)"
PROOFS_ALIAS: Final = "-proofs"


def to_bytes(resource: Mapping[str, Any]) -> bytes:
    """The resource as UTF-8 JSON without a byte order mark (RFC 8259 §8.1)."""
    return orjson.dumps(resource)


def discovery(
    public_url: str,
    *,
    title: str,
    roots: Sequence[str] = ("/live/",),
    description: str | None = None,
    contact: str | None = None,
) -> Resource:
    """The discovery resource (TAXII 2.1 §4.1.1): absolute addresses and always a default, the first root.

    Args:
        public_url: The hub's configured public address, such as `https://hub.example`; never the Host header.
        title: The hub's name.
        roots: Paths of the API roots, each from `/` to `/`.
        description: What the hub is.
        contact: Whom to write to.

    Raises:
        ValueError: the public address is not absolute, or has a query or a fragment.
    """
    parts = urlsplit(public_url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"The public address {public_url!r} must look like https://hub.example, without a query.")
    addresses = [public_url.rstrip("/") + root for root in roots]
    resource: Resource = {"title": title}
    if addresses:
        resource |= {"default": addresses[0], "api_roots": addresses}
    return resource | _given(description=description, contact=contact)


def api_root(*, title: str, max_content_length: int, description: str | None = None) -> Resource:
    """The API root resource (TAXII 2.1 §4.2.1); `max_content_length` in bytes of a request body, at least 1.

    Raises:
        ValueError: the length is not positive.
    """
    if max_content_length < 1:
        raise ValueError("max_content_length must be at least 1 byte.")
    resource: Resource = {"title": title, "versions": [MEDIA_TYPE], "max_content_length": max_content_length}
    return resource | _given(description=description)


def collection(
    collection_id: str,
    *,
    title: str,
    can_read: bool,
    can_write: bool,
    alias: str | None = None,
    description: str | None = None,
) -> Resource:
    """A collection resource as one requester sees it (TAXII 2.1 §5.2.1).

    Args:
        collection_id: The collection's UUID, lower-case.
        title: Unique on the hub: some clients choose a collection by its title.
        can_read: Whether this requester may read.
        can_write: Whether this requester may publish.
        alias: The group's short name, which also works in addresses.
        description: What the collection holds.
    """
    resource: Resource = {"id": collection_id, "title": title, "can_read": bool(can_read), "can_write": bool(can_write)}
    return resource | _given(alias=alias, description=description) | {"media_types": [STIX_MEDIA_TYPE]}


def data_collection(group_id: str, *, title: str, can_read: bool, can_write: bool, alias: str | None) -> Resource:
    """The collection that holds what a sharing group's members publish; see `collection`."""
    words = (
        f"What the members of the sharing group “{title}” publish: STIX 2.1 objects, each listed in a manifest signed "
        "by its publisher. The manifests are in the companion collection of proofs. "
        f"{_rights(can_read=can_read, can_write=can_write)}"
    )
    return collection(group_id, title=title, can_read=can_read, can_write=can_write, alias=alias, description=words)


def proofs_collection(proofs_id: str, *, title: str, can_read: bool, alias: str | None) -> Resource:
    """The companion collection of a group's signed manifests, never written to directly; see `collection`.

    Args:
        proofs_id: The companion collection's UUID.
        title: The group's title, to which the word “proofs” is added.
        can_read: Whether this requester may read.
        alias: The group's short name, to which `-proofs` is added.
    """
    words = (
        f"The publication manifests of the sharing group “{title}”: who published what, byte for byte, signed. "
        "Publications are posted to the group's own collection, their manifests with them. "
        f"{_rights(can_read=can_read, can_write=False)}"
    )
    return collection(
        proofs_id,
        title=title + PROOFS_TITLE,
        can_read=can_read,
        can_write=False,
        alias=None if alias is None else alias + PROOFS_ALIAS,
        description=words,
    )


def collections(each: Iterable[Resource]) -> Resource:
    """The collections resource, ascending by id; empty where there are none (TAXII 2.1 §5.1.1, §3.3)."""
    ordered = sorted(each, key=lambda one: str(one["id"]))
    return {"collections": ordered} if ordered else {}


def error(
    title: str,
    *,
    http_status: int,
    description: str | None = None,
    error_code: str | None = None,
    error_id: str | None = None,
    external_details: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Resource:
    """The error resource (TAXII 2.1 §3.6.1): `http_status` is given as a number and sent as a string.

    Args:
        title: What went wrong, in a few words.
        http_status: The status of the answer that carries it.
        description: The sentence that says where and what to do.
        error_code: The stable word for programs, such as `not-in-force`.
        error_id: Names this occurrence in the hub's log.
        external_details: An absolute address that tells more.
        details: Further facts for programs.
    """
    resource: Resource = {"title": title, "http_status": str(int(http_status))}
    resource |= _given(
        description=description, error_id=error_id, error_code=error_code, external_details=external_details
    )
    return resource | ({"details": dict(details)} if details else {})


def _rights(*, can_read: bool, can_write: bool) -> str:
    """A requester's rights in words, for people who look at a list of collections."""
    return {
        (True, True): "You may read and publish.",
        (True, False): "You may read.",
        (False, True): "You may publish.",
        (False, False): "You may see that it exists, neither read nor publish.",
    }[bool(can_read), bool(can_write)]


def _given(**properties: str | None) -> Resource:
    """The properties that have a value; null is no substitute for leaving one out (TAXII 2.1 §3.8)."""
    return {name: value for name, value in properties.items() if value is not None}
