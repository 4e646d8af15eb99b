"""What does POST answer? Rows 33 to 40, 55, 80 to 88, 120 to 130, and DELETE, 150 to 156."""

import io
import uuid
from typing import Any

import orjson
import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from support.stage import NOWHERE, Stage, indicator, kept_headers, told
from support.world import TAXII

LURE = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001"


def test_80_to_87_121_i23_i24_a_publication_and_its_status(fresh: Stage) -> None:
    """T-07. Red if POST answers 200, its counts do not add up, or the status read later is another one."""
    raw = fresh.envelope("alpha", [indicator(1), indicator(2)])
    answer = fresh.post(fresh.objects(), raw)
    status = told(answer)
    assert (answer.status_code, answer.headers["Content-Type"]) == (202, TAXII)
    assert uuid.UUID(status["id"]).version == 4
    assert status["status"] == "complete"
    counts = [status[f"{name}_count"] for name in ("total", "success", "failure", "pending")]
    assert counts == [3, 3, 0, 0]
    assert len(status["successes"]) == 3
    assert {"failures", "pendings"}.isdisjoint(status)
    assert [each["version"] for each in status["successes"]][:2] == [indicator(1)["modified"]] * 2
    read = fresh.call(f"/live/status/{status['id']}/")
    assert (read.status_code, told(read)) == (200, status)


def test_88_t07_a_status_is_for_its_member_only(fresh: Stage) -> None:
    """Red if another member's status differs in anything from one that never was."""
    status = fresh.publish("alpha", [indicator(1)])
    for who in ("bravo", "charlie", "pending"):
        theirs = fresh.call(f"/live/status/{status['id']}/", who)
        never = fresh.call(f"/live/status/{NOWHERE}/", who)
        expected = 200 if who == "pending" else 404
        assert (theirs.status_code, never.status_code) == (expected, 404)
        assert who == "pending" or (theirs.data, kept_headers(theirs)) == (never.data, kept_headers(never))
    assert fresh.call(f"/live/status/{status['id']}/", "revoked").status_code == 401


def test_122_129_130_f08_the_same_post_again_is_harmless(fresh: Stage) -> None:
    """Red if a retry is a failure, stores a row, or moves a date."""
    once = orjson.loads(fresh.envelope("alpha", [indicator(1), indicator(2)]))
    raw = orjson.dumps({"objects": [once["objects"][0], *once["objects"]]})
    first = fresh.post(fresh.objects(), raw)
    before = fresh.call(fresh.objects(path="manifest/")).data
    again = fresh.post(fresh.objects(), raw)
    assert (first.status_code, again.status_code) == (202, 202)
    for status in (told(first), told(again)):
        assert (status["total_count"], status["success_count"], status["failure_count"]) == (4, 4, 0)
    assert fresh.call(fresh.objects(path="manifest/")).data == before


def test_124_a_publication_is_taken_whole_or_not_at_all(fresh: Stage) -> None:
    """Red if the good objects of a refused envelope are stored."""
    bad = indicator(2, modified="2026-11-01T00:00:00.000Z")
    status = told(fresh.post(fresh.objects(), fresh.envelope("alpha", [indicator(1), bad])))
    assert (status["success_count"], status["failure_count"]) == (0, 3)
    assert {each["message"].partition(":")[0] for each in status["failures"]} >= {"malformed", "with-its-envelope"}
    assert told(fresh.call(fresh.objects())) == {"more": False}


def test_126_i30_a_bundle_and_custom_members_are_taken(fresh: Stage) -> None:
    """Rows 206, S25. Red if unknown members of the envelope are refused: stix2's own sink posts a whole bundle."""
    envelope: dict[str, Any] = orjson.loads(fresh.envelope("alpha", [indicator(1)]))
    dressed = {
        "type": "bundle",
        "id": f"bundle--{uuid.uuid4()}",
        "x_0c31f4f1_9d2a_4a0b_8a35_0d3a1f5e7c66_note": "hello",
        "more": True,
        "next": "x",
        **envelope,
    }
    answer = fresh.post(fresh.objects(), orjson.dumps(dressed))
    assert (answer.status_code, told(answer)["failure_count"]) == (202, 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"null", 400), (b"[]", 400), (b'"x"', 400), (b"7", 400), (b"{}", 422), (b"{", 400),
        (b'{"objects":null}', 422), (b'{"objects":{}}', 422), (b'{"objects":"x"}', 422), (b'{"objects":[]}', 422),
        (b'{"objects":[],"objects":[]}', 400), (b'{"objects":[NaN]}', 400), (b"\xef\xbb\xbf{}", 400),
        (b'{"objects":["\xff"]}', 400), (b'{"objects":["\\ud800"]}', 400), ("{}".encode("utf-16"), 400),
        (b'{"objects":' + b"[" * 100_000, 400), (b'{"objects":[1e999]}', 400),
        (b'{"objects":[' + b"9" * 5000 + b"]}", 400), (b'{"more":true}', 422), (b"\0", 400),
    ],
    ids=lambda value: repr(value)[:24],
)  # fmt: skip
def test_43_55_125_t42_unreadable_is_400_without_objects_422(stage: Stage, body: bytes, status: int) -> None:
    """Row 120, T-37 to T-41. Red if a body that is no envelope becomes a 500, or a 202 with nothing in it."""
    answer = stage.post(stage.objects(), body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, TAXII)
    assert told(answer)["error_code"] == "malformed"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (TAXII, 202), ("application/taxii+json", 202), ("application/taxii+json; version=2.1", 202),
        ('Application/Taxii+JSON;Version="2.1"', 202), (f"{TAXII};charset=utf-8", 202),
        ("application/taxii+json;version=2.0", 415), ("application/json", 415), ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415), ("application/x-www-form-urlencoded", 415), ("", 415),
        (f"{TAXII}, text/plain", 415), ("application/stix+json;version=2.1", 415),
    ],
)  # fmt: skip
def test_33_to_36_40_t51_t63_content_type(stage: Stage, content_type: str, status: int) -> None:
    """Red if a body without version is refused, or one of another type is read."""
    raw = stage.envelope("alpha", [indicator(500)], "clear")
    answer = stage.post(stage.objects(), raw, content_type=content_type)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, TAXII)


