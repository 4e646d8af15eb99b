"""What do metrics and the lines about requests tell, and what never? T-18, T-35, T-36."""

from collections.abc import Iterator
from contextlib import suppress
from io import StringIO

import orjson
import pytest
import structlog

from hub import measures
from hub.config import Settings
from hub.web import log
from hub.web.log import REMOVED, without_secrets
from hub.web.routes import ROUTES
from hub.web.watch import Watch
from support.stage import Stage, indicator, told

KEY = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIplanted\n-----END ENCRYPTED PRIVATE KEY-----\n"
NASTY = 'x\r\n{"event":"forged"}\x1b[2J\u202e"}'
CODES = measures._CODE
WORDS = {
    "route": {"unknown", *(route.rule for route in ROUTES)},
    "method": {*measures._METHODS, "other"},
    "status": {"2xx", "3xx", "4xx", "5xx"},
    "outcome": {"accepted", "refused"},
    "scope": {"account", "source", "failures"},
    "stage": {"parse", "waiting", "signatures", "objects", "decision", "store", "commit"},
}


@pytest.fixture
def logged(stage: Stage) -> Iterator[StringIO]:
    """Give what the log really says, all requests told; no logger stays bound to it afterwards."""
    before, watched, said = structlog.get_config(), stage.app.__dict__["_watched"], StringIO()
    structlog.reset_defaults()
    log.set_up("json")
    structlog.configure(cache_logger_on_first_use=False, logger_factory=structlog.WriteLoggerFactory(said))
    watched._told = "all"
    yield said
    watched._told = Settings().log_requests
    structlog.reset_defaults()
    structlog.configure(**before)


def samples() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of this process."""
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for metric in measures.REGISTRY.collect()
        for sample in metric.samples
    }


def value(name: str, **labels: str) -> float:
    """One sample; 0 where it was never counted."""
    return samples().get((f"cirt_hub_{name}", tuple(labels.items())), 0.0)


def test_t18_no_label_tells_of_a_member_a_group_or_an_object(stage: Stage) -> None:
    """Red if a label is made from data: a name or an id that one caller brought would be shown to whoever scrapes."""
    stage.publish("alpha", [indicator(51)])
    stage.post(stage.objects(), stage.envelope("alpha", [indicator(52)], "amber").replace(b"Lure", b"Trap"))
    for route in ROUTES:
        place = route.rule.replace("<name>", stage.first.alias).replace("<stix_id>", indicator(51)["id"])
        for who in ("alpha", "charlie", "wrong", None):
            stage.call(place.replace("<status_id>", "x"), who, route.method)
    stage.call("/live/secret-place/", method="BREW")
    for name, labels in samples():
        for label, word in labels:
            allowed = WORDS.get(label)
            assert label in {*WORDS, "code", "act", "le"}, name
            assert word in allowed if allowed else label == "le" or CODES.fullmatch(word), (name, label, word)
    text = repr(samples())
    for cirt in stage.world.cirts.values():
        assert all(each not in text for each in (cirt.id, f'"{cirt.name}"', cirt.account.token, cirt.token))
    for each in (stage.first.id, stage.first.alias, stage.second.alias, indicator(51)["id"], "secret-place", "BREW"):
        assert each not in text


def test_what_the_walks_do_is_counted(stage: Stage) -> None:
    """Red if a counter stands still, or counts a refused publication as taken in."""
    before = samples()
    stage.publish("alpha", [indicator(61), indicator(62)])
    raw = stage.envelope("alpha", [indicator(63)]).replace(b"Lure", b"Trap")
    refused = told(stage.post(stage.objects(), raw))
    assert refused["failure_count"] == 2
    got = told(stage.call(stage.objects() + "?match[id]=" + indicator(61)["id"]))
    assert len(got["objects"]) == 1

    def grown(name: str, **labels: str) -> float:
        return value(name, **labels) - before.get((f"cirt_hub_{name}", tuple(labels.items())), 0.0)

    objects = "/live/collections/<name>/objects/"
    assert (grown("publications_total", outcome="accepted"), grown("objects_published_total")) == (1, 3)
    assert (grown("publications_total", outcome="refused"), grown("objects_served_total")) == (1, 1)
    assert grown("requests_total", route=objects, method="POST", status="2xx") == 2
    assert grown("requests_total", route=objects, method="GET", status="2xx") == 1
    assert grown("request_seconds_count", route=objects, method="GET") == 1
    assert grown("answered_bytes_total", route=objects, method="GET") > 100
    for stage_name in WORDS["stage"]:
        assert grown("publish_stage_seconds_count", stage=stage_name) >= 1, stage_name
    stage.call(stage.objects(), "wrong")
    assert grown("refusals_total", code="not-authenticated") == 1


def test_what_was_not_committed_is_not_counted() -> None:
    """Red if a retry that stored nothing, or a publication whose commit failed, counts as taken in."""
    before = (value("publications_total", outcome="accepted"), value("objects_published_total"))
    with measures.taking() as repeated:
        repeated.held()
    with suppress(ZeroDivisionError), measures.taking() as failed:
        failed.stored({"success_count": 7})
        raise ZeroDivisionError
    assert (value("publications_total", outcome="accepted"), value("objects_published_total")) == before


def test_a_code_that_is_no_word_is_not_a_label() -> None:
    """T-18. Red if whatever an error carries becomes a label: the page would grow without end."""
    before = value("refusals_total", code="other")
    measures.refused("no word\n{}")
    assert value("refusals_total", code="other") == before + 1


def test_a_request_is_told_by_template_and_ids(stage: Stage, logged: StringIO) -> None:
    """Red if the line lacks what an operator needs, or its request id is not the answer's."""
    answer = stage.call(stage.objects() + "?limit=1&match[type]=indicator", "bravo")
    line = orjson.loads(logged.getvalue())
    bravo = stage.world.cirts["bravo"]
    assert line.pop("ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "request": answer.headers["X-Request-Id"],
        "method": "GET",
        "route": "/live/collections/<name>/objects/",
        "status": 200,
        "bytes": len(answer.data),
        "token": bravo.account.token,
        "member": bravo.id,
        "peer": "127.0.0.1",
    }


