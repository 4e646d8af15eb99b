"""Which settings does `docs/clients.md` give for a client? The very lines that are there, with a test's own values."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "clients.md"
HUB: Final = "https://hub.example.org"
TOKEN: Final = "cirthub_TOKEN"
GROUP: Final = "0b5e7c1a-4f7d-4c52-9a63-2f1de08c7b91"
ALIAS: Final = "africa-rapid"
TITLE: Final = "Africa rapid"

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(text|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(?P<name>[^:=]+?)(?:: ?|=)(?P<value>.*?)(?:  +# .*)?$")

Settings = dict[str, str]


def sections() -> dict[str, str]:
    """Heading to text, of every section."""
    parts = _SECTION.split(DOCUMENT.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(section: str) -> list[Settings]:
    """The settings shown in a section, block by block, as they stand there."""
    found = []
    for kind, block in _BLOCK.findall(sections()[section]):
        if kind == "json":
            found.append(dict(_flat(json.loads(block))))
            continue
        lines = [_LINE.match(line) for line in block.splitlines() if line.strip()]
        assert all(lines), f"a line of {section} is neither `name: value` nor `NAME=value`"
        found.append({line["name"]: line["value"] for line in lines if line})
    return found


def _flat(value: Any) -> Iterator[tuple[str, str]]:
    """The names and texts of a JSON document, whatever holds them."""
    for name, each in value.items() if isinstance(value, dict) else (("", each) for each in value):
        if isinstance(each, dict | list):
            yield from _flat(each)
        else:
            yield name, str(each)


def settings(section: str, block: int = 0, **values: str) -> Settings:
    """One block with a test's own hub, token, collection, alias and title in the places of the document's examples.

    Args:
        section: its heading.
        block: its place among the blocks of the section.
        **values: `url`, `token`, `group`, `alias`, `title`.
    """
    places = {HUB: values["url"], TOKEN: values["token"], GROUP: values["group"]}
    places |= {ALIAS: values.get("alias", ALIAS), TITLE: values.get("title", TITLE)}
    return {name: _filled(value, places) for name, value in blocks(section)[block].items()}


def _filled(value: str, places: dict[str, str]) -> str:
    for example, own in places.items():
        value = value.replace(example, own)
    return value
