"""Does `cirt check` find in other servers the faults they are known for, and nothing else?"""

from pathlib import Path
from typing import Any

import pytest

from support.clock import Clock
from support.members import run_cirt
from support.peers import NoPeer, Peer, environment, medallion, opentaxii
from support.stage import indicator

pytestmark = pytest.mark.long  # their environments take half a minute to install, their start some seconds

Rows = dict[int, dict[str, Any]]


def judged(folder: Path, peer: Peer, *, code: int = 1) -> Rows:
    """The rows of a check with this peer's own credentials, by number."""
    scheme, _, secret = peer.authorization.partition(" ")
    (folder / "secret").write_text("secret" if scheme == "Basic" else secret)
    user = ("--user", "admin") if scheme == "Basic" else ()
    words = ("check", peer.url, *user, "--token-file", str(folder / "secret"), "--json")
    told = run_cirt(folder / "home", Clock(), *words, code=code).json
    return {row["row"]: row for row in told["rows"]}


def broken(rows: Rows, *levels: str) -> dict[int, str]:
    """The broken rows of these levels and what came."""
    return {n: row["came"] for n, row in rows.items() if row["verdict"] == "broken" and row["level"] in levels}


def filled(peer: Peer) -> None:
    """Nine objects in three publications, and three others in the second collection."""
    for first in (0, 3, 6):
        assert peer.post([indicator(number) for number in range(first, first + 3)]).status_code == 202
    assert peer.post([indicator(number) for number in range(100, 103)], 1).status_code == 202


@pytest.fixture(scope="module")
def of_medallion(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What is judged of medallion 3.0.0."""
    folder = tmp_path_factory.mktemp("medallion")
    with medallion(folder) as peer:
        filled(peer)
        return judged(folder, peer)


@pytest.fixture(scope="module")
def of_opentaxii(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What is judged of OpenTAXII 0.9.3 once it can tell an id."""
    folder = tmp_path_factory.mktemp("opentaxii")
    with opentaxii(folder) as peer:
        filled(peer)
        return judged(folder, peer)


def of_released(folder: Path) -> Rows:
    """What is judged of OpenTAXII 0.9.3 as it is released."""
    with opentaxii(folder, mended=False) as peer:
        return judged(folder, peer)


def test_the_known_faults_of_medallion_are_found(of_medallion: Rows) -> None:
    """Red if a judge no longer sees what is wrong with medallion 3.0.0, or accuses it of what it does right."""
    must = broken(of_medallion, "must")
    assert must.keys() == {30, 32, 172, 193, 194}
    assert "text/html" in must[30]  # 401 as a page for people
    assert must[32].startswith("406")  # Accept without a version
    assert must[172].startswith("500")  # added_after that is no time
    assert "left out" in must[193]  # one publication, one date
    assert "objects at the manifest" in must[194]
    assert broken(of_medallion, "should").keys() == {25, 27, 34, 51, 178}
    assert broken(of_medallion, "trap").keys() == {171, 195, 196}
    assert of_medallion[25]["came"].startswith("500")  # HEAD


def test_the_known_faults_of_opentaxii_are_found(of_opentaxii: Rows) -> None:
    """Red if a judge no longer sees what is wrong with OpenTAXII 0.9.3, or accuses it of what it does right."""
    must = broken(of_opentaxii, "must")
    assert must.keys() == {8, 30, 32, 52, 61, 89, 172, 176, 181, 207}
    assert "without WWW-Authenticate" in must[8]
    assert "`code, name, description`" in must[52]
    assert "`2026-11-19T09:58:11.120000Z` where the object says `2026-11-19T09:58:11.120Z`" in must[61]
    assert must[89].startswith("500")  # a status id that is none
    assert must[172].startswith("500")  # match[version] that is none
    assert "limit=0" in of_opentaxii[176]["asked"]
    assert must[207].endswith("is `indicator`")  # the type where the version of STIX belongs
    assert broken(of_opentaxii, "should").keys() == {27, 51, 178}
    assert broken(of_opentaxii, "trap").keys() == {23, 74, 104, 174}


def test_opentaxii_as_released_shows_no_collection(tmp_path: Path) -> None:
    """Red if the check takes a server that fails on every id for one that could not be looked at, and so for good."""
    rows = of_released(tmp_path)
    assert rows[92]["came"].startswith("500")
    assert {n for n, row in rows.items() if row["verdict"] == "cannot be seen" and row["level"] == "must"} >= {110, 192}


def test_a_peer_that_cannot_be_made_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Red if a missing `make`, or an index out of reach, ends in a traceback of something else."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoPeer, match="run `make peers`"):
        environment("medallion")
