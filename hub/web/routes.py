"""Which addresses are there, and which door answers each? Everything that `create_app` opens, in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from . import collections, deletion, discovery, health, poll, publish, status
from .answers import Answer
from .api import about, acceptances, agreements, dry_run, explain, further_key, join, keyring, me, streams

Door = Callable[..., Answer]
"""Takes the hub, the WSGI environ, and the parts of the path by name."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address; GET answers HEAD too."""

    method: str
    rule: str
    door: Door


_COLLECTION: Final = "/live/collections/<name>/"
_OBJECT: Final = f"{_COLLECTION}objects/<stix_id>/"

#: TAXII 2.1 §3.1, its table of endpoints.
TAXII: Final = (
    Route("GET", "/taxii2/", discovery.discovery),
    Route("GET", "/live/", discovery.root),
    Route("GET", "/live/status/<status_id>/", status.status),
    Route("GET", "/live/collections/", collections.collections),
    Route("GET", _COLLECTION, collections.collection),
    Route("GET", f"{_COLLECTION}manifest/", poll.manifest),
    Route("GET", f"{_COLLECTION}objects/", poll.objects),
    Route("POST", f"{_COLLECTION}objects/", publish.publish),
    Route("GET", _OBJECT, poll.one_object),
    Route("DELETE", _OBJECT, deletion.delete),
    Route("GET", f"{_OBJECT}versions/", poll.versions),
)

API: Final = (
    Route("GET", "/api/v1/hub", about.about),
    Route("POST", "/api/v1/join", join.join),
    Route("GET", "/api/v1/me", me.me),
    Route("GET", "/api/v1/agreements", agreements.agreements),
    Route("GET", "/api/v1/agreements/<name>", agreements.agreement),
    Route("GET", "/api/v1/agreements/<name>/document", agreements.document),
    Route("POST", "/api/v1/agreements/<name>/acceptances", acceptances.accept),
    Route("GET", "/api/v1/keys", keyring.keys),
    Route("POST", "/api/v1/keys", further_key.enrol),
    Route("GET", "/api/v1/streams/<name>", streams.streams),
    Route("POST", "/api/v1/dry-run/<name>", dry_run.dry_run),
    Route("GET", "/api/v1/explain/<name>/<stix_id>", explain.explain),
)

HEALTH: Final = (
    Route("GET", "/healthz", health.alive),
    Route("GET", "/readyz", health.ready),
)

ROUTES: Final = (*TAXII, *API, *HEALTH)
