"""What was stored is spoiled, byte by byte and piece by piece: each time it is named, and the end is not 0."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.cirt.inspection import inspect
from hub.cirt.ledger import StoredLedger
from hub.cirt.profile import load_profile
from hub.cirt.reception import footing, knowledge
from hub.cirt.report import Report, report_of
from hub.cirt.state import open_state, scratch_state
from hub.cirt.terms import recall
from keys.verdicts import Reader
from support.members import Neighbourhood, Team, bundle, indicators

STEP = 11
"""Every so many bytes one is flipped; all of them in turn take a minute."""


@pytest.fixture
def reader(quick: Neighbourhood, tmp_path: Path) -> Team:
    """Give a member that has received three publications into `in`, in page files of their own."""
    a, b = quick.pair()
    for number in range(3):
        path = bundle(tmp_path, f"{number}.json", indicators(2, first=10 * number))
        a.run("publish", str(path), "--group", "first", "--tlp", "green")
        quick.world.clock.advance(5_000_000)
        b.run("poll", "--group", "first", "--out", str(tmp_path / "in"))
    return b


def pages(folder: Path, kind: str) -> list[Path]:
    """The page files of a kind, in order."""
    return sorted((folder / "in").glob(f"{kind}-*.ndjson"))


@contextmanager
def spoiled(path: Path, content: bytes) -> Iterator[None]:
    """Have a file hold other bytes for a while."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def verified(team: Team, folder: Path) -> dict[str, Any]:
    """What `cirt verify` answers, which must be a failure."""
    answer: dict[str, Any] = team.json("verify", "--group", "first", str(folder / "in"), code=1)
    assert answer["good"] is False
    return answer


def judge(team: Team, folder: Path) -> Report:
    """The same without the command around it."""
    with open_state(team.home) as state, scratch_state(team.home) as scratch:
        place = recall(state, "first")
        ring = load_profile(team.home).ring()
        ledger = StoredLedger(scratch, place.no)
        judged = Reader(footing(state, place, ring, team.clock(), require_confirmed=False), ledger)
        with scratch.change():
            faults = list(inspect(judged, [folder / "in"]))
        known = knowledge(state, place)
        polled = StoredLedger(state, place.no).heads()
        return report_of(judged, ledger, ledger.streams(known.origins, known.told, polled), faults)


def test_untouched_it_is_good(reader: Team, tmp_path: Path) -> None:
    """Red if a verdict is wrong about what nobody touched: then the other tests prove nothing."""
    answer = reader.json("verify", "--group", "first")
    assert (answer["good"], answer["verdicts"], len(pages(tmp_path, "objects"))) == (True, {"verified": 6}, 3)
    assert judge(reader, tmp_path).good


@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["objects", "manifests"])
def test_any_flipped_byte_is_named(reader: Team, tmp_path: Path, kind: str, step: int) -> None:
    """Red if a byte of a page can change unnoticed, or the object or file it belongs to is not named."""
    path = pages(tmp_path, kind)[1]
    content = path.read_bytes()
    for at in [*range(0, len(content), step), len(content) - 1]:
        flipped = content[:at] + bytes([content[at] ^ 0x01]) + content[at + 1 :]
        with spoiled(path, flipped):
            report = judge(reader, tmp_path)
        assert not report.good, at
        named = " ".join(
            [f"{f.id} {f.place}" for f in report.findings] + [f"{row[0]} {row[4]}" for row in report.manifests]
        )
        assert path.name in named or "000000000" in named, at


@pytest.mark.parametrize(("old", "new"), [(b'"name":', b'"name": '), (b"Lure", b"L\\u0075re")], ids=["blank", "escape"])
def test_a_line_spelled_otherwise_is_named(reader: Team, tmp_path: Path, old: bytes, new: bytes) -> None:
    """Red if a stored line may be spelled in another way than it was signed in (T-48)."""
    path = pages(tmp_path, "objects")[1]
    with spoiled(path, path.read_bytes().replace(old, new, 1)):
        answer = verified(reader, tmp_path)
    assert ("altered", f"{path.name}:1") in [(each["verdict"], each["place"]) for each in answer["findings"]]


