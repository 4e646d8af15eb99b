"""Does a marking say in words what no software obeys? Tools write TLP labels that they do not know as statements.

Only pinned marking-definitions mean a label, so an object that a statement calls `tlp:red` counts as unmarked. Whoever
publishes it under a laxer label would give away what its author meant to keep.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from policies.labels import PINNED, TLP_LABELS, Label

from .checking import Checked
from .faults import Failure

_CLAIM: Final = "tlp:"


def check_claims(labelled: Sequence[tuple[Checked, Label]]) -> list[Failure]:
    """Failures of objects that a statement of this publication calls stricter than the label they would go under."""
    claims = {each.read.id: _claim(each.item.value) for each, _ in labelled if each.read.marking_kind}
    failures = []
    for each, label in labelled:
        for ref in each.read.markings:
            text = None if ref in PINNED else claims.get(ref)
            if text is None or _allows(text, label):
                continue
            sentence = (
                f"its marking {ref} says {text!r} in words, and it would go under {label.text}: publish it under a"
                " label as strict as that, mark it with the TLP 2.0 marking that is meant, or take it out"
            )
            failures.append(Failure("unknown-marking", sentence, each.read.id, each.read.version))
    return failures


def _allows(text: str, label: Label) -> bool:
    claimed = TLP_LABELS.get(text)
    return claimed is not None and claimed <= label


def _claim(value: dict[str, Any]) -> str | None:
    """What a marking-definition says that looks like a label, in lower case without spaces; None: nothing like it."""
    definition = value.get("definition")
    said = [value.get("x_opencti_definition"), *(definition.values() if isinstance(definition, dict) else ())]
    return next((text for text in _plain(said) if text.startswith(_CLAIM)), None)


def _plain(said: Iterable[object]) -> Iterable[str]:
    return ("".join(text.lower().split()) for text in said if isinstance(text, str))
