"""What is published? STIX objects of about 1.1 kB in canonical form, in signed envelopes, made beforehand.

Each envelope of 1,000 mixes five types; one object in a hundred is GREEN, the rest AMBER, under a manifest for each
label; from the second envelope on, one in a hundred is a new version of an object of the envelope before.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from keys.envelope import Item, item_of, written_item
from keys.manifest import build_manifest, identity
from keys.signer import Signer
from policies.labels import TLP2_MARKINGS

BODY = 1100  # bytes, mean of the canonical objects
COMMON, RARE = "amber", "green"
RARE_SHARE = 100  # one object in so many is of the rare label
UPDATES_SHARE = 100  # and so many new versions
SAMPLE = 20  # ids to ask for later, of each envelope

_WEIGHTS = {"indicator": 60, "malware": 10, "relationship": 20, "note": 5, "url": 5}
_WORDS = "The sender asks customers of the bank to confirm a payment on a page that looks like its own. "
_DAYS_OLD = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Author:
    """Who signs, for which group: `agreement` is its digest in force."""

    identity: str
    signer: Signer
    group: str
    agreement: str


@dataclass(frozen=True, slots=True)
class Template:
    """The canonical bytes of one kind of object, with marks where objects differ."""

    kind: str
    text: bytes
    versioned: bool

    def render(self, name: str, number: int, modified: str, refs: tuple[str, str]) -> Item:
        """The object with this UUID; `number` makes its content its own."""
        text = self.text.replace(b"@uuid@", name.encode()).replace(b"@n@", b"%08d" % number)
        if self.versioned:
            text = text.replace(b"@modified@", modified.encode())
        if self.kind == "relationship":
            text = text.replace(b"@from@", refs[0].encode()).replace(b"@to@", refs[1].encode())
        value: dict[str, object] = {"id": f"{self.kind}--{name}"}
        if self.versioned:
            value["modified"] = modified
        return written_item(value, text)  # type: ignore[arg-type]  # what a manifest lists


@dataclass(slots=True)
class Load:
    """An endless publication: envelope after envelope, each continuing the publisher's streams.

    Attributes:
        seed: two publications of different seeds have no id in common.
        published: objects handed out so far; `superseded` of them have a newer version by now.
        rare: ids of the rare label, `common` a sample of the others, `updated` those with two versions.
    """

    author: Author
    seed: int = 20261120
    published: int = 0
    superseded: int = 0
    rare: list[str] = field(default_factory=list)
    common: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    _heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    _before: list[tuple[str, int]] = field(default_factory=list)
    _chance: random.Random = field(init=False)
    _templates: dict[str, list[Template]] = field(default_factory=dict)
    _created: datetime = field(default_factory=lambda: datetime.now(UTC) - _DAYS_OLD)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        for label in (COMMON, RARE):
            self._templates[label] = _templates(self.author.identity, TLP2_MARKINGS[label], _text(self._created))
            for template in self._templates[label]:
                sample = template.render(str(uuid.uuid4()), 1, _text(self._created), ("a--b", "c--d"))
                if item_of(orjson.loads(sample.canonical)).canonical != sample.canonical:
                    raise ValueError(f"the template of {template.kind} is not canonical")

    def mixed(self, size: int) -> bytes:
        """The next envelope of so many objects: both labels, and new versions of older objects."""
        updates = self._updates(size // UPDATES_SHARE)
        rare = self._objects(RARE, size // RARE_SHARE)
        common = self._objects(COMMON, size - len(rare) - len(updates))
        self.rare += [item.id for item in rare]
        self._remember(common)
        self.published += size
        return self._signed((COMMON, [*updates, *common]), (RARE, rare))

    def plain(self, size: int) -> bytes:
        """The next envelope of so many new objects under one manifest."""
        items = self._objects(COMMON, size)
        self.published += size
        return self._signed((COMMON, items))

    def plains(self, count: int, size: int) -> list[bytes]:
        """So many plain envelopes."""
        return [self.plain(size) for _ in range(count)]

    def _objects(self, label: str, count: int) -> list[Item]:
        modified, items, refs = _text(self._created), list[Item](), ("", "")
        templates = self._templates[label]
        for place, chosen in enumerate(self._chance.choices(templates, list(_WEIGHTS.values()), k=count)):
            relates = chosen.kind == "relationship"
            template = templates[0] if relates and "" in refs else chosen  # it needs two others to relate
            name = str(uuid.UUID(bytes=self._chance.randbytes(16), version=4))
            items.append(template.render(name, self.published + place, modified, refs))
            if template.kind != "relationship":
                refs = (refs[1], items[-1].id)
        return items

    def _remember(self, items: Sequence[Item]) -> None:
        indicators = [item.id for item in items if item.id.startswith("indicator")]
        self._before = [(each.partition("--")[2], self.published) for each in indicators]
        self.common += indicators[:SAMPLE]

    def _updates(self, count: int) -> list[Item]:
        taken = self._before[: count if self._before else 0]
        modified = _text(self._created + timedelta(days=1))
        items = [self._templates[COMMON][0].render(name, number, modified, ("", "")) for name, number in taken]
        self.superseded += len(items)
        self.updated += [item.id for item in items[:1]]
        return items

    def large(self, manifests: int, size: int) -> bytes:
        """The next envelope of several manifests over so many new objects each."""
        lists = [(COMMON, self._objects(COMMON, size)) for _ in range(manifests)]
        self.published += manifests * size
        return self._signed(*lists)

    def _signed(self, *listed: tuple[str, Sequence[Item]]) -> bytes:
        parts = [item.canonical for _, items in listed for item in items]
        parts += [self._manifest(label, items).canonical for label, items in listed if items]
        return b'{"objects":[' + b",".join(parts) + b"]}"

    def _manifest(self, label: str, items: Sequence[Item]) -> Item:
        seq, digest = self._heads.get(label, (0, ""))
        manifest = build_manifest(
            iss=self.author.identity,
            group=self.author.group,
            tlp=label,
            marking_ref=TLP2_MARKINGS[label],
            seq=seq + 1,
            prev=digest or None,
            iat_us=int(datetime.now(UTC).timestamp() * 1000) * 1000,
            agreement=self.author.agreement,
            items=items,
            signer=self.author.signer,
        )
        self._heads[label] = (seq + 1, identity(manifest) or "")
        return manifest


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _templates(author: str, marking: str, created: str) -> list[Template]:
    return [_template(value, author, marking, created) for value in _kinds(created)]


def _template(value: dict[str, object], author: str, marking: str, created: str) -> Template:
    kind = str(value["type"])
    shared: dict[str, object] = {"id": f"{kind}--@uuid@", "spec_version": "2.1", "object_marking_refs": [marking]}
    if kind != "url":
        times = {"created": created, "modified": "@modified@" + " " * 14}
        shared |= {"created_by_ref": author, "labels": ["bank", "phishing"], **times}
    value = value | shared
    grown = {"url": "value", "note": "content"}.get(kind, "description")
    short = BODY - len(orjson.dumps(value | {grown: value.get(grown, "")})) - 30  # what a UUID has more than its mark
    value[grown] = f"{value.get(grown, '')}{''.join(_padding(kind, short))}"
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).replace(b"@modified@" + b" " * 14, b"@modified@")
    return Template(kind, text, kind != "url")


def _padding(kind: str, size: int) -> Iterator[str]:
    words = "session=0123456789abcdef&" if kind == "url" else _WORDS
    yield (words * (size // len(words) + 1))[: max(size, 0)]


def _kinds(created: str) -> Iterator[dict[str, object]]:
    case = [{"source_name": "case", "external_id": "CASE-@n@", "description": "ticket of the national team"}]
    chain = [{"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "delivery"}]
    yield {
        "type": "indicator",
        "name": "Sender of lures @n@",
        "description": "",
        "indicator_types": ["malicious-activity"],
        "pattern": "[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'lure-@n@.example']",
        "pattern_type": "stix",
        "valid_from": created,
        "kill_chain_phases": chain,
        "external_references": case,
    }
    yield {
        "type": "malware",
        "name": "Loader @n@",
        "is_family": False,
        "malware_types": ["downloader"],
        "description": "",
        "external_references": case,
    }
    yield {
        "type": "relationship",
        "relationship_type": "related-to",
        "source_ref": "@from@",
        "target_ref": "@to@",
        "description": "Seen together in case @n@. ",
        "external_references": case,
    }
    yield {
        "type": "note",
        "abstract": "Case @n@",
        "content": "",
        "object_refs": ["identity--3f8b9a52-6e0e-4f6e-8f4e-0b7b6d9f0a01"],
    }
    yield {"type": "url", "value": "https://lure-@n@.example/confirm?"}
