"""Is an address inside an object ever gone to? Not by the hub, and not by whoever publishes, polls or verifies."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.members import Neighbourhood, bundle
from support.stix_objects import sdo

HASHES = {"SHA-256": "ab" * 32}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Give a port of 127.0.0.1 on which whoever fetches is seen."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)  # noqa: FBT003 - the socket's own signature
        yield server


def test_t33_addresses_in_content_are_never_fetched(
    hood: Neighbourhood, tmp_path: Path, listener: socket.socket
) -> None:
    """T-33. Red if any step follows a URL of an object: a reference, an artifact, a pattern, a URL observable."""
    a, b = hood.pair()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/there"
    reference = {"source_name": "x", "url": url, "hashes": HASHES}
    things = [
        sdo("malware", name="m", is_family=False, external_references=[reference]),
        sdo("indicator", pattern=f"[url:value = '{url}']", pattern_type="stix", valid_from="2026-11-20T00:00:00Z"),
        {"type": "url", "spec_version": "2.1", "id": "url--8c3a2f4e-7f0a-5b8e-9a3b-1c2d3e4f5a6b", "value": url},
        {
            "type": "artifact",
            "spec_version": "2.1",
            "id": "artifact--8c3a2f4e-7f0a-5b8e-9a3b-1c2d3e4f5a6c",
            "url": url,
            "hashes": HASHES,
        },
    ]
    posted = ("--group", "first", "--tlp", "green")
    file = str(bundle(tmp_path, "a.json", things))
    a.run("publish", file, *posted, "--dry-run")
    a.run("publish", file, *posted)
    assert b.run("poll", "--group", "first", "--json").json["objects"] == len(things)
    assert b.run("verify", "--group", "first", "--json").json["good"]
    b.run("explain", things[0]["id"], "--group", "first")
    with pytest.raises(BlockingIOError):
        listener.accept()
