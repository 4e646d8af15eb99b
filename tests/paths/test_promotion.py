"""F-18: a standby that misses the last commits becomes the primary. The loss is told, what is there is delivered."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from hub.acts import Actor
from hub.app import create_app
from hub.promotion import MOST_APART, promoted
from hub.running import open_hub
from support.clock import MINUTE, SECOND
from support.members import Neighbourhood, Team, bundle, indicators, neighbourhood
from support.postgres import Cluster
from support.standby import Standby

KNOWN, LOST = range(3), range(3, 8)


@pytest.fixture
def standby(postgres: Cluster) -> Iterator[Standby]:
    """Give a standby that this test may promote."""
    with Standby(postgres) as server:
        yield server


def publish(team: Team, folder: Path, number: int, code: int = 0) -> str:
    """Publish one indicator; what was said on stderr."""
    path = bundle(folder, f"{number}.json", indicators(1, first=number))
    said = team.run("publish", str(path), "--group", "first", "--tlp", "green", code=code)
    team.clock.advance(SECOND)
    return said.err


def get(app: Flask, team: Team, collection: str, **query: Any) -> Any:
    """Ask for a page."""
    path = f"/live/collections/{collection}/objects/"
    return app.test_client(use_cookies=False).get(path, headers=team.cirt.headers, query_string=query)


def names(answer: Any) -> list[str]:
    """The names of the objects of a page."""
    return [each["name"] for each in answer.get_json(force=True)["objects"] if "name" in each]


def lures(*numbers: int) -> list[str]:
    """The names of these indicators."""
    return [f"Lure {number}" for number in numbers]


def files(app: Flask, team: Team, folder: Path, *collections: str) -> list[str]:
    """Pages fetched anew, as files for `cirt verify`."""
    folder.mkdir()
    paths = []
    for collection in collections:
        page = get(app, team, collection, **{"match[version]": "all"}).get_json(force=True)
        path = folder / f"{collection}.ndjson"
        path.write_text("".join(json.dumps(each) + "\n" for each in page["objects"]), "utf-8")
        paths.append(str(path))
    return paths


def test_f18_an_async_standby_is_promoted(postgres: Cluster, standby: Standby, tmp_path: Path) -> None:
    """F-18. Red if `promoted` leaves the epoch (a stale `next` passes) or the sequencers (a slow clock loses rows)."""
    url = postgres.create_database()
    with ExitStack() as stack:
        hood = stack.enter_context(neighbourhood(tmp_path, url))
        a, b = hood.pair()
        hood.world.clock.advance(MINUTE)
        for number in KNOWN:
            publish(a, tmp_path, number)
        standby.cut_off()
        for number in LOST:
            publish(a, tmp_path, number)
        b.run("poll", "--group", "first")
        group = hood.world.hub.registries.of  # the ids of the two collections
        with hood.world.hub.database.reading() as tx:
            place = group(tx).collections["first"].group
        before = create_app(hood.world.hub)
        token = get(before, b, place.id, limit=1).get_json(force=True)["next"]
        cursor = get(before, b, place.id).headers["X-TAXII-Date-Added-Last"]
        standby.promote()
        settings = replace(hood.world.settings, database_url=standby.follow(url))
        hub = open_hub(settings, clock=hood.world.clock)
        stack.callback(hub.close)
        hood.doors.app = app = create_app(hub)
        hood.world.clock.advance(-MOST_APART // 2)  # this machine's clock is behind that of the hub before
        with hub.database.writing() as tx:
            promoted(tx, Actor("", "root"), hub.clock())
        _stale_tokens_end(app, b, place.id, token)
        _the_loss_is_told(hood, app, (place.id, place.proofs), tmp_path)
        for envelope in sorted((a.home / "sent").rglob("*.json")):
            _post_again(app, a, place.id, envelope)
        publish(a, tmp_path, 8)
        assert names(get(app, b, place.id, added_after=cursor)) == lures(*LOST, 8)
        assert names(get(app, b, place.id)) == lures(*KNOWN, *LOST, 8)
        answer = b.json("poll", "--group", "first")
        assert (set(answer["streams"].values()), answer["new_epoch"]) == ({"complete"}, True)
    postgres.drop_database(url)


def _stale_tokens_end(app: Flask, b: Team, group: str, token: str) -> None:
    """400 with the advice; `added_after` is still complete for what is there."""
    stale = get(app, b, group, next=token, limit=1)
    assert stale.status_code == 400
    assert "Start again without `next`" in stale.get_data(as_text=True)
    assert names(get(app, b, group)) == lures(*KNOWN)


def _the_loss_is_told(hood: Neighbourhood, app: Flask, collections: tuple[str, str], folder: Path) -> None:
    """To the publisher before it signs, to the reader who compares what the hub shows with the head it saw."""
    a, b = hood.teams["alpha"], hood.teams["bravo"]
    assert "rewound" in publish(a, folder, 8, code=1)
    pages = files(app, b, folder / "anew", *collections)
    assert list(b.json("verify", "--group", "first", *pages, code=1)["streams"].values()) == ["rewound"]


def _post_again(app: Flask, a: Team, group: str, envelope: Path) -> None:
    headers = {**a.cirt.headers, "Content-Type": "application/taxii+json;version=2.1"}
    path = f"/live/collections/{group}/objects/"
    answer = app.test_client(use_cookies=False).post(path, data=envelope.read_bytes(), headers=headers)
    assert (answer.status_code, answer.get_json(force=True)["failure_count"]) == (202, 0)
