"""Where does the next page begin? The `next` token: sealed, stateless, replayable, good on every worker.

TAXII 2.1 §3.5 and App. B. A token is base64url without padding over

    format (1 byte) | position (8) | tag of the epoch (8) | match filters (deflated JSON, or nothing) | HMAC-SHA256 (32)

and the code also covers who may use it: member, collection and endpoint, which are not in the token. The position is
the `date_added` of the last row of the page it came with, which its reader has just been shown: nothing foreign is
inside.
`added_after` needs no place in it, since the position is later already.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from feeds.errors import BadCursor
from feeds.taxii_query import MAX_NEXT, Query, VersionFilter

_FORMAT: Final = b"\x01"
_DOMAIN: Final = b"cirt-hub taxii cursor v1"
_EPOCH_DOMAIN: Final = b"cirt-hub taxii cursor epoch v1"
_TAG: Final = 8
_MAC: Final = 32
_HEAD: Final = 1 + 8 + _TAG
_RESTART: Final = (
    "Start again without `next`, with `added_after` set to the last X-TAXII-Date-Added-Last you received: "
    "nothing is lost."
)
_MATCHES: Final = ("match_id", "match_type", "match_spec_version")


@dataclass(frozen=True, slots=True)
class Scope:
    """Who may use a token, and where.

    Attributes:
        member: The member's id.
        collection: The collection's id (never its alias, so that both spellings of an address share their tokens).
        endpoint: The endpoint's name, with the STIX id where the path has one, such as `objects` or `versions/tool--…`.
    """

    member: str
    collection: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """An opened token.

    Attributes:
        position: Microseconds since the epoch; the next page begins strictly after it.
        filters: A query that holds the token's `match_*` filters and nothing else.
    """

    position: int
    filters: Query


def seal(secret: bytes, scope: Scope, *, position: int, epoch: str, query: Query) -> str:
    """Make the `next` of a page.

    Args:
        secret: The hub's secret, shared by all its workers; a key of this purpose alone is derived from it.
        scope: Who may use the token, and where.
        position: The `date_added` of the page's last row, in microseconds since the epoch.
        epoch: Names the life of the database; it changes when a backup is restored.
        query: The query as it was answered; its `match_*` filters go into the token.
    """
    packed = _pack_filters(query)
    body = _FORMAT + position.to_bytes(8, "big") + _tag(secret, epoch) + packed
    return _encode(body + _mac(secret, scope, body))


def unseal(secret: bytes, scope: Scope, token: str, *, epoch: str) -> Cursor:
    """Open a token; see `seal` for the arguments.

    Raises:
        BadCursor: altered, cut, of another member, collection or endpoint, or from before a restore of the hub.
    """
    raw = _decode(token)
    body, code = raw[:-_MAC], raw[-_MAC:]
    if len(body) < _HEAD or not hmac.compare_digest(_mac(secret, scope, body), code) or body[:1] != _FORMAT:
        raise BadCursor(
            f"This `next` was not given out for this account, collection and endpoint, or was altered. {_RESTART}"
        )
    if not hmac.compare_digest(body[1 + 8 : _HEAD], _tag(secret, epoch)):
        raise BadCursor(f"This `next` is from before the hub was restored from a backup. {_RESTART}")
    return Cursor(int.from_bytes(body[1:9], "big"), _unpack_filters(body[_HEAD:]))


def resume(secret: bytes, scope: Scope, query: Query, *, epoch: str) -> tuple[Query, int | None]:
    """The query to answer, and the position after which its page begins (None: from the beginning).

    Without `next` these are the query and its `added_after`. With it, `added_after` is ignored (clients repeat, change
    and drop it), a filter that the request leaves out is the token's own, and a filter that differs is refused: a token
    never widens, and never changes, what it was made for.

    Raises:
        BadCursor: as `unseal`, or a `match[...]` differs from the one that the token was made with.
    """
    if query.next is None:
        return query, query.added_after
    cursor = unseal(secret, scope, query.next, epoch=epoch)
    own = cursor.filters
    for name in (*_MATCHES, "match_version"):
        asked = getattr(query, name)
        if asked is not None and asked != getattr(own, name):
            raise BadCursor(
                f"`match[{name.removeprefix('match_')}]` differs from the request that this `next` came from; "
                "repeat that request's filters, leave them out, or begin again without `next`."
            )
    return replace(own, added_after=query.added_after, limit=query.limit, next=query.next), cursor.position


def _key(secret: bytes, domain: bytes) -> bytes:
    """A key of one purpose only."""
    return hmac.new(secret, domain, hashlib.sha256).digest()


def _tag(secret: bytes, epoch: str) -> bytes:
    """Tells epochs apart without telling which they are."""
    return hmac.new(_key(secret, _EPOCH_DOMAIN), epoch.encode(), hashlib.sha256).digest()[:_TAG]


def _mac(secret: bytes, scope: Scope, body: bytes) -> bytes:
    """The code over scope and body, each part with its length before it, so that no two scopes read alike."""
    code = hmac.new(_key(secret, _DOMAIN), digestmod=hashlib.sha256)
    for part in (*(_text(each) for each in (scope.member, scope.collection, scope.endpoint)), body):
        code.update(len(part).to_bytes(4, "big") + part)
    return code.digest()


def _text(part: str) -> bytes:
    """A part of a scope as bytes; a path may hold what is no Unicode text, and must not fail here."""
    return part.encode(errors="surrogatepass")


def _pack_filters(query: Query) -> bytes:
    """The `match_*` filters as deflated JSON; nothing where there are none."""
    chosen: dict[str, Any] = {name: value for name in _MATCHES if (value := getattr(query, name)) is not None}
    if (version := query.match_version) is not None:
        chosen["match_version"] = [version.first, version.last, version.all, version.instants_ns]
    return zlib.compress(json.dumps(chosen, separators=(",", ":")).encode(), 9) if chosen else b""


def _unpack_filters(packed: bytes) -> Query:
    """The reverse of `_pack_filters`; only what this hub sealed comes here."""
    if not packed:
        return Query()
    chosen: Mapping[str, Any] = json.loads(zlib.decompress(packed))
    version = chosen.get("match_version")
    if version is not None:
        first, last, everything, instants = version
        version = VersionFilter(first, last, everything, tuple(instants))
    lists: dict[str, Any] = {name: tuple(chosen[name]) if name in chosen else None for name in _MATCHES}
    return Query(match_version=version, **lists)


def _encode(raw: bytes) -> str:
    """Base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(token: str) -> bytes:
    """The bytes of a token, one spelling only: no padding, no other alphabet, no loose bits in the last letter."""
    if len(token) <= MAX_NEXT and token.isascii():
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if raw and _encode(raw) == token:
            return raw
    raise BadCursor(f"This `next` is not one of ours, or was cut on its way. {_RESTART}")
