"""What was agreed, as this member was shown it and accepted it? Agreement texts, acceptances, the hub's baselines.

A text counts by its own digest only, whatever the hub says of it. The version that is signed under is one that was
accepted here: a hub cannot bring in new recipients by a new text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import click

from feeds.errors import BadAnswer
from keys.baseline import Baseline, read_baseline, verify_baseline
from keys.chain import Streams, origins
from keys.head import Head
from policies.agreement import Agreement, read_agreement

from .faults import CirtError, Denied
from .link import Link, dicts_of, text_of
from .profile import Profile
from .state import State

DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Place:
    """A sharing group as the hub names it to this member.

    Attributes:
        no: its number in the state file.
        id: UUID of the group, its data collection.
        proofs: UUID of its proofs collection.
        alias: its short name.
        in_force: digest of the version in force; None if there is none.
        said: the hub's whole answer.
    """

    no: int
    id: str
    proofs: str
    alias: str
    in_force: str | None
    said: Mapping[str, Any]

    @property
    def epoch(self) -> str | None:
        """The hub's name for the life of its database; None from a hub that tells none."""
        epoch = self.said.get("epoch")
        return epoch if isinstance(epoch, str) else None


@dataclass(frozen=True, slots=True)
class Word:
    """This member's last word on a group: its counter, and the newest baseline of an acceptance."""

    n: int
    baseline: Baseline | None
    origins: Streams


def look_up(link: Link, state: State, name: str) -> Place:
    """The group of this alias or id, as the hub has it now; its texts that are new here are fetched and remembered."""
    if not name:
        raise click.UsageError("the group's name is empty: give its alias or id")
    said = link.agreement(name)
    identity, proofs, alias = (text_of(said, key) for key in ("group", "proofs", "alias"))
    if not alias or "/" in alias or alias.startswith("."):
        raise BadAnswer("The hub's answer has an `alias` that cannot name a folder; tell its operator.")
    in_force = said.get("agreement")
    held = {digest for (digest,) in state.rows("SELECT digest FROM shown WHERE grp = ?", identity)}
    texts = {digest: _text(link, identity, digest) for digest in digests_shown(said) if digest not in held}
    with state.change():
        state.run(
            "INSERT INTO groups (id, proofs, alias, in_force) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " proofs = excluded.proofs, alias = excluded.alias, in_force = excluded.in_force",
            identity,
            proofs,
            alias,
            in_force,
        )
        for digest, raw in texts.items():
            state.run("INSERT INTO shown (grp, digest, document, at) VALUES (?, ?, ?, 0)", identity, digest, raw)
    number = state.row("SELECT no FROM groups WHERE id = ?", identity)[0]
    return Place(number, identity, proofs, alias, in_force if isinstance(in_force, str) else None, said)


def recall(state: State, name: str) -> Place:
    """The group of this alias or id as it was last seen; asks nobody. Raises `CirtError` if it never was."""
    row = state.row("SELECT no, id, proofs, alias, in_force FROM groups WHERE alias = ? OR id = ?", name, name)
    if row is None:
        raise CirtError(f"nothing of {name!r} was ever received here; begin with `cirt poll --group {name}`")
    return Place(row[0], row[1], row[2], row[3], row[4], {})


def digests_shown(said: Mapping[str, Any]) -> list[str]:
    """Digests of the versions in the hub's answer, newest first."""
    return [text_of(each, "digest") for each in dicts_of(said, "versions")]


def _text(link: Link, group: str, digest: str) -> bytes:
    raw = link.document(group, digest)
    if sha256(raw).hexdigest() != digest:
        raise BadAnswer(
            f"The hub sends another text than the one with the digest {digest}. Accept nothing; tell its operator."
        )
    return raw


def text_held(state: State, group: str, digest: str) -> Agreement:
    """The agreement text with this digest, as it was shown here. Raises `CirtError`, `BadDocument`."""
    row = state.row("SELECT document FROM shown WHERE grp = ? AND digest = ?", group, digest)
    if row is None:
        raise CirtError(f"the text {digest} was never shown here; `cirt agreements` fetches what there is")
    return read_agreement(row[0])


