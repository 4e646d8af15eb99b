"""Keep this version's database, settings and pages, for later versions to be tried on: run once for each release.

    PYTHONPATH=tests:. .venv/bin/python tests/upgrades/make_fixture.py

writes `tests/upgrades/<version>-<schema>/`: a small hub as SQL of both engines, `hub.toml` with every setting, and for
each engine what its members were served, each body by its SHA-256. What was written once is never written again. Its
secret, keys and tokens are of no other hub.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hub.app import create_app
from hub.certificates import certificates_of
from hub.config import Settings
from hub.release import VERSION
from hub.store import certificates, schema
from hub.store.engine import Tx
from hub.store.registry import bump
from support.clock import DAY, SECOND, Clock
from support.postgres import Cluster, binaries
from support.stage import indicator
from support.stix_objects import AT
from support.upgrades import kept
from support.world import Cirt, World

HERE = Path(__file__).resolve().parent
SECRET = sha256(b"the secret of the hubs that upgrades are tried on").digest()
YEAR = 365 * DAY
GROUP: dict[str, Any] = {
    "id": "2b9f6d3c-0d6e-4a57-9c1b-6f0e1d2c3b4a",
    "proofs": "7c1d5e2f-3a4b-4c6d-8e9f-0a1b2c3d4e5f",
    "alias": "group",
}
NAMES = ("group", "group-proofs")
KEPT = ("Content-Type", "X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last")


def main() -> None:
    """Write the fixture of this version."""
    folder = HERE / f"{VERSION}-{schema.head()}"
    folder.mkdir()  # an existing one stays
    with TemporaryDirectory() as place, Cluster() as cluster:
        _keep(folder, "sqlite", f"sqlite:///{place}/hub.db", Path(place, "one"))
        _keep(folder, "postgresql", cluster.create_database(), Path(place, "two"))
    lines = [f"{each.name} = {json.dumps(_value(each.name, each.default))}\n" for each in fields(Settings)]
    folder.joinpath("hub.toml").write_text("".join(lines), "utf-8")
    sys.stdout.write(f"{folder}\n")


def _value(name: str, default: Any) -> Any:
    return str(default) if isinstance(default, Path) else default


def _keep(folder: Path, engine: str, url: str, place: Path) -> None:
    """A hub of three members, its dump, and its pages."""
    place.mkdir()
    place.joinpath("secret").write_bytes(SECRET)
    place.joinpath("secret").chmod(0o600)
    world = World(place, url, Clock(AT))
    try:
        _fill(world)
        pages = list(_pages(world))
        tokens = {name: cirt.token for name, cirt in world.cirts.items()}
        with world.hub.database.reading() as tx:
            shown = certificates_of(tx)
    finally:
        world.close()
    folder.joinpath(f"{engine}.sql").write_text(_dump(engine, url), "utf-8")
    told = {"at": world.clock(), "tokens": tokens, "certificates": shown}
    lines = ",\n".join(json.dumps(page) for page in pages)
    head = json.dumps(told, indent=1).removesuffix("\n}")
    folder.joinpath(f"{engine}.json").write_text(f'{head},\n "pages": [\n{lines}\n]}}\n', "utf-8")


def _fill(world: World) -> None:
    a, b, c = world.cirt("alpha"), world.cirt("bravo"), world.cirt("charlie")
    group = world.agreement([(a, "both", "amber"), (b, "both", "green"), (c, "receiver", "amber")], **GROUP)
    for number, (cirt, label) in enumerate([(a, "green"), (a, "amber"), (b, "clear"), (a, "green")]):
        values = [indicator(10 * number + each) for each in range(2)]
        if number == 3:  # a later version of the first publication's
            values = [indicator(0, modified="2026-11-20T10:00:00.000Z", name="Lure é 🐟"), _observable()]
        assert cirt.publish(group, values, label)["failure_count"] == 0
        world.clock.advance(SECOND)
    assert a.publish(group, [indicator(50)], seq=9)["success_count"] == 0  # a refusal is kept as well
    with world.hub.database.writing() as tx:
        _certify(tx, a, "feed", redistributes=True)
        certificates.revoke(tx, _certify(tx, b, "lost"), world.clock())
        bump(tx)


def _certify(tx: Tx, cirt: Cirt, label: str, *, redistributes: bool = False) -> str:
    """Bind a client certificate that nobody has: a name is enough of it."""
    identity = certificates.add(
        tx,
        fingerprint=sha256(label.encode()).hexdigest(),
        member=cirt.id,
        label=label,
        redistributes=redistributes,
        subject=f"CN={label}",
        valid_from=AT,
        valid_until=AT + YEAR,
        at=AT,
    )
    assert identity
    return identity


def _observable() -> dict[str, Any]:
    value = {"type": "ipv4-addr", "spec_version": "2.1", "value": "192.0.2.7"}
    return {**value, "id": "ipv4-addr--8e2e2d2b-17d4-5cbf-938f-98ee46b3cd3f"}


def _pages(world: World) -> Iterator[dict[str, Any]]:
    """What each member is served: whole, page by page, by id, as versions and as a manifest."""
    client = create_app(world.hub).test_client(use_cookies=False)
    first = indicator(0)["id"]
    for who in world.cirts:
        for name in NAMES:
            root = f"/live/collections/{name}"
            waiting = [f"{root}/objects/", f"{root}/objects/?match[version]=all", f"{root}/objects/?limit=2"]
            waiting += [f"{root}/manifest/", f"{root}/objects/{first}/versions/", f"{root}/objects/{first}/"]
            while waiting:
                path = waiting.pop(0)
                page = asked(client, path, world.cirts[who].token)
                yield {"who": who, "path": path, **kept(page)}
                if "limit=2" in path and (token := json.loads(page["body"]).get("next")):
                    waiting.append(f"{root}/objects/?limit=2&next={token}")


def asked(client: Any, path: str, token: str) -> dict[str, Any]:
    """One answer, as far as it must stay the same for ever: status, type and dates, body."""
    answer = client.get(
        path, headers={"Authorization": f"Bearer {token}", "Accept": "application/taxii+json;version=2.1"}
    )
    headers = {name: answer.headers[name] for name in KEPT if name in answer.headers}
    return {"status": answer.status_code, "headers": headers, "body": answer.get_data(as_text=True)}


def _dump(engine: str, url: str) -> str:
    """The database as SQL."""
    if engine == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return "".join(f"{line}\n" for line in connection.iterdump())
    address = url.replace("postgresql+psycopg:", "postgresql:")
    words = ("--inserts", "--no-owner", "--no-privileges", f"--dbname={address}")
    said = subprocess.run([binaries() / "pg_dump", *words], check=True, capture_output=True, text=True).stdout
    lines = (line for line in said.splitlines(keepends=True) if not line.startswith(("--", "\\")) and line.strip())
    return "".join(lines)


if __name__ == "__main__":
    main()
