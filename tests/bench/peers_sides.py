"""Who is compared? Each server as one side: where it answers, what opens it, and the same objects as it takes them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from bench.load import COMMON, Author, Load
from bench.processes import Setting, serving

from hub.running import wall_clock
from support import peers
from support.clock import Clock
from support.world import World

PUBLISHERS = 4
HUB = "cirt-hub"


@dataclass(frozen=True, slots=True)
class Side:
    """A running server.

    Attributes:
        name: as the table says it.
        port: on 127.0.0.1.
        path: of the collection's objects.
        writers: the credentials of each publisher.
        reader: those of the poller.
        whole: whether the signed manifests are posted too; elsewhere they would mean nothing.
    """

    name: str
    port: int
    path: str
    writers: tuple[str, ...]
    reader: str
    whole: bool = False

    def body(self, envelope: bytes) -> bytes:
        """An envelope as this server takes it: the same objects, with or without their manifest."""
        if self.whole:
            return envelope
        objects = orjson.loads(envelope)["objects"]
        return orjson.dumps({"objects": [each for each in objects if each["type"] != "publication-manifest"]})


@dataclass(frozen=True, slots=True)
class Ground:
    """The hub's members, made before it is served."""

    world_folder: Path
    database: str
    group: str
    tokens: tuple[str, ...]
    reader: str
    authors: tuple[Author, ...]

    def loads(self, seed: int) -> list[Load]:
        """What each publisher has to publish; sides get the same from the same seed."""
        return [Load(author, seed + place) for place, author in enumerate(self.authors)]


def ground(folder: Path, database: str) -> Ground:
    """One group of four publishers and a reader."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(folder, database, Clock(wall_clock()))
    try:
        cirts = [world.cirt(f"publisher-{number}") for number in range(PUBLISHERS)]
        reader = world.cirt("reader")
        group = world.agreement([(each, "both", "amber+strict") for each in (*cirts, reader)])
    finally:
        world.close()
    authors = tuple(Author(each.id, each.signer, group.id, group.digest) for each in cirts)
    return Ground(folder, database, group.id, tuple(each.token for each in cirts), reader.token, authors)


@contextmanager
def hub_side(base: Ground, name: str) -> Iterator[Side]:
    """The hub, served as `cirt-hub serve` chooses."""
    settings = {
        "HUB_DATA_DIR": str(base.world_folder),
        "HUB_DATABASE_URL": base.database,
        "HUB_LOG_FORMAT": "text",
    }
    with serving(base.world_folder, settings, Setting()) as server:
        path = f"/live/collections/{base.group}/objects/"
        writers = tuple(f"Bearer {each}" for each in base.tokens)
        yield Side(f"{HUB}, {name}", server.port, path, writers, f"Bearer {base.reader}", whole=True)


@contextmanager
def opentaxii_side(folder: Path, name: str, database: str | None) -> Iterator[Side]:
    """OpenTAXII with two processes, each with connections of its own, and a token, which costs it less than Basic."""
    folder.mkdir(parents=True, exist_ok=True)
    address = None if database is None else database.replace("+psycopg:", "+psycopg2:")
    with peers.opentaxii(folder, address, workers=2) as peer:
        yield _side(peer, f"OpenTAXII 0.9.3, {name}")


@contextmanager
def medallion_side(folder: Path) -> Iterator[Side]:
    """medallion with its data in the memory of one process."""
    folder.mkdir(parents=True, exist_ok=True)
    with peers.medallion(folder) as peer:
        yield _side(peer, "medallion 3.0.0, memory")


def _side(peer: peers.Peer, name: str) -> Side:
    parts = urlsplit(peer.objects())
    return Side(name, parts.port or 0, parts.path, (peer.authorization,) * PUBLISHERS, peer.authorization)


def versioned(load: Load, size: int) -> bytes:
    """The next envelope of so many objects that have versions: OpenTAXII 0.9.3 fails on those without `modified`."""
    items = [each for each in load._objects(COMMON, 2 * size) if not each.id.startswith("url--")][:size]
    load.published += 2 * size
    return load._signed((COMMON, items))


def bodies(side: Side, envelopes: Sequence[bytes]) -> list[bytes]:
    """Envelopes as a side takes them."""
    return [side.body(each) for each in envelopes]
