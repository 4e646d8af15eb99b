"""The head of a stream: how far has one publisher got, in one group, under one label?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Head:
    """The last manifest of a stream.

    Attributes:
        seq: its place, from 1.
        digest: SHA-256 of its decoded payload, which the next manifest's `prev` must be.
    """

    seq: int
    digest: str
