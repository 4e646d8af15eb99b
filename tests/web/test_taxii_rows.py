"""Do the doors keep the rows of TAXII 2.1 that show in one answer? Read-only rows; each test bears their numbers."""

import pytest
from flask import request

from hub.app import create_app
from support.stage import NOWHERE, PUBLIC, Stage, told
from support.world import TAXII

LURE = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001"
BASIC = ('Basic realm="cirt-hub", charset="UTF-8"', 'Bearer realm="cirt-hub"')

TOPS = ("/taxii2/", "/live/", "/live/collections/", "{c}", "{c}manifest/", "{c}objects/")
READS = (*TOPS, f"{{c}}objects/{LURE}/", f"{{c}}objects/{LURE}/versions/")


def at(stage: Stage, path: str) -> str:
    """The path with `{c}` standing for the first group's collection."""
    return path.replace("{c}", f"/live/collections/{stage.first.id}/")


@pytest.mark.parametrize("path", READS)
def test_20_22_30_42_each_read_endpoint_answers_with_the_exact_content_type(stage: Stage, path: str) -> None:
    """T-63. Red if an endpoint is missing, or a blank or charset slips into the content type that clients compare."""
    answer = stage.call(at(stage, path))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TAXII)
    assert not answer.data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("path", READS)
def test_23_the_final_slash_is_optional_and_never_redirects(stage: Stage, path: str) -> None:
    """Red if the route is made with strict slashes: a redirect costs clients their credentials."""
    with_slash, without = stage.call(at(stage, path)), stage.call(at(stage, path).rstrip("/"))
    assert (without.status_code, without.data) == (200, with_slash.data)


@pytest.mark.parametrize("path", READS)
def test_25_h4_head_is_get_without_its_body(stage: Stage, path: str) -> None:
    """Red if HEAD is answered without the length, or with the body, or skips authentication."""
    get, head = stage.call(at(stage, path)), stage.call(at(stage, path), method="HEAD")
    names = [name for name, _ in get.headers if name != "X-Request-Id"]
    assert (head.status_code, head.data) == (200, b"")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]
    assert stage.call(at(stage, path), None, "HEAD").status_code == 401


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "DELETE"])
def test_24_27_an_unsupported_method_is_405_with_allow_and_a_taxii_error(stage: Stage, method: str) -> None:
    """H-4. Red if Flask answers OPTIONS by itself, or 405 comes as HTML or without Allow."""
    answer = stage.call(stage.objects(), method=method)
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, TAXII)
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert told(answer)["http_status"] == "405"


@pytest.mark.parametrize(
    "path",
    ["/taxii2/x/", "/live/x/", "/live/collections/x/y/", "/taxii/", "/live/object/x", "/live//collections/", "/live"],
)
def test_26_27_unrouted_paths_keep_to_the_shape(stage: Stage, path: str) -> None:
    """Red if an unrouted path under a TAXII prefix is answered in HTML, or by a redirect."""
    answer = stage.call(path)
    prefix = path.split("/")[1]
    assert answer.status_code == (200 if path == "/live" else 404)
    assert answer.headers["Content-Type"] == (TAXII if prefix in {"live", "taxii2"} else "application/json")
    assert answer.status_code == 200 or told(answer)["title"] == "Not found"


@pytest.mark.parametrize("who", [None, "wrong", "revoked"])
@pytest.mark.parametrize("path", READS)
def test_8_9_i1_i2_no_good_credential_is_401_with_challenges(stage: Stage, path: str, who: str | None) -> None:
    """Red if the challenge is lost, or a door looks at anything before the credential."""
    answer = stage.call(at(stage, path), who)
    assert answer.status_code == 401
    assert tuple(answer.headers.getlist("WWW-Authenticate")) == BASIC
    assert (answer.headers["Content-Type"], told(answer)["http_status"]) == (TAXII, "401")


