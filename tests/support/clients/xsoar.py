"""Cortex XSOAR's feed integration TAXII 2, by reading its source, over the real taxii2-client.

Sources: `TAXII2ApiModule.py` and `FeedTAXII2.py` of demisto/content.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests.exceptions import HTTPError
from taxii2client import v20, v21
from taxii2client.common import TokenAuth, _HTTPConnection

from support.client_settings import Settings

from .wire import BUDGET, Endless, Failed


@dataclass(slots=True)
class Xsoar:
    """One instance of the feed. `received` is what it made indicators of, `fetched` all that it was sent."""

    settings: Settings
    received: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    version: str = "2.1"
    last_modified: str | None = None
    latest: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """One fetch."""
        connection, collection = self._connect()
        try:
            self._fetch(collection)
        finally:
            connection.close()

    def _connect(self) -> tuple[_HTTPConnection, Any]:
        user, password = self.settings["Username"], self.settings["Password"]
        auth: AuthBase | None = HTTPBasicAuth(user, password)
        if user == "_api_token_key":
            auth = TokenAuth(password)
        elif user.startswith("_header:"):
            auth = None
        for version, library in (("2.1", v21), ("2.0", v20)):
            connection = _HTTPConnection(version=version, auth=auth)
            if user.startswith("_header:"):
                connection.session.headers[user.split("_header:")[1]] = password
            self.version = version
            try:
                return connection, self._collection(library, connection)
            except HTTPError as error:
                connection.close()
                if error.response.status_code != requests.codes.not_acceptable:
                    raise Failed(str(error)) from error
            except BaseException:
                connection.close()
                raise
        raise Failed("neither TAXII 2.1 nor 2.0")

    def _collection(self, library: Any, connection: _HTTPConnection) -> Any:
        server = library.Server(self.settings["Discovery Service URL"].rstrip("/") + "/", conn=connection)
        roots = {}
        for each in server.api_roots:
            each._conn.close()
            roots[each.url.split("/")[-2]] = each
        wanted = self.settings.get("Default API Root to use")
        root = roots.get(wanted) if wanted else server.default
        if root is None:
            raise Failed(f"The given default API root {wanted} doesn't exist")
        root._conn = connection
        title = self.settings["Collection Name To Fetch Indicators From"]
        for each in root.collections:
            if each.title == title:
                return each
        raise Failed(f"Could not find the provided Collection name {title}")

    def _fetch(self, collection: Any) -> None:
        full = self.settings["Full Feed Fetch"] == "true"
        number, unit = self.settings["First Fetch Time"].split(" ")
        first = timedelta(days=int(number) * {"day": 1, "year": 365}[unit.rstrip("s")])
        begin = (datetime.now(UTC) - first).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        query: dict[str, Any] = {"added_after": begin if full or not self.last_modified else self.last_modified}
        if kinds := self.settings.get("STIX Objects To Fetch"):
            wanted = kinds.split(",")
            query["type"] = [*wanted, "relationship"] if len(wanted) > 1 else wanted
        size = int(self.settings.get("Max STIX Objects Per Poll", "100"))
        pages = v21.as_pages(collection.get_objects, per_request=size, **query)
        found: list[dict[str, Any]] = []
        for count in itertools.count():
            if count > BUDGET:
                raise Endless("as_pages does not end")
            page = next(pages, None)
            if page is None or not page.get("objects"):
                break  # it takes a page without objects for the end
            found += page["objects"]
        self._take(found)

    def _take(self, found: list[dict[str, Any]]) -> None:
        self.fetched += [each["id"] for each in found]
        times = [each["modified"] for each in found if "modified" in each]
        self.last_modified = max([*times, *([self.last_modified] if self.last_modified else [])], default=None)
        for each in found:
            if each["id"] not in self.latest or each.get("modified", "") > self.latest[each["id"]]:
                self.received.append(each["id"])
        self.latest = {each["id"]: each.get("modified", "") for each in found}  # of this fetch only
