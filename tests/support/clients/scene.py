"""What happens while a client polls? A group with a publisher at work, and readers who may see part of it, or all."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from policies.agreement import Agreement
from support.served import Serving, accepted, post
from support.stage import indicator
from support.world import Cirt, envelope_of

STEPS, EACH = 8, 4
"""Publications beside the polls, and objects of each label in one of them."""


@dataclass(slots=True)
class Scene:
    """A group of a publisher, a reader cleared for GREEN and one cleared for AMBER; what each is owed, in order."""

    served: Serving
    publisher: Cirt
    readers: dict[str, Cirt]
    group: Agreement
    owed: dict[str, list[str]] = field(default_factory=lambda: {"green": [], "amber": []})
    _next: int = 0

    @classmethod
    def make(cls, served: Serving, **changes: Any) -> "Scene":
        """A scene of its own on a served hub."""
        a, green, amber = served.cirt("publisher"), served.cirt("green"), served.cirt("amber")
        parties = [(a, "both", "amber"), (green, "receiver", "green"), (amber, "both", "amber")]
        return cls(served, a, {"green": green, "amber": amber}, served.world.agreement(parties, **changes))

    def publish(self, each: int = EACH) -> None:
        """Publish an envelope of two manifests: so many GREEN objects, then as many AMBER ones."""
        green = [indicator(self._next + number) for number in range(each)]
        amber = [indicator(self._next + each + number) for number in range(each)]
        self._next += 2 * each
        proofs = [self.publisher.manifest(self.group, part, tlp) for part, tlp in ((green, "green"), (amber, "amber"))]
        raw = envelope_of([*(item for _, items in proofs for item in items), *(manifest for manifest, _ in proofs)])
        accepted(post(self.served.url, self.publisher, self.group, raw))
        self.publisher.remember(self.group)
        self.owed["green"] += [value["id"] for value in green]
        self.owed["amber"] += [value["id"] for value in (*green, *amber)]

    @contextmanager
    def publishing(self, steps: int = STEPS) -> Iterator[Callable[[], bool]]:
        """Publish on in a thread; what is given says whether it still goes on."""
        faults: list[BaseException] = []
        done = threading.Event()

        def work() -> None:
            try:
                for _ in range(steps):
                    self.publish()
            except BaseException as error:  # noqa: BLE001 - it is raised again below
                faults.append(error)
            finally:
                done.set()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield lambda: not done.wait(0.01)
        finally:
            thread.join()
        if faults:
            raise faults[0]

    def follow(self, run: Callable[[], object], rounds: int = 3) -> None:
        """Run a client again and again while members publish, and `rounds` times more once they have finished."""
        self.publish()
        with self.publishing() as going:
            run()
            while going():
                run()
        for _ in range(rounds):
            run()
