"""Reading agreement documents: every field is checked, and every fault names its key, its line and its remedy."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from policies.agreement import read_agreement
from policies.labels import Label
from policies.reasons import BadDocument
from policies.terms import Form, Onward, Role
from support.agreements import FROM, GROUP, A, B, C, agreement, agreement_toml, micros


def test_reads_every_field() -> None:
    """Red if a field is read from another key or a date is not in microseconds."""
    read = agreement(
        parties=[{"member": A, "role": "publisher"}, {"member": B, "home": "https://other.example/"}],
        carriers=[{"hub": "https://third.example", "upto": "green"}],
        purpose="one\ntwo",
        terms={"onward": "clients"},
    )
    assert (read.id, read.alias, read.version, read.form) == (GROUP, "example-rapid", 1, Form.MULTILATERAL)
    assert read.validity.from_ == micros(FROM)
    assert read.terms.onward is Onward.CLIENTS
    assert [(party.member, party.role, party.home) for party in read.parties] == [
        (A, Role.PUBLISHER, None),
        (B, Role.BOTH, "https://other.example/"),
    ]
    assert read.carriers[0].upto is Label.GREEN
    assert read.handling == "Treat an object without a TLP marking as TLP:AMBER+STRICT."
    assert read.party(A) is read.parties[0]
    assert read.party(C) is None


def test_digest_is_over_the_exact_bytes() -> None:
    """Red if the digest is taken over anything but the document's bytes, a comment or a blank included."""
    raw = agreement_toml()
    assert read_agreement(raw).digest == hashlib.sha256(raw).hexdigest()
    assert read_agreement(raw).raw == raw
    assert read_agreement(raw + b"# reviewed\n").digest != read_agreement(raw).digest


