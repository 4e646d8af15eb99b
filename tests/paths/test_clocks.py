"""What is seen while a clock is wrong? F-13, F-14, F-15: ascending dates, each object once, or a plain refusal."""

from dataclasses import replace
from itertools import pairwise

import pytest

from hub import publish
from hub.app import create_app
from hub.doctor import examine
from hub.store.registry import Registries
from policies.agreement import Agreement
from support.clock import DAY, HOUR, MINUTE, SECOND, Clock
from support.stage import indicator, told
from support.world import TAXII, Cirt, World


@pytest.fixture
def pair(world: World) -> tuple[Cirt, Cirt, Agreement]:
    """Give a publisher, a reader and their group."""
    a, b = world.cirt("a"), world.cirt("b")
    group = world.agreement([(a, "both", "amber"), (b, "both", "amber")])
    world.clock.advance(DAY)  # the group is older than any of the faults
    return a, b, group


class Follower:
    """A reader that moves to the last date it was sent, and nowhere else."""

    def __init__(self, world: World, cirt: Cirt, group: Agreement) -> None:
        self.client = create_app(world.hub).test_client(use_cookies=False)
        self.path = f"/live/collections/{group.id}/objects/"
        self.headers = cirt.headers
        self.cursor: str | None = None
        self.ids: list[str] = []
        self.dates: list[str] = []

    def poll(self) -> None:
        """Ask for one object at a time until there is no more."""
        while True:
            query = {"limit": "1"} | ({"added_after": self.cursor} if self.cursor else {})
            answer = self.client.get(self.path, query_string=query, headers=self.headers)
            assert answer.status_code == 200, answer.text
            page = told(answer)
            self.ids += [each["id"] for each in page.get("objects", ())]
            self.cursor = answer.headers.get("X-TAXII-Date-Added-Last", self.cursor)
            if page.get("objects"):
                self.dates.append(str(self.cursor))
            if not page["more"]:
                return

    def post(self, cirt: Cirt, raw: bytes) -> tuple[int, str]:
        """Post an envelope; status, and the word for programs where there is one."""
        answer = self.client.post(self.path, data=raw, headers={**cirt.headers, "Content-Type": TAXII})
        return answer.status_code, told(answer).get("error_code", "")

    def has(self, number: int) -> bool:
        """Whether exactly the objects 0 to `number` - 1 came, each once, dates ascending."""
        wanted = [indicator(each)["id"] for each in range(number)]
        return self.ids == wanted and all(one < later for one, later in pairwise(self.dates))


@pytest.mark.parametrize("step", [-SECOND, 0, -4 * MINUTE], ids=["a second back", "stuck", "four minutes back"])
def test_f13_a_clock_that_steps_back_or_stands(world: World, pair: tuple[Cirt, Cirt, Agreement], step: int) -> None:
    """F-13. Red if a position follows the clock below the last one, or two publications share one."""
    a, b, group = pair
    reader = Follower(world, b, group)
    for number in range(6):
        assert a.publish(group, [indicator(number)])["failure_count"] == 0
        reader.poll()
        if number == 2:
            world.clock.advance(step)
    assert reader.has(6)


@pytest.mark.parametrize("jump", [HOUR, 400 * DAY], ids=["an hour", "400 days"])
def test_f13_f14_a_clock_that_was_ahead(world: World, pair: tuple[Cirt, Cirt, Agreement], jump: int) -> None:
    """F-13 (an hour back) and F-14 (400 days ahead, then back): 503 for publishers, polls go on, tokens stay good.

    The doctor says why, and until when. Red if positions go back, where those who polled meanwhile never look again,
    if the publication counts as faulty, or if anything has to be mended once the clock has caught up.
    """
    a, b, group = pair
    reader = Follower(world, b, group)
    assert reader.post(a, a.envelope(group, [indicator(0)])) == (202, "")
    a.remember(group)
    world.clock.advance(jump)
    assert reader.post(a, a.envelope(group, [indicator(1)])) == (202, "")
    a.remember(group)
    reader.poll()
    world.clock.advance(-jump + SECOND)
    raw = a.envelope(group, [indicator(2)])
    assert reader.post(a, raw) == (503, "clock-ahead")
    reader.poll()
    assert reader.client.get("/api/v1/me", headers=b.headers).status_code == 200
    assert reader.client.get("/healthz").status_code == 200
    ready = reader.client.get("/readyz")
    assert (ready.status_code, told(ready)) == (200, {"status": "degraded", "failing": ["sequencer"]})
    (finding,) = [each for each in examine(world.settings, world.clock()) if "sequencer" in each.what]
    assert (finding.level, "timedatectl" in finding.mend, "goes on by itself" in finding.mend) == ("error", True, True)
    world.clock.advance(jump - 4 * MINUTE)
    assert reader.post(a, raw) == (202, "")
    reader.poll()
    assert reader.has(3)


def test_f15_two_nodes_whose_clocks_differ(world: World, pair: tuple[Cirt, Cirt, Agreement]) -> None:
    """F-15. One node is 30 s ahead, one 30 s behind; each is published to and polled in turn. Red if dates go back."""
    a, b, group = pair
    at = world.clock()
    behind = replace(world.hub, clock=Clock(at - 30 * SECOND), registries=Registries())
    ahead = replace(world.hub, clock=Clock(at + 30 * SECOND), registries=Registries())
    reader = Follower(world, b, group)
    clients = [create_app(each).test_client(use_cookies=False) for each in (ahead, behind)]
    for number in range(8):
        raw = a.envelope(group, [indicator(number)], iat_us=at)
        status = publish.accept((ahead, behind)[number % 2], a.account, group.id, raw)
        assert status["failure_count"] == 0, status
        a.remember(group)
        reader.client = clients[(number // 2) % 2]
        reader.poll()
    assert reader.has(8)
