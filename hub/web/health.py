"""Is the process alive, and could it serve? For those who run it; no word about what it holds."""

from hub.running import Hub
from hub.store import schema
from hub.store.errors import NotInitialised, StoreError
from hub.store.health import ahead

from .answers import Answer, Environ, json


def alive(hub: Hub, environ: Environ) -> Answer:
    """The process answers."""
    del hub, environ
    return json({"status": "alive"})


def ready(hub: Hub, environ: Environ) -> Answer:
    """Database reachable, schema this program's, sequencer not ahead of the clock; 503 and which of them fails.

    Without a receipt key it is *degraded*, with 200: whoever polls is served, and is not to be sent away.
    """
    del environ
    failing = _failing(hub)
    if failing:
        return json({"status": "not ready", "failing": [failing]}, 503, [("Retry-After", "5")])
    if hub.receipts.fault() is not None:
        return json({"status": "degraded", "failing": ["receipt-key"]})
    return json({"status": "ready"})


def _failing(hub: Hub) -> str | None:
    try:
        with hub.database.reading() as tx:
            schema.check(tx)
            hub.registries.of(tx)
            return "sequencer" if ahead(tx, hub.clock()) else None
    except NotInitialised:
        return "schema"
    except StoreError:
        return "database"
