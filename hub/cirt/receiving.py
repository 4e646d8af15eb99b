"""One round of a poll: what is new in a group, on disk and judged; the cursor moved page by page."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feeds.timestamps import format_taxii
from keys.ring import Ring, RingKey
from keys.verdicts import Reader

from .destinations import open_destination
from .draining import Drain
from .ledger import StoredLedger
from .reception import candidates, footing, knowledge, pin_first_seen, silent_parties
from .report import Report, report_of
from .run import Run
from .state import State
from .terms import Place, digest_open, look_up

RECEIVED = "received"
_ANEW = (
    "the hub began a new epoch since the last poll: it was restored from a backup, or a standby took over. What you"
    " hold stays good and polling goes on; what was published shortly before may be gone there until it is posted"
    " again. If you publish: your next `cirt publish` says whether you have to"
)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be polled, and how.

    Attributes:
        group: its alias or id.
        out: folder for page files; None: one in the profile.
        ndjson: a growing file instead, or `-`.
        require_confirmed: whether keys pinned at first sight do not count.
        silent_days: after how many days a party counts as silent.
    """

    group: str
    out: Path | None
    ndjson: str | None
    require_confirmed: bool
    silent_days: int


@dataclass(frozen=True, slots=True)
class Round:
    """What a round brought.

    Attributes:
        report: the judgement on all that is held.
        answer: the same for programs.
        keys: what is to be said of keys, lines.
        remarks: what else is to be said.
    """

    report: Report
    answer: dict[str, Any]
    keys: tuple[str, ...]
    remarks: tuple[str, ...]


def receive(run: Run, order: Order, shield: Callable[[], AbstractContextManager[None]] = nullcontext) -> Round:
    """Drain the group from the stored cursors, and judge.

    Args:
        run: this run of the command.
        order: what is wanted.
        shield: entered around each page, from its first byte on disk until its cursor is moved.

    Raises `CirtError`, `FeedsError`, `OSError`; whatever ends it, the next round goes on from there.
    """
    profile = run.profile()
    with run.state() as state, run.link(profile) as link:
        place = look_up(link, state, order.group)
        digest_open(place)
        offered = candidates(link, place.id)
        ring, first_seen = pin_first_seen(profile, offered)
        ledger = StoredLedger(state, place.no)
        basis = footing(state, place, ring, run.clock(), require_confirmed=order.require_confirmed)
        reader = Reader(basis, ledger)
        with state.change():
            ledger.judge_again(basis, reader)
        folder = order.out or run.home / RECEIVED / place.alias
        with open_destination(state, place.no, folder, order.ndjson) as destination:
            drain = Drain(link, state, place, ledger, reader, destination, shield)
            drain.all()
        known = knowledge(state, place)
        anew = _began_anew(state, place)
        with state.change():
            state.run(
                "UPDATE groups SET polled_at = ?, epoch = coalesce(?, epoch) WHERE no = ?",
                basis.at,
                place.epoch,
                place.no,
            )
        report = report_of(reader, ledger, ledger.streams(known.origins, known.told))
        silent = silent_parties(state, place, ledger, profile.member, basis.at, order.silent_days)
        cursor = _cursor(state, place)
    answer = {
        "group": place.id,
        "alias": place.alias,
        "objects": drain.objects,
        "cursor": cursor,
        **report.view(),
        "first_seen": [{"member": key.member, "fingerprint": key.key.fingerprint} for key in first_seen],
        "silent": silent,
        "new_epoch": anew,
        "destination": order.ndjson or str(folder),
    }
    remarks = _remarks(silent, order.silent_days, has_baseline=known.has_baseline)
    return Round(report, answer, tuple(_about_keys(first_seen, ring, offered)), (*([_ANEW] if anew else ()), *remarks))


def _began_anew(state: State, place: Place) -> bool:
    """Whether the hub names another epoch than at the last poll that was finished; a first poll has none to compare."""
    before = state.row("SELECT epoch FROM groups WHERE no = ?", place.no)[0]
    return None not in (before, place.epoch) and before != place.epoch


def _cursor(state: State, place: Place) -> str | None:
    position = state.row("SELECT data_after FROM groups WHERE no = ?", place.no)[0]
    return None if position is None else format_taxii(position)


def _about_keys(first_seen: Sequence[RingKey], ring: Ring, offered: Sequence[RingKey]) -> list[str]:
    """Which keys are new, changed or revoked; the hub's word changes nothing in the ring of its own accord."""
    lines: list[str] = []
    for key in first_seen:
        lines.append(f"first seen, and believed from now on: key of {key.member}: {key.key.fingerprint}")
        lines.append(f"  compare it over another channel, then: cirt keys pin {key.member} '{key.key.fingerprint}'")
    for key in offered:
        held = ring.keys.get(key.kid)
        if key.revoked and held is not None and not held.revoked:
            lines.append(f"the hub says that a key of {key.member} was revoked: {key.key.fingerprint}; ask its owner,")
            lines.append(f"  and if it is so, then: cirt keys revoke {key.member} '{key.key.fingerprint}'")
        elif not key.revoked and held is None:
            lines.append(
                f"another key of {key.member} than the one you know is at the hub: {key.key.fingerprint}\n"
                "  what it signs is `unknown-signer` until you compare it over another channel, and then run:\n"
                f"  cirt keys pin {key.member} '{key.key.fingerprint}'"
            )
    return lines


def _remarks(silent: Sequence[dict[str, str | None]], days: int, *, has_baseline: bool) -> list[str]:
    none = "this agreement was not accepted from this profile, so there is no baseline to judge gaps by"
    gone = [(each["member"], each["last"] or "never") for each in silent]
    quiet = [f"silent for more than {days} days: {member}, last heard of: {last}" for member, last in gone]
    return quiet if has_baseline else [none, *quiet]
