"""Shelves: versions, conflicts, revocations, and what listing the same bytes again does."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.labels import Label
from policies.shelf import Placing, judge
from support.marked import Thing

GREEN, AMBER, STRICT = Label.GREEN, Label.AMBER, Label.AMBER_STRICT
CREATED = "2026-01-05T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the shelf."""

    version_ns: int | None = 1
    sha256: str = Thing().sha256
    created: str | None = CREATED
    revoked: bool = False
    rank: Label = GREEN
    position: int | None = 10


OTHER = "0" * 64
NEW = Thing()
NEXT = Thing(version_ns=2, canonical=b'{"next":1}')
END = replace(NEXT, revoked=True)
ADDRESS = Thing(id="ipv4-addr--00000000-0000-5000-8000-000000000001", version=None, version_ns=None, created=None)

ENDED = Row(version_ns=2, sha256=OTHER, revoked=True, rank=AMBER)
ALL = ["conflicting-content", "created-changed"]


def codes(new: Thing, rank: Label, *held: Row) -> list[str]:
    """The codes of the reasons against placing it."""
    return [reason.code for reason in judge(new, rank, held, {}).reasons]


@pytest.mark.parametrize(
    ("new", "rank", "held", "expected"),
    [
        (NEW, AMBER, [], []),
        (NEXT, AMBER, [Row()], []),
        (replace(NEXT, version_ns=0), AMBER, [Row()], []),
        (NEW, AMBER, [Row(sha256=OTHER)], ["conflicting-content"]),
        (replace(NEXT, created="2026-01-04T00:00:00.000Z"), AMBER, [Row()], ["created-changed"]),
        (replace(NEXT, created="2026-01-05T00:00:00Z"), AMBER, [Row()], []),
        (replace(NEXT, created="2026-01-05T00:00:00.0001Z"), AMBER, [Row()], ["created-changed"]),
        (replace(NEXT, created=None), AMBER, [Row()], ["created-changed"]),
        (NEXT, GREEN, [Row(revoked=True)], ["already-revoked"]),
        (END, GREEN, [Row(revoked=True)], ["already-revoked"]),
        (END, GREEN, [Row(version_ns=3, sha256=OTHER)], ["already-revoked"]),
        (NEW, GREEN, [Row(version_ns=2, sha256=OTHER, revoked=True)], []),
        (END, GREEN, [Row()], []),
        (END, Label.CLEAR, [Row()], []),
        (END, AMBER, [Row()], ["stricter-revocation"]),
        (END, AMBER, [Row(rank=STRICT), Row(version_ns=0, sha256=OTHER)], ["stricter-revocation"]),
        (END, AMBER, [Row(position=None)], ["stricter-revocation"]),
        (NEW, GREEN, [ENDED], ["stricter-revocation"]),
        (NEW, GREEN, [Row(rank=STRICT), ENDED], ["stricter-revocation"]),
        (replace(END, created=None), AMBER, [Row(version_ns=2)], [*ALL, "stricter-revocation"]),
        (ADDRESS, AMBER, [Row(None, OTHER, None)], []),
        (ADDRESS, AMBER, [Row(None, OTHER, None, revoked=True)], ["already-revoked"]),
    ],
    ids=[
        "first",
        "newer version",
        "older version, late",
        "other bytes, same instant",
        "created moved",
        "created in another spelling",
        "created moved by a tenth of a millisecond",
        "created gone",
        "after the end",
        "a second end",
        "an end before a later version",
        "older version after the end",
        "end under the same label",
        "end under a laxer label",
        "end under a stricter label",
        "end stricter than one of several",
        "end stricter than a version of this envelope",
        "older version laxer than the end",
        "old bytes again, laxer than the end",
        "all reasons",
        "no version, other bytes",
        "no version, after the end",
    ],
)
def test_t43_versions(new: Thing, rank: Label, held: list[Row], expected: list[str]) -> None:
    """T-43, S6, S7. Red if that rule is taken out or turned round."""
    assert codes(new, rank, *held) == expected
    placing = judge(new, rank, held, {})
    assert placing.label == (None if expected else rank)
    assert all((reason.object_id, reason.version) == (new.id, new.version) for reason in placing.reasons)


