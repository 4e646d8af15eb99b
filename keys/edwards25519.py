"""The Edwards curve of RFC 8032 §5.1: do these 32 bytes name a point that may serve as a public key?

`cryptography` loads points of small order (under the identity point one constant signature verifies for every
message), so the check is made here. Public values only: nothing in this file needs constant time.
"""

from functools import lru_cache
from typing import NamedTuple

from keys.errors import KeyRefused

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493  # order of the base point
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


class Point(NamedTuple):
    """Extended homogeneous coordinates (RFC 8032 §5.1.4): x = X/Z, y = Y/Z, x*y = T/Z."""

    x: int
    y: int
    z: int
    t: int


IDENTITY = Point(0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    """The sum of two points; complete, so it doubles as well (RFC 8032 §5.1.4)."""
    a, b = (p.y - p.x) * (q.y - q.x) % P, (p.y + p.x) * (q.y + q.x) % P
    c, d = 2 * p.t * q.t * D % P, 2 * p.z * q.z % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return Point(e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar: int, point: Point) -> Point:
    """`point` added to itself `scalar` times (scalar >= 0)."""
    total = IDENTITY
    for bit in f"{scalar:b}":
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def is_identity(point: Point) -> bool:
    """Whether the point is the neutral element, whatever its coordinates are scaled by."""
    return point.x % P == 0 and (point.y - point.z) % P == 0


def decompress(raw: bytes) -> Point:
    """The point behind its 32-byte encoding (RFC 8032 §5.1.3), which must be the canonical one; raises KeyRefused."""
    if len(raw) != 32:  # noqa: PLR2004 - the size RFC 8032 §5.1.5 gives
        raise KeyRefused("an Ed25519 public key has 32 bytes")
    sign, y = raw[31] >> 7, int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= P:
        raise KeyRefused("the Ed25519 key is not canonically encoded: y is not below p")
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x + u) % P == 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (v * x * x - u) % P != 0:
        raise KeyRefused("the Ed25519 key is not a point of the curve")
    if x == 0 and sign:
        raise KeyRefused("the Ed25519 key is not canonically encoded: x is zero with its sign bit set")
    x = P - x if x & 1 != sign else x
    return Point(x, y, 1, x * y % P)


@lru_cache(maxsize=4096)
def check_public_key(raw: bytes) -> None:
    """Refuse what is no canonical encoding of a point of the prime-order subgroup other than the identity.

    `raw` is the 32 bytes of RFC 8032 §5.1.5. About 2 ms of arithmetic, hence remembered. Raises KeyRefused.
    """
    point = decompress(raw)
    if is_identity(multiply(8, point)):
        raise KeyRefused("the Ed25519 key is a point of small order: one signature would fit every message")
    if not is_identity(multiply(L, point)):
        raise KeyRefused("the Ed25519 key is not in the prime-order subgroup")
