"""Is the book in the state file the one that `keys.verdicts` asks for? Compared with the one in memory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hub.cirt.ledger import StoredLedger
from hub.cirt.state import open_state, scratch_state
from keys.chain import StreamVerdict
from keys.envelope import Item, item_of
from keys.head import Head
from keys.manifest import identity
from keys.verdicts import Ledger, Reader, Verdict
from support.book import Book, footing
from support.signing import ALICE, BOB, OTHER_GROUP, manifest_of, objects, ring_of, signer_of

ITEMS = objects(4)
ALTERED = tuple(item_of({**item.value, "name": "x"}) for item in ITEMS)
OWNED = tuple(item_of({**item.value, "created_by_ref": BOB}) for item in ITEMS)
MANIFESTS = (
    manifest_of(ITEMS[:2]),
    manifest_of(ITEMS[1:], manifest_id=None),
    manifest_of(OWNED, manifest_id=None),
    manifest_of(OWNED[:2], iss=BOB, signer=signer_of(BOB), manifest_id=None),
    manifest_of(ITEMS, signer=signer_of(BOB), manifest_id=None),
    manifest_of(ALTERED[:1], group=OTHER_GROUP, manifest_id=None),
)


@contextmanager
def stored() -> Iterator[StoredLedger]:
    """An empty book in a file."""
    with tempfile.TemporaryDirectory() as folder, scratch_state(Path(folder)) as state:
        yield StoredLedger(state, 1)


def outcome(ledger: Ledger, arrivals: list[Item]) -> tuple[dict[Verdict, int], list[tuple[str, str, str | None]]]:
    """Counts and findings after these have come."""
    reader = Reader(footing(), ledger)
    for item in arrivals:
        (reader.manifest if item.type == "publication-manifest" else reader.object)(item)
    findings = sorted((str(f.verdict), f.id, f.version) for f in reader.leftovers())
    return reader.counts, findings


@given(st.lists(st.sampled_from(list(chain(ITEMS, ALTERED, OWNED, MANIFESTS))), max_size=14))
def test_it_judges_like_the_one_in_memory(arrivals: list[Item]) -> None:
    """Red if a statement of the stored book means something else: a `settle` that leaves an entry awaited."""
    with stored() as ledger:
        assert outcome(ledger, arrivals) == outcome(Book(), arrivals)


@given(st.permutations([*ITEMS, *MANIFESTS[:2]]))
def test_the_order_of_arrival_changes_nothing(arrivals: list[Item]) -> None:
    """Red if the stored book forgets what came too early."""
    with stored() as ledger:
        assert outcome(ledger, arrivals) == ({Verdict.VERIFIED: 4}, [])


def test_what_is_listed_late_is_due_the_next_time() -> None:
    """Red if a manifest of the second drain makes objects missing that the data drain could not have."""
    with stored() as ledger:
        ledger.late = True
        reader = Reader(footing(), ledger)
        reader.manifest(MANIFESTS[0])
        assert list(reader.leftovers()) == []
        ledger.due()
        assert len(list(reader.leftovers())) == 2


def test_a_key_that_is_pinned_later_proves_what_it_signed() -> None:
    """Red if manifests are judged once and for ever."""
    with stored() as ledger:
        before = Reader(footing(ring=ring_of(BOB)), ledger)
        before.manifest(MANIFESTS[0])
        for item in ITEMS[:2]:
            before.object(item)
        assert [f.verdict for f in before.leftovers()] == [Verdict.UNKNOWN_SIGNER] * 2
        assert len(ledger.faulty()) == 1
        after = Reader(footing(), ledger)
        ledger.judge_again(footing(), after)
        assert (after.counts, list(after.leftovers()), ledger.faulty()) == ({Verdict.VERIFIED: 2}, [], [])


def test_a_stream_that_stops_at_a_new_key_says_so(tmp_path: Path) -> None:
    """Red if a key that was not pinned looks like a hub that hides something: `rewound`, and nothing of the key."""
    first = manifest_of(ITEMS[:1], manifest_id=None)
    second = manifest_of(ITEMS[1:2], seq=2, prev=identity(first), manifest_id=None, signer=signer_of("a new key"))
    known = {(ALICE, "green"): Head(2, identity(second) or "")}
    told: list[tuple[str, ...]] = []
    with open_state(tmp_path) as state:
        ledger = StoredLedger(state, 1)
        for item in (first, second):
            Reader(footing(), ledger).manifest(item)
            (stream,) = ledger.streams({}, known)
            assert stream.verdict is StreamVerdict.REWOUND
            told.append(stream.faults)
    short = "it ends at seq 1, but seq 2 was known before"
    assert told == [(short,), (short, "more of it is here, signed by a key that your ring does not vouch for")]


def test_streams_are_judged_from_what_is_proven(tmp_path: Path) -> None:
    """Red if unproven manifests fill a gap, or a head known otherwise is not expected."""
    first = manifest_of(ITEMS[:1], manifest_id=None)
    second = manifest_of(ITEMS[1:2], seq=2, prev=identity(first), manifest_id=None)
    forged = manifest_of(ITEMS[2:3], seq=3, prev=identity(second), manifest_id=None, signer=signer_of(BOB))
    with open_state(tmp_path) as state:
        ledger = StoredLedger(state, 1)
        reader = Reader(footing(), ledger)
        for item in (second, forged):
            reader.manifest(item)
        assert [stream.verdict for stream in ledger.streams({})] == [StreamVerdict.GAP]
        reader.manifest(first)
        (stream,) = ledger.streams({})
        assert (stream.verdict, stream.head) == (StreamVerdict.COMPLETE, Head(2, identity(second) or ""))
        assert ledger.heads() == {(ALICE, "green"): stream.head}
        known = {(ALICE, "green"): Head(3, "f" * 64)}
        assert [stream.verdict for stream in ledger.streams({}, known)] == [StreamVerdict.REWOUND]
        assert list(ledger.last_seen()) == [ALICE]
