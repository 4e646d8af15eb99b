"""Who is told to wait, for how long, and who never is? T-27."""

import base64
import time
import tracemalloc
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.config import Settings
from hub.limits import MOST, Buckets, Limits, TooMany, source_of
from keys.enrolment import sign_enrolment
from support.clock import SECOND
from support.stage import PUBLIC, Stage, open_stage, told

HOUR = 3600 * SECOND
FAILURES = 5
SPELLINGS = ("User", "user ", "USER", "\uff35\uff53\uff45\uff52", "us\u0435r", "user\0")


class Ticking:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def ticking(stage: Stage) -> Iterator[Ticking]:
    """Give the clock of new limits: 5 failures a minute, 3 requests a second of a token and 6 of an address."""
    clock, hub = Ticking(), stage.world.hub
    before = hub.limits
    given = Settings(rate_account=3, rate_source=6, rate_failures=FAILURES)
    object.__setattr__(hub, "limits", Limits(given, clock))
    yield clock
    object.__setattr__(hub, "limits", before)


def statuses(stage: Stage, number: int, who: str | None, path: str = "/taxii2/", **options: Any) -> list[int]:
    """The statuses of so many requests."""
    return [stage.call(path, who, **options).status_code for _ in range(number)]


def at(address: str) -> dict[str, str]:
    """The environ of a caller at this address."""
    return {"REMOTE_ADDR": address}


def test_a_token_is_told_to_wait_and_no_other_is(stage: Stage, ticking: Ticking) -> None:
    """Fair under load. Red if one account's requests use up another's, or the answer does not say how long to wait."""
    assert statuses(stage, 30, "alpha", environ_overrides=at("192.0.2.1")) == [200] * 30
    answer = stage.call("/taxii2/", "alpha", environ_overrides=at("192.0.2.2"))
    assert (answer.status_code, told(answer)["error_code"], answer.headers["Retry-After"]) == (429, "rate-limited", "1")
    assert "wait 1 seconds" in told(answer)["description"]
    assert statuses(stage, 2, "bravo", environ_overrides=at("192.0.2.1")) == [200, 200]
    ticking.now += 1.01
    assert statuses(stage, 4, "alpha", environ_overrides=at("192.0.2.3")) == [200, 200, 200, 429]


def test_an_address_is_told_to_wait_before_anything_is_looked_up(stage: Stage, ticking: Ticking) -> None:
    """Red if requests without a token, or with several tokens, are not counted by where they come from."""
    here = at("192.0.2.9")
    assert statuses(stage, 60, None, environ_overrides=here) == [401] * 60
    assert statuses(stage, 2, "alpha", environ_overrides=here) == [429, 429]
    assert statuses(stage, 2, "alpha", environ_overrides=at("192.0.2.10")) == [200, 200]
    assert statuses(stage, 99, None, "/healthz", environ_overrides=here) == [200] * 99


def test_one_request_is_one_however_often_its_door_asks(stage: Stage, ticking: Ticking) -> None:
    """Red if a door that looks at the account in two transactions costs its caller two requests."""
    path = f"/api/v1/agreements/{stage.first.id}/acceptances"
    for _ in range(30):
        answer = stage.post(path, b"x", "alpha", "application/jose")
        assert answer.status_code != 429
    assert statuses(stage, 1, "alpha") == [429]


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE"])
@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
def test_t27_failures_are_limited_however_they_are_sent(
    stage: Stage, ticking: Ticking, method: str, spelling: str
) -> None:
    """Red if failures are counted by user name or method, so that another spelling starts anew."""
    path = stage.objects() + ("indicator--8e2e2d2b-17d4-4cbf-938f-000000000001/" if method == "DELETE" else "")
    mixed = ("/taxii2/", "GET"), ("/api/v1/me", "HEAD"), (stage.objects(), "POST"), (path, method)
    for number in range(FAILURES):
        where, how = mixed[number % len(mixed)]
        basic = base64.b64encode(f"{SPELLINGS[number]}:guess{number}".encode()).decode()
        assert stage.call(where, None, how, headers={"Authorization": f"Basic {basic}"}).status_code == 401
    basic = base64.b64encode(f"{spelling}:guess".encode()).decode()
    for headers in ({"Authorization": f"Basic {basic}"}, {"Authorization": "Bearer x"}, {"X-API-Key": "x"}):
        answer = stage.call(path, None, method, headers=headers)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "12")
    assert stage.call("/taxii2/?access_token=x", None).status_code == 429


def test_t27_a_method_without_a_door_is_no_way_round(stage: Stage, ticking: Ticking) -> None:
    """Red if PUT tells a good token from a bad one: nobody is asked who he is where there is no door."""
    for _ in range(2 * FAILURES):
        answers = {stage.call(stage.objects(), who, "PUT").status_code for who in ("alpha", "wrong", None)}
        assert answers == {405}


def test_t27_failures_lock_nobody_out_of_a_good_token(stage: Stage, ticking: Ticking) -> None:
    """Red if the victim of an attack, at the attacker's own address even, is refused with its valid token."""
    assert statuses(stage, 20, "wrong")[-1] == 429
    assert statuses(stage, 3, "alpha") == [200] * 3
    assert statuses(stage, 1, "wrong", environ_overrides=at("192.0.2.7")) == [401]
    assert statuses(stage, 1, "alpha", environ_overrides=at("192.0.2.7")) == [200]


