"""Signed statements: what do the four small documents beside the manifest have in common?

Each is a compact JWS whose payload is one RFC 8785 object of exactly known fields with `v` = 1. `Fields` reads such
a payload field by field and refuses what is left over, missing, or of another shape.
"""

import re
from collections.abc import Mapping
from typing import cast

from keys.errors import Malformed
from keys.instants import parse_ms
from keys.jws import Compact, read_compact, sign_compact
from keys.shapes import matching, whole
from keys.signer import Signer
from keys.strict_json import Json, canonical, parse_canonical

VERSION = 1


class Fields:
    """The payload of one statement, whose fields are exactly the names given, besides `v`."""

    def __init__(self, compact: Compact, names: frozenset[str]) -> None:
        """Parse strictly; raises Malformed, or NotCanonical where the bytes are not RFC 8785."""
        value = parse_canonical(compact.payload)
        if not isinstance(value, dict):
            raise Malformed("the payload is not a JSON object", path="$")
        wrong = sorted(names.union({"v"}).symmetric_difference(value))
        if wrong:
            raise Malformed(f"fields missing or unknown: {', '.join(wrong)}", path="$")
        if whole(value["v"], "$.v") != VERSION:
            raise Malformed(f"version {value['v']} of this document is not known", path="$.v")
        self._values = value

    def raw(self, name: str) -> object:
        """The field as parsed."""
        return self._values[name]

    def text(self, name: str, pattern: re.Pattern[str]) -> str:
        """A string field of that form."""
        return matching(self._values[name], pattern, f"$.{name}")

    def count(self, name: str, *, least: int = 0) -> int:
        """A whole number field."""
        return whole(self._values[name], f"$.{name}", least=least)

    def instant(self, name: str) -> int:
        """A time field, as microseconds since the epoch."""
        return parse_ms(self._values[name], path=f"$.{name}")


def sign_statement(fields: Mapping[str, object], typ: str, signer: Signer) -> str:
    """The compact JWS of the fields and `v`, in RFC 8785 form."""
    return sign_compact(canonical(cast("Json", {"v": VERSION, **fields})), typ, signer)


def read_statement(raw: str, typ: str, names: frozenset[str]) -> tuple[Compact, Fields]:
    """A statement's JWS and its fields, not verified; raises Malformed."""
    compact = read_compact(raw, typ)
    return compact, Fields(compact, names)