def test_56_the_order_of_checks(fresh: Stage) -> None:
    """Red if anything is looked at before the credential, the collection, the right, and so on down the list."""
    limit = fresh.world.settings.max_content_length
    good = {"Content-Type": TAXII}
    steps: list[tuple[str | None, str, dict[str, str], bytes, int]] = [
        (None, NOWHERE, {"Accept": "text/html"}, b"{", 401),
        ("romeo", NOWHERE, {"Accept": "text/html"}, b"{", 404),
        ("romeo", fresh.first.id, {"Accept": "text/html"}, b"{", 403),
        ("alpha", fresh.first.id, {"Accept": "text/html"}, b"{", 406),
        ("alpha", fresh.first.id, {"Content-Encoding": "gzip", "Content-Type": "text/plain"}, b" " * (limit + 1), 415),
        ("alpha", fresh.first.id, good | {"Content-Encoding": "gzip"}, b" " * (limit + 1), 415),
        ("alpha", fresh.first.id, good, b"{" * (limit + 1), 413),
        ("alpha", fresh.first.id, good, b"{", 400),
        ("alpha", fresh.first.id, good, b"{}", 422),
    ]
    for who, name, headers, body, status in steps:
        answer = fresh.call(fresh.objects(name), who, "POST", data=body, headers=headers)
        assert answer.status_code == status


def test_56_the_order_of_checks_of_a_poll(stage: Stage) -> None:
    """Red if a right, or a collection, can be told from the order in which a poll is refused."""
    for path in (
        "objects/?limit=0",
        "manifest/?limit=0",
        f"objects/{LURE}/?limit=0",
        f"objects/{LURE}/versions/?limit=0",
    ):
        for who, name, accept, status in (
            (None, stage.first.id, "text/html", 401),
            ("charlie", stage.first.id, "text/html", 404),
            ("papa", stage.first.id, "text/html", 403),
            ("alpha", stage.first.id, "text/html", 406),
            ("alpha", stage.first.id, TAXII, 400),
        ):
            answer = stage.call(stage.objects(name, path), who, headers={"Accept": accept})
            assert (path, answer.status_code) == (path, status)


@pytest.mark.parametrize(("extra", "status"), [(-1, 422), (0, 422), (1, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_77_78_t50_h5_the_limit_itself_is_allowed(stage: Stage, extra: int, status: int, chunked: bool) -> None:  # noqa: FBT001 - a table's column
    """Red if a body of exactly the limit is refused, or a longer one without a length is cut."""
    size = stage.world.settings.max_content_length + extra
    body = b"{}" + b" " * (size - 2)
    builder = EnvironBuilder(
        stage.objects(),
        method="POST",
        headers=Headers([("Authorization", f"Bearer {stage.credentials['alpha']}"), ("Content-Type", TAXII)]),
        input_stream=io.BytesIO(body),
        content_length=None if chunked else size,
    )
    environ = builder.get_environ()
    if chunked:
        environ.pop("CONTENT_LENGTH", None)
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    _, line, headers = run_wsgi_app(stage.app, environ, buffered=True)
    assert (line[:3], headers["Content-Type"]) == (str(status), TAXII)


@pytest.mark.parametrize("who", ["alpha", "bravo", "romeo", "papa"])
def test_150_to_155_i15_i25_t10_nothing_is_deleted(stage: Stage, who: str) -> None:
    """Red if a DELETE tells an object that is there from one that is not, or takes it away."""
    there = stage.call(stage.objects(path=f"objects/{LURE}/"), who, "DELETE")
    foreign = stage.call(stage.objects(path="objects/indicator--8e2e2d2b-17d4-4cbf-938f-000000000384/"), who, "DELETE")
    nowhere = stage.call(stage.objects(path=f"objects/indicator--{NOWHERE}/?match[version]=all"), who, "DELETE")
    assert (there.status_code, told(there)["error_code"]) == (403, "recall-required")
    for other in (foreign, nowhere):
        assert (other.status_code, other.data, kept_headers(other)) == (403, there.data, kept_headers(there))
    assert stage.call(stage.objects(path=f"objects/{LURE}/")).status_code == 200


def test_151_i16_deleting_without_any_right_is_404(stage: Stage) -> None:
    """Red if somebody with neither right learns that the collection is there."""
    for who, name in (("papa", stage.first.proofs), ("charlie", stage.first.id), ("alpha", NOWHERE)):
        assert stage.call(stage.objects(name, f"objects/{LURE}/"), who, "DELETE").status_code == 404
    assert stage.call(stage.objects(path=f"objects/{LURE}/"), None, "DELETE").status_code == 401


def test_t08_an_id_that_another_group_holds_is_new_here(fresh: Stage) -> None:
    """Red if a publisher learns from its status that an object is in a group it may not know."""
    fresh.publish("charlie", [indicator(5)], group=fresh.second)
    known = told(fresh.post(fresh.objects(), fresh.envelope("bravo", [indicator(5)]), "bravo"))
    fresh.world.cirts["bravo"].remember(fresh.first)
    new = told(fresh.post(fresh.objects(), fresh.envelope("bravo", [indicator(6)]), "bravo"))
    assert set(known) == set(new)
    assert [set(each) for each in known["successes"]] == [set(each) for each in new["successes"]]
