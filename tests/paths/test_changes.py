"""What changes for a reader when rights do? Wider: from then on, never behind a cursor. Narrower: at once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.store import deliveries
from keys.acceptance import Action
from policies.agreement import Agreement, read_agreement
from policies.life import State
from support.agreements import agreement_toml
from support.clock import DAY, HOUR, SECOND
from support.stage import PARTIES, Stage, indicator, told


def amended(stage: Stage, former: Agreement, bravo: str, **changes: Any) -> Agreement:
    """The next version of the first group, in which BRAVO has another clearance; ALPHA has accepted it."""
    parties = [
        {"member": stage.world.cirts[name].id, "role": role, "clearance": bravo if name == "bravo" else clearance}
        for name, (role, clearance) in PARTIES.items()
    ]
    names = {"id": former.id, "proofs": former.proofs, "alias": former.alias}
    agreement = read_agreement(agreement_toml(**names, version=former.version + 1, parties=parties, **changes))
    stage.world.clock.advance(SECOND)
    stage.world.approve(agreement)
    stage.world.clock.advance(SECOND)
    stage.world.accept(stage.world.cirts["alpha"], agreement)
    return agreement


def sent(stage: Stage, query: str = "", who: str = "bravo") -> list[int]:
    """The numbers of the indicators that a member is sent."""
    answer = stage.call(stage.objects(path=f"objects/?{query}"), who)
    assert answer.status_code == 200, answer.data
    return [int(each["id"][-12:], 16) for each in told(answer).get("objects", ())]


def test_t21_a_raised_clearance_opens_from_now_on(stage: Stage) -> None:
    """Red if what was closed opens behind the cursor of a poller that has moved past it."""
    stage.publish("alpha", [indicator(1)], "amber")
    stage.publish("alpha", [indicator(2)])
    cursor = stage.call(stage.objects(), "bravo").headers["X-TAXII-Date-Added-Last"]
    second = amended(stage, stage.first, "amber")
    assert stage.call(stage.objects(), "bravo").status_code == 404, "paused until it accepts"
    stage.world.accept(stage.world.cirts["bravo"], second)
    stage.publish("alpha", [indicator(3)], "amber", second)
    assert sent(stage) == [2, 3]
    assert sent(stage, f"added_after={cursor}") == [3]
    again = stage.publish("alpha", [indicator(1)], "amber", second)
    assert "written again" in str(again), "the publisher may send it on purpose: at a new position"
    assert sent(stage, f"added_after={cursor}") == [3, 1]
    assert sent(stage, who="alpha") == [2, 3, 1]


def test_t21_t12_a_lowered_clearance_binds_open_cursors(stage: Stage) -> None:
    """Red if a `next` carries the rights of the page that it came with; what was fetched before stays on record."""
    stage.publish("alpha", [indicator(number) for number in range(4)], "amber")
    stage.publish("alpha", [indicator(number) for number in range(4, 8)])
    page = told(stage.call(stage.objects(path="objects/?limit=2"), "romeo"))
    assert len(page["objects"]) == 2
    stage.world.hub.deliveries.flush()
    parties = [
        (stage.world.cirts[name], role, "green") for name, (role, _) in PARTIES.items() if name in {"alpha", "romeo"}
    ]
    names = {"id": stage.first.id, "proofs": stage.first.proofs, "alias": stage.first.alias}
    stage.world.clock.advance(SECOND)
    lowered = stage.world.agreement(parties, accepted=True, **(names | {"version": 2}))
    assert lowered.version == 2
    assert sent(stage, f"next={page['next']}", "romeo") == [4, 5, 6, 7]
    with stage.world.hub.database.reading() as tx:
        (_, polled_at, position), *others = deliveries.of_member(tx, stage.world.cirts["romeo"].id)
    assert others == []
    assert polled_at < stage.world.clock()
    assert position > 0


@pytest.mark.parametrize("state", [State.SUSPENDED, State.ENDED])
def test_t12_nothing_is_there_once_it_has_ended(stage: Stage, state: State) -> None:
    """Red if a suspended or ended agreement still serves a page, on an open cursor or not modified."""
    stage.publish("alpha", [indicator(number) for number in range(4)])
    token = told(stage.call(stage.objects(path="objects/?limit=2"), "bravo"))["next"]
    with stage.world.hub.database.writing() as tx:
        tx.run(
            "UPDATE agreements SET state = :state WHERE digest = :digest", state=str(state), digest=stage.first.digest
        )
        tx.run("UPDATE hub SET revision = revision + 1")
    for headers in ({}, {"If-None-Match": "*"}):
        answer = stage.call(stage.objects(path=f"objects/?next={token}&limit=2"), "bravo", headers=headers)
        assert answer.status_code == 404


def test_t12_who_withdraws_is_gone_and_goes_on_when_it_returns(stage: Stage) -> None:
    """Red if a withdrawal is not felt at once, or the return begins anew or misses what came meanwhile."""
    stage.publish("alpha", [indicator(number) for number in range(4)])
    bravo = stage.world.cirts["bravo"]
    token = told(stage.call(stage.objects(path="objects/?limit=2"), "bravo"))["next"]
    stage.world.accept(bravo, stage.first, action=Action.WITHDRAW)
    assert stage.call(stage.objects(path=f"objects/?next={token}"), "bravo").status_code == 404
    stage.publish("alpha", [indicator(9)])
    stage.world.accept(bravo, stage.first)
    assert sent(stage, f"next={token}") == [2, 3, 9]


def test_dates_are_judged_when_deciding(stage: Stage) -> None:
    """Release begins with `from` and stops after `until`, without a job. Red if a state stands for the clock."""
    start = datetime.fromtimestamp((stage.world.clock() + HOUR) // SECOND, UTC)
    end = datetime.fromtimestamp((stage.world.clock() + DAY) // SECOND, UTC)
    alpha, bravo = stage.world.cirts["alpha"], stage.world.cirts["bravo"]
    dates = {"from": start, "until": end, "review_by": end, "notice_days": 0}
    group = stage.world.agreement([(alpha, "both", "amber"), (bravo, "both", "amber")], validity=dates)
    address = stage.objects(group.id)
    assert stage.call(address, "bravo").status_code == 404
    stage.world.clock.advance(HOUR + SECOND)
    assert alpha.publish(group, [indicator(1)])["failure_count"] == 0
    token = told(stage.call(address, "bravo"))
    assert [each["id"] for each in token["objects"]] == [indicator(1)["id"]]
    stage.world.clock.advance(DAY)
    assert stage.call(address, "bravo").status_code == 404
    assert stage.post(address, alpha.envelope(group, [indicator(2)])).status_code == 404
