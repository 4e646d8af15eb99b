"""Where is a stand-in pointed? The document's settings, for a reader of a scene, or for a faulty server."""

from collections.abc import Iterable, Mapping
from typing import Any

from support.client_settings import Settings, settings
from support.faulty_taxii import ALIAS, GROUP, TITLE, TOKEN, FaultyTaxii

from .scene import Scene


def at_scene(section: str, scene: Scene, who: str, block: int = 0, *, url: str = "") -> Settings:
    """The settings of a section for one reader of a scene; `url` for another server of the hub."""
    values = {"url": url or scene.served.url, "token": scene.readers[who].token, "group": scene.group.id}
    return settings(section, block, **values, alias=scene.group.alias, title=scene.group.title)


def at_faulty(section: str, server: FaultyTaxii, block: int = 0) -> Settings:
    """The same for a faulty server."""
    return settings(section, block, url=server.url, token=TOKEN, group=GROUP, alias=ALIAS, title=TITLE)


def filled(server: FaultyTaxii, values: Iterable[Mapping[str, Any]]) -> FaultyTaxii:
    """The server with these rows, added in two publications."""
    listed = list(values)
    server.publish(listed[: len(listed) // 2])
    server.publish(listed[len(listed) // 2 :])
    return server
