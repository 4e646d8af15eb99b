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
    """Whether it serves: 503 and why without its database or with another schema, for then every poll fails.

    *Degraded*, with 200, where only publications wait: the sequencer is ahead of the clock, or there is no receipt key.
    Whoever polls is served, and a balancer that took 503 for an answer would send everybody away, from every hub on
    this database at once.
    """
    del environ
    try:
        waiting = _waiting(hub)
    except NotInitialised:
        return _not_ready("schema")
    except StoreError:
        return _not_ready("database")
    return json({"status": "degraded", "failing": waiting} if waiting else {"status": "ready"})


def _not_ready(why: str) -> Answer:
    return json({"status": "not ready", "failing": [why]}, 503, [("Retry-After", "5")])


def _waiting(hub: Hub) -> list[str]:
    """What publications wait for. Raises `StoreError` where polls cannot be answered either."""
    with hub.database.reading() as tx:
        schema.check(tx)
        hub.registries.of(tx)
        found = ["sequencer"] if ahead(tx, hub.clock()) else []
    return found if hub.receipts.fault() is None else [*found, "receipt-key"]
