"""taxii2-client 2.3.0, the client most TAXII tools are built on, against `cirt-hub serve`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from requests.exceptions import HTTPError
from taxii2client.v21 import Collection, Server, Status, as_pages

from keys.envelope import item_of
from support.served import Serving, accepted, post
from support.stage import indicator
from support.world import Cirt


@contextmanager
def collection_of(served: Serving, cirt: Cirt, name: str) -> Iterator[Collection]:
    """The collection as the client opens it."""
    collection = Collection(f"{served.url}/live/collections/{name}/", user=cirt.name, password=cirt.token)
    yield collection
    collection.close()


def drained(collection: Collection, size: int, **query: Any) -> list[str]:
    """Every id that the client's own paging brings, in order."""
    pages = as_pages(collection.get_objects, per_request=size, **query)
    return [each["id"] for page in pages for each in page.get("objects", [])]


def test_discovery_to_collections(served: Serving) -> None:
    """Rows 70-96. Red if an address is relative, a required property is missing, or a content type is another text."""
    a, b, group = served.pair(title="Rapid response")
    server = Server(f"{served.url}/taxii2/", user=b.name, password=b.token)
    assert server.default.url == f"{served.url}/live/"
    (root,) = server.api_roots
    collections = {each.id: each for each in root.collections}
    assert set(collections) == {group.id, group.proofs}
    data = collections[group.id]
    assert (data.can_read, data.can_write, data.media_types) == (True, True, ["application/stix+json;version=2.1"])
    assert collections[group.proofs].can_write is False
    status = accepted(post(served.url, a, group, a.envelope(group, [indicator(1)])))
    kept = Status(f"{served.url}/live/status/{status['id']}/", user=a.name, password=a.token)
    assert (kept.status, kept.success_count, kept.failure_count) == ("complete", 2, 0)
    assert data.get_object(indicator(1)["id"])["objects"] == [indicator(1)]
    with pytest.raises(HTTPError, match="404"):
        data.get_object(indicator(2)["id"])
    for each in (*collections.values(), kept, root, server):
        each.close()


def test_every_page_size(served: Serving) -> None:
    """Row 191. Red if any size makes the client repeat, miss or ask for ever (it does, on `more` without `next`)."""
    a, b, group = served.pair()
    objects = [indicator(number) for number in range(11)]
    accepted(post(served.url, a, group, a.envelope(group, objects)))
    with collection_of(served, b, group.id) as collection:
        for size in range(1, 14):
            assert drained(collection, size) == [each["id"] for each in objects], size
        pages = as_pages(collection.get_manifest, per_request=4)
        records = [each for page in pages for each in page["objects"]]
        assert [record["id"] for record in records] == [each["id"] for each in objects]
        assert drained(collection, 4, added_after=records[4]["date_added"]) == [each["id"] for each in objects[5:]]
        assert drained(collection, 4, type="malware") == []


def test_draining_while_members_publish(served: Serving) -> None:
    """Red if a drain beside publications repeats a row, misses one acknowledged before, or a later one for good."""
    a, b, group = served.pair()
    accepted(post(served.url, a, group, a.envelope(group, [indicator(number) for number in range(20)])))
    a.remember(group)

    def publish() -> None:
        for step in range(8):
            more = [indicator(100 + 3 * step + number) for number in range(3)]
            accepted(post(served.url, a, group, a.envelope(group, more)))
            a.remember(group)

    with collection_of(served, b, group.id) as collection, ThreadPoolExecutor(1) as threads:
        publishing = threads.submit(publish)
        rounds = [drained(collection, size) for size in (1, 3, 7)]
        publishing.result()
        everything = drained(collection, 5)
    assert len(everything) == len(set(everything)) == 20 + 24
    for ids in rounds:
        assert ids == everything[: len(ids)], "a prefix, in order: nothing missing before the end, nothing twice"
        assert len(ids) >= 20


def test_posting_signed_and_unsigned(served: Serving) -> None:
    """Red if a signed envelope cannot be posted by the client, or an unsigned one is stored."""
    a, b, group = served.pair()
    values = [indicator(1), indicator(2)]
    manifest, items = a.manifest(group, values)
    with collection_of(served, a, group.id) as collection:
        status = collection.add_objects({"objects": [*(item.value for item in items), manifest.value]})
        assert (status.status, status.failure_count) == ("complete", 0)
        refused = collection.add_objects({"objects": [indicator(3)]}, wait_for_completion=False)
        assert refused.failures[0]["message"].startswith("unsigned: ")
        with pytest.raises(HTTPError, match="403"):
            collection.delete_object(indicator(1)["id"])
    assert b.poll(group.id) == [item_of(value).canonical for value in values]


def test_a_wrong_credential_and_a_foreign_group(served: Serving) -> None:
    """Red if the client is led to a login page, or a foreign group's address is anything but 404."""
    a, _, group = served.pair()
    stranger = served.cirt("stranger")
    for user, password, status in (("x", stranger.token, "404"), (a.name, "nothing", "401")):
        collection = Collection(f"{served.url}/live/collections/{group.id}/", user=user, password=password)
        with pytest.raises(HTTPError, match=status):
            collection.get_objects()
        collection.close()
