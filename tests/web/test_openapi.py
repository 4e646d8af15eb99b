"""Is `docs/openapi.yaml` what the hub does? Every door both ways, every answer by its schema, and fuzzed. T-20."""

import re
from typing import Any

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from policies.agreement import Agreement
from support import openapi
from support.clock import HOUR
from support.served import PATIENCE, Serving, accepted, post
from support.stage import NOWHERE, Stage, indicator, told
from support.world import Cirt

DOCUMENT = openapi.document()
OPERATIONS = openapi.operations(DOCUMENT)
LURE = "indicator--8e2e2d2b-17d4-4cbf-938f-000000000001"
JSON = re.compile(r"application/(taxii\+)?json")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: What would tell a stranger how the hub is built.
LEAKS = re.compile(
    rb"Traceback|sqlalchemy|psycopg|werkzeug|File \"|/site-packages|\.py\b|/home/|/tmp/|SELECT |INSERT |UPDATE ",
    re.IGNORECASE,
)
#: For the fuzzer, which would else make up credentials of its own beside the good one.
UNGUARDED = {name: part for name, part in DOCUMENT.items() if name != "security"}
SHORT, LONG = 4, 40


def test_every_door_is_described_and_nothing_else(stage: Stage) -> None:
    """Red if a route is added, renamed or closed on one side only; HEAD goes with GET, as its preamble says."""
    doors = {
        (method, rule.rule)
        for rule in stage.app.url_map.iter_rules()
        for method in rule.methods or ()
        if method != "HEAD" or "GET" not in (rule.methods or ())
    }
    assert set(OPERATIONS) == doors


