"""Elastic's integration `ti_custom`, by reading the program in its `cel.yml.hbs`, with the client of Go."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from support.client_settings import Settings

from .wire import BUDGET, TAXII, Endless, Header, Wire, basic, path_of


@dataclass(slots=True)
class Elastic:
    """One agent. A run evaluates the program until it wants no more; an error leaves the state as it was.

    `keeps_added_after` is the behaviour since 1.8.2: later pages carry `added_after` beside `next` again.
    """

    settings: Settings
    wire: Wire
    keeps_added_after: bool = False
    received: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    cursor: str | None = None

    def headers(self) -> list[Header]:
        """As Go sends them: names in canonical form, in order of the alphabet."""
        given = self.settings
        headers = [("User-Agent", "Elastic-Filebeat/8.15.0"), ("Accept", given.get("accept_header", TAXII))]
        if given.get("api_key"):
            headers.append(("Authorization", f"{given.get('key_type', 'Bearer')} {given['api_key']}"))
        elif given.get("username") and given.get("password"):
            headers.append(basic(given["username"], given["password"]))
        if given.get("content_header"):
            headers.append(("Content-Type", given["content_header"]))
        return [*headers, ("Accept-Encoding", "gzip")]

    def run(self) -> None:
        """One interval."""
        path = path_of(self.settings["url"]).rstrip("/")
        limit = {"limit": self.settings["limit"]} if self.settings.get("limit") else {}
        hours = int(self.settings["initial_interval"].removesuffix("h"))
        begin = (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        after = {"added_after": self.cursor or begin}
        query = {**after, **limit}
        for page in range(1, BUDGET):
            answer = self.wire.get(f"{path}/?{urlencode(sorted(query.items()))}", self.headers())
            if answer.status not in {200, 206}:
                self.errors.append(f"GET: {answer.status}")
                return
            try:
                objects = answer.json["objects"]
            except KeyError as error:  # `body.objects.map`: the evaluation fails, its state stays
                self.errors.append(f"page {page}: failed eval: no such key: {error}")
                return
            self.received += [each["id"] for each in objects]
            self.cursor = answer.headers.get("x-taxii-date-added-last")
            token = answer.json.get("next")
            if not token:  # `more` is not looked at
                return
            query = {"next": token, **limit, **(after if self.keeps_added_after else {})}
        raise Endless("next for ever")
