"""Does anything that others wrote move the cursor of whoever reads it? Both command lines, T-36."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import orjson
import pytest

from hub.acts import BadValue
from hub.cirt import show
from hub.cli import showing
from hub.cli.errors import tell, tell_usage
from hub.cli.main import main as cirt_hub
from support.members import Neighbourhood, Said, bundle, indicators

Between = Callable[[object, dict[str, Any], Callable[..., Any]], Iterable[bytes]]
NASTY = "\x1b[2J\x1b]0;owned\x07\u202e\u200b\x9b31m\r\nverified: all of it\x00"
ERROR = {"title": NASTY, "description": NASTY, "error_code": NASTY, "http_status": "403"}
COMMANDS = (
    ("whoami",),
    ("agreements",),
    ("agreements", "first"),
    ("accept", "first"),
    ("poll", "--group", "first"),
    ("explain", "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001", "--group", "first"),
    ("status",),
    ("keys", "list"),
)


def refusing(status: str, told: object) -> Between:
    """Answer everything in this way."""

    def between(app: object, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start(status, [("Content-Type", "application/taxii+json;version=2.1"), ("Retry-After", "999")])
        return [orjson.dumps(told)]

    return between


def harmless(said: Said) -> bool:
    """Whether nothing in it moves a cursor, turns a line, or begins one of its own."""
    lines = (said.out + said.err).replace("\t", " ").split("\n")
    assert "verified: all of it" not in lines
    return all(line.isprintable() for line in lines)


def test_t36_what_a_hub_says_moves_no_cursor(hood: Neighbourhood) -> None:
    """Red if a part of a refusal is told as it came."""
    a, _ = hood.pair()
    for status in ("403 Forbidden", "500 Failed", "429 Slow"):
        hood.doors.between = refusing(status, ERROR)
        for words in COMMANDS:
            said = a.run(*words, code=None)
            assert harmless(said), (status, words)
            assert words[0] in {"status", "keys"} or "owned" in said.err or not status.startswith("403"), said


def test_t36_what_is_told_of_a_publication_moves_no_cursor(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if a hub's remark on an object, or the name of a file, is told as it came."""
    a, _ = hood.pair()
    file = bundle(tmp_path, "a\x1b[2J.json", indicators(2))
    hood.doors.between = refusing("422 Unprocessable", ERROR)
    for words in (("publish", str(file)), ("publish", str(file), "--dry-run"), ("publish", str(file) + "\x1b[1m")):
        assert harmless(a.run(*words, "--group", "first", "--tlp", "green", code=None))


def test_t36_names_that_a_hub_made_up_move_no_cursor(hood: Neighbourhood) -> None:
    """Red if a name in a good answer is told as it came."""
    a, _ = hood.pair()
    told = a.json("whoami")
    hood.doors.between = refusing("200 OK", told | {"member": {**told["member"], "name": NASTY, "alias": NASTY}})
    assert harmless(a.run("whoami", code=None))


@pytest.mark.parametrize("words", [("import", f"{NASTY}.toml"), (NASTY,), ("explain", NASTY), ("serve", f"--{NASTY}")])
def test_t36_what_the_operators_command_says_of_its_words(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Red if click repeats a word as it came: a name of a file may have been chosen by whoever sent it."""
    assert cirt_hub([word.replace("\0", "") for word in words]) != 0
    out, err = capsys.readouterr()
    assert harmless(Said(0, out, err))


def test_t36_what_the_members_command_says_of_its_words(hood: Neighbourhood) -> None:
    """Red for the same in `cirt`."""
    a, _ = hood.pair()
    for words in (("publish", f"{NASTY}.json"), (NASTY,), ("poll", f"--{NASTY}")):
        assert harmless(a.run(*(word.replace("\0", "") for word in words), code=None))


TELLING: dict[str, Callable[[str], object]] = {
    "say": show.say,
    "answer": show.answer,
    "table": lambda text: show.table(["x"], [[text]]),
    "failures": lambda text: show.failures([{"id": text, "version": text, "code": text, "message": text}]),
    "usage": lambda text: show.usage(click.UsageError(text)),
    "json": show.answer_json,
    "line": show.answer_line,
    "operators' usage": lambda text: tell_usage(click.UsageError(text)),
    "operators' error": lambda text: tell(BadValue(text), "cirt-hub"),
    "operators' answer": lambda text: showing.show({"a": text, text: [text], "b": [{"c": text}]}, as_json=False),
    "operators' json": lambda text: showing.show({"a": text}, as_json=True),
}


@pytest.mark.parametrize("how", TELLING)
def test_t36_no_way_of_telling_lets_it_pass(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Red if one of the functions that print does not go through `plain`, whoever has looked at the words before."""
    TELLING[how](NASTY.replace("\r\n", "\r"))
    out, err = capsys.readouterr()
    assert "owned" in out + err
    assert harmless(Said(0, out, err))
