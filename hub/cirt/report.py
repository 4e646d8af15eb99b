"""What is said of what was received? Counts, streams, and everything that is not as it should be, by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from keys.chain import Stream, StreamVerdict
from keys.verdicts import ACCEPTABLE, Finding, Reader, Verdict

from . import show
from .ledger import StoredLedger

MOST = 10_000
"""Findings that are told one by one; the counts are always whole."""


@dataclass(slots=True)
class Report:
    """The outcome of a poll or of a verification.

    Attributes:
        counts: verdict to number of objects.
        streams: the judgement on each stream.
        findings: what is wrong with objects and files, the first `MOST`.
        manifests: manifests that prove nothing: id, version, verdict, fault, place.
    """

    counts: dict[Verdict, int]
    streams: Sequence[Stream]
    findings: list[Finding] = field(default_factory=list)
    manifests: Sequence[tuple[str, str | None, str, str, str]] = ()

    @property
    def good(self) -> bool:
        """Whether there is nothing that must be looked at."""
        objects = all(verdict in ACCEPTABLE for verdict, count in self.counts.items() if count)
        streams = all(stream.verdict is StreamVerdict.COMPLETE for stream in self.streams)
        return objects and streams and not self.manifests and not self.findings

    @property
    def remedy(self) -> str:
        """What to do about a report that is not good."""
        bad = {str(verdict) for verdict, count in self.counts.items() if count and verdict not in ACCEPTABLE}
        if bad | {verdict for _, _, verdict, _, _ in self.manifests} == {str(Verdict.UNKNOWN_SIGNER)}:
            return (
                "some of it is signed by a key that was never confirmed: have its fingerprint read to you over another"
                " channel, then: cirt keys pin (cirt keys list shows whom you know)"
            )
        return "not everything is as it was signed; see above, and ask the publisher"

    def view(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "good": self.good,
            "verdicts": {str(verdict): count for verdict, count in sorted(self.counts.items())},
            "streams": {f"{stream.publisher}/{stream.label}": str(stream.verdict) for stream in self.streams},
            "stream_faults": {f"{s.publisher}/{s.label}": list(s.faults) for s in self.streams if s.faults},
            "findings": [
                {"verdict": str(f.verdict), "id": f.id, "version": f.version, "message": f.sentence, "place": f.place}
                for f in self.findings
            ],
            "manifests": [
                dict(zip(("id", "version", "verdict", "message", "place"), row, strict=True)) for row in self.manifests
            ],
        }

    def tell(self) -> None:
        """Give the report as tables."""
        rows: list[tuple[object, ...]] = [
            (f.verdict, f.id or f.place, f.version or "", f"{f.sentence} ({f.place})" if f.place else f.sentence)
            for f in self.findings
        ]
        rows += [
            (verdict, stix_id, iat or "", f"{why} ({place})") for stix_id, iat, verdict, why, place in self.manifests
        ]
        if rows:
            show.table(("verdict", "object or manifest", "version", "why"), rows)
        told = [
            (
                stream.verdict,
                stream.publisher,
                stream.label,
                stream.head.seq if stream.head else 0,
                "; ".join(stream.faults),
            )
            for stream in self.streams
        ]
        if told:
            show.table(("stream", "publisher", "label", "seq", "why"), told)
        show.table(("verdict", "objects"), sorted(self.counts.items()))


def report_of(reader: Reader, ledger: StoredLedger, streams: Sequence[Stream], more: Iterable[Finding] = ()) -> Report:
    """The report once all is in.

    Args:
        reader: who judged.
        ledger: its book.
        streams: the judgement on each stream.
        more: findings about files, told first.
    """
    findings: list[Finding] = []
    for finding in more:
        reader.counts[finding.verdict] = reader.counts.get(finding.verdict, 0) + 1
        findings.append(finding)
    for finding in reader.leftovers():
        if len(findings) < MOST:
            findings.append(finding)
    return Report(reader.counts, streams, findings, ledger.faulty())
