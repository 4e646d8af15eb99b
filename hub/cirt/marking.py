"""Which label does each object go under? Reads markings, and marks what this CIRT authored (FIRST TLP 2.0).

Only an object whose author is this member (`created_by_ref`; its own identity) is ever touched: `object_marking_refs`
is set and `modified` renewed. The marked copy is remembered by the input's digest, so that a second run publishes the
same bytes.
"""

from dataclasses import dataclass

from feeds.objects import StixObject
from keys.envelope import Item, item_of, read_item
from keys.instants import format_ms, version_ns
from policies.labels import TLP2_MARKINGS, Label

from .state import State

_MILLISECOND_NS = 1_000_000
_UNVERSIONED = frozenset({"marking-definition", "extension-definition"})
"""Types that need no marking and, the first of them, have no `modified` to renew (STIX 2.1 §7.2.1, §7.3)."""


def may_mark(read: StixObject, item: Item, member: str) -> bool:
    """Whether this member authored the object, and it can be marked: it has a version of its own to renew.

    An identity without `created_by_ref` is its own author, as in the decision of `policies`.
    """
    authored = item.value.get("created_by_ref", read.author) == member
    return authored and read.type not in _UNVERSIONED and "modified" in item.value


def marked(item: Item, label: Label, at: int) -> Item:
    """The object under a label: its TLP 2.0 marking set, `modified` renewed to `at` (or just after what it was).

    Args:
        item: without a TLP marking; other markings of it stay.
        label: what it is to be marked with.
        at: now, microseconds since the epoch.
    """
    before = version_ns(item.value["modified"])
    renewed = max(at * 1000, before + _MILLISECOND_NS)
    refs = item.value.get("object_marking_refs")
    others = refs if isinstance(refs, list) else []
    return item_of(
        {
            **item.value,
            "modified": format_ms(-(-renewed // _MILLISECOND_NS) * 1000),
            "object_marking_refs": [TLP2_MARKINGS[label.text], *others],
        }
    )


@dataclass(frozen=True, slots=True)
class MarkedCopies:
    """The marked copies that this member has published, by the input's digest and the label."""

    state: State
    keep: bool = True

    def of(self, item: Item, label: Label, at: int) -> Item:
        """The marked copy of an object: the one kept, else a new one, kept if it is to be."""
        row = self.state.row("SELECT body FROM marked WHERE input = ? AND label = ?", item.sha256, label.text)
        if row is not None:
            return read_item(row[0])
        copy = marked(item, label, at)
        if self.keep:
            with self.state.change():
                values = (item.sha256, label.text, copy.canonical)
                self.state.run("INSERT INTO marked (input, label, body) VALUES (?, ?, ?)", *values)
        return copy
