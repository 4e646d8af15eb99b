"""A world with its doors open: members in every role of one group, and how to call as each of them.

In the first group ALPHA publishes and receives up to amber+strict, BRAVO up to green, PAPA only publishes, ROMEO only
receives, OSCAR observes, ZULU has not accepted. CHARLIE knows nothing of it; the second group is ALPHA's and his.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.running import open_hub
from hub.store import keyring, tokens
from hub.store.registry import bump
from policies.agreement import Agreement
from support.clock import SECOND, Clock
from support.signing import signer_of
from support.stix_objects import AT
from support.world import TAXII, World

PUBLIC = "https://hub.example.org"
NOWHERE = "77777777-7777-4777-8777-777777777777"
PARTIES = {
    "alpha": ("both", "amber+strict"),
    "bravo": ("both", "green"),
    "papa": ("publisher", "amber+strict"),
    "romeo": ("receiver", "amber"),
    "oscar": ("observer", "amber"),
    "zulu": ("both", "amber"),
}
WRONG = f"{tokens.PREFIX}nobody-has-this-token"


@dataclass(slots=True, repr=False)
class Stage:
    """The doors of a world, its two groups, and the tokens of those who call."""

    world: World
    app: Flask
    first: Agreement
    second: Agreement
    credentials: dict[str, str]

    def call(self, path: str, who: str | None = "alpha", method: str = "GET", **options: Any) -> TestResponse:
        """Call an address with the token of `who`; None calls without any."""
        headers = dict(options.pop("headers", {}))
        if who is not None:
            headers.setdefault("Authorization", f"Bearer {self.credentials[who]}")
        return self.app.test_client(use_cookies=False).open(path, method=method, headers=headers, **options)

    def reopen(self) -> None:
        """Open the hub anew, as a server process that starts."""
        self.world.hub.close()
        self.world.hub = open_hub(self.world.settings, clock=self.world.clock)
        self.app = create_app(self.world.hub)

    def post(self, path: str, body: bytes, who: str | None = "alpha", content_type: str = TAXII) -> TestResponse:
        """Post a body."""
        return self.call(path, who, "POST", data=body, headers={"Content-Type": content_type})

    def objects(self, collection: str = "", path: str = "objects/") -> str:
        """The address of a collection's objects, of the first group's unless told otherwise."""
        return f"/live/collections/{collection or self.first.id}/{path}"

    def envelope(self, who: str, values: Iterable[Mapping[str, Any]], tlp: str = "green") -> bytes:
        """What `who` would post next to the first group."""
        return self.world.cirts[who].envelope(self.first, values, tlp)

    def publish(
        self, who: str, values: Iterable[Mapping[str, Any]], tlp: str = "green", group: Agreement | None = None
    ) -> dict[str, Any]:
        """Publish through the door, see that all of it was taken in, and let a second pass; the status."""
        agreement, cirt = group or self.first, self.world.cirts[who]
        answer = self.post(self.objects(agreement.id), cirt.envelope(agreement, values, tlp), who)
        status: dict[str, Any] = orjson.loads(answer.data)
        assert (answer.status_code, status.get("failure_count")) == (202, 0), status
        cirt.remember(agreement)
        self.world.clock.advance(SECOND)
        return status


def open_stage(folder: Path, database_url: str, **settings: Any) -> Stage:
    """Make the world in an empty database and open its doors; `world.close()` ends it."""
    world = World(folder, database_url, Clock(AT), public_url=PUBLIC, **settings)
    for name in (*PARTIES, "charlie"):
        world.cirt(name)
    parties = [(world.cirts[name], role, clearance) for name, (role, clearance) in PARTIES.items()]
    first = world.agreement(parties, accepted=False, title="First group", alias="first-group")
    for name in PARTIES:
        if name != "zulu":
            world.accept(world.cirts[name], first)
    two = [(world.cirts[name], "both", "amber") for name in ("alpha", "charlie")]
    second = world.agreement(two, title="Second group", alias="second-group")
    given = {name: cirt.token for name, cirt in world.cirts.items()}
    given |= {"pending": _pending(world), "revoked": _revoked(world), "wrong": WRONG}
    return Stage(world, create_app(world.hub), first, second, given)


def _pending(world: World) -> str:
    """A token of ALPHA's whose key nobody has confirmed."""
    alpha, signer = world.cirts["alpha"], signer_of("a key that is not confirmed")
    token = tokens.new_token()
    digest = tokens.token_digest(world.hub.secret, token)
    with world.hub.database.writing() as tx:
        keyring.add(tx, kid=signer.kid, member=alpha.id, jwk=dict(signer.jwk), at=world.clock())
        tokens.add(tx, digest=digest, member=alpha.id, label="", redistributes=False, kid=signer.kid, at=world.clock())
        bump(tx)
    return token


def _revoked(world: World) -> str:
    """A token of ALPHA's that was revoked."""
    token, account = world.token(world.cirts["alpha"].id)
    with world.hub.database.writing() as tx:
        tokens.revoke(tx, account.token, world.clock())
        bump(tx)
    return token


def indicator(number: int, **changes: Any) -> dict[str, Any]:
    """A small indicator with its own id."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--8e2e2d2b-17d4-4cbf-938f-{number:012x}",
        "created": "2026-11-19T09:58:11.120Z",
        "modified": "2026-11-19T09:58:11.120Z",
        "name": f"Lure {number}",
        "pattern": f"[ipv4-addr:value = '192.0.2.{number % 256}']",
        "pattern_type": "stix",
        "valid_from": "2026-11-19T00:00:00Z",
    } | changes


def told(answer: TestResponse) -> Any:
    """The JSON of an answer."""
    return orjson.loads(answer.data)


def kept_headers(answer: TestResponse) -> list[tuple[str, str]]:
    """The headers that must not tell two answers apart: all but the request's own name."""
    return sorted((name, value) for name, value in answer.headers.items() if name != "X-Request-Id")