def test_a_dropped_object_is_named(reader: Team, tmp_path: Path) -> None:
    """Red if an entry without its object passes."""
    path = pages(tmp_path, "objects")[1]
    first, _ = path.read_bytes().splitlines(keepends=True)
    with spoiled(path, first):
        answer = verified(reader, tmp_path)
    (finding,) = answer["findings"]
    assert (finding["verdict"], finding["id"]) == ("missing", indicators(1, first=11)[0]["id"])


@pytest.mark.parametrize(("index", "verdict"), [(0, "gap"), (1, "gap"), (2, "rewound")])
def test_a_dropped_manifest_is_named_by_its_stream(reader: Team, tmp_path: Path, index: int, verdict: str) -> None:
    """Red if a manifest can be left out, the last one not excepted: the profile remembers the head it saw."""
    path = pages(tmp_path, "manifests")[index]
    with spoiled(path, b""):
        answer = verified(reader, tmp_path)
    assert list(answer["streams"].values()) == [verdict]
    assert answer["verdicts"] == {"verified": 4, "foreign": 2}


def test_a_dropped_manifest_together_with_its_objects_is_named(reader: Team, tmp_path: Path) -> None:
    """Red if a whole publication can be left out at the end."""
    for kind in ("objects", "manifests"):
        pages(tmp_path, kind)[-1].unlink()
    assert list(verified(reader, tmp_path)["streams"].values()) == ["rewound"]


def test_a_dropped_page_is_named(reader: Team, tmp_path: Path) -> None:
    """Red if the default files are taken from the folder, not from what was written."""
    path = pages(tmp_path, "objects")[0]
    path.unlink()
    answer = reader.json("verify", "--group", "first", code=1)
    assert str(path) in [finding["place"] for finding in answer["findings"]]
    assert answer["verdicts"]["missing"] == 3  # its two objects and itself


def test_a_foreign_object_is_named(reader: Team, tmp_path: Path) -> None:
    """Red if what nobody signed is believed because it lies among the rest."""
    path = pages(tmp_path, "objects")[0]
    lines = path.read_bytes()
    foreign = lines.splitlines(keepends=True)[0].replace(b"-000000000000", b"-0000000000ff")
    with spoiled(path, lines + foreign):
        answer = verified(reader, tmp_path)
    assert [(f["verdict"], f["id"][-2:]) for f in answer["findings"]] == [("foreign", "ff")]


def test_two_manifests_swapped_signatures_are_named(reader: Team, tmp_path: Path) -> None:
    """Red if a signature is good wherever it stands (T-48)."""
    one, two = (path.read_bytes() for path in pages(tmp_path, "manifests")[:2])
    jws = [line.partition(b'"jws":"')[2].partition(b'"')[0] for line in (one, two)]
    with spoiled(pages(tmp_path, "manifests")[0], one.replace(jws[0], jws[1])):
        answer = verified(reader, tmp_path)
    assert [each["verdict"] for each in answer["manifests"]] == ["altered"]


def test_a_bundle_of_a_stock_client_verifies_too(reader: Team, tmp_path: Path) -> None:
    """Red if only files that `cirt` wrote can be verified, or their spelling counts."""
    lines = [
        line
        for kind in ("manifests", "objects")
        for path in pages(tmp_path, kind)
        for line in path.read_bytes().splitlines()
    ]
    path = tmp_path / "stock.json"
    path.write_bytes(b'{"more": false, "objects": [\n' + b",\n".join(lines) + b"]}")
    assert reader.json("verify", "--group", "first", str(path))["verdicts"] == {"verified": 6}


def test_every_object_can_be_told(reader: Team, tmp_path: Path) -> None:
    """Red if `--each` leaves an object out, or does not say what is wrong with a file."""
    lines = reader.run("verify", "--group", "first", "--each").out.splitlines()
    assert sorted({line.split("\t")[0] for line in lines}) == ["verified"]
    assert len(lines) == 6
    said = reader.run("verify", "--group", "first", "--each", str(tmp_path / "gone"), code=1)
    assert f"{tmp_path / 'gone'}: the file is not there" in said.err