def test_t35_no_secret_is_logged_wherever_it_was_put(stage: Stage, logged: StringIO) -> None:
    """Red if a token or private key comes out that stood in an address, a header, a body or an error's text."""
    token = stage.credentials["alpha"]
    for who in ("alpha", None):
        stage.call(f"/live/{token}/", who)
        stage.call(f"/live/collections/{token}/objects/?next={token}", who)
        stage.call("/live/collections/", who, headers={"User-Agent": token, "X-API-Key": f"{token} ", "Cookie": token})
        stage.post(stage.objects(), (token + KEY).encode(), who)
        stage.post("/api/v1/join", orjson.dumps({"invitation": token, "enrolment": KEY}), who, "application/json")
    structlog.get_logger("test").error("failed", why=f"{KEY} {token}", exc_info=ValueError(f"{token}\n{KEY}"))
    said = logged.getvalue()
    assert said.count("\n") >= 10
    assert token not in said
    assert token.removeprefix("cirthub_") not in said
    assert "MIIplanted" not in said
    assert REMOVED in said
    assert token not in repr(samples())


def test_t35_a_key_that_was_cut_off_is_removed_as_well() -> None:
    """Red if a private key is only seen with its last line."""
    cut = without_secrets(None, "", {"event": "x", "why": KEY[:50] + "abc"})
    assert cut["why"] == REMOVED


def test_t36_no_request_writes_a_line_of_its_own(stage: Stage, logged: StringIO) -> None:
    """Red if what a stranger sent begins a line, breaks its JSON, or comes out unescaped."""
    calls = 0
    for who in ("alpha", "wrong", None):
        for path in (f"/live/{NASTY}/", f"/live/collections/{NASTY}/objects/", f"/taxii2/?{NASTY}"):
            stage.call(path, who, headers={"User-Agent": NASTY.replace("\r\n", " ")})
            calls += 1
    lines = logged.getvalue().splitlines()
    assert len(lines) >= calls
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        assert orjson.loads(line)["event"] in {"request", "refused"}


@pytest.mark.parametrize(("kept", "number"), [("all", 2), ("failed", 1), ("none", 0)])
def test_lines_are_as_set_and_probes_are_no_news(kept: str, number: int) -> None:
    """Red if HUB_LOG_REQUESTS is not obeyed, or every probe of a balancer fills the log."""
    answers = iter(("200 OK", "404 NOT FOUND", "200 OK"))

    def app(environ: dict[str, str], start: object) -> list[bytes]:
        assert callable(start)
        start(next(answers), [])
        return [b""]

    watched = Watch(app, kept)
    with structlog.testing.capture_logs() as lines:
        for route in ("unknown", "unknown", "/healthz"):
            watched({"REQUEST_METHOD": "GET", "cirt-hub.route": route}, lambda *_: None)
    assert len(lines) == number


def test_a_door_that_fails_without_an_answer_is_counted_as_a_failure() -> None:
    """Red if a request that never came to an answer leaves no trace."""

    def app(environ: dict[str, str], start: object) -> list[bytes]:
        raise ZeroDivisionError

    before = value("requests_total", route="unknown", method="GET", status="5xx")
    with pytest.raises(ZeroDivisionError), structlog.testing.capture_logs() as lines:
        Watch(app, "failed")({"REQUEST_METHOD": "GET"}, lambda *_: None)
    assert value("requests_total", route="unknown", method="GET", status="5xx") == before + 1
    assert lines[0]["status"] == 500