def test_t27_asking_without_a_credential_is_no_failure(stage: Stage, ticking: Ticking) -> None:
    """Red if a client that asks first, and sends its token when told to, is limited as one that guesses."""
    for _ in range(2 * FAILURES):
        assert statuses(stage, 1, None, "/taxii2/?limit=1") == [401]
        assert statuses(stage, 1, "alpha") == [200]


def test_t27_guessing_invitations_is_limited_as_well(stage: Stage, ticking: Ticking) -> None:
    """Red if the one door without a token can be tried without end."""
    alpha = stage.world.cirts["alpha"]
    word = sign_enrolment(hub=PUBLIC, iss=alpha.id, nonce="guess", iat=stage.world.clock(), signer=alpha.signer)
    body = orjson.dumps({"invitation": "guess", "enrolment": word})
    found = [stage.post("/api/v1/join", body, None, "application/json").status_code for _ in range(FAILURES + 2)]
    assert found == [403] * FAILURES + [429, 429]


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_t27_a_clock_that_is_set_neither_frees_nor_locks_out(stage: Stage, ticking: Ticking, jump: int) -> None:
    """Red if the limits go by the time of day, which an operator or NTP may set by an hour."""
    statuses(stage, FAILURES, "wrong")
    stage.world.clock.advance(jump)
    try:
        limited = stage.call("/taxii2/", "wrong")
        assert (limited.status_code, limited.headers["Retry-After"]) == (429, "12")
        ticking.now += 12.01
        assert statuses(stage, 2, "wrong") == [401, 429]
    finally:
        stage.world.clock.advance(-jump)


def test_the_clock_of_limits_is_the_monotonic_one() -> None:
    """T-27. Red if the default clock is one that can be set."""
    for made in (Buckets, Limits):
        assert signature(made).parameters["clock"].default is time.monotonic


def test_millions_of_sources_fill_no_memory() -> None:
    """T-27. Red if every address that ever asked is remembered for good."""
    limits = Limits(Settings(rate_source=1, rate_failures=1))
    tracemalloc.start()
    try:
        for number in range(MOST + 5_000):
            limits.check_failure(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(limits._failures) == MOST
    assert used < 16 << 20


def test_the_one_not_heard_of_for_longest_is_forgotten() -> None:
    """Red if a flood of strangers frees one who is still asking."""
    buckets = Buckets(1, 1, most=3, clock=lambda: 5.0)
    for key in ("a", "b", "c"):
        assert buckets.take(key) == 0.0
    clock = Ticking()
    buckets = Buckets(1, 2, most=2, clock=clock)
    for key in ("a", "b", "a", "c"):
        assert buckets.take(key) == 0.0
    assert (buckets.take("a") > 0, buckets.take("b")) == (True, 0.0)


def test_a_bucket_holds_its_burst_and_fills_at_its_rate() -> None:
    """Red if a refused try costs something: a caller that never stops would never be served again."""
    clock = Ticking()
    buckets = Buckets(10, 5, clock=clock)
    assert [buckets.take("k") for _ in range(5)] == [0.0] * 5
    waits = [buckets.take("k") for _ in range(100)]
    assert min(waits) == pytest.approx(max(waits)) == pytest.approx(0.1)
    clock.now += 0.1001
    assert (buckets.take("k"), buckets.take("k") > 0) == (0.0, True)
    clock.now += 3600
    assert [buckets.take("k") > 0 for _ in range(6)] == [False] * 5 + [True]


def test_0_sets_no_limit() -> None:
    """Red if 0 means that nothing may pass, or is remembered all the same."""
    limits = Limits(Settings(rate_account=0, rate_source=0, rate_failures=0))
    for _ in range(10_000):
        limits.check_account("t")
        limits.check_source("192.0.2.1")
        limits.check_failure("192.0.2.1")
    assert len(limits._accounts) == len(limits._sources) == len(limits._failures) == 0


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        (None, ""),
        ("unix:", ""),
        ("x" * 100_000, ""),
    ],
    ids=lambda text: str(text)[:20],
)
def test_a_source_has_one_name(address: str | None, source: str) -> None:
    """T-27. Red if one household's 2^64 addresses count as many, or an unknown address is one that all share."""
    assert source_of(address) == source


def test_who_is_not_known_by_address_is_not_limited_by_it() -> None:
    """Red if all that come over a socket without addresses are one source."""
    limits = Limits(Settings(rate_source=1, rate_failures=1))
    for _ in range(100):
        limits.check_source(None)
        limits.check_failure("")


def test_the_defaults_let_every_client_through() -> None:
    """Red if 3,000 polls a second by eight accounts at one address meet a limit in a process of their own."""
    clock = Ticking()
    limits = Limits(Settings(), clock)
    for poll in range(120_000):
        clock.now += 1 / 3000
        limits.check_source("127.0.0.1")
        limits.check_account(f"t-{poll % 8}")
    for _ in range(10_000):
        limits.check_account("t-9")
    with pytest.raises(TooMany, match="Too many requests"):
        limits.check_account("t-9")


def test_t27_the_limits_of_a_hub_are_those_of_its_settings_and_not_of_its_clock(tmp_path: Path) -> None:
    """Red if a setting is taken that nothing obeys, or the hub's own limits go by the clock that tells the time."""
    stage = open_stage(tmp_path / "hub", f"sqlite:///{tmp_path / 'hub.db'}", rate_failures=1)
    try:
        assert statuses(stage, 2, "wrong") == [401, 429]
        for jump in (HOUR, -2 * HOUR):
            stage.world.clock.advance(jump)
            assert statuses(stage, 1, "wrong") == [429]
    finally:
        stage.world.close()
