"""Does `cirt check` pass our own hub in every row, and does it outlive servers that are faulty or hostile?"""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feeds.conformance.table import ROWS
from support.clock import Clock
from support.members import Neighbourhood, run_cirt
from support.rough_server import Rough, RoughServer, taxii
from support.served import Serving, accepted, post
from support.stage import indicator
from support.x509 import make

STRANGER = "Basic Y2lydC1jaGVjazpub2JvZHktaGFzLXRoaXM="
HOSTILE = "\x1b]0;owned\x07\u202e\x00\r\n"


def judged(folder: Path, url: str, *words: str, token: str | None = None, code: int | None = 0) -> Any:
    """The answer of a check."""
    if token is not None:
        (folder / "token").write_text(token)
        words = (*words, "--token-file", str(folder / "token"))
    return run_cirt(folder / "home", Clock(), "check", url, *words, "--json", code=code).json


def verdicts(told: Any) -> dict[int, str]:
    """Row and verdict."""
    return {row["row"]: row["verdict"] for row in told["rows"]}


def filled(served: Serving, *, alias: str | None = None) -> str:
    """A group with objects of two publishers, one of them in two versions; the token of a reader."""
    a, b, group = served.pair(**({"alias": alias} if alias else {}))
    for first in (0, 4):
        accepted(post(served.url, a, group, a.envelope(group, [indicator(n) for n in range(first, first + 4)])))
        a.remember(group)
    newer = indicator(0, modified="2026-11-19T10:58:11.120345Z", name="Lure 0, renamed")
    accepted(post(served.url, a, group, a.envelope(group, [newer])))
    accepted(post(served.url, b, group, b.envelope(group, [indicator(3), indicator(20)])))
    return b.token


@pytest.mark.parametrize("spelling", [(), ("--user", "any")], ids=["bearer", "basic"])
def test_our_own_hub_passes_every_row(served: Serving, tmp_path: Path, spelling: tuple[str, ...]) -> None:
    """Red if the hub breaks a row of the check on either engine, or a row that it gives occasion for is not judged."""
    told = judged(tmp_path, served.url, *spelling, token=filled(served))
    other = {row: verdict for row, verdict in verdicts(told).items() if verdict != "ok"}
    assert other == dict.fromkeys((1, 2, 3), "cannot be seen"), told  # there is no TLS on the loopback
    assert (told["good"], told["counts"]["broken must"], len(told["rows"])) == (True, 0, len(ROWS))


@pytest.fixture
def server() -> Iterator[RoughServer]:
    """Give a server with a discovery and a root, and nothing else."""
    with RoughServer() as server:
        server.on("/taxii2/", taxii({"title": "Rough", "default": f"{server.address}/r/", "api_roots": ["/r/"]}))
        server.on("/r/", taxii({"title": "R", "versions": ["2.1"], "max_content_length": 9}))
        server.on("/r/collections/", taxii({}))
        yield server


def test_a_broken_must_ends_with_1_and_says_what_to_mend(server: RoughServer, tmp_path: Path) -> None:
    """Row 76. Red if a server that breaks a MUST passes, or its operator is not told what to do."""
    said = run_cirt(tmp_path, Clock(), "check", server.address, code=1)
    row = next(line for line in said.out.splitlines() if line.startswith("76\t"))
    assert "\tbroken\t" in row
    assert "to mend: List `application/taxii+json;version=2.1` in full" in said.err
    assert "cirt: not-conformant:" in said.err


def test_an_api_root_may_be_named(server: RoughServer, tmp_path: Path) -> None:
    """Row 20. Red if a server without discovery is not looked at though its root was named."""
    server.on("/taxii2/", taxii({"title": "Not found"}, 404))
    told = judged(tmp_path, f"{server.address}/r/", code=1)
    found = verdicts(told)
    assert (found[20], found[75], found[76]) == ("broken", "ok", "broken")


