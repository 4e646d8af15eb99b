"""`poll --follow`: goes on until a signal, patient with a hub that is away, and never loses or repeats a page."""

import json
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import BadAnswer, EndlessPages, FeedsError, NotAuthenticated, PeerRefused, Unreachable
from hub.cirt.following import LONGEST, Follower
from hub.cirt.receiving import Round
from hub.cirt.report import Report
from hub.cirt.stopping import Stop, Stopped
from policies.agreement import Agreement
from support.members import Neighbourhood, Team, Wsgi, indicators
from support.processes import profiled, ran, started
from support.served import PATIENCE, serving

FOLLOW = ("poll", "--group", "first", "--follow", "--interval", "1")
Start = Callable[..., Any]


class Enough(Exception):
    """The test has seen enough."""


def pauses(asked: list[FeedsError | None], *, interval: float = 60.0, jitter: float = 1.0) -> list[float]:
    """How long is waited after each of these rounds; None: one that went well."""
    waited: list[float] = []

    def ask() -> Round:
        if not asked:
            raise Enough
        error = asked.pop(0)
        if error is not None:
            raise error
        return Round(Report({}, ()), {"objects": 0}, (), ())

    follower = Follower(interval, ask, lambda _: None, lambda *_: None, waited.append, lambda: jitter)
    with pytest.raises(Enough):
        follower.go_on()
    return waited


def away(status: int = 503, retry_after: float | None = None) -> PeerRefused:
    """A refusal that may pass."""
    return PeerRefused("later", status=status, retry_after=retry_after)


def test_pauses_grow_while_it_fails_and_are_short_again_after() -> None:
    """Red if a hub that is away is asked as often as ever, or one that came back is waited for."""
    gone = [Unreachable("away") for _ in range(12)]
    assert pauses([*gone, None, away()])[:9] == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert pauses([*gone, None, away()])[-2:] == [pytest.approx(66), 2]
    assert pauses([away()] * 40, interval=3600)[-1] == 3600
    assert pauses([away()] * 2, jitter=0.0) == [1, 2]
    assert pauses([None], jitter=0.0) == [pytest.approx(54)]


def test_what_the_hub_asks_for_is_waited() -> None:
    """Red if Retry-After is not honoured, or a hub may send its readers away for ever (RFC 9110 §10.2.3)."""
    assert pauses([away(429, 45.0), away(503, 1.0), away(500, 10.0**9)]) == [45, 4, LONGEST]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 409, 413, 416])
def test_what_does_not_pass_by_itself_ends_it(status: int) -> None:
    """Red if a revoked token, a closed group or a bad cursor is asked about for ever."""
    with pytest.raises(PeerRefused):
        pauses([away(status), None])


@pytest.mark.parametrize("error", [NotAuthenticated("no", status=401), EndlessPages("no end"), FeedsError("no")])
def test_other_errors_end_it_too(error: FeedsError) -> None:
    """Red if whatever comes is taken for weather."""
    with pytest.raises(type(error)):
        pauses([error, None])


def test_weather_passes() -> None:
    """Red if a proxy's page in between, or a broken connection, ends a reader that runs for months."""
    assert len(pauses([BadAnswer("html"), Unreachable("cut"), away(500), away(502), away(408), None])) == 6


def test_what_is_shielded_is_finished_first() -> None:
    """Red if the signal breaks into a page, or is forgotten after it."""
    stop, done = Stop(), []
    before = signal.getsignal(signal.SIGTERM)

    def work() -> None:
        with stop.listening():
            with stop.shielded(), stop.shielded():
                end()
                done.append("page")
            done.append("another page")

    def wait() -> None:
        with Stop().listening():
            end(signal.SIGINT)
            done.append("still waiting")

    for act in (work, wait):
        with pytest.raises(Stopped):
            act()
    assert done == ["page"]
    assert signal.getsignal(signal.SIGTERM) is before


