"""What does a schema error mean in words? One short sentence: what is expected at the place, and the remedy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from jsonschema_rs import ValidationError, ValidationErrorKind

from feeds.errors import Finding, clipped, shown

_CODE: Final = "not-stix"
_TYPE_NAMES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}
_FORMS: Final = (
    ("T([01][0-9]", "must be a time in UTC such as `2026-11-20T09:58:11.120Z`"),
    ("[1-5][0-9a-fA-F]{3}", "must be a STIX id: a type, `--`, and a UUID of version 1 to 5 (RFC 4122)"),
    ("A-Za-z0-9+/", "must be base64 text (RFC 4648 §4)"),
    ("([a-fA-F0-9]{2})+", "must be hexadecimal digits, two a byte"),
    (
        "^([a-z][a-z0-9]*)+(-[a-z0-9]+)*",
        "must be a type name: lower-case letters, digits and hyphens, 3 to 250 of them",
    ),
)
_RESERVED: Final = "uses a reserved property name (`severity`, `action`, `username`, `phone_numbers`): rename it"
_MAX_NAMES: Final = 12
_MAX_DEPTH: Final = 6


def finding_of(error: ValidationError) -> Finding:
    """The finding that a schema error stands for: the deepest place that explains it."""
    return _explained(error, _MAX_DEPTH)


def path_of(steps: Sequence[str | int]) -> str:
    """A place as people write it: `external_references[0].url`."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            name = "".join(letter if letter.isprintable() else "?" for letter in step[:60])
            path += f".{name}" if path else name
    return path if len(path) <= 160 else path[:159] + "…"  # noqa: PLR2004 - room for place and remedy in one sentence


def _explained(error: ValidationError, depth: int) -> Finding:
    kind = error.kind
    if isinstance(kind, (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)) and depth:
        return _of_alternatives(error, kind.context, depth)
    return Finding(path_of(error.instance_path), clipped(_sentence(error)), _CODE)


def _of_alternatives(error: ValidationError, branches: Sequence[Sequence[ValidationError]], depth: int) -> Finding:
    """None of several alternatives fits: name what all of them lack, else explain the one that comes nearest."""
    path = path_of(error.instance_path)
    wanted = [name for branch in branches if branch and (name := _required(branch[0]))]
    if len(wanted) == len(branches):
        return Finding(path, f"lacks {_listed(list(dict.fromkeys(wanted)))}: add it", _CODE)
    nearest = min((branch for branch in branches if branch), key=_distance, default=None)
    if nearest is None:
        return Finding(path, "has none of the shapes that STIX 2.1 allows here", _CODE)
    return _explained(nearest[0], depth - 1)


def _distance(branch: Sequence[ValidationError]) -> tuple[int, int]:
    """How far an alternative is from fitting: a wrong `type`, `source_name` or fixed value says it was never meant."""
    other = sum(error.instance_path[-1:] in (["type"], ["source_name"]) or _is_other(error) for error in branch)
    return other, len(branch)


def _required(error: ValidationError) -> str | None:
    return error.kind.property if isinstance(error.kind, ValidationErrorKind.Required) else None


def _is_other(error: ValidationError) -> bool:
    return isinstance(error.kind, (ValidationErrorKind.Type, ValidationErrorKind.Enum))


def _sentence(error: ValidationError) -> str:  # noqa: PLR0911 - one answer a kind of error reads as the table it is
    match error.kind:
        case ValidationErrorKind.Required(property=name):
            return f"lacks the property {shown(name)}: add it"
        case ValidationErrorKind.Type(types=types):
            wanted = " or ".join(_TYPE_NAMES.get(name, name) for name in types)
            return (
                "must not be null: give a value, or leave the property out"
                if error.instance is None
                else f"must be {wanted}"
            )
        case ValidationErrorKind.Enum(options=options):
            return (
                f"must be {_listed([option if isinstance(option, str) else json.dumps(option) for option in options])}"
            )
        case ValidationErrorKind.Pattern(pattern=pattern):
            return _form(pattern)
        case ValidationErrorKind.MinItems() | ValidationErrorKind.MinProperties():
            return "must not be empty: fill it, or leave the property out"
        case ValidationErrorKind.AdditionalProperties(unexpected=names):
            return _unexpected(error, names)
        case _:
            return _rarer(error)


def _rarer(error: ValidationError) -> str:
    match error.kind:
        case ValidationErrorKind.Minimum(limit=limit) | ValidationErrorKind.MinLength(limit=limit):
            return f"must be at least {limit}{_of_length(error)}"
        case ValidationErrorKind.Maximum(limit=limit) | ValidationErrorKind.MaxLength(limit=limit):
            return f"must be at most {limit}{_of_length(error)}"
        case ValidationErrorKind.Not():
            return _RESERVED if "phone_numbers" in error.message else "has a value that STIX 2.1 does not allow here"
        case ValidationErrorKind.OneOfMultipleValid():
            return "mixes alternatives that exclude each other: keep the properties of one"
        case _:
            return f"breaks the rule `{error.kind.name}` of the STIX 2.1 schema for this type"


def _form(pattern: str) -> str:
    for mark, sentence in _FORMS:
        if mark in pattern:
            return sentence
    if pattern.endswith("--"):
        return f"must begin with {shown(pattern.removeprefix('^'))}"
    return f"must have the form {shown(pattern)}"


def _unexpected(error: ValidationError, names: Sequence[str]) -> str:
    listed = ", ".join(shown(name) for name in names[:_MAX_NAMES])
    if error.instance_path[-1:] == ["extensions"]:
        return f"may hold only keys `extension-definition--<UUID>` or ending in `-ext`, not {listed}"
    return f"has property names that STIX does not allow ({listed}): use lower-case letters, digits and `_`, 3 to 250"


def _of_length(error: ValidationError) -> str:
    return " characters long" if "Length" in type(error.kind).__name__ else ""


def _listed(names: Sequence[str]) -> str:
    told = ", ".join(shown(name) for name in names[:_MAX_NAMES])
    rest = len(names) - _MAX_NAMES
    return f"one of {told}{f' and {rest} more' if rest > 0 else ''}" if len(names) > 1 else told
