"""Are the sample incidents fit to show: valid, of every type, marked, in several languages, and about nobody real?"""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import pytest
import stix2

from feeds.bundle import read_bundle
from feeds.patterns import full_check
from feeds.schemas import known_types
from feeds.stix import second_opinion
from support.stix_objects import piece

SAMPLES = sorted(Path(__file__).resolve().parents[2].joinpath("feeds", "samples").glob("*.json"))
LATE = 4_102_444_800_000_000
"""2100-01-01T00:00:00Z in microseconds since the epoch."""

TLP2 = {
    "clear": "94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "939a9414-2ddd-4d32-a0cd-375ea402b003",
}
DOCUMENTATION = [
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
REFERRED = {"attack.mitre.org", "www.rfc-editor.org"}
each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


def objects(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a sample."""
    held: list[dict[str, Any]] = json.loads(path.read_bytes())["objects"]
    return held


def every() -> list[dict[str, Any]]:
    """Return the objects of all samples."""
    return [value for path in SAMPLES for value in objects(path)]


@each_sample
def test_it_is_a_bundle_that_the_hub_reads(path: Path) -> None:
    """Red if an id of a sample is written in upper case, or `spec_version` is left out of an indicator."""
    value = json.loads(path.read_bytes())
    assert set(value) == {"type", "id", "objects"}
    assert value["type"] == "bundle"
    assert len(read_bundle([piece(each) for each in value["objects"]], LATE)) == len(value["objects"])


@each_sample
def test_the_stix2_library_finds_nothing(path: Path) -> None:
    """Red if a required property goes, such as an indicator's `valid_from`."""
    assert [(value["id"], said) for value in objects(path) for said in second_opinion(value)] == []


@each_sample
def test_its_patterns_pass_the_full_grammar(path: Path) -> None:
    """Red if a quote is lost in a pattern."""
    patterns = [value["pattern"] for value in objects(path) if value.get("pattern_type") == "stix"]
    assert [(pattern, said) for pattern in patterns for said in full_check(pattern)] == []


@each_sample
def test_everything_in_it_is_marked(path: Path) -> None:
    """Red if one object loses its `object_marking_refs`."""
    known = {f"marking-definition--{uuid}" for uuid in TLP2.values()}
    bare = [value["id"] for value in objects(path) if not known & set(value.get("object_marking_refs", ()))]
    assert [each for each in bare if not each.startswith("marking-definition--")] == []


def test_every_type_of_the_standard_appears() -> None:
    """Red if the only mutex is taken out."""
    assert known_types() - {value["type"] for value in every()} == set()


def test_every_label_but_red_appears() -> None:
    """Red if the victim of the phishing wave is marked AMBER."""
    refs = {ref for value in every() for ref in value.get("object_marking_refs", ())}
    assert [text for text, uuid in TLP2.items() if f"marking-definition--{uuid}" not in refs] == []


def test_they_speak_several_languages() -> None:
    """Red if the Arabic texts go."""
    content = {tag for value in every() for tag in value.get("contents", {})}
    assert {"ar", "fr", "es", "en", "pt", "zh", "ru"} <= content
    assert {"ar", "en", "es", "fr"} <= {value["lang"] for value in every() if "lang" in value}


def test_language_content_names_a_version_that_is_there() -> None:
    """Red if an incident's `modified` is renewed and its translation left behind."""
    versions = {(value["id"], value.get("modified")) for value in every()}
    translations = [value for value in every() if value["type"] == "language-content"]
    assert len(translations) > 5
    assert [t["id"] for t in translations if (t["object_ref"], t["object_modified"]) not in versions] == []


def test_every_reference_leads_somewhere() -> None:
    """Red if an object is taken out and a report still lists it."""
    known = {value["id"] for value in every()}
    named = {
        ref
        for value in every()
        for name, held in value.items()
        if name.endswith(("_ref", "_refs")) and name != "object_marking_refs"
        for ref in ([held] if isinstance(held, str) else held)
    }
    assert named - known == set()


def test_one_version_has_one_content() -> None:
    """Red if a team's identity is changed in one of its samples only."""
    contents: dict[tuple[str, str | None], set[bytes]] = {}
    for value in every():
        version = value.get("modified", value.get("created"))
        contents.setdefault((value["id"], version), set()).add(piece(value).canonical)
    assert [key for key, found in contents.items() if len(found) > 1] == []


def test_a_second_version_and_a_revocation_appear() -> None:
    """Red if the second version of the botnet's indicator goes."""
    ids = [value["id"] for path in SAMPLES for value in objects(path) if value["type"] == "indicator"]
    assert any(value.get("revoked") for value in every())
    assert len({value["modified"] for value in every() if value["type"] == "indicator"}) > 1
    assert [each for each in set(ids) if len({v["modified"] for v in every() if v["id"] == each}) == 2]


def test_observables_have_the_ids_that_every_tool_derives() -> None:
    """Red if an address is changed and its id kept (STIX 2.1 §2.9)."""
    derived = [value for value in every() if value["id"].split("--")[1][14] == "5"]
    assert len(derived) > 25
    for value in derived:
        bare = {name: held for name, held in value.items() if name != "id"}
        assert stix2.parse(bare, allow_custom=True, version="2.1")["id"] == value["id"]


def test_addresses_are_from_the_ranges_for_documentation() -> None:
    """Red if 192.0.2.53 is mistyped as 193.0.2.53 (RFC 5737, RFC 3849, RFC 5398, RFC 7042)."""
    texts = {path: path.read_text(encoding="utf-8") for path in SAMPLES}
    found = {
        text
        for whole in texts.values()
        for text in re.findall(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|2001:[0-9a-f:]+", whole)
    }
    assert len(found) > 8
    for text in found:
        address = ipaddress.ip_address(text)
        assert any(address.version == net.version and address in net for net in DOCUMENTATION), text
    assert {v["number"] for v in every() if v["type"] == "autonomous-system"} <= set(range(64496, 64512))
    assert all(v["value"].startswith("00:00:5e:00:53:") for v in every() if v["type"] == "mac-addr")


def test_names_are_from_the_domains_for_documentation() -> None:
    """Red if a lure's domain could be registered by somebody (RFC 2606, RFC 6761)."""
    texts = "\n".join(path.read_text(encoding="utf-8") for path in SAMPLES)
    hosts = set(re.findall(r"(?:https?://|@)([a-z0-9.-]+[a-z0-9])", texts))
    hosts |= {value["value"] for value in every() if value["type"] == "domain-name"}
    assert len(hosts) > 6
    assert [host for host in hosts - REFERRED if host.rsplit(".", 1)[-1] not in {"example", "invalid", "test"}] == []
