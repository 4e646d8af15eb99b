"""Does an object have the shape that STIX 2.1 asks for? The OASIS schemas, judged offline.

The schema files come with the package stix2-validator 3.2.0 (3.3.0 and 3.3.1 lack them). Two of their rules are
narrower than the standard, and are widened on loading:

* `created` and `modified` may have any number of digits after the second: signed texts cannot be padded afterwards.
* A granular marking may carry `lang` in place of `marking_ref`, and its selectors may name dictionary keys with capital
  letters such as `hashes.MD5` (STIX 2.1 §7.2.3); `feeds.markings` checks both.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import orjson

from feeds.errors import BadSchemas, Finding
from feeds.schema_sentences import finding_of

_FOLDERS: Final = ("sdos", "sros", "observables", "common")
_META: Final = frozenset({"language-content", "marking-definition", "extension-definition"})
_SCO_CORE: Final = "cyber-observable-core"
_CORE: Final = "core"
_MAX_FINDINGS: Final = 10
"""Findings told of one object: the rest is seldom news."""

_UNTOLD: Final = Finding("", "does not satisfy the STIX 2.1 schema of its type", "not-stix")
_MAX_EXAMINED: Final = 100
"""Schema errors looked at for one object; several often stand for one finding."""


class Checker:
    """The schema of one STIX type, compiled."""

    __slots__ = ("_validator",)

    def __init__(self, validator: jsonschema_rs.Validator) -> None:
        self._validator = validator

    def is_valid(self, value: dict[str, Any]) -> bool:
        """Whether the object satisfies the schema; cheap, says nothing about the reason."""
        return self._validator.is_valid(value)

    def findings(self, value: dict[str, Any]) -> tuple[Finding, ...]:
        """What the schema finds wrong with an object that is not valid: one to ten findings, one a place."""
        found: dict[str, Finding] = {}
        for error in islice(self._validator.iter_errors(value), _MAX_EXAMINED):
            finding = finding_of(error)
            found.setdefault(finding.path or finding.sentence, finding)
        return tuple(islice(found.values(), _MAX_FINDINGS)) or (_UNTOLD,)


def is_known(stix_type: str) -> bool:
    """Whether STIX 2.1 itself defines the type; `bundle` is none (STIX 2.1 §8)."""
    return stix_type in _known()


def is_observable(stix_type: str) -> bool:
    """Whether the type is one of the STIX Cyber-observable Objects of STIX 2.1 §6."""
    return _known().get(stix_type) == "observables"


@cache
def known_types() -> frozenset[str]:
    """All types that STIX 2.1 defines, `bundle` apart."""
    return frozenset(_known())


def checker(stix_type: str, *, observable: bool = False) -> Checker:
    """The checker of a type; a type that STIX does not define gets the common properties only (STIX 2.1 §3.2, §11).

    Args:
        stix_type: The object's type.
        observable: For a type that STIX does not define: whether the object is a cyber-observable one.

    Raises:
        BadSchemas: The schema files are not installed.
    """
    if stix_type in _known():
        return _compiled(stix_type)
    return _compiled(_SCO_CORE if observable else _CORE)


@cache
def _compiled(name: str) -> Checker:
    schemas = _schemas()
    return Checker(
        jsonschema_rs.validator_for(schemas[name], registry=_registry(), offline=True, validate_formats=False)
    )


@cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(schema["$id"], schema) for schema in _schemas().values()])


@cache
def _known() -> dict[str, str]:
    """STIX type -> folder of its schema."""
    types = {path.stem: folder for folder in _FOLDERS[:3] for path in (_root() / folder).glob("*.json")}
    return types | dict.fromkeys(_META, "common")


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    """All schemas by file name, widened as the module's docstring says."""
    loaded: dict[str, dict[str, Any]] = {
        path.stem: orjson.loads(path.read_bytes()) for folder in _FOLDERS for path in (_root() / folder).glob("*.json")
    }
    for name in ("created", "modified"):
        member = loaded[_CORE]["properties"][name]
        member["allOf"] = [part for part in member["allOf"] if part.get("title") != "timestamp_millis"]
    granular = loaded["granular-marking"]
    granular["required"] = ["selectors"]
    del granular["properties"]["selectors"]["items"]["pattern"]
    return loaded


@cache
def _root() -> Path:
    spec = find_spec("stix2validator")
    places = list(spec.submodule_search_locations or ()) if spec else []
    for place in places:
        root = Path(place) / "schemas-2.1" / "schemas"
        if (root / "common" / "core.json").is_file():
            return root
    raise BadSchemas(
        "The OASIS STIX 2.1 schemas are missing: install stix2-validator==3.2.0 (3.3.x ships without them)"
    )
