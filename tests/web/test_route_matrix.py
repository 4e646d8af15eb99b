"""Who gets what from each door? Every (rule, method) of the application and every role, from one table. T-24.

A route that is not in the table fails; so does a line of the table without its route.
"""

from typing import NamedTuple

import pytest

from support.stage import NOWHERE, Stage

LURE = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001"  # green, ALPHA's, in the first group

ROLES = ("anonymous", "wrong", "revoked", "pending", "charlie", "zulu", "oscar", "papa", "romeo", "bravo", "alpha")
"""Nobody, three tokens that are no good or not yet, and members by what they may: see `support.stage`."""


class Expected(NamedTuple):
    """Statuses by role; a POST without a type of body that passes everything before is a 415."""

    anonymous: int
    pending: int
    stranger: int
    paused: int
    observer: int
    publisher: int
    receiver: int
    both: int


OPEN = Expected(200, 200, 200, 200, 200, 200, 200, 200)
KNOWN = Expected(401, 200, 200, 200, 200, 200, 200, 200)
VISIBLE = Expected(401, 404, 404, 404, 404, 200, 200, 200)
READ = Expected(401, 404, 404, 404, 404, 403, 200, 200)
WRITE = Expected(401, 404, 404, 404, 404, 415, 403, 415)
DELETE = Expected(401, 404, 404, 404, 404, 403, 403, 403)
PARTY = Expected(401, 404, 404, 200, 200, 200, 200, 200)
OWN_STATUS = Expected(401, 404, 404, 404, 404, 404, 404, 404)
SPEAK = Expected(401, 404, 404, 415, 415, 415, 415, 415)
EXPLAIN = Expected(401, 404, 404, 404, 404, 404, 200, 200)

COLLECTION = "/live/collections/<name>/"
OBJECT = f"{COLLECTION}objects/<stix_id>/"
API = "/api/v1/"
TABLE = {
    ("GET", "/taxii2/"): KNOWN,
    ("GET", "/live/"): KNOWN,
    ("GET", "/live/status/<status_id>/"): OWN_STATUS,
    ("GET", "/live/collections/"): KNOWN,
    ("GET", COLLECTION): VISIBLE,
    ("GET", f"{COLLECTION}manifest/"): READ,
    ("GET", f"{COLLECTION}objects/"): READ,
    ("POST", f"{COLLECTION}objects/"): WRITE,
    ("GET", OBJECT): READ,
    ("DELETE", OBJECT): DELETE,
    ("GET", f"{OBJECT}versions/"): READ,
    ("GET", f"{API}hub"): OPEN,
    ("POST", f"{API}join"): Expected(*(415,) * 8),
    ("GET", f"{API}me"): KNOWN,
    ("GET", f"{API}agreements"): KNOWN,
    ("GET", f"{API}agreements/<name>"): PARTY,
    ("GET", f"{API}agreements/<name>/document"): PARTY,
    ("POST", f"{API}agreements/<name>/acceptances"): SPEAK,
    ("GET", f"{API}keys"): PARTY,
    ("POST", f"{API}keys"): Expected(401, *(415,) * 7),
    ("GET", f"{API}streams/<name>"): VISIBLE,
    ("POST", f"{API}dry-run/<name>"): WRITE,
    ("GET", f"{API}explain/<name>/<stix_id>"): EXPLAIN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
}
PLACES = {"wrong": "anonymous", "revoked": "anonymous", "charlie": "stranger", "zulu": "paused", "oscar": "observer"}
PLACES |= {"papa": "publisher", "romeo": "receiver", "bravo": "both", "alpha": "both"}


def test_t24_every_route_is_in_the_table(stage: Stage) -> None:
    """Red if a door is opened, or closed, without saying here who may pass."""
    methods = {
        (method, rule.rule)
        for rule in stage.app.url_map.iter_rules()
        for method in rule.methods or ()
        if method != "HEAD"
    }
    assert methods == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", TABLE, ids=" ".join)
def test_t24_who_gets_what(stage: Stage, route: tuple[str, str], role: str) -> None:
    """Red if a door lets a role in that it must not, or tells a 403 to one that must see a 404."""
    method, rule = route
    path = rule.replace("<name>", stage.first.id).replace("<stix_id>", LURE).replace("<status_id>", NOWHERE)
    query = {"group": stage.first.id} if rule.endswith("/keys") else {}
    who = None if role == "anonymous" else role
    expected = getattr(TABLE[route], PLACES.get(role, role))
    answer = stage.call(path, who, method, query_string=query)
    assert answer.status_code == expected
    if method == "GET":
        assert stage.call(path, who, "HEAD", query_string=query).status_code == expected


@pytest.mark.parametrize("route", TABLE, ids=" ".join)
def test_t23_no_answer_may_be_kept_by_a_cache(stage: Stage, route: tuple[str, str]) -> None:
    """H-3. Red if an answer, good or bad, loses a header that every answer must carry."""
    method, rule = route
    path = rule.replace("<name>", stage.first.id).replace("<stix_id>", LURE).replace("<status_id>", NOWHERE)
    for who in ("alpha", "charlie", None):
        headers = stage.call(path, who, method).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Vary"] == "Authorization, X-API-Key, Accept-Encoding"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert (headers["Referrer-Policy"], headers["Server"]) == ("no-referrer", "cirt-hub")
        assert headers["Strict-Transport-Security"]
        assert len(headers["X-Request-Id"]) == 16
