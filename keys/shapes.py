"""Has this value the shape its place asks for? Ids, digests, labels and whole numbers, as signed data spells them."""

import re
from collections.abc import Mapping

from keys.errors import Malformed
from keys.json_rules import MAX_INTEGER

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A UUID in its canonical, lower-case spelling (RFC 9562 §4)."""

IDENTITY = re.compile(f"identity--{UUID.pattern}")
MANIFEST = re.compile(f"publication-manifest--{UUID.pattern}")
MARKING = re.compile(f"marking-definition--{UUID.pattern}")
DIGEST = re.compile(r"[0-9a-f]{64}")
VISIBLE = re.compile(r"[!-~]{1,512}")  # printable ASCII without blanks: URLs, nonces

LABELS = ("clear", "green", "amber", "amber+strict")
"""TLP 2.0 labels that enter a collection; RED is for named individuals and is never relayed."""

LABEL = re.compile("|".join(map(re.escape, LABELS)))


def matching(value: object, pattern: re.Pattern[str], path: str) -> str:
    """The value, if it is a string the whole of which matches; raises Malformed."""
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise Malformed(f"not a text of the form {pattern.pattern}", path=path)
    return value


def whole(value: object, path: str, *, least: int = 0) -> int:
    """The value, if it is an integer from `least` to 2^53-1; raises Malformed."""
    if type(value) is not int or not least <= value <= MAX_INTEGER:
        raise Malformed(f"not a whole number from {least} to 2^53-1", path=path)
    return value


def mapping(value: object, path: str) -> Mapping[str, object]:
    """The value, if it is a JSON object; raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed("not a JSON object", path=path)
    return value
