"""Is a stream whole? Chains with every fault that a reader must name."""

from collections.abc import Sequence

import pytest

from keys.baseline import Baseline
from keys.chain import ANYONE, Link, StreamVerdict, judge_stream, known_heads, origins
from keys.head import Head
from keys.instants import format_ms

A, B = "identity--aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "identity--bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
GROUP = "11111111-1111-4111-8111-111111111111"


def digest(seq: int) -> str:
    """A digest that tells its place."""
    return f"{seq:064x}"


def chain(*places: int) -> list[Link]:
    """The links of one unbroken chain, as many as are named."""
    return [Link(seq, digest(seq - 1) if seq > 1 else None, digest(seq)) for seq in places]


def head(seq: int) -> Head:
    """The head of that chain at a place."""
    return Head(seq, digest(seq))


OTHER = Link(2, digest(1), "f" * 64)
ASTRAY = Link(3, "e" * 64, digest(3))

CASES: list[tuple[str, Sequence[Link], Head | None, Sequence[Head], StreamVerdict]] = [
    ("nothing", [], None, [], StreamVerdict.COMPLETE),
    ("whole", chain(1, 2, 3), None, [], StreamVerdict.COMPLETE),
    ("whole, shuffled and twice", [*chain(3, 1, 2), *chain(2)], None, [], StreamVerdict.COMPLETE),
    ("one left out", chain(1, 3), None, [], StreamVerdict.GAP),
    ("the first left out", chain(2, 3), None, [], StreamVerdict.GAP),
    ("the last left out", chain(1, 2), None, [head(3)], StreamVerdict.REWOUND),
    ("all left out", [], None, [head(3)], StreamVerdict.REWOUND),
    ("reaches what was known", chain(1, 2, 3), None, [head(3)], StreamVerdict.COMPLETE),
    ("two at one place", [*chain(1, 2), OTHER], None, [], StreamVerdict.FORKED),
    ("another than the known one", [*chain(1), OTHER], None, [head(2)], StreamVerdict.FORKED),
    ("follows another than the one held", [*chain(1, 2), ASTRAY], None, [], StreamVerdict.FORKED),
    ("follows another than the origin", [ASTRAY], head(2), [], StreamVerdict.FORKED),
    ("owed from later on", chain(6, 7), head(5), [], StreamVerdict.COMPLETE),
    ("nothing since", [], head(5), [head(5)], StreamVerdict.COMPLETE),
    ("the first that is owed left out", chain(7), head(5), [], StreamVerdict.GAP),
    ("earlier ones are no matter", chain(2, 4, 5, 6), head(5), [], StreamVerdict.COMPLETE),
    ("an earlier one that does not fit", [OTHER, *chain(3)], head(5), [], StreamVerdict.FORKED),
]


@pytest.mark.parametrize(
    ("links", "since", "known", "verdict"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_chain_gets_its_verdict(
    links: Sequence[Link], since: Head | None, known: Sequence[Head], verdict: StreamVerdict
) -> None:
    """Red if `_walk` is not called, `known` is not compared, or a gap before `since` counts."""
    judged = judge_stream(A, "green", links, since=since, known=known)
    assert judged.verdict is verdict
    assert bool(judged.faults) is (verdict is not StreamVerdict.COMPLETE)


def test_the_sentence_names_the_place() -> None:
    """Red if the faults do not say which manifests are missing."""
    assert judge_stream(A, "green", chain(1, 4)).faults == ("seq 2 to 3 are not there",)
    assert judge_stream(A, "green", chain(1, 3)).faults == ("seq 2 is not there",)


def baseline(starts: dict[str, int], heads: dict[tuple[str, str], Head], iat: int = 100) -> Baseline:
    """A baseline of these starts and heads."""
    text = "a" * 64
    return Baseline(GROUP, B, text, starts, heads, (text,), iat)


def test_a_label_readable_from_its_beginning_is_owed_from_its_beginning() -> None:
    """Red if a baseline's head excuses the history that the member may read."""
    given = baseline({"clear": 0, "green": 7}, {(A, "clear"): head(3), (A, "green"): head(4)})
    assert origins(given) == {(A, "green"): head(4)}


def test_a_later_acceptance_does_not_excuse_what_lies_between() -> None:
    """Red if accepting again moves the origin of a label whose start stayed."""
    first = baseline({"green": 7, "amber": 7}, {(A, "green"): head(4), (A, "amber"): head(2)})
    again = baseline({"green": 7, "amber": 9}, {(A, "green"): head(9), (A, "amber"): head(5)})
    kept = origins(first)
    assert origins(again, first, kept) == {(A, "green"): head(4), (A, "amber"): head(5)}


def test_heads_of_labels_that_are_closed_are_not_expected() -> None:
    """Red if a stream that the member may not read is missed."""
    given = baseline({"green": 0}, {(A, "green"): head(4), (A, "amber"): head(2)})
    assert known_heads(given) == {(A, "green"): head(4)}


SECOND = 1_000_000
OPENED = Head(5 * SECOND, "")


def signed(*places: int, at: int) -> list[Link]:
    """The links of that chain at these places, signed so many seconds after the epoch."""
    return [link._replace(iat=format_ms(at * SECOND)) for link in chain(*places)]


@pytest.mark.parametrize(
    ("links", "verdict"),
    [
        ([], StreamVerdict.COMPLETE),
        (signed(3, 4, at=5), StreamVerdict.COMPLETE),
        ([*signed(1, at=2), *signed(3, at=5)], StreamVerdict.COMPLETE),
        ([*signed(3, at=4), *signed(5, at=6)], StreamVerdict.COMPLETE),
        ([*signed(3, at=5), *signed(5, at=6)], StreamVerdict.GAP),
    ],
    ids=["nothing yet", "the first ones closed", "open once before", "signed shortly before", "one left out since"],
)
def test_a_label_that_opened_after_the_baseline(links: Sequence[Link], verdict: StreamVerdict) -> None:
    """Red if what was published before the version's first day is missed, or nothing is any more after it."""
    assert judge_stream(A, "amber", links, opened=OPENED).verdict is verdict


def test_a_version_accepted_ahead_is_owed_from_its_first_day() -> None:
    """Red if `origins` takes the heads of the acceptance for those of the first day, or forgets it afterwards."""
    first = baseline({"green": 7, "amber": 900}, {(A, "green"): head(4)})
    kept = origins(first)
    assert kept == {(A, "green"): head(4), (ANYONE, "amber"): Head(900, "")}
    again = baseline({"green": 7, "amber": 900}, {(A, "green"): head(9), (A, "amber"): head(5)}, iat=2000)
    assert origins(again, first, kept) == kept