X = "https://x.example"
FIELDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("kind", {"kind": "member"}, "kind", "agreement"),
    ("id upper case", {"id": GROUP.replace("1", "A")}, "id", "UUIDv4 in lower case"),
    ("id not version 4", {"id": GROUP.replace("-4", "-1")}, "id", "UUIDv4"),
    ("id with newline", {"id": GROUP + "\n"}, "id", "U+000A"),
    ("id no text", {"id": 5}, "id", "in quotes"),
    ("proofs same as id", {"proofs": GROUP}, "proofs", "an id each"),
    ("alias like a UUID", {"alias": GROUP}, "alias", "unlike a UUID"),
    ("alias like a UUID without hyphens", {"alias": GROUP.replace("-", "")}, "alias", "unlike a UUID"),
    ("alias with slash", {"alias": "a/b"}, "alias", "hyphen"),
    ("alias upper case", {"alias": "Rapid"}, "alias", "a-z"),
    ("alias of a companion", {"alias": "rapid-proofs"}, "alias", "-proofs"),
    ("version zero", {"version": 0}, "version", "1 to"),
    ("version as truth", {"version": True}, "version", "whole number"),
    ("version as float", {"version": 1.0}, "version", "whole number"),
    ("title missing", {"title": None}, "title", "missing"),
    ("title blank", {"title": " "}, "title", "empty"),
    ("title too long", {"title": "x" * 201}, "title", "200"),
    ("title with two lines", {"title": "a\nb"}, "title", "U+000A"),
    ("title with escape", {"title": "a\x1b[2J"}, "title", "U+001B"),
    ("title turned round", {"title": "a\u202eb"}, "title", "U+202E"),
    ("purpose with escape", {"purpose": "a\x07"}, "purpose", "U+0007"),
    ("form", {"form": "club"}, "form", "bilateral"),
    ("bilateral, three", {"form": "bilateral", "parties": [{"member": m} for m in (A, B, C)]}, "form", "two"),
    ("operator", {"operator": ""}, "operator", "empty"),
    ("binding", {"binding": "no"}, "binding", "true or false"),
    ("languages empty", {"languages": []}, "languages", "at least one"),
    ("languages twice", {"languages": ["en", "en"]}, "languages", "twice"),
    ("languages no tag", {"languages": ["english"]}, "languages", "BCP 47"),
    ("languages no list", {"languages": "en"}, "languages", "list"),
    ("ceiling red", {"terms": {"ceiling": "red"}}, "terms.ceiling", "named individuals"),
    ("ceiling", {"terms": {"ceiling": "white"}}, "terms.ceiling", "one of"),
    ("unmarked", {"terms": {"unmarked": "mark"}}, "terms.unmarked", "refuse, allow"),
    ("object types empty", {"terms": {"object_types": []}}, "terms.object_types", "at least one"),
    ("object types any and more", {"terms": {"object_types": ["any", "note"]}}, "terms.object_types", "alone"),
    ("object types spelling", {"terms": {"object_types": ["Indicator"]}}, "terms.object_types", "STIX type"),
    ("subjects", {"terms": {"subjects": ["weather"]}}, "terms.subjects", "spam"),
    ("personal data", {"terms": {"personal_data": "yes"}}, "terms.personal_data", "refuse"),
    ("permitted actions", {"terms": {"permitted_actions": "all"}}, "terms.permitted_actions", "contact-for"),
    ("onward", {"terms": {"onward": "world"}}, "terms.onward", "clients"),
    ("attribution", {"terms": {"attribution": "should"}}, "terms.attribution", "must-not"),
    ("notifications", {"terms": {"affected_party_notifications": "must"}}, "terms.affected_party_notifications", "IEP"),
    ("history", {"terms": {"history": "none"}}, "terms.history", "from-joining"),
    ("retention", {"terms": {"retention_days": 0}}, "terms.retention_days", "1 to"),
    ("acknowledge", {"terms": {"acknowledge_hours": -1}}, "terms.acknowledge_hours", "1 to"),
    ("terms unknown key", {"terms": {"celing": "amber"}}, "terms.celing", "`ceiling`"),
    ("from as text", {"validity": {"from": "2026-01-01"}}, "validity.from", "without quotes"),
    ("from without zone", {"validity": {"from": FROM.replace(tzinfo=None)}}, "validity.from", "zone"),
    ("from too early", {"validity": {"from": datetime(1969, 12, 31, tzinfo=UTC)}}, "validity.from", "1970"),
    ("until before from", {"validity": {"until": FROM}}, "validity.until", "later"),
    ("review late", {"validity": {"review_by": datetime(2030, 1, 1, tzinfo=UTC)}}, "validity.review_by", "between"),
    ("notice", {"validity": {"notice_days": 9999}}, "validity.notice_days", "3,650"),
    ("member", {"parties": [{"member": "cirt-a"}]}, "party[1].member", "identity--"),
    ("member upper case", {"parties": [{"member": A.upper()}]}, "party[1].member", "lower case"),
    ("member twice", {"parties": [{"member": A}, {"member": A}]}, "party[2].member", "already"),
    ("role", {"parties": [{"member": A, "role": "admin"}]}, "party[1].role", "observer"),
    ("clearance red", {"parties": [{"member": A, "clearance": "red"}]}, "party[1].clearance", "amber+strict"),
    ("redistributes", {"parties": [{"member": A, "redistributes": 1}]}, "party[1].redistributes", "true"),
    ("contact", {"parties": [{"member": A, "contact": None}]}, "party[1].contact", "missing"),
    ("home", {"parties": [{"member": A, "home": "http://hub.example"}]}, "party[1].home", "https"),
    ("home with user", {"parties": [{"member": A, "home": "https://a:b@hub.example"}]}, "party[1].home", "https"),
    ("home port", {"parties": [{"member": A, "home": "https://hub.example:x"}]}, "party[1].home", "https"),
    ("party unknown key", {"parties": [{"member": A}, {"member": B, "rol": "x"}]}, "party[2].rol", "`role`"),
    ("nobody publishes", {"parties": [{"member": A, "role": "receiver"}]}, "party", "publisher or both"),
    ("nobody receives", {"parties": [{"member": A, "role": "publisher"}]}, "party", "receiver or both"),
    ("no party", {"parties": []}, "party", "missing"),
    ("carrier red", {"carriers": [{"hub": X, "upto": "red"}]}, "carrier[1].upto", "red"),
    ("carrier twice", {"carriers": [{"hub": f"{X}{end}", "upto": "green"} for end in ("", "/")]}, "carrier", "twice"),
    ("unknown key", {"celing": "amber"}, "celing", "unknown key"),
    ("required key misspelt", {"title": None, "titel": "x"}, "titel", "did you mean `title`?"),
    ("term misspelt", {"terms": {"ceiling": None, "celing": "amber"}}, "terms.celing", "`ceiling`"),
    ("from misspelt", {"validity": {"from": None, "form": FROM}}, "validity.form", "`from`"),
    ("party's key misspelt", {"parties": [{"member": A, "role": None, "rol": "x"}]}, "party[1].rol", "`role`"),
    ("optional key misspelt", {"parties": [{"member": A, "hom": X}]}, "party[1].hom", "`home`"),
    ("carrier's key misspelt", {"carriers": [{"hub": X, "up_to": "green"}]}, "carrier[1].up_to", "`upto`"),
]


@pytest.mark.parametrize(("overrides", "key", "remedy"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS])
def test_every_field_is_checked(overrides: dict[str, Any], key: str, remedy: str) -> None:
    """Red if the check of that field is taken out, or its sentence names another key or no remedy."""
    raw = agreement_toml(**overrides)
    with pytest.raises(BadDocument) as bad:
        read_agreement(raw)
    assert bad.value.key == key
    assert remedy in bad.value.sentence


@pytest.mark.parametrize("hub", ["http://127.0.0.1:8480", "http://localhost:1", "https://hub.example/live"])
def test_hub_addresses(hub: str) -> None:
    """Red if a hub on this very machine, as in a demonstration, is refused for want of https."""
    assert agreement(carriers=[{"hub": hub, "upto": "green"}]).carriers[0].hub == hub