def test_12_16_i32_41_neither_user_agent_nor_body_type_nor_range_matters_on_get(stage: Stage) -> None:
    """Red if a GET is judged by its Content-Type, by the name of its client, or cut by the ranges of TAXII 2.0."""
    answer = stage.call(stage.objects(), headers={"Content-Type": "text/plain", "User-Agent": "", "Range": "items=0-1"})
    assert answer.status_code == 200
    assert answer.data == stage.call(stage.objects()).data
    assert not {"Accept-Ranges", "Content-Range"} & set(answer.headers.keys())


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("", 200),
        (TAXII, 200),
        ("application/taxii+json", 200),
        ("application/taxii+json; version=2.1", 200),
        ('application/taxii+json;version="2.1"', 200),
        ("Application/TAXII+JSON;Version=2.1", 200),
        ("application/json, application/taxii+json;version=2.1;q=0.9", 200),
        ("application/taxii+json;version=2.0, application/taxii+json;version=2.1", 200),
        ("application/taxii+json;version=2.1,application/stix+json;version=2.1", 200),
        ("*/*", 200),
        ("application/*", 200),
        ("application/json", 406),
        ("text/html", 406),
        ("application/taxii+json;version=2.0", 406),
        ("application/taxii+json;version=2.1;q=0", 406),
    ],
)
def test_31_to_39_accept(stage: Stage, accept: str | None, status: int) -> None:
    """T-63. Red if a door forgets to look at Accept, or looks at it by comparing texts."""
    for path in READS:
        answer = stage.call(at(stage, path), headers={} if accept is None else {"Accept": accept})
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, TAXII), path


def test_50_to_53_every_error_is_a_taxii_error(stage: Stage) -> None:
    """Red if an error lacks its title, or its status is a number, or differs from the answer's."""
    for path in (
        "/live/collections/x/",
        stage.objects(path="objects/?limit=0"),
        stage.objects(path="objects/nothing/"),
    ):
        answer = stage.call(path)
        body = told(answer)
        assert body["http_status"] == str(answer.status_code)
        assert isinstance(body["title"], str)
        assert None not in body.values()


def test_70_to_74_i5_h6_discovery_names_this_hub_whatever_host_was_asked(stage: Stage) -> None:
    """Row 21. Red if the root is not listed, relative, without its slash, from the Host header, or not the default."""
    hostile = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    answer = stage.call("/taxii2/", headers=hostile)
    body = told(answer)
    assert body["title"]
    assert body["api_roots"] == [f"{PUBLIC}/live/"]
    assert body["default"] in body["api_roots"]
    assert b"evil" not in answer.data


@pytest.mark.parametrize("host", ["", "a b", "[::1", "x:99999999", "ü.example", "a" * 300, "evil.example/path?x"])
def test_h6_a_broken_host_header_changes_nothing(stage: Stage, host: str) -> None:
    """Red if the framework reads the Host header: it answers broken ones with its own HTML."""
    answer = stage.call("/live/", headers={"Host": host})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TAXII)


def test_h6_what_flask_believes_of_its_address_is_the_setting(stage: Stage) -> None:
    """Red if a page made later could build a link from the Host header, or from what a stranger forwards."""
    app = create_app(stage.world.hub)
    app.add_url_rule("/probe", endpoint="probe", view_func=lambda: request.url_root)
    hostile = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    assert app.test_client().get("/probe", headers=hostile).text == f"{PUBLIC}/"


def test_75_to_77_i6_the_api_root(stage: Stage) -> None:
    """Red if `versions` holds anything but the full media type (Sentinel reads it strictly)."""
    body = told(stage.call("/live/"))
    assert body["versions"] == [TAXII]
    assert body["max_content_length"] == stage.world.settings.max_content_length
    assert isinstance(body["title"], str)


@pytest.mark.parametrize("status_id", [NOWHERE, "not-a-uuid", "%00", "x" * 500, "'"])
def test_89_an_unknown_status_is_404(stage: Stage, status_id: str) -> None:
    """Red if a text that is no UUID reaches the database (PostgreSQL knows no U+0000)."""
    assert stage.call(f"/live/status/{status_id}/").status_code == 404


@pytest.mark.parametrize("method_header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_h4_method_override_headers_mean_nothing(stage: Stage, method_header: str) -> None:
    """Red if a middleware lets a header change the method."""
    assert stage.call(stage.objects(), headers={method_header: "DELETE"}).status_code == 200
    assert stage.call("/live/?_method=DELETE").status_code == 200
