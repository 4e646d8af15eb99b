"""A run of publishers and pollers over a hub that is killed and started again all the while, and its history."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import count

import requests

from keys.head import Head
from keys.manifest import identity
from policies.agreement import Agreement
from support.history import History
from support.served import Server, Serving, post
from support.stage import indicator
from support.world import Cirt, envelope_of

PATIENCE = 60.0  # seconds until a request that is sent again and again must have been answered
PAUSE = 0.02  # seconds before a request is sent again
PUBLISHERS = 4
OBJECTS = 4  # a publication
MOST = 1_000_000  # objects of one publisher


class Kind(StrEnum):
    """How a poller remembers where it is."""

    ADDED_AFTER = "header"
    """By the header of the last page, page by page."""
    NEXT = "next"
    """By `next` until there is no more, then by the last header."""
    MILLISECONDS = "milliseconds"
    """By the header cut to milliseconds, as clients do that keep it as a date of their language."""
    OWN_CLOCK = "own clock"
    """By the time at which it asked. This one is wrong, and loses: the judge must find that."""


SOUND = (Kind.ADDED_AFTER, Kind.NEXT, Kind.MILLISECONDS)


@dataclass(slots=True)
class Remembering:
    """One poller: it moves on only by answers that it has, and asks again for those that were lost."""

    kind: Kind
    cirt: Cirt
    address: Callable[[], str]  # asked anew for every request
    history: History
    cursor: str = ""
    token: str = ""
    seen: set[str] = field(default_factory=set)

    def poll(self) -> None:
        """Ask until there is no more."""
        while self._page():
            pass

    def _page(self) -> bool:
        query: dict[str, str | int] = {"limit": 7}
        if self.token or self.cursor:
            query |= {"next": self.token} if self.token else {"added_after": self.cursor}
        asked = datetime.now(UTC)
        answer = _insist(lambda: requests.get(self.address(), query, headers=self.cirt.headers, timeout=PATIENCE))
        assert answer.status_code == 200, answer.text
        page, last = answer.json(), answer.headers.get("X-TAXII-Date-Added-Last", "")
        ids = [each["id"] for each in page.get("objects", ())]
        self.history.receive(self.kind, ids, overlapping=self.kind is Kind.MILLISECONDS)
        if self.kind is Kind.OWN_CLOCK and not page["more"]:
            self.cursor, self.token = (asked + timedelta(seconds=0.05)).isoformat().replace("+00:00", "Z"), ""
        else:
            self._remember(last, page.get("next", ""))
        new = set(ids) - self.seen
        self.seen |= new
        return bool(page["more"] and new)  # a page without anything new would come again for ever

    def _remember(self, last: str, token: str) -> None:
        if self.kind is Kind.MILLISECONDS and last:
            last = f"{last[:-4]}Z"
        self.token = "" if self.kind in {Kind.ADDED_AFTER, Kind.MILLISECONDS} else token
        self.cursor = last or self.cursor


def _insist(ask: Callable[[], requests.Response]) -> requests.Response:
    """Send a request until the hub answers it with anything but "not now"; a 500 is never that."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            answer = ask()
        except requests.RequestException as error:  # cut off, or nobody there at the moment
            why = str(error)
        else:
            if answer.status_code != 503:
                return answer
            why = answer.text
        if time.monotonic() > deadline:
            raise TimeoutError(f"the hub does not come back: {why}")
        time.sleep(PAUSE)


@dataclass(slots=True)
class Run:
    """One run: publishers, pollers, and somebody who breaks things; `history` is what came of it.

    Each request goes to any of the hub's servers: the first one, which is killed, and the further `nodes`.
    """

    hub: Serving
    publications: int  # of each publisher, at the least
    kinds: tuple[Kind, ...] = SOUND
    nodes: tuple[Server, ...] = ()
    history: History = field(default_factory=History)
    _broken: threading.Event = field(default_factory=threading.Event)
    _done: threading.Event = field(default_factory=threading.Event)

    def go(self, *faults: Callable[[], None], rounds: int = 0) -> None:
        """Publish until each fault has happened so many times, and let every poller come to the end."""
        hub, parties = self.hub, [self.hub.cirt(f"p{number}") for number in range(PUBLISHERS)]
        reader = hub.cirt("reader")
        group = hub.world.agreement([(each, "both", "amber") for each in (*parties, reader)])
        address = f"/live/collections/{group.id}/objects/"
        pollers = [Remembering(kind, reader, lambda: f"{self._url()}{address}", self.history) for kind in self.kinds]
        with ThreadPoolExecutor() as threads:
            polling = [threads.submit(self._follow, poller) for poller in pollers]
            breaking = threads.submit(self._break, faults * rounds)
            publishing = [threads.submit(self._publish, cirt, group, n) for n, cirt in enumerate(parties)]
            wait(publishing)
            self._done.set()
            for each in (*publishing, breaking, *polling):
                each.result()

    def _publish(self, cirt: Cirt, group: Agreement, who: int) -> None:
        for step in count():
            if step >= self.publications and self._broken.is_set():
                return
            first = who * MOST + step * OBJECTS
            values = [indicator(first + number) for number in range(OBJECTS)]
            manifest, items = cirt.manifest(group, values)
            raw, name = envelope_of([*items, manifest]), f"{who}/{step}"
            self.history.post(name, [str(each["id"]) for each in values])
            answer = _insist(partial(self._post, cirt, group, raw))
            status = answer.json()
            assert (answer.status_code, status.get("failure_count")) == (202, 0), status
            self.history.acknowledge(name)
            cirt.heads[group.id, "green"] = Head(step + 1, identity(manifest) or "")

    def _post(self, cirt: Cirt, group: Agreement, raw: bytes) -> requests.Response:
        return post(self._url(), cirt, group, raw)

    def _url(self) -> str:
        return random.choice([self.hub.url, *(node.url for node in self.nodes)])

    def _follow(self, poller: Remembering) -> None:
        while not self._done.is_set():
            poller.poll()
            time.sleep(0.005)
        poller.poll()

    def _break(self, faults: tuple[Callable[[], None], ...]) -> None:
        try:
            for fault in faults:
                time.sleep(random.uniform(0.2, 1.0))
                fault()
        finally:
            self._broken.set()
