"""What may a reader believe of what it holds? A verdict per manifest and per object, from its own ring.

Pure: the ring, the agreements it was shown, the instant and a place to keep count (`Ledger`) are passed in, so that a
million objects need no memory here. Chains of manifests are judged in `keys.chain`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from keys.entries import Entry
from keys.envelope import Item
from keys.errors import BadSignature, KeysError, UnknownKey, WrongGroup
from keys.instants import parse_ms
from keys.jws import verify_compact
from keys.manifest import Manifest, read_manifest, read_seal
from keys.ring import Ring


class Verdict(StrEnum):
    """What a reader says of an object or a manifest."""

    VERIFIED = "verified"  # listed by its author, or it names none
    RELAYED = "relayed"  # listed by somebody else than its author
    EXPIRED = "expired"  # proven, but past the agreement's retention
    ALTERED = "altered"  # not the bytes that were listed or signed
    FOREIGN = "foreign"  # nobody signed it for this group
    MISSING = "missing"  # listed, but not there
    UNKNOWN_SIGNER = "unknown-signer"  # listed only by a key that the reader's ring does not vouch for


ACCEPTABLE = frozenset({Verdict.VERIFIED, Verdict.RELAYED, Verdict.EXPIRED})
"""The verdicts that are no reason for alarm."""


class OtherAgreement(KeysError):
    """Signed under a version of the agreement that this reader was never shown."""

    code = "other-agreement"


@dataclass(frozen=True, slots=True)
class Footing:
    """What a reader judges by.

    Attributes:
        ring: its own key ring.
        group: UUID of the group polled.
        agreements: digest of each version named in the baseline or shown since -> retention in microseconds, None where
            the text is not held.
        markings: label -> id of its TLP 2.0 marking-definition.
        at: now, microseconds since the epoch.
        require_confirmed: whether a key that was only pinned at first sight does not count.
    """

    ring: Ring
    group: str
    agreements: Mapping[str, int | None]
    markings: Mapping[str, str]
    at: int
    require_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A manifest and what came of proving it.

    Attributes:
        item: the object as received.
        manifest: what it says; None where it cannot be read.
        verdict: `verified`, or why it proves nothing.
        fault: the error behind that; None for a verified one.
        expires: when its objects pass their retention, microseconds since the epoch; None: not known.
    """

    item: Item
    manifest: Manifest | None
    verdict: Verdict
    fault: KeysError | None
    expires: int | None = None

    @property
    def proven(self) -> bool:
        """Whether it vouches for what it lists."""
        return self.verdict is Verdict.VERIFIED


def judge_manifest(item: Item, footing: Footing) -> Judged:
    """Prove one manifest: steps 2, 3, 4 and 6 of the publish walk, with the reader's own ring.

    The key must have been valid when the manifest says it was signed, so that an expired or rotated key still proves
    what it signed. Never raises for what the manifest is.
    """
    try:
        manifest = read_manifest(item, markings=footing.markings, any_op=True)  # 2 header, 3 payload, 6 entries
    except KeysError as fault:
        return Judged(item, None, Verdict.ALTERED, fault)
    try:
        _prove(manifest, footing)
    except KeysError as fault:
        return Judged(item, manifest, _VERDICTS[type(fault)], fault)
    retention = footing.agreements[manifest.agreement]
    expires = None if retention is None else parse_ms(manifest.iat) + retention
    return Judged(item, manifest, Verdict.VERIFIED, None, expires)


_VERDICTS = {
    UnknownKey: Verdict.UNKNOWN_SIGNER,
    BadSignature: Verdict.ALTERED,
    WrongGroup: Verdict.FOREIGN,
    OtherAgreement: Verdict.FOREIGN,
}


def _prove(manifest: Manifest, footing: Footing) -> None:
    """Steps 2 and 4: its issuer's key, this group, a text that was shown; raises one of `_VERDICTS`."""
    at, confirmed = parse_ms(manifest.iat), footing.require_confirmed
    held = footing.ring.valid(manifest.kid, manifest.iss, at, require_confirmed=confirmed)
    verify_compact(read_seal(manifest.item), held.key)
    if manifest.group != footing.group:
        raise WrongGroup(f"signed for the group {manifest.group}, found in {footing.group}", path="$.jws")
    if manifest.agreement not in footing.agreements:
        raise OtherAgreement(f"signed under the agreement text {manifest.agreement}, which was never shown here")


def entry_key(entry: Entry) -> bytes:
    """The 16 bytes an entry is counted by: of a SHA-256, so that no two entries can be made to share them."""
    text = f"{entry.id}\0{entry.version if entry.version is not None else chr(1)}\0{entry.sha256}"
    return hashlib.sha256(text.encode()).digest()[:16]


class Source(NamedTuple):
    """A manifest that lists an entry: its issuer, whether it is proven, when its objects expire."""

    issuer: str
    proven: bool
    expires: int | None


class Loose(NamedTuple):
    """An object that no proven manifest lists.

    Attributes:
        key: see `entry_key`.
        entry: id, version, digest.
        author: `created_by_ref`, for an identity its own id; None where nobody is named.
        place: where it was found, for people.
    """

    key: bytes
    entry: Entry
    author: str | None
    place: str


