"""What goes on while the receipt key is away? F-24: polls notice nothing, publishers are told to wait."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from support.dump import dump
from support.stage import Stage, indicator, told

AWAY: Mapping[str, Callable[[Path], object]] = MappingProxyType(
    {
        "gone": lambda path: path.rename(path.with_suffix(".away")),
        "open to others": lambda path: path.chmod(0o644),
        "damaged": lambda path: path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    }
)


@pytest.mark.parametrize("how", AWAY)
def test_f24_without_its_receipt_key_the_hub_is_polled(stage: Stage, how: str) -> None:
    """F-24. Polls and tokens go on, alive and degraded; a publication is 503, changes nothing, and its retry succeeds.

    Red if the hub does not start without the key, answers 500, keeps what it gave no receipt for, sends pollers away
    by its readiness, or has to be restarted once the key is back.
    """
    world = stage.world
    stage.publish("alpha", [indicator(1)])
    path = world.settings.receipt_key_path
    content, folder = path.read_bytes(), path.parent
    AWAY[how](path)
    stage.reopen()
    assert [each["id"] for each in told(stage.call(stage.objects(), "bravo"))["objects"]] == [indicator(1)["id"]]
    assert stage.call("/api/v1/me", "bravo").status_code == 200
    assert told(stage.call("/api/v1/hub", None))["receipt_key"] is None
    assert (stage.call("/healthz", None).status_code, told(stage.call("/healthz", None))) == (200, {"status": "alive"})
    ready = stage.call("/readyz", None)
    assert (ready.status_code, told(ready)) == (200, {"status": "degraded", "failing": ["receipt-key"]})
    raw, before = stage.envelope("alpha", [indicator(2)]), dump(world.hub.database)
    answer = stage.post(stage.objects(), raw)
    assert (answer.status_code, told(answer)["error_code"]) == (503, "no-receipt-key")
    assert int(answer.headers["Retry-After"]) > 0
    assert str(folder) not in answer.text
    assert dump(world.hub.database) == before
    path.unlink(missing_ok=True)
    _write(path, content)
    assert told(stage.post(stage.objects(), raw))["failure_count"] == 0
    assert told(stage.call("/readyz", None)) == {"status": "ready"}


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
