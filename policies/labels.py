"""How strict is it? The five labels of TLP 2.0, the encodings met in the field, and an object's own label."""

from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from policies.reasons import PolicyError, Reason, Refusal

TLP2_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


class UnknownLabel(PolicyError):
    """A text that is none of the five labels."""


class Label(IntEnum):
    """A TLP 2.0 label; a greater one is stricter (FIRST TLP 2.0, August 2022). Never translated."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def text(self) -> str:
        """The label as manifests and agreements write it, such as ``amber+strict``."""
        return _TEXTS[self]

    @classmethod
    def of(cls, text: str) -> "Label":
        """The label that ``text`` spells exactly; raises `UnknownLabel` otherwise."""
        label = _LABELS.get(text)
        if label is None:
            raise UnknownLabel(f"{text!r} is no TLP 2.0 label; write one of {', '.join(_LABELS)}")
        return label


_TEXTS: Final = {
    Label.CLEAR: "clear",
    Label.GREEN: "green",
    Label.AMBER: "amber",
    Label.AMBER_STRICT: "amber+strict",
    Label.RED: "red",
}
_LABELS: Final = {text: label for label, text in _TEXTS.items()}

TLP2_MARKINGS: Final = MappingProxyType(
    {
        "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
)
"""Label text to marking-definition id (OASIS TLP 2.0 extension for STIX 2.1)."""

PINNED: Final = MappingProxyType(
    {
        **{identifier: _LABELS[text] for text, identifier in TLP2_MARKINGS.items()},
        # TLP 1, built into STIX 2.1 §7.2.1.4
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Label.CLEAR,
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Label.GREEN,
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Label.AMBER,
        "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Label.RED,
        # OpenCTI's amber+strict from the time before the OASIS extension
        "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37": Label.AMBER_STRICT,
    }
)
"""Every marking-definition id that means a label. The id alone counts; the text of a definition is never believed."""

TLP_LABELS: Final = MappingProxyType(
    {"tlp:white": Label.CLEAR, **{f"tlp:{text}": label for text, label in _LABELS.items()}}
)
"""Lower-cased entries of ``labels`` that mean a label."""

PINNED_DEFINITIONS: Final = tuple(
    {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": identifier,
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{text.upper()}",
        "extensions": {TLP2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": text}},
    }
    for text, identifier in TLP2_MARKINGS.items()
)
"""The five TLP 2.0 marking-definitions, laxest first: constants that everyone has, never listed or stored."""


class Marked(Protocol):
    """An object as this room sees it; the frozen objects that ``feeds`` reads satisfy it."""

    @property
    def id(self) -> str:
        """STIX id."""

    @property
    def type(self) -> str:
        """STIX type, the prefix of the id."""

    @property
    def author(self) -> str | None:
        """``created_by_ref``; for an identity its own id."""

    @property
    def markings(self) -> tuple[str, ...]:
        """Ids in ``object_marking_refs`` and in every granular marking's ``marking_ref``."""

    @property
    def tlp_labels(self) -> tuple[str, ...]:
        """Entries of ``labels`` that begin with ``tlp:`` in any case, lower-cased."""

    @property
    def mentions(self) -> tuple[str, ...]:
        """Every STIX id that stands anywhere in the object, its own excepted."""

    @property
    def claims_tlp(self) -> bool:
        """Whether it is a marking-definition that claims to be a TLP one."""

    @property
    def marking_kind(self) -> str | None:
        """For a marking-definition "statement", "tlp" or another kind; None for all else."""

    @property
    def version(self) -> str | None:
        """``modified``, else ``created``, as written."""

    @property
    def sha256(self) -> str:
        """Digest of the canonical bytes, lower-case hex."""

    @property
    def canonical(self) -> bytes:
        """The RFC 8785 bytes."""


class Reading(NamedTuple):
    """What an object's markings say.

    Attributes:
        label: the strictest label of all encodings, None if there is none.
        others: marking-definition ids that mean no label (statements, or unknown ones).
        unlisted: ``tlp:`` labels that are none of the listed spellings.
    """

    label: Label | None
    others: tuple[str, ...]
    unlisted: tuple[str, ...]


def read_markings(markings: tuple[str, ...], tlp_labels: tuple[str, ...]) -> Reading:
    """Read all four encodings at once; the strictest wins."""
    found = [PINNED[ref] for ref in markings if ref in PINNED]
    found += [TLP_LABELS[text] for text in tlp_labels if text in TLP_LABELS]
    return Reading(
        max(found, default=None),
        tuple(dict.fromkeys(ref for ref in markings if ref not in PINNED)),
        tuple(dict.fromkeys(text for text in tlp_labels if text not in TLP_LABELS)),
    )


def own_label(marked: Marked) -> Label | None:
    """The object's own label: the strictest of its markings, None if it carries none.

    Marking references that are not pinned are judged where shelves are known (`policies.publish`). Raises `Refusal`
    (``unknown-marking``) for a ``tlp:`` label that is not listed: nothing is guessed.
    """
    reading = read_markings(marked.markings, marked.tlp_labels)
    if reading.unlisted:
        raise Refusal(tuple(unknown_label(marked, text) for text in reading.unlisted))
    return reading.label


def unknown_label(marked: Marked, text: str) -> Reason:
    """The reason for refusing a ``tlp:`` label that is no listed spelling."""
    sentence = f"the label {text!r} is no TLP label; write one of {', '.join(TLP_LABELS)}"
    return Reason("unknown-marking", sentence, marked.id, marked.version)
