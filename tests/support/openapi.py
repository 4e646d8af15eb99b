"""The description of the interface, as `docs/openapi.yaml` has it: read once, each reference followed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
METHODS = ("get", "post", "put", "delete", "patch", "head", "options")


def document() -> dict[str, Any]:
    """The whole of it."""
    value: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return value


def operations(described: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Each operation by its method and the path as the hub writes it."""
    return {
        (method.upper(), re.sub(r"\{(\w+)\}", r"<\1>", path)): operation
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def references(value: Any) -> Iterator[str]:
    """Every `$ref` in it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolve(described: dict[str, Any], place: Any) -> Any:
    """What stands there, or where its reference points. Raises `KeyError` if that is nowhere."""
    while isinstance(place, dict) and "$ref" in place:
        found: Any = described
        for part in place["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        place = found
    return place
