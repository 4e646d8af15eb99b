"""The whole way of a publication, from files to receipts; used by `publish` and, up to the envelope, by `sign`.

Unanswered envelopes of an earlier run go first. Each envelope lies on disk before it leaves, so that whatever happens,
the next run posts the same bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from feeds.errors import FeedsError
from keys.head import Head
from policies.agreement import Agreement
from policies.labels import Label

from . import show
from .checking import Checked
from .faults import Exit, Failure, Faulty, ending
from .heads import confirmed_heads
from .leaving import Leaving
from .link import Link
from .marking import MarkedCopies
from .memory import FOLDER, Fate, Sent, heads_of, keep, raise_heads, unanswered
from .posting import Posted, post
from .preparing import Prepared, Wish, prepare
from .profile import Profile
from .reading import Found
from .rehearsing import Rehearsal, rehearse
from .run import Run
from .signing import Pen, SignedEnvelope, sign
from .splitting import Part, envelopes, split, too_large
from .state import State
from .terms import Place, look_up, signed_under


@dataclass(slots=True)
class Desk:
    """What a publication is made with.

    Attributes:
        run: this run of the command.
        profile: the member's.
        link: the way to the hub.
        state: the member's memory.
        place: the group.
        agreement: the version in force, accepted from here.
        most: bytes of the largest body that the hub takes.
    """

    run: Run
    profile: Profile
    link: Link
    state: State
    place: Place
    agreement: Agreement
    most: int

    @classmethod
    def set_up(cls, run: Run, profile: Profile, link: Link, state: State, group: str) -> "Desk":
        """Look up the group and its text. Raises `Denied` where nothing can be published."""
        place = look_up(link, state, group)
        return cls(run, profile, link, state, place, signed_under(state, place), link.max_content_length())

    def prepare(
        self, found: Sequence[Found], label: Label | None, leaving: Leaving, *, as_is: bool, keep: bool = True
    ) -> Prepared:
        """Check, label and mark, without what may be left out; raises `Faulty`, `UsageError` as `hub.cirt.preparing`.

        Where something may be left out, the hub is asked for its judgement too, before anything is signed.
        """
        wish = Wish(self.profile.member, self.agreement, label, as_is, self.run.clock(), leaving.codes)

        def attempt(some: Sequence[Found]) -> Prepared:
            prepared = prepare(some, wish, MarkedCopies(self.state, keep))
            large = too_large((each for each, _ in prepared.labelled), self.most)
            if large:
                raise Faulty("some objects are too large for this hub; nothing was signed", large, refused=False)
            return prepared

        return leaving.prepare(found, attempt, lambda prepared: self.rehearse(prepared).failures)

    def rehearse(self, prepared: Prepared) -> Rehearsal:
        """The hub's judgement on each manifest to be; nothing is signed."""
        parts = [part for packed in self.packed(prepared.labelled) for part in packed]
        return rehearse(self.link, self.place.id, parts, self.most)

    def packed(self, labelled: Sequence[tuple[Checked, Label]]) -> list[list[Part]]:
        """The parts of each envelope."""
        return envelopes(split(labelled, self.most), self.most)

    def pen(self) -> Pen:
        """This member's key, for this group and text."""
        return Pen(self.profile.member, self.run.signer(self.profile), self.place.id, self.agreement.digest)

    def heads(self, pen: Pen) -> dict[str, Head]:
        """Where each stream stands, confirmed against memory, and remembered."""
        ring = self.profile.own_key_in(self.profile.ring(), pen.signer)
        kept = self.run.home / FOLDER / self.place.id
        remembered = heads_of(self.state, self.place.id)
        heads = confirmed_heads(self.link, self.place.id, self.profile.member, remembered, ring, kept)
        raise_heads(self.state, self.place.id, heads.items())
        return heads

    def keep(self, signed: SignedEnvelope, fate: Fate) -> Sent:
        """Put the envelope on disk."""
        alias = self.place.alias
        return keep(self.state, self.run.home, alias, signed.raw, signed.manifests, self.run.clock(), fate=fate)

    def post(self, sent: Sent) -> Posted:
        """Post a kept envelope and keep what came of it."""
        try:
            return post(self.link, self.state, sent, self.profile.receipt_key)
        except FeedsError as error:
            end = ending(error)
            if end is not None and end.exit is Exit.UNREACHABLE:
                show.say("what was signed is kept: run the same command again, and the same bytes are posted first")
            raise

    def post_unanswered(self) -> Iterator[Posted]:
        """Post again what an earlier run signed and never heard of; the hub answers what it took in as it did then."""
        for sent in unanswered(self.state, self.run.home, self.place.id):
            show.say(f"posting again what was signed earlier and not answered: {sent.path.name}")
            yield self.post(sent)


@dataclass(slots=True)
class Result:
    """What became of all of it."""

    publications: list[dict[str, Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    unsent: int = 0

    def take(self, posted: Posted) -> None:
        """Add what became of one envelope."""
        self.publications += posted.publications
        self.failures += posted.failures


def publish_all(desk: Desk, prepared: Prepared, again: Sequence[Posted]) -> Result:
    """Sign and post all of it, envelope by envelope; the first refusal stops.

    Args:
        desk: what it is made with.
        prepared: the objects.
        again: what was posted again before: the objects in it need no second manifest.
    """
    result = Result()
    wanted = {each.item.entry for each, _ in prepared.labelled}
    for posted in again:
        if posted.failures and wanted.issuperset(entry for m in posted.manifests for entry in m.entries):
            show.say(f"what was signed earlier was refused ({posted.failures[0].code}); its objects are signed anew")
        else:
            result.take(posted)
    done = {(entry, m.tlp) for posted in again if posted.publications for m in posted.manifests for entry in m.entries}
    labelled = [pair for pair in prepared.labelled if (pair[0].item.entry, pair[1].text) not in done]
    if not labelled:
        return result
    pen = desk.pen()
    heads = desk.heads(pen)
    packed = desk.packed(labelled)
    with show.progress("publishing", len(labelled)) as steps:
        for index, parts in enumerate(packed):
            sent = desk.keep(sign(parts, pen, heads, desk.run.clock()), Fate.PENDING)
            posted = desk.post(sent)
            result.take(posted)
            if posted.failures:
                result.unsent = sum(len(part.objects) for rest in packed[index:] for part in rest)
                return result
            steps.on(sum(len(part.objects) for part in parts))
    return result
