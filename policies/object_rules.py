"""What may an object not be? The rules each object of a publication must pass, each in a function of its own."""

import re
from collections.abc import Iterator
from typing import Final, Protocol

from policies.agreement import Agreement
from policies.labels import PINNED, Label, Marked, Reading, read_markings, unknown_label
from policies.reasons import Reason
from policies.terms import Choice

ALWAYS_IN_SCOPE: Final = frozenset({"identity", "marking-definition", "extension-definition", "language-content"})
PERSONAL_TYPES: Final = frozenset({"email-addr", "email-message", "user-account"})
NEED_NO_MARKING: Final = frozenset({"marking-definition", "extension-definition"})
"""Definitions tell how others are to be read, nothing of an incident; and a marking need not be marked itself."""

_NAMED_IN_PATTERN: Final = re.compile(
    rb'"pattern":"(?:[^"\\]|\\.)*?(?<![a-z0-9-])(email-addr|email-message|user-account)(?:\s|\\[nrt])*:'
)
_EMBEDDED: Final = re.compile(rb'"type":"(email-addr|email-message|user-account)"')


class Held(Protocol):
    """Facts about the publisher's own shelf in this group, and about rows it may itself read there."""

    def own_lowest(self, stix_id: str, /) -> Label | None:
        """The laxest label among all the publisher's copies of an object here, this envelope included; None: none."""

    def markings(self, stix_id: str, /) -> str | None:
        """The kind of a marking-definition on the publisher's shelf or in this envelope; None if it is not there."""

    def readable(self, stix_id: str, sha256: str, upto: Label, /) -> bool:
        """Whether the publisher may read these bytes, by others, in this group under a label up to ``upto``."""

    def enrolled(self, identity_id: str, /) -> bool:
        """Whether this identity is an enrolled member."""

    def creator(self, stix_id: str, /) -> str | None:
        """Whom the publisher's first version of an object names as its author; None: nobody, or there is no other."""


