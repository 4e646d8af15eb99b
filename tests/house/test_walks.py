"""Does ARCHITECTURE.md tell the walks as they are? The functions it names are called, in the order it names them."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from hub.app import create_app
from hub.store import selection
from support.clock import Clock
from support.stix_objects import AT, indicator
from support.world import TAXII, World

ROOT = Path(__file__).resolve().parents[2]
STEP = re.compile(r"`([\w/]+\.py):(\w+)`")


def told(heading: str) -> list[tuple[str, str]]:
    """The functions named in the numbered steps of a section, in order."""
    section = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    steps = re.findall(r"^\d+\. .*(?:\n   .*)*", section, re.MULTILINE)
    return [(path, function) for step in steps for path, function in STEP.findall(step)]


def traced(walk: Callable[[], Any]) -> list[tuple[str, str]]:
    """The project's functions that `walk` calls in this thread, each by file and name, in order."""
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(ROOT)):
            calls.append((str(Path(frame.f_code.co_filename).relative_to(ROOT)), frame.f_code.co_name))

    sys.setprofile(note)
    try:
        walk()
    finally:
        sys.setprofile(None)
    return calls


def follows(expected: list[tuple[str, str]], calls: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What of `expected` does not come up in `calls` in this order."""
    rest: Iterator[tuple[str, str]] = iter(calls)
    return [step for step in expected if step not in rest]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a hub on SQLite."""
    world = World(tmp_path / "hub", f"sqlite:///{tmp_path / 'hub.db'}", Clock(AT))
    yield world
    world.close()


def test_walks_are_as_told(world: World) -> None:
    """Publish and poll through the doors. Red if a step of either list is moved, renamed or no longer called."""
    a, b = world.cirt("a"), world.cirt("b")
    agreement = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    client = create_app(world.hub).test_client()
    url = f"/live/collections/{agreement.id}/objects/"
    a.publish(agreement, [indicator()])  # an older version, so that the shelf has something to judge by
    body = a.envelope(agreement, [indicator(modified="2026-11-20T10:00:00.000Z")])

    def post() -> None:
        answer = client.post(url, data=body, headers={**a.headers, "Content-Type": TAXII})
        assert (answer.status_code, answer.get_json()["failure_count"]) == (202, 0)

    def get() -> None:
        assert len(client.get(f"{url}?limit=10", headers=b.headers).get_json()["objects"]) == 1

    selection.page.cache_clear()  # the statement is put together once a shape and process
    for heading, walk, least in (("Publish", post, 15), ("Poll", get, 8)):
        expected = told(heading)
        assert len(expected) >= least, f"{heading}: the list has lost its functions"
        assert follows(expected, traced(walk)) == [], heading


def test_a_wrong_order_is_found() -> None:
    """The check can fail. Red if `follows` forgets where it was."""
    assert follows([("a.py", "one"), ("b.py", "two")], [("b.py", "two"), ("a.py", "one")]) == [("b.py", "two")]
