"""What must hold after every fault? The six invariants, checked in one place against a hub that is served again.

I1 what was acknowledged is delivered, exactly once a walk; I2 nothing else is; I3 a status tells the truth; I4 the
hub's own record has the event; I5 a publication is there whole or not at all; I6 the hub serves again by itself.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import requests

from policies.agreement import Agreement
from support.served import PATIENCE, Poller, Serving, accepted, post
from support.stage import indicator
from support.world import Cirt


@dataclass(slots=True)
class Sent:
    """One publication: what was posted, and its status resource once it was acknowledged."""

    cirt: Cirt
    raw: bytes
    status: dict[str, Any] | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of all its objects, in order, the manifests among them."""
        return [each["id"] for each in json.loads(self.raw)["objects"]]


@dataclass(slots=True)
class Group:
    """A publisher, a reader and their group, with all that was posted into it."""

    hub: Serving
    publisher: Cirt
    reader: Cirt
    agreement: Agreement
    sent: list[Sent] = field(default_factory=list)
    count: int = 0

    def make(self, objects: int = 3, cirt: Cirt | None = None) -> Sent:
        """The next publication, of objects that nobody has posted before."""
        author = cirt or self.publisher
        values = [indicator(self.count + number) for number in range(objects)]
        self.count += objects
        made = Sent(author, author.envelope(self.agreement, values))
        self.sent.append(made)
        return made

    def post(self, sent: Sent, url: str = "") -> None:
        """Post it, see that it is acknowledged, and go on from there."""
        sent.status = accepted(post(url or self.hub.url, sent.cirt, self.agreement, sent.raw))
        sent.cirt.remember(self.agreement)


def group_of(hub: Serving) -> Group:
    """A group of two that nobody has published into."""
    publisher, reader, agreement = hub.pair()
    return Group(hub, publisher, reader, agreement)


def walk(url: str, cirt: Cirt, collection: str, limit: int) -> Iterator[dict[str, Any]]:
    """The objects of a collection, from page to page by `next`."""
    query: dict[str, str | int] = {"limit": limit}
    while True:
        address = f"{url}/live/collections/{collection}/objects/"
        answer = requests.get(address, query, headers=cirt.headers, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        yield from answer.json().get("objects", ())
        if not answer.json()["more"]:
            return
        query["next"] = answer.json()["next"]


def check(group: Group, url: str = "") -> None:
    """See that I1 to I6 hold for a group to which everything that was posted has been acknowledged by now."""
    url = url or group.hub.url
    assert requests.get(f"{url}/readyz", timeout=PATIENCE).status_code == 200, "I6"
    group.post(group.make(2), url)  # I6
    assert all(sent.status for sent in group.sent), "the test has posted everything until it was acknowledged"
    objects, proofs = group.agreement.id, group.agreement.proofs
    wanted = sorted(stix_id for sent in group.sent for stix_id in sent.ids)
    walks = [
        [each["id"] for each in (*walk(url, group.reader, objects, 2), *walk(url, group.reader, proofs, 2))],
        Poller(url, group.reader, objects).poll() + Poller(url, group.reader, proofs).poll(),
    ]
    for found in walks:
        assert sorted(found) == wanted, "I1: each exactly once; I2: nothing else"
        _whole(found, group.sent)
    for sent in group.sent:
        _told(url, sent)
    _recorded(group)


def _whole(found: Sequence[str], sent: Sequence[Sent]) -> None:
    """I5: the objects of a publication stand together, in their order, with nothing of another's between them."""
    place = {stix_id: number for number, stix_id in enumerate(found)}
    for each in sent:
        numbers = [place[stix_id] for stix_id in each.ids if not stix_id.startswith("x-cirt")]
        rows = [number for number in numbers if found[number].startswith("indicator--")]
        assert all(one + 1 == other for one, other in pairwise(rows)), "I5"


def _told(url: str, sent: Sent) -> None:
    """I3: the status that was acknowledged can be asked for again, and names what is there."""
    status = sent.status or {}
    answer = requests.get(f"{url}/live/status/{status['id']}/", headers=sent.cirt.headers, timeout=PATIENCE)
    assert answer.status_code == 200, "I3"
    kept = answer.json()
    told = (kept["status"], kept["failure_count"], sorted(each["id"] for each in kept["successes"]))
    assert told == ("complete", 0, sorted(sent.ids)), "I3"


def _recorded(group: Group) -> None:
    """I4: one manifest and one kept answer a publication, and no row that none of them accounts for."""
    with group.hub.world.hub.database.reading() as tx:
        (number,) = tx.row("SELECT no FROM groups WHERE id = :id", id=group.agreement.id) or (0,)
        manifests = tx.rows("SELECT status FROM manifests WHERE grp = :grp", grp=number)
        statuses = tx.rows("SELECT id, refused FROM statuses WHERE group_id = :id", id=group.agreement.id)
        rows = tx.rows("SELECT position FROM objects WHERE grp = :grp ORDER BY position", grp=number)
        (last,) = tx.row("SELECT last_position FROM groups WHERE no = :grp", grp=number) or (0,)
    assert len(manifests) == len(group.sent), "I4"
    assert {status for (status,) in manifests} == {sent.status["id"] for sent in group.sent if sent.status}, "I4"
    assert {status for status, refused in statuses if not refused} == {status for (status,) in manifests}, "I4"
    positions = [position for (position,) in rows]
    assert all(one < other for one, other in pairwise(positions)), "positions rise"
    assert positions[-1] <= last, "the sequencer is not behind its rows"