def test_the_description_holds_together() -> None:
    """Red if a reference points nowhere, something described is used by nobody, or two operations share a name."""
    used = set(openapi.references(DOCUMENT))
    assert all(openapi.resolve(DOCUMENT, {"$ref": each}) for each in used)
    parts = DOCUMENT["components"]
    named = {f"#/components/{kind}/{name}" for kind in parts if kind != "securitySchemes" for name in parts[kind]}
    assert used == named
    names = [each["operationId"] for each in OPERATIONS.values()]
    assert len(names) == len(set(names))
    for (method, rule), operation in OPERATIONS.items():
        path = re.sub(r"<(\w+)>", r"{\1}", rule)
        given_there = [*DOCUMENT["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
        found = {p["name"] for p in (openapi.resolve(DOCUMENT, each) for each in given_there) if p["in"] == "path"}
        assert found == set(re.findall(r"<(\w+)>", rule)), (method, rule)
        assert "default" in operation["responses"]
        assert operation["summary"]
    for schema in parts["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def checked(method: str, rule: str, status: int, content_type: str, body: Any) -> None:
    """See that an answer is as described, and told more closely than by `default` where it is a success."""
    responses = OPERATIONS[method, rule]["responses"]
    assert str(status) in responses or status >= 400, f"{method} {rule} answers {status}"
    content = openapi.resolve(DOCUMENT, responses.get(str(status), responses["default"]))["content"]
    assert content_type in content
    if JSON.match(content_type):
        whole = {"$ref": "#/$defs/asked", "$defs": {"asked": content[content_type]["schema"]}}
        jsonschema_rs.validator_for(whole | {"components": DOCUMENT["components"]}).validate(body)


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_every_answer_is_as_described(stage: Stage, route: tuple[str, str]) -> None:
    """Red if a property that the description promises is left out, or an answer has another type or status."""
    method, rule = route
    path = rule.replace("<name>", stage.first.id).replace("<stix_id>", LURE).replace("<status_id>", NOWHERE)
    query = {"group": stage.first.id} if rule.endswith("/keys") else {}
    for who in ("alpha", "romeo", "charlie", "oscar", None):
        answer = stage.call(path, who, method, query_string=query)
        body = told(answer) if JSON.match(answer.headers["Content-Type"]) else None
        checked(method, rule, answer.status_code, answer.headers["Content-Type"], body)


def test_what_a_publisher_is_answered_is_as_described(stage: Stage) -> None:
    """Red if a status, a rehearsal, or the streams are not what the description says."""
    objects, dry = "/live/collections/<name>/objects/", "/api/v1/dry-run/<name>"
    good = stage.envelope("alpha", [indicator(71)])
    rehearsed = stage.post(f"/api/v1/dry-run/{stage.first.id}", good)
    checked("POST", dry, rehearsed.status_code, rehearsed.headers["Content-Type"], told(rehearsed))
    for raw in (good, good.replace(b"Lure", b"Trap"), b"{}", b"\xff"):
        answer = stage.post(stage.objects(), raw)
        checked("POST", objects, answer.status_code, answer.headers["Content-Type"], told(answer))
        if answer.status_code == 202:
            status = stage.call(f"/live/status/{told(answer)['id']}/")
            checked("GET", "/live/status/<status_id>/", 200, status.headers["Content-Type"], told(status))
    stage.world.cirts["alpha"].remember(stage.first)
    streams = stage.call(f"/api/v1/streams/{stage.first.id}?since=green:0")
    assert told(streams)["manifests"]
    checked("GET", "/api/v1/streams/<name>", 200, streams.headers["Content-Type"], told(streams))


def test_a_hub_that_is_degraded_answers_as_described(fresh: Stage) -> None:
    """Red if a word of readiness is not in the description: who watches by it would meet one it does not know."""
    fresh.publish("alpha", [indicator(1)])
    fresh.world.clock.advance(-HOUR)
    fresh.world.settings.receipt_key_path.unlink()
    fresh.reopen()
    for failing in (["sequencer", "receipt-key"], ["schema"]):
        answer = fresh.call("/readyz", None)
        assert told(answer)["failing"] == failing
        checked("GET", "/readyz", answer.status_code, answer.headers["Content-Type"], told(answer))
        with fresh.world.hub.database.writing() as tx:
            tx.run("UPDATE alembic_version SET version_num = '9999'")


@pytest.fixture(scope="module")
def ground(served: Serving) -> tuple[Serving, Cirt, Agreement]:
    """Give a served hub with a publisher, and a group in which something lies."""
    a, _, agreement = served.pair()
    accepted(post(served.url, a, agreement, a.envelope(agreement, [indicator(number) for number in range(5)])))
    a.remember(agreement)
    return served, a, agreement


def fuzz(ground: tuple[Serving, Cirt, Agreement], method: str, rule: str, examples: int) -> None:
    """Send what fits the description and what does not; see that every answer is as described and tells nothing."""
    served, cirt, agreement = ground
    path = re.sub(r"<(\w+)>", r"{\1}", rule)
    operation = schemathesis.openapi.from_dict(UNGUARDED)[path][method]
    known = {"name": agreement.id, "stix_id": LURE, "status_id": NOWHERE}
    here = {name: known[name] for name in re.findall(r"<(\w+)>", rule)}
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    strategies = [operation.as_strategy(generation_mode=mode, path_parameters=here or None) for mode in modes]
    strategies += [operation.as_strategy(generation_mode=modes[1])] if here else []

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(strategies), token=st.sampled_from([cirt.token] * 7 + [None]))
    def send(case: Any, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = case.call(base_url=served.url, headers=headers, timeout=PATIENCE)
        except (requests.exceptions.InvalidHeader, UnicodeError):
            return  # what the client itself does not send
        if "x-request-id" not in answer.headers:  # no request at all, says the server below the hub
            assert (answer.status_code, answer.content) == (400, b"")
            return
        if answer.status_code >= 400:
            assert LEAKS.search(answer.content) is None, answer.content
        case.validate_response(answer, checks=CHECKS)

    send()


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_t20_fuzzed_answers_are_as_described_and_tell_nothing(
    ground: tuple[Serving, Cirt, Agreement], route: tuple[str, str]
) -> None:
    """Red if an input ends in a 500, an answer that is not described, or a word about how the hub is built."""
    fuzz(ground, *route, SHORT)


@pytest.mark.long
@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_t20_fuzzed_at_length(ground: tuple[Serving, Cirt, Agreement], route: tuple[str, str]) -> None:
    """Red for the same faults, found by more tries."""
    fuzz(ground, *route, LONG)
