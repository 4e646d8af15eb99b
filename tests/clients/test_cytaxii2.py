"""cytaxii2 1.0.1 against `cirt-hub serve`: it needs an absolute `default`, and sends a Content-Type with each GET."""

from cytaxii2.cytaxii2 import cytaxii2

from support.served import Serving, accepted, post
from support.stage import indicator


def test_from_discovery_to_a_poll(served: Serving) -> None:
    """Rows 41, 74. Red if `default` is relative or absent, or a GET is judged by its Content-Type."""
    a, b, group = served.pair()
    accepted(post(served.url, a, group, a.envelope(group, [indicator(number) for number in range(5)])))
    client = cytaxii2(f"{served.url}/taxii2/", b.name, b.token)
    assert client.root_discovery()["response"]["max_content_length"] > 0
    listed = client.collection_request()["response"]["collections"]
    assert {each["id"] for each in listed} == {group.id, group.proofs}
    assert client.collection_data_request(group.id)["response"]["can_read"] is True
    first = client.poll_request(group.id, limit=3)["response"]
    rest = client.poll_request(group.id, limit=3, next=first["next"])["response"]
    assert [each["id"] for each in first["objects"] + rest["objects"]] == [
        indicator(number)["id"] for number in range(5)
    ]
    assert rest["more"] is False
    one = client.poll_request(group.id, object_id=indicator(2)["id"], object_type="indicator")["response"]
    assert one["objects"] == [indicator(2)]
    again = cytaxii2(f"{served.url}/taxii2/", a.name, a.token)
    posted = again.inbox_request(group.id, a.envelope(group, [indicator(1)]))
    assert (posted["status_code"], posted["response"]["success_count"]) == (202, 0)
    wrong = cytaxii2(f"{served.url}/taxii2/", b.name, "wrong").collection_request()
    assert (wrong["status_code"], wrong["response"]["http_status"]) == (401, "401")
