"""Is the process alive, and could it serve? For those who run it; no word about what it holds."""

from hub.running import Hub
from hub.store.errors import StoreError
from hub.store.health import ahead

from .answers import Answer, Environ, json


def alive(hub: Hub, environ: Environ) -> Answer:
    """The process answers."""
    del hub, environ
    return json({"status": "alive"})


def ready(hub: Hub, environ: Environ) -> Answer:
    """Database reachable, schema this program's, sequencer not ahead of the clock; 503 and which of them fails."""
    del environ
    try:
        with hub.database.reading() as tx:
            hub.registries.of(tx)
            failing = ["sequencer"] if ahead(tx, hub.clock()) else []
    except StoreError:
        failing = ["database"]
    if failing:
        return json({"status": "not ready", "failing": failing}, 503, [("Retry-After", "5")])
    return json({"status": "ready"})
