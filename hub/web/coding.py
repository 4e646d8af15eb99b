"""In which coding does an answer go out? As the request weighs them; as it is where nothing was asked for.

RFC 9110 §12.5.3. Level 1 of both codings: an answer is made once for one reader, so a tighter one never earns back
its time. Each call has its own compressor: threads answer side by side.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import zstandard
from isal import igzip

#: Bytes below which an answer fits into one packet in any case and goes out as it is.
LEAST: Final = 1400
#: Longest `Accept-Encoding` that is worth remembering, characters.
SHORT: Final = 200
LEVEL: Final = 1
IDENTITY: Final = "identity"

_QVALUE: Final = re.compile(r"[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*", re.IGNORECASE | re.ASCII)
#: What is not excluded is acceptable, after everything that is asked for: less than the least weight there is.
_NOT_EXCLUDED: Final = 0.0005


def _gzip(body: bytes) -> bytes:
    return igzip.compress(body, LEVEL, mtime=0)


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=LEVEL).compress(body)


CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType({"zstd": _zstd, "gzip": _gzip})
"""By name (RFC 8878, RFC 1952), the one preferred among equals first."""


def chosen(header: str | None, length: int) -> str:
    """The coding for a body of so many bytes: of `CODINGS`, or `IDENTITY`.

    A request that leaves nothing acceptable gets the answer as it is: it is of more use than a refusal.

    Args:
        header: `Accept-Encoding` as it came; None: nothing is asked for.
        length: of the body as it is, bytes.
    """
    if not header:
        return IDENTITY
    order = _remembered(header) if len(header) <= SHORT else ordered(header)
    if not order or (length < LEAST and IDENTITY in order):
        return IDENTITY
    return order[0]


def ordered(header: str) -> tuple[str, ...]:
    """The acceptable codings, the most wanted first.

    `*` stands for gzip, which everyone who says it can read, and for the body as it is; not for the younger zstd.
    """
    asked = _weights(header)
    rest = asked.get("*")
    named = {
        "zstd": asked.get("zstd", 0.0),
        "gzip": asked.get("gzip", asked.get("x-gzip", rest or 0.0)),  # RFC 9110 §8.4.1.3
        IDENTITY: asked.get(IDENTITY, _NOT_EXCLUDED if rest is None or rest > 0 else 0.0),
    }
    return tuple(sorted((name for name in named if named[name] > 0), key=lambda name: -named[name]))


_remembered = lru_cache(maxsize=256)(ordered)


def _weights(header: str) -> Mapping[str, float]:
    """The weight of each coding named; of one named twice the least, and none for one that cannot be read."""
    weights: dict[str, float] = {}
    for element in header.lower().split(","):
        coding, _, parameters = element.partition(";")
        if name := coding.strip(" \t"):
            found = _QVALUE.fullmatch(parameters)
            weight = float(found[1]) if found else 0.0 if ";" in element else 1.0
            weights[name] = min(weight, weights.get(name, 1.0))
    return weights


def encoded(body: bytes, coding: str) -> bytes:
    """The body in one of `CODINGS`; the same bytes for the same body."""
    return CODINGS[coding](body)