class ObjectRules:
    """The rules for the objects of one manifest; remembers what it asked of the shelf."""

    def __init__(self, agreement: Agreement, member: str, tlp: Label, held: Held) -> None:
        self._terms = agreement.terms
        self._any_type = "any" in agreement.terms.object_types
        self._types = ALWAYS_IN_SCOPE.union(agreement.terms.object_types)
        self._member = member
        self._tlp = tlp
        self._held = held
        self._markings: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[Reading, tuple[str, ...]]] = {}
        self._foreign: dict[str | None, bool] = {None: False, member: False}
        self._leaks: dict[str, bool] = dict.fromkeys(agreement.identities, False)

    def judge(self, marked: Marked) -> tuple[Label, list[Reason]]:
        """The object's effective label, and every reason against publishing it; none: it may go."""
        found: list[Reason] = []
        label = self._marking(marked, found)
        if not self._any_type and marked.type not in self._types:
            found.append(_out_of_scope(marked))
        if marked.type in PERSONAL_TYPES or marked.type == "observed-data":
            found += self._personal(marked)
        if self._is_foreign(marked.author):
            found += self._not_author(marked)
        creator = self._held.creator(marked.id)
        if creator is not None and creator != marked.author:
            found.append(_not_creator(marked, creator))
        leaks = self._leaks
        for mention in marked.mentions:
            leak = leaks.get(mention)
            if leak is None:
                leak = leaks[mention] = self._is_stricter(mention)
            if leak:
                found.append(self._leak(marked, mention))
        return label, found

    def _marking(self, marked: Marked, found: list[Reason]) -> Label:
        """The effective label: the stricter of the manifest's and the object's own."""
        key = (marked.markings, marked.tlp_labels)
        known = self._markings.get(key)
        if known is None:
            reading = read_markings(*key)
            known = self._markings[key] = (reading, tuple(ref for ref in reading.others if not self._is_other(ref)))
        reading, unknown = known
        if marked.claims_tlp or marked.id in PINNED:
            found.append(_forged(marked))
        if unknown or reading.unlisted:
            found += _unknown(marked, unknown, reading.unlisted)
        if reading.label is None:
            found += self._unmarked(marked)
            return self._tlp
        if reading.label > self._tlp or reading.label is Label.RED:
            found += self._too_strict(marked, reading.label)
        return max(self._tlp, reading.label)

    def warnings(self, marked: Marked) -> Iterator[Reason]:
        """What is allowed but should be looked at: a pattern that names personal data."""
        if marked.type == "indicator" and self._terms.personal_data is Choice.REFUSE:
            named = _named_in_pattern(marked.canonical)
            if named:
                sentence = f"the pattern names {named[1].decode()}; make sure that it holds no personal data"
                yield Reason("personal-data", sentence, marked.id, marked.version)

    def _is_other(self, ref: str) -> bool:
        return self._held.markings(ref) not in (None, "tlp")

    def _is_foreign(self, author: str | None) -> bool:
        """Whether the author is another member; remembered, since a publication has few authors."""
        foreign = self._foreign.get(author)
        if foreign is None:
            foreign = self._foreign[author] = author is not None and self._held.enrolled(author)
        return foreign

    def _is_stricter(self, mention: str) -> bool:
        lowest = self._held.own_lowest(mention)
        return lowest is not None and lowest > self._tlp

    def _unmarked(self, marked: Marked) -> Iterator[Reason]:
        if self._terms.unmarked is Choice.REFUSE and marked.type not in NEED_NO_MARKING:
            sentence = "no TLP marking, and this agreement refuses unmarked objects; mark it, or ask its author to"
            yield Reason("unmarked", sentence, marked.id, marked.version)

    def _too_strict(self, marked: Marked, own: Label) -> Iterator[Reason]:
        if own is Label.RED:
            sentence = "marked red, which is for named individuals and never enters a collection; leave it out"
            yield Reason("red", sentence, marked.id, marked.version)
            return
        sentence = f"marked {own.text}, stricter than its manifest's {self._tlp.text}; publish it under {own.text}"
        yield Reason("stricter-than-manifest", sentence, marked.id, marked.version)
        if own > self._terms.ceiling:
            sentence = f"marked {own.text}, above the agreement's ceiling {self._terms.ceiling.text}; leave it out"
            yield Reason("above-ceiling", sentence, marked.id, marked.version)

    def _personal(self, marked: Marked) -> Iterator[Reason]:
        if self._terms.personal_data is Choice.ALLOW:
            return
        named = marked.type
        if marked.type not in PERSONAL_TYPES:
            embedded = _EMBEDDED.search(marked.canonical)  # STIX 2.1 §4.14 still allows observables inside
            if embedded is None:
                return
            named = embedded[1].decode()
        sentence = f"{named} is personal data, which this agreement refuses; leave it out"
        yield Reason("personal-data", sentence, marked.id, marked.version)

    def _not_author(self, marked: Marked) -> Iterator[Reason]:
        if not self._held.readable(marked.id, marked.sha256, self._tlp):
            sentence = (
                f"its author is the member {marked.author}; only exactly what you may read of it in this group, under"
                f" {self._tlp.text} or laxer, may be passed on: leave it out"
            )
            yield Reason("not-author", sentence, marked.id, marked.version)

    def _leak(self, marked: Marked, mention: str) -> Reason:
        sentence = (
            f"mentions {mention}, which you published in this group under a stricter label only; publish this object"
            " under that label, or take the mention out"
        )
        return Reason("leaks-reference", sentence, marked.id, marked.version, {"mention": mention})


def _not_creator(marked: Marked, creator: str) -> Reason:
    named = f"names {marked.author}" if marked.author else "names nobody"
    sentence = (
        f"an earlier version that you published names {creator} as its creator (created_by_ref), and this one {named};"
        " only the creator makes or revokes versions (STIX 2.1 §3.6): take a new id"
    )
    return Reason("not-author", sentence, marked.id, marked.version)


def _named_in_pattern(text: bytes) -> re.Match[bytes] | None:
    """Where the pattern names personal data; most objects have no such word anywhere, which is found out faster."""
    return _NAMED_IN_PATTERN.search(text) if b"email-" in text or b"user-account" in text else None


def _forged(marked: Marked) -> Reason:
    sentence = (
        "the TLP definition is a constant that everyone has; leave it out"
        if marked.id in PINNED
        else "claims to be a TLP marking under an id of its own; leave it out and use the TLP 2.0 markings"
    )
    return Reason("forged-marking", sentence, marked.id, marked.version)


def _unknown(marked: Marked, refs: tuple[str, ...], texts: tuple[str, ...]) -> Iterator[Reason]:
    for ref in refs:
        sentence = f"{ref} is no TLP marking and no statement of yours in this group; publish its definition along"
        yield Reason("unknown-marking", sentence, marked.id, marked.version, {"marking": ref})
    yield from (unknown_label(marked, text) for text in texts)


def _out_of_scope(marked: Marked) -> Reason:
    sentence = f"the type {marked.type} is not within this agreement's scope; leave it out"
    return Reason("type-out-of-scope", sentence, marked.id, marked.version)
