"""Real feeds, published as they are and drained with taxii2-client: what arrives is what was signed, byte for byte."""

import json
from pathlib import Path
from typing import Any

from taxii2client.v21 import Collection, as_pages

from keys.entries import MAX_ENTRIES
from keys.envelope import Item, item_of
from keys.manifest import read_manifest
from policies.agreement import Agreement
from support.served import Serving, accepted, post
from support.world import Cirt, envelope_of

LABEL = "amber+strict"


def envelope(cirt: Cirt, group: Agreement, items: list[Item]) -> bytes:
    """One envelope with as many manifests as it takes, each chained on to the one before."""
    place: dict[str, Any] = {}
    manifests: list[Item] = []
    for first in range(0, len(items), MAX_ENTRIES):
        manifest, _ = cirt.manifest(group, items[first : first + MAX_ENTRIES], LABEL, **place)
        manifests.append(manifest)
        place = {"seq": len(manifests) + 1, "prev": read_manifest(manifest).digest}
    return envelope_of([*items, *manifests])


def received(url: str, cirt: Cirt, group: Agreement) -> dict[str, bytes]:
    """Id → canonical bytes of all that the client is sent; nothing twice."""
    collection = Collection(f"{url}/live/collections/{group.id}/", user="any", password=cirt.token)
    pages = as_pages(collection.get_objects, per_request=700)
    items = [item_of(value) for page in pages for value in page.get("objects", [])]
    collection.close()
    found = {item.id: item.canonical for item in items}
    assert len(found) == len(items)
    return found


def test_real_bundles_arrive_as_they_are(served: Serving, real_bundles: list[Path]) -> None:
    """S27. Red if a real feed is refused, or any object comes back changed; or an id in upper case without its cure."""
    for path in real_bundles:
        a, b, group = served.pair("amber+strict", terms={"personal_data": "allow", "unmarked": "allow"})
        items = [item_of(value) for value in json.loads(path.read_bytes())["objects"]]
        good = [item for item in items if item.id == item.id.lower()]
        for bad in (item for item in items if item.id != item.id.lower()):
            manifest, _ = a.manifest(group, good[:1], LABEL)
            status = post(served.url, a, group, envelope_of([good[0], bad, manifest])).json()
            told = next(each["message"] for each in status["failures"] if each.get("id") == bad.id)
            assert f"write `{bad.id.lower()}`" in told, told
        answer = post(served.url, a, group, envelope(a, group, good))
        wrong = [each["message"] for each in answer.json().get("failures", ()) if "with-its" not in each["message"]]
        assert wrong == [], path.name
        accepted(answer)
        assert received(served.url, b, group) == {item.id: item.canonical for item in good}, path.name
