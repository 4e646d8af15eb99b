"""Do the samples of the three rooms fit together: would each incident be permitted where the demo publishes it?"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rfc8785

from feeds.bundle import read_bundle
from feeds.objects import StixObject
from hub.demo import cast
from keys.envelope import open_envelope
from policies.labels import Label, own_label
from policies.publish import may_publish
from policies.reasons import Refusal
from support.agreements import group_of, micros
from support.marked import Caller

AT = micros(datetime(2026, 11, 20, tzinfo=UTC))
MEMBERS = {member.alias: member.id for member in cast.members()}
AGREEMENTS = {agreement.alias: agreement for agreement in cast.agreements()}
Row = tuple[str, str, StixObject, Label]


@dataclass(slots=True)
class Shelves:
    """What lies in one group, as one member may know it (`policies.object_rules.Held`)."""

    member: str
    rows: list[Row] = field(default_factory=list)
    group: str = ""

    def own_lowest(self, stix_id: str, /) -> Label | None:
        """The laxest label of this member's copies."""
        own = [
            label
            for who, where, read, label in self.rows
            if (who, where, read.id) == (self.member, self.group, stix_id)
        ]
        return min(own, default=None)

    def markings(self, stix_id: str, /) -> str | None:
        """The kind of a marking-definition of this member."""
        return next(
            (read.marking_kind for who, _, read, _ in self.rows if (who, read.id) == (self.member, stix_id)), None
        )

    def readable(self, stix_id: str, sha256: str, upto: Label, /) -> bool:
        """Whether another member has published these bytes here under a label up to `upto`."""
        return any(
            who != self.member and (where, read.id, read.sha256) == (self.group, stix_id, sha256) and label <= upto
            for who, where, read, label in self.rows
        )

    def enrolled(self, identity_id: str, /) -> bool:
        """Whether it is one of the four."""
        return identity_id in MEMBERS.values()

    def creator(self, stix_id: str, /) -> str | None:
        """Whom the first version of this member names."""
        return next((read.author for who, _, read, _ in self.rows if (who, read.id) == (self.member, stix_id)), None)


def read(publication: cast.Publication, group: str) -> list[Row]:
    """Return the publication's objects, each under its own label; definitions go with the laxest."""
    member = MEMBERS[publication.publisher]
    objects = read_bundle(open_envelope(publication.path.read_bytes()).objects, AT)
    return [(member, group, each, own_label(each) or Label.CLEAR) for each in objects]


def permits(publication: cast.Publication, group: str, before: list[Row]) -> dict[Label, int]:
    """Return how many objects go under each label, all permitted, given what was published before."""
    rows = read(publication, group)
    shelves = Shelves(MEMBERS[publication.publisher], [*before, *rows], group)
    account, told = Caller(shelves.member), {}
    for label in sorted({row[3] for row in rows}):
        objects = [each for _, _, each, own in rows if own is label]
        permit = may_publish(group_of(AGREEMENTS[group]), account, tlp=label, objects=objects, held=shelves, at=AT)
        assert set(permit.ranks) == {label}
        assert permit.warnings == ()
        told[label] = len(objects)
    return told


def test_every_incident_is_permitted_where_the_demo_publishes_it() -> None:
    """Red if a GREEN object mentions an AMBER one, or an e-mail address stands in `early-warning`."""
    before: list[Row] = []
    labels: dict[str, list[str]] = {}
    for publication in cast.PUBLICATIONS:
        labels[publication.file] = [label.text for label in permits(publication, publication.group, before)]
        before += read(publication, publication.group)
    assert labels == {
        "vulnerability-remedy.json": ["clear"],
        "registry-ddos.json": ["clear", "green"],
        "spam-botnet.json": ["clear", "green"],
        "bank-phishing.json": ["clear", "green", "amber", "amber+strict"],
        "phishing-sightings.json": ["clear", "green", "amber"],
    }


def test_the_phishing_wave_may_not_go_to_the_wide_group() -> None:
    """Red if the ceiling of `early-warning` is raised, or personal data is allowed there."""
    publication = cast.PUBLICATIONS[3]
    with pytest.raises(Refusal) as refused:
        permits(publication, "early-warning", [])
    assert {reason.code for reason in refused.value.reasons} == {"above-ceiling", "personal-data"}


def test_what_is_passed_on_must_be_there_to_be_read() -> None:
    """Red if quelmar's sightings are published before norvandia's indicator."""
    with pytest.raises(Refusal) as refused:
        permits(cast.PUBLICATIONS[4], "rapid-response", [])
    assert [reason.code for reason in refused.value.reasons] == ["not-author"]


@pytest.mark.parametrize("publication", cast.PUBLICATIONS, ids=lambda each: Path(each.file).stem)
def test_the_canonical_bytes_come_back_as_they_are(publication: cast.Publication) -> None:
    """Red if a number of a sample has more digits than a double keeps: its canonical form would be another one."""
    for item in open_envelope(publication.path.read_bytes()).objects:
        assert rfc8785.dumps(item.value) == item.canonical
        assert open_envelope(b'{"objects":[' + item.canonical + b"]}").objects == (item,)