def by_round(acts: Mapping[int, Callable[[], object]]) -> Callable[[Wsgi, dict[str, Any], Start], Iterable[bytes]]:
    """Do something when a round begins, or answer with the refusal that the act gives back."""
    rounds = [0]

    def between(app: Wsgi, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/api/v1/agreements/first":
            rounds[0] += 1
            refusal = acts.get(rounds[0], lambda: None)()
            if isinstance(refusal, tuple):
                start(*refusal)
                return [b""]
        return app(environ, start)

    return between


def agreement(hood: Neighbourhood) -> Agreement:
    """The one that governs the group `first`."""
    with hood.world.hub.database.reading() as tx:
        return hood.world.hub.registries.of(tx).collections["first"].group.versions[0].agreement


def end(number: int = signal.SIGTERM) -> None:
    """What ends a run."""
    os.kill(os.getpid(), number)


def lines(team: Team, *words: str, code: int = 0) -> list[Any]:
    """What `--json` tells, a line a round."""
    return [json.loads(line) for line in team.run(*FOLLOW, *words, "--json", code=code).out.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_a_line_a_round_until_a_signal(hood: Neighbourhood, tmp_path: Path, number: int) -> None:
    """Red if a round that comes later is missed, the answer is no line, or a signal ends it with an error."""
    a, b = hood.pair()
    group = agreement(hood)
    a.cirt.publish(group, indicators(1))
    acts = {2: lambda: a.cirt.publish(group, indicators(2, first=1)), 4: lambda: end(number)}
    hood.doors.between = by_round(acts)
    out = tmp_path / "b.ndjson"
    told = lines(b, "--ndjson", str(out))
    assert [(each["round"], each["objects"], each["good"]) for each in told] == [
        (1, 1, True),
        (2, 2, True),
        (3, 0, True),
    ]
    assert len(out.read_bytes().splitlines()) == 5


def test_people_are_told_what_came(quick: Neighbourhood) -> None:
    """Red if rounds are told on standard output, or each round repeats what was said."""
    a, b = quick.pair()
    group = agreement(quick)
    acts: dict[int, Callable[[], object]] = {3: lambda: a.cirt.publish(group, indicators(2)), 5: end}
    quick.doors.between = by_round(acts)
    said = b.run(*FOLLOW)
    assert said.out == ""
    for words in ("received 0 objects", "received 2 objects", "first seen", "silent for more"):
        assert said.err.count(words) == 1, words
    assert "stopped; what is on disk is whole" in said.err


def test_the_end_is_judged_by_the_last_round(quick: Neighbourhood) -> None:
    """Red if a run that cannot vouch for what it holds ends with 0."""
    a, b = quick.pair()
    group = agreement(quick)
    a.cirt.publish(group, indicators(1))
    quick.doors.between = by_round({2: end})
    (told,) = lines(b, "--require-confirmed", code=1)
    assert told["verdicts"] == {"unknown-signer": 1}


def test_a_hub_that_was_never_there_is_unreachable(quick: Neighbourhood) -> None:
    """Red if Retry-After is not waited for, the failed round is not told, or it ends with 0 all the same."""
    _, b = quick.pair()
    later = ("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "999")])

    def gone() -> object:
        signal.setitimer(signal.ITIMER_REAL, 1)
        return later

    signal.signal(signal.SIGALRM, lambda *_: end())
    try:
        quick.doors.between = by_round({1: gone})
        told, last = lines(b, code=5)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert (told["round"], told["retry_in"], set(last)) == (1, 999, {"error"})


def test_a_token_that_is_not_good_any_more_ends_it(quick: Neighbourhood) -> None:
    """Red if the hub is asked for ever with a token that it refused."""
    _, b = quick.pair()
    quick.doors.between = by_round({2: lambda: ("401 Unauthorized", [("Content-Type", "text/plain")])})
    first, last = lines(b, code=3)
    assert (first["round"], last["error"]["code"]) == (1, "not-authenticated")


@pytest.mark.parametrize(
    "words", [("--interval", "5"), ("--follow", "--interval", "0"), ("--follow", "--interval", "86401")]
)
def test_an_interval_has_sane_bounds(quick: Neighbourhood, words: tuple[str, ...]) -> None:
    """Red if a hub may be asked without a pause, or `--interval` alone does nothing."""
    _, b = quick.pair()
    b.run("poll", "--group", "first", *words, code=2)


@pytest.mark.long
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_processes_end_after_the_page_and_go_on_at_any_byte(database_url: str, tmp_path: Path, unbuffered: str) -> None:
    """Red if SIGTERM cuts a page, its cursor moves before it is taken, a kill repeats one, or the lock is kept.

    Unbuffered is how containers run Python: a write to a pipe then takes less than all when a signal comes.
    """
    with serving(tmp_path, database_url) as hub:
        a, b = (profiled(hub, name) for name in ("alpha", "bravo"))
        group = hub.world.agreement([(a[0], "both", "amber"), (b[0], "both", "amber")], alias="first")
        a[0].publish(group, indicators(400))
        words = (*FOLLOW, "--ndjson", "-")
        with started(b[1], *words, PYTHONUNBUFFERED=unbuffered) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            first = [
                process.stdout.readline(),
                process.stdout.readline(),
            ]  # the second is of a page the pipe cannot hold
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.readlines()
            assert process.wait(PATIENCE) == 0, process.stderr.read()
        ids = [json.loads(line)["id"] for line in (*first, *rest)]
        assert (len(ids), len(set(ids))) == (401, 401)
        assert b"received 0 objects" in ran(b[1], "poll", "--group", "first", "--ndjson", "-").stderr
        out = tmp_path / "b.ndjson"
        for number in range(2):
            a[0].publish(group, indicators(3, first=1_000 + 10 * number))
            with started(b[1], *FOLLOW, "--ndjson", str(out), "--json") as process:
                assert process.stdout is not None
                assert json.loads(process.stdout.readline())["objects"] == 3
                if number == 0:
                    assert ran(b[1], "keys", "list").returncode == 0
                    assert ran(b[1], "status").returncode == 0  # takes the profile's lock
                process.kill()
        told = ran(b[1], "poll", "--group", "first", "--ndjson", str(out), "--json")
        assert json.loads(told.stdout)["objects"] == 0
        assert len(out.read_bytes().splitlines()) == 8
