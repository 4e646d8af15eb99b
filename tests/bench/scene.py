"""Who publishes and who polls? A hub with one group: a publisher, a partner, and one who may read the rare label."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.load import RARE, Author, Load

from hub.running import wall_clock
from support.clock import Clock
from support.proxy import free_port
from support.world import World

POLLERS = 8
CROWD = 4  # publishers at once, in a group of their own


@dataclass(frozen=True, slots=True)
class Scene:
    """What the measurements need of the hub; it is closed, and its server opens the same database.

    Attributes:
        settings: `HUB_*` for the server.
        database: the SQLAlchemy URL.
        collection: path of the group's data collection, up to the last slash.
        publisher, partner, limited: tokens; `limited` is entitled to the rare label only.
        pollers: further tokens of the partner, one each.
        load: the publication.
        crowd: path of another group's objects, and token and publication of each of its publishers.
    """

    settings: Mapping[str, str]
    database: str
    collection: str
    publisher: str
    partner: str
    limited: str
    pollers: tuple[str, ...]
    load: Load
    crowd: tuple[str, tuple[tuple[str, Load], ...]]

    @property
    def objects(self) -> str:
        """Path of the collection's objects."""
        return f"{self.collection}objects/"


def open_scene(folder: Path, database: str) -> Scene:
    """Make the hub's database with its members, keys, tokens and agreement."""
    world = World(folder, database, Clock(wall_clock()))
    try:
        publisher, partner, limited = (world.cirt(name) for name in ("publisher", "partner", "limited"))
        now = datetime.now(UTC).replace(microsecond=0)
        validity = {
            "from": now - timedelta(days=30),
            "until": now + timedelta(days=365),
            "review_by": now + timedelta(days=300),
        }
        agreement = world.agreement(
            [
                (publisher, "both", "amber+strict"),
                (partner, "both", "amber+strict"),
                (limited, "receiver", RARE),
            ],
            validity=validity,
        )
        several = [world.cirt(f"publisher {number}") for number in range(CROWD)]
        other = world.agreement([(each, "both", "amber+strict") for each in several], validity=validity)
        pollers = tuple(world.token(partner.id)[0] for _ in range(POLLERS))
    finally:
        world.close()
    return Scene(
        settings={
            "HUB_DATA_DIR": str(folder),
            "HUB_DATABASE_URL": database,
            "HUB_METRICS_BIND": f"127.0.0.1:{free_port()}",
        },
        database=database,
        collection=f"/live/collections/{agreement.id}/",
        publisher=publisher.token,
        partner=partner.token,
        limited=limited.token,
        pollers=pollers,
        load=Load(Author(publisher.id, publisher.signer, agreement.id, agreement.digest)),
        crowd=(
            f"/live/collections/{other.id}/objects/",
            tuple(
                (each.token, Load(Author(each.id, each.signer, other.id, other.digest), seed=number))
                for number, each in enumerate(several)
            ),
        ),
    )
