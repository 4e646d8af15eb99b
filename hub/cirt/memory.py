"""What did this member sign, and what became of it? The publisher's own memory: heads, envelopes, receipts.

An envelope lies on disk before it is posted, and is posted again, byte for byte, until it is answered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hub.durable import make_folder, write_whole
from keys.head import Head
from keys.manifest import Manifest

from .state import State

FOLDER = "sent"


class Fate(StrEnum):
    """What became of an envelope."""

    PENDING = "pending"  # signed here, to be posted from here, not answered yet
    HANDED_OUT = "handed-out"  # signed for another client to post
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Sent:
    """A kept envelope."""

    no: int
    group: str
    path: Path


def heads_of(state: State, group: str) -> dict[str, Head]:
    """Label to the highest head that this member knows of its own streams in a group."""
    rows = state.rows("SELECT label, seq, digest FROM heads WHERE grp = ?", group)
    return {label: Head(seq, digest) for label, seq, digest in rows}


def raise_heads(state: State, group: str, moved: Iterable[tuple[str, Head]]) -> None:
    """Remember these heads, where they are higher."""
    with state.change():
        for label, head in moved:
            state.run(
                "INSERT INTO heads (grp, label, seq, digest) VALUES (?, ?, ?, ?) ON CONFLICT (grp, label) DO UPDATE"
                " SET seq = excluded.seq, digest = excluded.digest WHERE excluded.seq > heads.seq",
                group,
                label,
                head.seq,
                head.digest,
            )


def keep(
    state: State, home: Path, alias: str, raw: bytes, manifests: Sequence[Manifest], at: int, *, fate: Fate
) -> Sent:
    """Put a signed envelope on disk, then into the state; only then may it leave."""
    first = manifests[0]
    folder = make_folder(home / FOLDER / first.group)
    path = folder / f"{at:016d}-{first.tlp}-{first.seq}-{first.digest[:12]}.json"
    write_whole(path, raw)
    with state.change():
        number = state.run(
            "INSERT INTO envelopes (grp, alias, path, state, signed_at) VALUES (?, ?, ?, ?, ?)",
            first.group,
            alias,
            str(path.relative_to(home)),
            str(fate),
            at,
        )
        state.run_many(
            "INSERT INTO manifests_sent (digest, envelope, id, label, seq, objects) VALUES (?, ?, ?, ?, ?, ?)",
            [(m.digest, number, m.id, m.tlp, m.seq, len(m.entries)) for m in manifests],
        )
    return Sent(number, first.group, path)


def unanswered(state: State, home: Path, group: str) -> list[Sent]:
    """The envelopes of a group that are to be posted from here, oldest first."""
    pending = str(Fate.PENDING)
    rows = state.rows("SELECT no, grp, path FROM envelopes WHERE grp = ? AND state = ? ORDER BY no", group, pending)
    return [Sent(number, grp, home / path) for number, grp, path in rows]


def settle(state: State, sent: Sent, status_id: str | None, accepted: Sequence[tuple[Manifest, str]]) -> None:
    """The hub has taken an envelope in: keep the receipts, raise the heads."""
    with state.change():
        state.run("UPDATE envelopes SET state = ?, status_id = ? WHERE no = ?", str(Fate.ACCEPTED), status_id, sent.no)
        for manifest, receipt in accepted:
            state.run("UPDATE manifests_sent SET receipt = ? WHERE digest = ?", receipt, manifest.digest)
        raise_heads(state, sent.group, [(m.tlp, Head(m.seq, m.digest)) for m, _ in accepted])


def refuse(state: State, sent: Sent, status_id: str | None) -> None:
    """The hub has refused an envelope: it is no part of any stream, and is not posted again."""
    with state.change():
        state.run("UPDATE envelopes SET state = ?, status_id = ? WHERE no = ?", str(Fate.REFUSED), status_id, sent.no)
