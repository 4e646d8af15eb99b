"""Is a stream whole? The chain of one publisher's manifests under one label, as a reader holds it.

Each payload names the digest of the one before it, so a manifest that was left out, replaced, or shown to one reader
and not to another shows. What no chain can show is that it was cut off at its end; that takes a head known otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from keys.baseline import Baseline
from keys.head import Head
from keys.instants import format_ms


class StreamVerdict(StrEnum):
    """What a reader says of a stream."""

    COMPLETE = "complete"
    GAP = "gap"  # manifests in between, or at its beginning, are not there
    REWOUND = "rewound"  # it ends before a head that was seen earlier
    FORKED = "forked"  # one place holds two manifests, or a manifest follows another one than the one held


class Link(NamedTuple):
    """A proven manifest as far as the chain goes: its place, the digest before it, its own digest."""

    seq: int
    prev: str | None
    digest: str
    iat: str = ""  # RFC 3339, milliseconds, as signed


@dataclass(frozen=True, slots=True)
class Stream:
    """The judgement on one stream.

    Attributes:
        publisher: STIX identity id.
        label: TLP label text.
        verdict: see `StreamVerdict`.
        head: the last manifest held; None if none is.
        faults: what is wrong, a sentence each; empty for a complete stream.
    """

    publisher: str
    label: str
    verdict: StreamVerdict
    head: Head | None
    faults: tuple[str, ...] = ()


def judge_stream(
    publisher: str,
    label: str,
    links: Iterable[Link],
    *,
    since: Head | None = None,
    opened: Head | None = None,
    known: Sequence[Head] = (),
) -> Stream:
    """Judge the chain of one stream.

    Args:
        publisher: STIX identity id.
        label: TLP label text.
        links: its proven manifests, in any order; the same one may come twice.
        since: the head after which the reader is owed everything; None: from the first manifest on. Manifests at or
            before it may be there or not.
        opened: without `since`: the position from which the label is readable, as `origins` has it for `ANYONE`. Then
            everything is owed from the first link on that was signed since; None: from the first manifest on.
        known: heads seen earlier, for example in the baseline: the stream must reach and hold each of them.
    """
    faults: dict[StreamVerdict, list[str]] = {verdict: [] for verdict in StreamVerdict}
    chain: dict[int, Link] = {}
    for link in sorted(links):
        if chain.setdefault(link.seq, link).digest != link.digest:
            faults[StreamVerdict.FORKED].append(f"two different manifests have seq {link.seq}")
    heads = {head.seq: head.digest for head in (*known, *((since,) if since else ()))}
    for seq, digest in heads.items():
        if seq in chain and chain[seq].digest != digest:
            faults[StreamVerdict.FORKED].append(f"seq {seq} is another manifest than the one known before")
    owed = since.seq + 1 if since else _first_since(chain, opened) if opened else 1
    _walk(chain, owed, heads, faults)
    last = max(chain, default=since.seq if since else 0)
    highest = max((head.seq for head in known), default=0)
    if highest > last:
        faults[StreamVerdict.REWOUND].append(f"it ends at seq {last}, but seq {highest} was known before")
    head = Head(last, chain[last].digest) if last in chain else since
    for verdict in (StreamVerdict.FORKED, StreamVerdict.REWOUND, StreamVerdict.GAP):
        if faults[verdict]:
            told = tuple(sentence for sentences in faults.values() for sentence in sentences)
            return Stream(publisher, label, verdict, head, told)
    return Stream(publisher, label, StreamVerdict.COMPLETE, head)


def _first_since(chain: Mapping[int, Link], opened: Head) -> int:
    """The first place whose manifest was signed once the label was open; beyond the last one if none was."""
    since = format_ms(opened.seq)
    return next((seq for seq, link in chain.items() if link.iat >= since), max(chain, default=0) + 1)


def _walk(chain: dict[int, Link], owed: int, heads: dict[int, str], faults: dict[StreamVerdict, list[str]]) -> None:
    """Follow the chain from its first link; what is owed begins at `owed`."""
    before = 0
    for seq, link in chain.items():
        if seq > max(before + 1, owed):
            first = max(before + 1, owed)
            missing = f"seq {first} is" if first == seq - 1 else f"seq {first} to {seq - 1} are"
            faults[StreamVerdict.GAP].append(f"{missing} not there")
        predecessor = chain[seq - 1].digest if before == seq - 1 and before else heads.get(seq - 1)
        if predecessor is not None and link.prev != predecessor:
            faults[StreamVerdict.FORKED].append(f"seq {seq} follows another manifest than the seq {seq - 1} held")
        before = seq


Streams = Mapping[tuple[str, str], Head]
"""(publisher's identity id, label text) to a head."""

ANYONE: Final = ""
"""Stands for every publisher among `origins`, with a position (microseconds since the epoch) as `seq`: see there."""


def origins(
    baseline: Baseline, before: Baseline | None = None, kept: Streams | None = None
) -> dict[tuple[str, str], Head]:
    """The heads after which a member is owed everything; a stream without one is owed from its first manifest on.

    A label that starts at position 0 is readable from its beginning; of any other, what came before it was opened may
    be closed to the member. A label that opens after the baseline was signed, since the version was accepted ahead of
    its first day, has its start as the origin of all its streams: their heads at that instant are known to nobody yet.
    A label whose start an acceptance did not move keeps its origins.

    Args:
        baseline: the newest one.
        before: the one before it.
        kept: the origins that went with that one.
    """
    found: dict[tuple[str, str], Head] = {}
    labels = {(ANYONE, label): Head(start, "") for label, start in baseline.starts.items()}
    for stream, head in {**labels, **baseline.heads}.items():
        start = baseline.starts.get(stream[1])
        if not start:
            continue
        if before is not None and before.starts.get(stream[1]) == start:
            if kept and stream in kept:
                found[stream] = kept[stream]
        elif stream[0] != ANYONE or start > baseline.iat:
            found[stream] = head
    return found


def known_heads(baseline: Baseline) -> dict[tuple[str, str], Head]:
    """The heads of the baseline that its member can read up to: (publisher, label) to head."""
    return {stream: head for stream, head in baseline.heads.items() if stream[1] in baseline.starts}
