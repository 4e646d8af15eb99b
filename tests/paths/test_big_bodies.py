"""What do big bodies cost `cirt-hub serve`? A known answer each, and memory in proportion (T-50)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keys.envelope import MAX_ITEMS, item_of
from policies.agreement import Agreement
from support.served import Poller, Serving, post
from support.stage import indicator
from support.stix_objects import observable
from support.world import Cirt, envelope_of

MOST = 10 * 1024 * 1024
BLOCK = 65_536


def thousand(cirt: Cirt, group: Agreement) -> bytes:
    """A publication of 1,000 objects of about 10 kB."""
    return cirt.envelope(group, [indicator(number, description="y" * 9_500) for number in range(1000)])


def padded(more: int) -> Callable[[Cirt, Agreement], bytes]:
    """The same with blanks after it, up to the limit and so many bytes more."""

    def make(cirt: Cirt, group: Agreement) -> bytes:
        raw = thousand(cirt, group)
        return raw + b" " * (MOST + more - len(raw))

    return make


def largest(cirt: Cirt, group: Agreement) -> bytes:
    """A publication of one object just below 1 MiB."""
    return cirt.envelope(group, [indicator(1, description="x" * ((1 << 20) - 500))])


def tiny(number: int) -> Callable[[Cirt, Agreement], bytes]:
    """So many objects, nothing signed."""

    def make(_cirt: Cirt, _group: Agreement) -> bytes:
        ids = (f"ipv4-addr--8e2e2d2b-17d4-4cbf-938f-{each:012x}" for each in range(number))
        return envelope_of([item_of(observable(id=stix_id)) for stix_id in ids])

    return make


def empty_objects(_cirt: Cirt, _group: Agreement) -> bytes:
    """As many objects as a body can hold."""
    return b'{"objects":[' + b"{}," * 3_000_000 + b"{}]}"


def peak(pid: int) -> int:
    """The most memory the process has had since the last look, bytes; and begin to look anew."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # proc(5): resets the peak
    return int(found.split()[1]) * 1024


CASES: list[tuple[str, Callable[[Cirt, Agreement], bytes], int, float]] = [
    ("1,000 objects", thousand, 202, 8),
    ("exactly the limit", padded(0), 202, 8),
    ("one object of 1 MiB", largest, 202, 12),  # of a small body: what the rest of the walk needs shows
    ("a byte beyond the limit", padded(1), 413, 1),
    ("as many unsigned objects as may be", tiny(MAX_ITEMS), 202, 70),
    ("50,000 tiny objects", tiny(50_000), 422, 20),
    ("3,000,000 empty objects", empty_objects, 422, 40),
]


@pytest.mark.parametrize(("_case", "make", "status", "times"), CASES, ids=[case[0] for case in CASES])
def test_t50_memory_in_proportion(
    served: Serving, _case: str, make: Callable[[Cirt, Agreement], bytes], status: int, times: float
) -> None:
    """Red if a status is made for millions of objects, a body is kept in many forms at once, or polls wait for it."""
    a, b, group = served.pair()
    raw = make(a, group)
    worker = served.first.pids()[-1]
    peak(worker)
    before = peak(worker)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(post, served.url, a, group, raw)
        assert Poller(served.url, b, group.proofs).poll() == []
    assert answer.result().status_code == status, answer.result().text[:300]
    assert peak(worker) - before < times * len(raw)


def test_t50_chunked_beyond_the_limit(served: Serving) -> None:
    """H-5. Red if a body without a length is cut at the limit, where its prefix is a good envelope, and taken."""
    a, b, group = served.pair()
    raw = padded(1)(a, group)

    def blocks() -> Iterator[bytes]:
        for start in range(0, len(raw), BLOCK):
            yield raw[start : start + BLOCK]

    assert post(served.url, a, group, blocks()).status_code == 413
    assert Poller(served.url, b, group.id).poll() == []
