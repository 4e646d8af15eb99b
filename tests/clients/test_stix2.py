"""stix2 3.0.2: its TAXIICollectionSource and Sink over taxii2-client, against `cirt-hub serve`."""

import stix2
from taxii2client.v21 import Collection

from support.served import Serving, accepted, post
from support.stage import indicator


def test_source_and_sink(served: Serving) -> None:
    """Rows 126, 142, 176. Red if a missing object is an empty 200 (it reads `objects`), or limit=5000 is refused."""
    a, b, group = served.pair()
    newer = indicator(1, modified="2026-11-20T08:00:00.000Z", name="seen again")
    accepted(post(served.url, a, group, a.envelope(group, [indicator(1), indicator(2), newer])))
    collection = Collection(f"{served.url}/live/collections/{group.id}/", user="any", password=b.token)
    source = stix2.TAXIICollectionSource(collection)
    assert source.get(newer["id"])["name"] == "seen again"
    assert source.get(indicator(9)["id"]) is None
    assert sorted(each["name"] for each in source.all_versions(newer["id"])) == ["Lure 1", "seen again"]
    assert len(source.query([stix2.Filter("type", "=", "indicator")])) == 2
    assert source.query([stix2.Filter("type", "=", "malware")]) == []
    stix2.TAXIICollectionSink(collection).add(stix2.parse(indicator(7)))  # it signs nothing, so it publishes nothing
    assert source.get(indicator(7)["id"]) is None
    collection.close()