@pytest.mark.parametrize(
    ("rank", "row", "starts", "label", "said"),
    [
        (GREEN, Row(), {}, None, "nothing was stored"),
        (GREEN, Row(), {GREEN: 10}, None, "nothing was stored"),
        (GREEN, Row(), {GREEN: 11}, GREEN, "written again under green"),
        (GREEN, Row(position=None), {GREEN: 11}, None, "nothing was stored"),
        (AMBER, Row(), {GREEN: 0, AMBER: 99}, None, "amber does not take back"),
        (AMBER, Row(), {GREEN: 11, AMBER: 0}, AMBER, "written again under amber"),
        (GREEN, Row(rank=AMBER), {GREEN: 0}, GREEN, "written again under green"),
    ],
    ids=[
        "held",
        "from that very position",
        "a reader came later",
        "twice in one envelope",
        "never tightens",
        "a reader of the laxer label came later",
        "relaxed",
    ],
)
def test_listing_the_same_bytes_again(
    rank: Label, row: Row, starts: dict[Label, int], label: Label | None, said: str
) -> None:
    """Red if a reader of the new manifest cannot get what it lists, or bytes are stored twice for nothing."""
    placing = judge(NEW, rank, [row], starts)
    assert placing.label == label
    assert said in placing.remark
    assert placing.reasons == ()


def test_one_of_several_rows_suffices() -> None:
    """Red if only the first row with the same bytes is looked at."""
    rows = [Row(rank=STRICT), Row(rank=GREEN, position=5), Row(rank=GREEN, position=20)]
    assert judge(NEW, AMBER, rows, {GREEN: 15}).label is None
    assert judge(NEW, AMBER, rows, {GREEN: 21}) == Placing(
        AMBER, "held already, written again under amber so that every reader of this publication gets it"
    )


def test_an_end_listed_again_keeps_its_laxer_label() -> None:
    """Red if a revocation that everyone could read is refused because it is listed again under a stricter label."""
    ended = Row(version_ns=2, sha256=END.sha256, revoked=True)
    assert judge(END, AMBER, [Row(), ended], {GREEN: 11}) == Placing(
        AMBER, "held already, written again under amber so that every reader of this publication gets it"
    )


rows = st.builds(
    Row,
    version_ns=st.integers(0, 3),
    sha256=st.sampled_from([NEW.sha256, NEXT.sha256, OTHER]),
    revoked=st.booleans(),
    rank=st.sampled_from(list(Label)[:4]),
    position=st.one_of(st.none(), st.integers(0, 30)),
)


@given(st.sampled_from([NEW, NEXT, END]), st.sampled_from(list(Label)[:4]), st.lists(rows, max_size=4), st.randoms())
def test_the_order_of_rows_does_not_matter(new: Thing, rank: Label, held: list[Row], random: st.DataObject) -> None:
    """Red if the verdict depends on the order in which an envelope was written down."""
    shuffled = sorted(held, key=lambda _: random.random())  # type: ignore[attr-defined]  # Hypothesis' own Random
    assert judge(new, rank, held, {}) == judge(new, rank, shuffled, {})


@given(st.sampled_from([NEW, NEXT, END]), st.sampled_from(list(Label)[:4]), st.lists(rows, max_size=4))
def test_a_row_is_never_written_stricter_than_released(new: Thing, rank: Label, held: list[Row]) -> None:
    """Red if a row is written under a label stricter than its manifest's or than the same bytes had before."""
    placing = judge(new, rank, held, {Label.CLEAR: 15, GREEN: 15, AMBER: 15})
    same = [row.rank for row in held if row.sha256 == new.sha256 and row.version_ns == new.version_ns]
    assert placing.label is None or placing.label == min([rank, *same])
    assert placing.label is None or not placing.reasons
