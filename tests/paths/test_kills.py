"""What becomes of a publication when its process is killed? SIGKILL, the same POST again, I1 to I6."""

import os
import signal
from collections.abc import Iterator

import pytest
import requests

from hub.answers import REPEATED
from support.deadly import DEADLY, DIE_AT, Step
from support.invariants import check, group_of
from support.postgres import Cluster
from support.served import Serving, post, serving


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def deadly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Give a served hub on each engine whose process can be armed to die; the test starts it again."""
    folder = tmp_path_factory.mktemp("deadly")
    cluster: Cluster | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    url = cluster.create_database() if cluster else f"sqlite:///{folder / 'hub.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DIE_AT, str(folder / "armed"))
        with serving(folder, url, DEADLY) as hub:
            yield hub
    if cluster:
        cluster.drop_database(url)


def die_at(hub: Serving, step: Step) -> None:
    """Publish, die after the step, start again, post the same again; then everything must be as if nothing had been."""
    group = group_of(hub)
    group.post(group.make())
    sent = group.make()
    (hub.folder / "armed").write_text(step, "utf-8")
    with pytest.raises(requests.ConnectionError):
        post(hub.url, group.publisher, group.agreement, sent.raw)
    assert not (hub.folder / "armed").exists(), "nobody died: the step is not one of publish any more"
    hub.restart()
    group.post(sent)
    assert sent.status is not None
    assert (REPEATED in sent.status) == (step is Step.COMMITTED)
    check(group)


@pytest.mark.parametrize("step", [Step.STATUS_KEPT, Step.COMMITTED])
def test_f01_killed_before_and_after_the_commit(deadly: Serving, step: Step) -> None:
    """F-01. Red if the answer is kept in a transaction of its own, or a retry is not recognised by its manifest."""
    die_at(deadly, step)


@pytest.mark.long
@pytest.mark.parametrize("step", [each for each in Step if each not in {Step.STATUS_KEPT, Step.COMMITTED}])
def test_f01_killed_after(deadly: Serving, step: Step) -> None:
    """F-01. Red if anything is committed before the status is kept: rows, positions, heads or manifests alone."""
    die_at(deadly, step)


def test_f01_killed_after_the_answer(deadly: Serving) -> None:
    """F-01, the last step. Red if an acknowledged publication lies only in the memory of the process that took it."""
    group = group_of(deadly)
    group.post(group.make())
    deadly.restart()
    check(group)


def test_f01_a_killed_worker_is_replaced(served: Serving) -> None:
    """I6. Red if the server ends, or goes on with fewer processes, when one of them is killed."""
    group = group_of(served)
    with served.start(workers=2) as server:
        _, worker, _ = server.pids()
        os.kill(worker, signal.SIGKILL)
        sent = group.make()
        while sent.status is None:  # a connection that the dead one had accepted ends without an answer
            try:
                group.post(sent, server.url)
            except requests.ConnectionError:
                continue
        while len(server.pids()) < 3 or worker in server.pids():
            assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        check(group, server.url)
