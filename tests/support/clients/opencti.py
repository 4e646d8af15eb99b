"""OpenCTI as a client, by reading its source: the TAXII ingester of the platform, and the connector `taxii2`.

Sources: `ingestionTaxii.ts` of OpenCTI-Platform/opencti, `client_taxii.py` and `connector.py` of
OpenCTI-Platform/connectors.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from requests.auth import AuthBase, HTTPBasicAuth
from requests.exceptions import HTTPError
from requests.models import PreparedRequest
from taxii2client.common import TokenAuth
from taxii2client.exceptions import TAXIIServiceException
from taxii2client.v21 import ApiRoot, Collection, Server

from support.client_settings import Settings

from .wire import BUDGET, TAXII, Endless, Header, Wire, basic, path_of


def cut_to_milliseconds(stamp: str) -> str:
    """What a JavaScript `Date` keeps of a timestamp, written by `toISOString`."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    return f"{whole}.{fraction.ljust(3, '0')[:3]}Z"


def axios(value: str) -> str:
    """A query value as axios encodes it: `:`, `$`, `,` and brackets stay."""
    return quote(value, safe="!'()*~:$,[]")


@dataclass(slots=True)
class Ingester:
    """The platform's own TAXII feed: one page a run; `next` while there is more, else the date of the last row."""

    settings: Settings
    wire: Wire
    now: Callable[[], str] = lambda: datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    received: list[str] = field(default_factory=list)
    cursor: str | None = None
    added_after: str | None = None

    def headers(self) -> list[Header]:
        """What goes with each request."""
        kind, value = self.settings["authentication_type"], self.settings["authentication_value"]
        given: list[Header] = [("Accept", TAXII)]
        if kind == "basic":
            user, _, password = value.partition(":")
            given.append(basic(user, password))
        elif kind == "bearer":
            given.append(("Authorization", f"Bearer {value}"))
        return [*given, ("User-Agent", "opencti/6.7"), ("Accept-Encoding", "gzip, deflate"), ("Connection", "close")]

    def run(self) -> None:
        """One run of the scheduler."""
        root = self.settings["uri"]
        path = path_of(root if root.endswith("/") else root + "/")
        params = {"next": self.cursor, "added_after": self.added_after}
        query = "&".join(f"{name}={axios(value)}" for name, value in params.items() if value is not None)
        target = f"{path}collections/{self.settings['collection']}/objects/"
        answer = self.wire.get(target + ("?" + query if query else ""), self.headers())
        if answer.status >= 400:
            return  # it is logged, and tried again at the next run
        page = answer.json
        if not page.get("objects"):
            return
        self.received += [each["id"] for each in page["objects"]]
        if page.get("more") and page.get("next"):
            self.cursor = page["next"]
            return
        last = answer.headers.get("x-taxii-date-added-last")
        self.cursor, self.added_after = None, cut_to_milliseconds(last) if last else self.now()


class _HeaderAuth(AuthBase):
    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers[self.name] = self.value
        return r


@dataclass(slots=True)
class Connector:
    """The connector `taxii2`, over the real taxii2-client: all pages a run, resumed from its own clock.

    It looks collections up by title. What it is given as `next` stays in its filters: for the next run, and, where it
    has several, for the next collection.
    """

    settings: Settings
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    received: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    filters: dict[str, Any] = field(default_factory=dict)
    last_run: datetime | None = None

    def auth(self) -> AuthBase:
        """How it signs in: a token, a header of any name, or Basic."""
        given = self.settings
        if given.get("TAXII2_USE_TOKEN") == "true":
            token: AuthBase = TokenAuth(given["TAXII2_TOKEN"])
            return token
        if given.get("TAXII2_USE_APIKEY") == "true":
            return _HeaderAuth(given["TAXII2_APIKEY_KEY"], given["TAXII2_APIKEY_VALUE"])
        return HTTPBasicAuth(given["TAXII2_USERNAME"], given["TAXII2_PASSWORD"])

    def run(self) -> None:
        """One run: every collection of the settings."""
        started = self.clock()
        if self.last_run is None:
            since = timedelta(hours=int(self.settings["TAXII2_INITIAL_HISTORY"]))
            self.filters["added_after"] = started.replace(tzinfo=None) - since
        else:
            self.filters["added_after"] = self.last_run.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        with Server(self.settings["TAXII2_DISCOVERY_URL"], auth=self.auth()) as server:
            for each in self.settings["TAXII2_COLLECTIONS"].split(","):
                try:
                    self.received += self._collect(server, *each.split("."))
                except (TAXIIServiceException, HTTPError) as error:
                    self.failures.append(str(error))
        self.last_run = started.replace(microsecond=0)

    def _collect(self, server: Server, name: str, title: str) -> list[str]:
        for root in server.api_roots:
            if root.url.split("/")[-2] != name:
                continue
            listed = root.collections
            chosen = listed if title == "*" else [each for each in listed if each.title == title][:1]
            if not chosen:
                raise TAXIIServiceException(f"Collection {title} does not exist")
            found = [stix_id for each in chosen for stix_id in self._poll(each)]
            _close(root, listed)
            return found
        raise TAXIIServiceException(f"Api Root {name} does not exist in the TAXII server")

    def _poll(self, collection: Collection) -> list[str]:
        found: list[str] = []
        page = collection.get_objects(**self.filters)
        if not page.get("objects"):
            return found
        for _ in range(BUDGET):
            found += [each["id"] for each in page.get("objects", ())]
            if page.get("more") is not True:
                return found
            if "next" in page:
                self.filters.pop("added_after", None)
                self.filters["next"] = page["next"]
                page = collection.get_objects(**self.filters)
        raise Endless("more is true for ever")


def _close(root: ApiRoot, collections: list[Collection]) -> None:
    for each in (*collections, root):
        each.close()