def test_nothing_hostile_reaches_the_terminal(server: RoughServer, tmp_path: Path) -> None:
    """Red if a text of the server's goes to the terminal as it came: titles, ids, types, headers, members' names."""
    entry = {"id": HOSTILE, "title": HOSTILE, "can_read": True, "can_write": HOSTILE, "alias": HOSTILE, HOSTILE: None}
    bad = {"title": 5, "http_status": HOSTILE, HOSTILE: HOSTILE, "default": HOSTILE, "api_roots": [HOSTILE, "/r/"]}
    for path in ("/taxii2/", "/r/", "/r/collections/"):
        plain = list(server._plans[path])
        server.on(path, taxii(bad | {"versions": [HOSTILE], "collections": [entry] * 2}))
        for json_too in ((), ("--json",)):
            said = run_cirt(tmp_path, Clock(), "check", f"{server.address}/r/", *json_too, code=1)
            assert [c for c in said.out + said.err if not (c.isprintable() or c in "\t\n")] == []
        server.on(path, *plain)
    server.on("/r/", Rough(b"{}", 200, {"X": "y"}, content_type="text/\x1b[2J\x07"))
    said = run_cirt(tmp_path, Clock(), "check", server.address, code=1)
    assert "\x1b" not in said.out + said.err


def test_usage_is_2_unknown_is_3_and_nobody_there_is_5(server: RoughServer, tmp_path: Path) -> None:
    """Red if a script cannot tell a wrong call, wrong credentials and a server that is down from a broken one."""
    (tmp_path / "token").write_text("two words\n")
    token = ("--token-file", str(tmp_path / "token"))
    for words in (
        ("hub.example",),
        ("ftp://hub.example/",),
        ("http://hub.example/",),
        ("https://me:secret@hub.example/",),
        (server.address, *token),
        (server.address, "--user", "a:b", *token),
        (server.address, "--user", "me"),
    ):
        assert "Error: " in run_cirt(tmp_path, Clock(), "check", *words, code=2).err, words
    assert server.seen == []
    server.on("/r/collections/", taxii({"title": "Unauthorized"}, 401))
    assert "--user and --token-file" in run_cirt(tmp_path, Clock(), "check", server.address, code=3).err
    with RoughServer() as gone:
        address = gone.address
    assert "cannot be reached" in run_cirt(tmp_path, Clock(), "check", address, code=5).err


def test_your_own_token_goes_to_your_own_hub_alone(quick: Neighbourhood, server: RoughServer, tmp_path: Path) -> None:
    """Red if the profile's token is sent to whatever server is checked, or is not used for the profile's own hub."""
    a, b = quick.team("alpha"), quick.team("bravo")
    group = quick.group((a, "both", "amber"), (b, "both", "amber"), alias="first")
    a.cirt.publish(group, [indicator(number) for number in range(6)])
    told = b.json("check", quick.doors.url)
    assert {row["verdict"] for row in told["rows"] if row["level"] == "must"} == {"ok", "cannot be seen"}
    b.run("check", server.address, code=1)
    assert {each.headers.get("authorization") for each in server.seen} == {None, STRANGER}


def test_2_and_3_handshakes(tmp_path: Path) -> None:
    """Red if a server that speaks one version of TLS alone passes both rows, or a certificate is not looked at."""
    shown = make(tmp_path, "127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    with RoughServer() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(shown.certificate, shown.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = server.address.replace("http:", "https:")
        server.on("/taxii2/", taxii({"title": "Rough", "api_roots": ["/r/"]}))
        found = verdicts(judged(tmp_path, url, "--ca", str(shown.certificate), code=1))
        assert (found[1], found[2], found[3]) == ("ok", "broken", "ok")
        assert "certificate" in run_cirt(tmp_path, Clock(), "check", url, code=5).err


def test_the_document_lists_every_row() -> None:
    """Red if a row is added or reworded and `docs/check.md` still tells the old ones."""
    told = Path(__file__).parents[2].joinpath("docs", "check.md").read_text("utf-8")
    rows = [f"| {row.number} | {row.level} | {row.claim} | {row.clause} |" for row in ROWS]
    assert [line for line in told.splitlines() if line.count(" | ") == 3 and line[2:3].isdigit()] == rows
