"""Clients whose source is closed, as their manuals, and the reports of their users, describe what they ask.

Each looks around as it does, then polls: `added_after` and `next` while there is more, afterwards the date of the last
row. Where a page promises more without `next`, they go on from that date (TAXII 2.1 §3.5).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from support.client_settings import Settings

from .wire import TAXII, Answer, Failed, Header, Wire, basic, ids, path_of


@dataclass(slots=True)
class Poller:
    """What they have in common. `received` is in the order of arrival."""

    settings: Settings
    wire: Wire
    received: list[str] = field(default_factory=list)
    cursors: dict[str, str] = field(default_factory=dict)

    def credential(self) -> Header:
        """How it signs in."""
        return basic(self.settings["Username"], self.settings["Password"])

    def credentials(self) -> list[Header]:
        """The headers by which it signs in."""
        return [self.credential()]

    def get(self, target: str) -> Answer:
        """GET; anything but 200 stops the run, and its user sees why."""
        answer = self.wire.get(target, [("Accept", TAXII), *self.credentials(), ("Accept-Encoding", "gzip")])
        if answer.status != 200:
            raise Failed(f"{answer.status} for {target}")
        return answer

    def begin(self) -> str:
        """Where the first poll starts."""
        return "1970-01-01T00:00:00.000000Z"

    def drain(self, address: str, **query: str) -> None:
        """Poll a collection to its end."""
        after, token = self.cursors.get(address, self.begin()), None
        more = True
        while more:
            asked = {"added_after": after, **query} | ({"next": token} if token else {})
            answer = self.get(f"{address}objects/?{urlencode(asked)}")
            page = answer.json
            self.received += ids(page)
            last = answer.headers.get("x-taxii-date-added-last")
            self.cursors[address] = last or self.cursors.get(address, after)
            more, token = page.get("more", False), page.get("next")
            if more and not token:
                after = self.cursors[address]

    def collections(self, root: str) -> list[dict[str, Any]]:
        """The collections of an API root."""
        listed: list[dict[str, Any]] = self.get(f"{root}collections/").json.get("collections", [])
        return listed


class Sentinel(Poller):
    """Microsoft Sentinel: API root and collection id, Basic alone, a look-back; it reads the root's versions."""

    def begin(self) -> str:
        """The look-back that was chosen."""
        days = {"At most one day old": 1, "At most one week old": 7, "At most one month old": 30}
        chosen = days.get(self.settings["Import indicators"])
        if chosen is None:
            return "1970-01-01T00:00:00.000000Z"
        return (datetime.now(UTC) - timedelta(days=chosen)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def run(self) -> None:
        """One poll."""
        root = path_of(self.settings["API root URL"]).rstrip("/") + "/"
        if TAXII not in self.get(root).json["versions"]:
            raise Failed("the API root does not speak TAXII 2.1")
        address = f"{root}collections/{self.settings['Collection ID']}/"
        if not self.get(address).json["can_read"]:
            raise Failed("the collection cannot be read")
        self.drain(address)


class EclecticIq(Poller):
    """EclecticIQ Intelligence Center: discovery, or API root and collection id or alias; so many objects a request."""

    def run(self) -> None:
        """One run of the feed, its window advancing."""
        if discovery := self.settings.get("Auto Discovery"):
            for root in self.get(path_of(discovery)).json["api_roots"]:
                self.get(path_of(root))
                self.collections(path_of(root))
        root = path_of(self.settings["API Root URL"])
        self.drain(f"{root}collections/{self.settings['Collection ID']}/", limit=self.settings["Objects per run (max)"])


@dataclass(slots=True)
class Sumo(Poller):
    """Sumo Logic's TAXII 2 source: discovery or a list of API roots, then every collection that can be read."""

    def credential(self) -> Header:
        """Either half may be left blank."""
        return basic(self.settings.get("basicUsername", ""), self.settings.get("basicPassword", ""))

    def roots(self) -> list[str]:
        """Paths of the API roots."""
        if discovery := self.settings.get("ti_discovery_url"):
            return [path_of(root) for root in self.get(path_of(discovery)).json["api_roots"]]
        return [path_of(self.settings["ti_root_url"])]

    def run(self) -> None:
        """One poll."""
        for root in self.roots():
            for each in self.collections(root):
                if each["can_read"]:
                    self.drain(f"{root}collections/{each['id']}/")


@dataclass(slots=True)
class ByKey(Poller):
    """Clients that send their key in a header of its own, as CrowdSec's manual has it."""

    def credential(self) -> Header:
        """`x-api-key`, or Basic with any user."""
        if key := self.settings.get("x-api-key"):
            return "x-api-key", key
        return basic(self.settings["Username"], self.settings["Password"])

    def run(self) -> None:
        """One poll."""
        self.drain(f"{path_of(self.settings['API root'])}collections/{self.settings['Collection']}/")


class BigPages(Poller):
    """Trellix and Trend Micro: discovery, then pages of up to 15,000 objects."""

    def run(self) -> None:
        """One poll of the collection of that id."""
        for root in self.get(path_of(self.settings["Discovery URL"])).json["api_roots"]:
            for each in self.collections(path_of(root)):
                if each["id"] == self.settings["Collection ID"]:
                    self.drain(f"{path_of(root)}collections/{each['id']}/", limit=self.settings["Page size"])


class LogRhythm(Poller):
    """LogRhythm's Threat Intelligence Service: one collection's address; a user and a password, or a certificate."""

    def credentials(self) -> list[Header]:
        """None, where TLS shows who it is."""
        return [] if self.settings.get("Certificate Authentication") == "true" else [self.credential()]

    def credential(self) -> Header:
        """The other way."""
        return basic(self.settings["User name"], self.settings["Password"])

    def run(self) -> None:
        """One download."""
        address = path_of(self.settings["TAXII Collection Endpoint"]).rstrip("/") + "/"
        if not self.get(address).json["can_read"]:
            raise Failed("the collection cannot be read")
        self.drain(address)


@dataclass(slots=True)
class MineMeld(Poller):
    """MineMeld, retired: it took the latest `modified` it had seen for the date to go on from."""

    def run(self) -> None:
        """One poll: it goes on while there is more, from where it believes to be."""
        address = f"{path_of(self.settings['API root'])}collections/{self.settings['Collection']}/"
        more = True
        while more:
            after = self.cursors.get(address, self.begin())
            page = self.get(f"{address}objects/?added_after={quote(after)}&limit=100").json
            self.received += ids(page)
            self.cursors[address] = max([after, *(each["modified"] for each in page.get("objects", ()))])
            more = page["more"]