class Ledger(Protocol):
    """The reader's book: which entries are awaited, which objects have arrived, which belong to nobody."""

    def add_manifest(self, judged: Judged, place: str, /) -> int | None:
        """Enter a manifest; its number, or None where these very bytes are entered already."""

    def await_(self, number: int, keys: Sequence[bytes], /) -> None:
        """Enter what a manifest lists, in its order, save for what has arrived already."""

    def sources(self, key: bytes, /) -> Sequence[Source]:
        """The manifests that list an entry which has not arrived in good standing."""

    def settled(self, key: bytes, /) -> Verdict | None:
        """The verdict of an object that has arrived in good standing."""

    def settle(self, key: bytes, verdict: Verdict, /) -> None:
        """An object has arrived in good standing: nothing awaits it any more, and it is not loose."""

    def keep_loose(self, loose: Loose, /) -> None:
        """Enter an object that no proven manifest lists."""

    def loose(self, keys: Sequence[bytes] | None = None, /) -> Iterator[Loose]:
        """The loose objects, all or those of the keys given."""

    def missing(self) -> Iterator[tuple[Entry, str]]:
        """Entries of proven manifests, due by now, that have not arrived; each with the id of the manifest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        verdict: none of `ACCEPTABLE`.
        id: STIX id, empty where it cannot be told.
        version: as written, None for an object without one.
        sentence: what is wrong.
        place: file and line, or collection, where known.
    """

    verdict: Verdict
    id: str
    version: str | None
    sentence: str
    place: str = ""


def author_of(item: Item) -> str | None:
    """Whose the object is: its `created_by_ref`, or for an identity its own id; None where nobody is named."""
    author = item.id if item.type == "identity" else item.value.get("created_by_ref")
    return author if isinstance(author, str) else None


Tell = Callable[[Entry, Verdict, str], None]
"""Is told each object's acceptable verdict and place, as soon as there is one."""


class Reader:
    """Judges manifests and objects one by one, in whatever order they come, and in the end what is left over."""

    def __init__(self, footing: Footing, ledger: Ledger, tell: Tell | None = None) -> None:
        self._footing = footing
        self._ledger = ledger
        self._tell = tell
        self.counts: dict[Verdict, int] = {}

    def manifest(self, item: Item, place: str = "") -> Judged:
        """Judge a manifest and await what it lists; objects that waited for it get their verdict."""
        judged = judge_manifest(item, self._footing)
        number = self._ledger.add_manifest(judged, place)
        if number is not None and judged.manifest is not None:
            self.listed(number, judged)
        return judged

    def listed(self, number: int, judged: Judged) -> None:
        """Await what a manifest already entered lists: `verified` or of an `unknown-signer`; others list nothing."""
        if judged.manifest is None or judged.verdict not in {Verdict.VERIFIED, Verdict.UNKNOWN_SIGNER}:
            return
        keys = [entry_key(entry) for entry in judged.manifest.entries]
        self._ledger.await_(number, keys)
        if judged.proven:
            for loose in list(self._ledger.loose(keys)):
                self._place(loose)

    def object(self, item: Item, place: str = "") -> Verdict | None:
        """The verdict on an object that has arrived; None: no proven manifest lists it so far."""
        key = entry_key(item.entry)
        settled = self._ledger.settled(key)
        if settled is not None:
            return self._count(settled, item.entry, place)
        loose = Loose(key, item.entry, author_of(item), place)
        verdict = self._place(loose)
        if verdict is None:
            self._ledger.keep_loose(loose)
        return verdict

    def _place(self, loose: Loose) -> Verdict | None:
        proven = [source for source in self._ledger.sources(loose.key) if source.proven]
        if not proven:
            return None
        own = any(loose.author in {None, source.issuer} for source in proven)
        verdict = Verdict.VERIFIED if own else Verdict.RELAYED
        self._ledger.settle(loose.key, verdict)
        return self._count(self._aged(verdict, proven), loose.entry, loose.place)

    def _aged(self, verdict: Verdict, proven: Sequence[Source]) -> Verdict:
        over = all(source.expires is not None and source.expires < self._footing.at for source in proven)
        return Verdict.EXPIRED if over else verdict

    def _count(self, verdict: Verdict, entry: Entry | None = None, place: str = "") -> Verdict:
        self.counts[verdict] = self.counts.get(verdict, 0) + 1
        if self._tell is not None and entry is not None:
            self._tell(entry, verdict, place)
        return verdict

    def leftovers(self) -> Iterator[Finding]:
        """What is wrong with objects, once all is in; each is counted as it is told.

        An object that is loose while another version or digest of the same id is missing was altered: one finding for
        both.
        """
        loose = {each.entry.id for each in self._ledger.loose()}
        found: dict[str, list[Entry]] = {}
        for entry, manifest in self._ledger.missing():
            if entry.id in loose:
                found.setdefault(entry.id, []).append(entry)
                continue
            self._count(Verdict.MISSING)
            yield Finding(Verdict.MISSING, entry.id, entry.version, f"listed by {manifest}, but not there")
        for each in self._ledger.loose():
            yield self._of_loose(each, found.get(each.entry.id, []))
        yield from self._unpaired(found)

    def _of_loose(self, loose: Loose, missing: list[Entry]) -> Finding:
        entry = loose.entry
        if self._ledger.sources(loose.key):
            verdict, sentence = Verdict.UNKNOWN_SIGNER, "listed only by a key that this ring does not vouch for"
        elif missing:
            same = [listed for listed in missing if listed.version == entry.version]
            missing.remove((same or missing)[0])
            verdict, sentence = Verdict.ALTERED, "not the bytes that its manifest lists"
        else:
            verdict, sentence = Verdict.FOREIGN, "listed by no manifest that was signed for this group"
        self._count(verdict)
        return Finding(verdict, entry.id, entry.version, sentence, loose.place)

    def _unpaired(self, found: Mapping[str, Sequence[Entry]]) -> Iterator[Finding]:
        for entries in found.values():
            for entry in entries:
                self._count(Verdict.MISSING)
                yield Finding(Verdict.MISSING, entry.id, entry.version, "listed, but not there")
