"""Has this reader got this answer already? Entity tags that are one reader's own (RFC 9110 §8.8.3, §13.1.2).

A tag is a keyed digest of what the answer says, under a key of the hub's, the reader's and this version's: two readers
of the same page hold different tags, and a tag tells nothing to whoever sees it. It is weak, since the same answer goes
out in several codings. It is compared after the door has judged the request, so it opens nothing.
"""

import base64
import hmac
import re
from typing import Final

from hub.release import VERSION
from hub.store.registry import Account

#: Where the key of the request's reader stands among what the request brought.
READER: Final = "cirt-hub.reader"
_DOMAIN: Final = f"cirt-hub entity tags of {VERSION}\0".encode()
_TAG_BYTES: Final = 16
_OPAQUE: Final = re.compile(r'"([\x21\x23-\x7e\x80-\xff]*)"', re.ASCII)


def reader_key(secret: bytes, account: Account) -> bytes:
    """The key under which an account's tags are made; another token or certificate of the member has another."""
    return hmac.digest(secret, _DOMAIN + account.token.encode(), "sha256")


def entity_tag(key: bytes, said: bytes) -> str:
    """The weak tag of an answer.

    Args:
        key: of the reader, from `reader_key`.
        said: all that the answer depends on, or its body itself.
    """
    code = hmac.digest(key, said, "sha256")[:_TAG_BYTES]
    return f'W/"{base64.urlsafe_b64encode(code).rstrip(b"=").decode("ascii")}"'


def is_known(header: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names the tag, by weak comparison, or any with `*`."""
    if header is None:
        return False
    return header.strip(" \t") == "*" or tag[3:-1] in _OPAQUE.findall(header)
