"""What was agreed? One version of a sharing agreement, as values, and its reading from the TOML document."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from policies.document import UUID, Section, parse
from policies.labels import Label
from policies.terms import Choice, Duty, Form, History, Onward, PermittedActions, Role, Terms, Validity

SUBJECTS: Final = ("threat", "vulnerability", "incident", "spam")
PROOFS_SUFFIX: Final = "-proofs"  # the alias of a group's companion collection ends so
BILATERAL: Final = 2

_KEYS: Final = (
    *("kind", "id", "proofs", "alias", "version", "title", "purpose", "form", "operator", "binding", "languages"),
    *("terms", "validity", "party", "carrier"),
)
_ALIAS: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LIKE_UUID: Final = re.compile(r"[0-9a-f]{32}")
_MEMBER: Final = re.compile(f"identity--{UUID}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TYPE: Final = re.compile(r"[a-z][a-z0-9-]{2,249}")


@dataclass(frozen=True, slots=True)
class Party:
    """One organisation in the agreement; ``home`` is its own hub's address, None if it is at home here."""

    member: str
    role: Role
    clearance: Label
    redistributes: bool
    contact: str
    home: str | None = None


@dataclass(frozen=True, slots=True)
class Carrier:
    """A hub that carries the group for its own parties, up to a label."""

    hub: str
    upto: Label


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of a sharing agreement.

    Attributes:
        id: UUIDv4 of the sharing group, its TAXII data collection.
        proofs: UUIDv4 of the group's proofs collection.
        digest: SHA-256 over ``raw``, lower-case hex: what operators approve, parties sign and manifests name.
        raw: the document's exact UTF-8 bytes with LF line ends.
    """

    id: str
    proofs: str
    alias: str
    version: int
    title: str
    purpose: str
    form: Form
    operator: str
    binding: bool
    languages: tuple[str, ...]
    terms: Terms
    validity: Validity
    parties: tuple[Party, ...]
    carriers: tuple[Carrier, ...]
    digest: str
    raw: bytes = field(repr=False)

    def party(self, member: str) -> Party | None:
        """The party with that member id, or None."""
        return next((party for party in self.parties if party.member == member), None)

    @property
    def identities(self) -> frozenset[str]:
        """The parties' identity ids, which any object of the group may mention."""
        return frozenset(party.member for party in self.parties)

    @property
    def handling(self) -> str:
        """How stock clients, which see no manifest, are to treat an object without a marking."""
        return f"Treat an object without a TLP marking as TLP:{self.terms.ceiling.text.upper()}."


def read_agreement(raw: bytes) -> Agreement:
    """Read an agreement document.

    Args:
        raw: the exact bytes: TOML, UTF-8, LF line ends. They are kept, and the digest is taken over them.

    Raises `BadDocument`, which names the key, its line, the fault and its remedy.
    """
    top = parse(raw, _KEYS)
    top.one("kind", lambda value: value == "agreement", 'the text "agreement"')
    agreement = Agreement(
        id=top.uuid4("id"),
        proofs=top.uuid4("proofs"),
        alias=top.one("alias", _is_alias, "1 to 64 of a-z, 0-9, dot, hyphen and low line, unlike a UUID or a -proofs"),
        version=top.integer("version", 1, 1_000_000),
        title=top.text("title"),
        purpose=top.text("purpose", 20_000, lines=True),
        form=top.option("form", Form),
        operator=top.text("operator"),
        binding=top.flag("binding"),
        languages=top.texts("languages", lambda tag: _LANGUAGE.fullmatch(tag) is not None, "a tag such as en (BCP 47)"),
        terms=_terms(top.section("terms", Terms)),
        validity=_validity(top.section("validity", Validity)),
        parties=_parties(top),
        carriers=_carriers(top) if top.has("carrier") else (),
        digest=hashlib.sha256(raw).hexdigest(),
        raw=raw,
    )
    _check_whole(top, agreement)
    return agreement


def _is_alias(value: str) -> bool:
    like_uuid = _LIKE_UUID.fullmatch(value.replace("-", "").replace(".", "").replace("_", ""))
    return _ALIAS.fullmatch(value) is not None and not like_uuid and not value.endswith(PROOFS_SUFFIX)


def _terms(section: Section) -> Terms:
    terms = Terms(
        ceiling=section.label("ceiling"),
        unmarked=section.option("unmarked", Choice),
        object_types=section.texts("object_types", lambda name: _TYPE.fullmatch(name) is not None, "a STIX type name"),
        subjects=section.texts("subjects", lambda name: name in SUBJECTS, f"one of {', '.join(SUBJECTS)}"),
        personal_data=section.option("personal_data", Choice),
        permitted_actions=section.option("permitted_actions", PermittedActions),
        onward=section.option("onward", Onward),
        attribution=section.option("attribution", Duty),
        affected_party_notifications=section.option("affected_party_notifications", Duty),
        history=section.option("history", History),
        retention_days=section.integer("retention_days", 1, 36_500),
        acknowledge_hours=section.integer("acknowledge_hours", 1, 8_760),
    )
    if "any" in terms.object_types and len(terms.object_types) > 1:
        raise section.bad("object_types", '"any" stands beside other types; write ["any"] alone or name the types')
    if terms.affected_party_notifications is Duty.MUST:
        raise section.bad("affected_party_notifications", "'must' is no choice here (IEP 2.0); write may or must-not")
    return terms


def _validity(section: Section) -> Validity:
    validity = Validity(
        from_=section.instant("from"),
        until=section.instant("until"),
        review_by=section.instant("review_by"),
        notice_days=section.integer("notice_days", 0, 3_650),
    )
    if validity.until <= validity.from_:
        raise section.bad("until", "is not after `from`; write a later date")
    if not validity.from_ <= validity.review_by <= validity.until:
        raise section.bad("review_by", "is not between `from` and `until`; write a date between them")
    return validity


def _parties(top: Section) -> tuple[Party, ...]:
    parties: dict[str, Party] = {}
    for section in top.sections("party", Party):
        party = _party(section)
        if parties.setdefault(party.member, party) is not party:
            raise section.bad("member", "is a party already; one table a party")
    return tuple(parties.values())


def _party(section: Section) -> Party:
    return Party(
        member=section.one(
            "member", lambda value: _MEMBER.fullmatch(value) is not None, "identity-- and a UUID in lower case"
        ),
        role=section.option("role", Role),
        clearance=section.label("clearance"),
        redistributes=section.flag("redistributes"),
        contact=section.text("contact", 1_000),
        home=section.address("home") if section.has("home") else None,
    )


def _carriers(top: Section) -> tuple[Carrier, ...]:
    carriers = tuple(Carrier(each.address("hub"), each.label("upto")) for each in top.sections("carrier", Carrier))
    if len({carrier.hub.rstrip("/") for carrier in carriers}) < len(carriers):
        raise top.bad("carrier", "names the same hub twice; one table a hub")
    return carriers


def _check_whole(top: Section, agreement: Agreement) -> None:
    """What no field can know alone."""
    if agreement.proofs == agreement.id:
        raise top.bad("proofs", "is the same as `id`; the two collections need an id each")
    if not any(party.role.publishes for party in agreement.parties):
        raise top.bad("party", "nobody may publish; give one party the role publisher or both")
    if not any(party.role.receives for party in agreement.parties):
        raise top.bad("party", "nobody may receive; give one party the role receiver or both")
    acting = [party for party in agreement.parties if party.role is not Role.OBSERVER]
    if agreement.form is Form.BILATERAL and len(acting) != BILATERAL:
        raise top.bad("form", f"bilateral, but {len(acting)} parties act in it; write multilateral, or two parties")