def retentions(state: State, group: str) -> dict[str, int | None]:
    """Digest of each version shown or named in the baseline to its retention, microseconds; None: no text here."""
    found: dict[str, int | None] = {}
    word = last_word(state, group)
    if word is not None and word.baseline is not None:
        found = dict.fromkeys(word.baseline.agreements)
    for (document,) in state.rows("SELECT document FROM shown WHERE grp = ?", group):
        agreement = read_agreement(document)
        found[agreement.digest] = agreement.terms.retention_days * DAY
    return found


def last_word(state: State, group: str) -> Word | None:
    """What this member last said in a group from this profile; None: nothing yet."""
    row = state.row("SELECT n, jws, origins FROM baselines WHERE grp = ?", group)
    if row is None:
        return None
    held = {(publisher, label): Head(seq, digest) for publisher, label, seq, digest in json.loads(row[2])}
    return Word(row[0], None if row[1] is None else read_baseline(row[1])[0], held)


def accepted_here(state: State, place: Place) -> str | None:
    """Digest of the version last accepted from this profile; None: none was, or it was withdrawn from since."""
    word = last_word(state, place.id)
    digest = word.baseline.agreement if word and word.baseline else None
    return None if digest in _not_accepted(place) else digest


def _not_accepted(place: Place) -> set[object]:
    """Digests of the versions shown that the hub has as not accepted by this member."""
    return {each.get("digest") for each in dicts_of(place.said, "versions") if not each.get("accepted")}


def keep_word(state: State, profile: Profile, group: str, n: int, jws: str, *, accepted: str | None) -> Baseline:
    """Verify the hub's answer to an acceptance or withdrawal and keep it; a withdrawal leaves the baseline as it was.

    Args:
        state: where to.
        profile: whose pinned receipt key must have signed.
        group: UUID of the group.
        n: the counter that was used.
        jws: the baseline as received.
        accepted: digest of the version accepted; None for a withdrawal.

    Raises:
        BadSignature, Malformed: not by the pinned receipt key.
        CirtError: for another member, group or version.
    """
    baseline = verify_baseline(jws, profile.receipt_key)
    asked = (group, profile.member, accepted or baseline.agreement)
    if (baseline.group, baseline.member, baseline.agreement) != asked:
        raise CirtError(
            "the hub's baseline is for another member, group or text; tell its operator", code="bad-baseline"
        )
    before = last_word(state, group)
    if accepted is None:
        kept = state.row("SELECT jws, origins FROM baselines WHERE grp = ?", group) or (None, "[]")
    else:
        owed = origins(baseline, before.baseline if before else None, before.origins if before else None)
        kept = (jws, json.dumps([[*stream, head.seq, head.digest] for stream, head in sorted(owed.items())]))
    with state.change():
        state.run("INSERT OR REPLACE INTO baselines (grp, n, jws, origins) VALUES (?, ?, ?, ?)", group, n, *kept)
    return baseline


def digest_open(place: Place) -> str:
    """Digest of the version in force. Raises `Denied` where there is none, or it is not accepted: all is shut then."""
    if place.in_force is None:
        versions = dicts_of(place.said, "versions")
        states = ", ".join(f"version {each.get('version')} is {each.get('state')}" for each in versions)
        raise Denied(
            f"no version of {place.alias} is in force ({states or 'there is none'}): nothing is published or received"
            " meanwhile; ask the hub's operator",
            code="not-in-force",
        )
    if place.in_force in _not_accepted(place):
        raise Denied(
            f"{place.alias} is paused for you: its version in force is not accepted. Read it: cirt agreements"
            f" {place.alias} — then: cirt accept {place.alias}, and everything goes on where it was",
            code="not-accepted",
        )
    return place.in_force


def signed_under(state: State, place: Place) -> Agreement:
    """The version in force, which must have been accepted from this profile. Raises `Denied`."""
    accepted = accepted_here(state, place)
    if place.in_force is not None and accepted != place.in_force:
        raise Denied(
            f"the version of {place.alias} in force was not accepted from here. Read it: cirt agreements {place.alias}"
            f" — then accept it: cirt accept {place.alias}",
            code="not-accepted" if accepted is None else "agreement-changed",
        )
    return text_held(state, place.id, digest_open(place))
