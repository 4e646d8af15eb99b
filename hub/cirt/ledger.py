"""The reader's book in the state file: what is awaited, what has arrived, what belongs to nobody (`keys.verdicts`)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from keys.chain import ANYONE, Link, Stream, Streams, judge_stream
from keys.entries import Entry
from keys.envelope import read_item
from keys.head import Head
from keys.manifest import read_manifest
from keys.verdicts import Footing, Judged, Loose, Reader, Source, Verdict, judge_manifest

from .state import State

_PIECE = 500
PROVEN = str(Verdict.VERIFIED)
UNKNOWN = str(Verdict.UNKNOWN_SIGNER)
_DOUBTED = "more of it is here, signed by a key that your ring does not vouch for"


class StoredLedger:
    """The book of one group; `late` is whether manifests entered now list what the data drain may not have yet."""

    def __init__(self, state: State, grp: int) -> None:
        self._state = state
        self._grp = grp
        self.late = False
        self._sources: dict[int, Source] = {}
        self._any_loose = state.row("SELECT 1 FROM loose WHERE grp = ? LIMIT 1", grp) is not None

    def add_manifest(self, judged: Judged, place: str, /) -> int | None:
        """Enter a manifest; its number, or None where these very bytes are entered already."""
        item, manifest = judged.item, judged.manifest
        sha256 = bytes.fromhex(item.sha256)
        if self._state.row("SELECT 1 FROM manifests WHERE grp = ? AND sha256 = ?", self._grp, sha256):
            return None
        stream: tuple[object, ...] = (None,) * 6
        if manifest is not None:
            stream = (manifest.iss, manifest.tlp, manifest.seq, manifest.prev, manifest.digest, manifest.iat)
        fault = None if judged.fault is None else f"{judged.fault.code}: {judged.fault}"
        shown = (str(judged.verdict), fault, judged.expires, self.late, place)
        return self._state.run(
            "INSERT INTO manifests (grp, sha256, id, publisher, label, seq, prev, digest, iat, verdict, fault, expires,"
            " late, place, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._grp, sha256, item.id, *stream, *shown, item.canonical,
        )  # fmt: skip

    def await_(self, number: int, keys: Sequence[bytes], /) -> None:
        """Enter what a manifest lists, in its order, save for what has arrived already."""
        arrived = self._among("arrived", "key", keys)
        rows = [(self._grp, key, number, place) for place, key in enumerate(keys) if (key,) not in arrived]
        self._state.run_many("INSERT OR IGNORE INTO awaited (grp, key, manifest, entry) VALUES (?, ?, ?, ?)", rows)

    def sources(self, key: bytes, /) -> Sequence[Source]:
        """The manifests that list an entry which has not arrived in good standing."""
        rows = self._state.rows("SELECT manifest FROM awaited WHERE grp = ? AND key = ?", self._grp, key)
        return [self._source(number) for (number,) in rows]

    def settled(self, key: bytes, /) -> Verdict | None:
        """The verdict of an object that has arrived in good standing."""
        row = self._state.row("SELECT relayed FROM arrived WHERE grp = ? AND key = ?", self._grp, key)
        return None if row is None else Verdict.RELAYED if row[0] else Verdict.VERIFIED

    def settle(self, key: bytes, verdict: Verdict, /) -> None:
        """An object has arrived in good standing: nothing awaits it any more, and it is not loose."""
        relayed = verdict is Verdict.RELAYED
        self._state.run("INSERT OR IGNORE INTO arrived (grp, key, relayed) VALUES (?, ?, ?)", self._grp, key, relayed)
        self._state.run("DELETE FROM awaited WHERE grp = ? AND key = ?", self._grp, key)
        if self._any_loose:
            self._state.run("DELETE FROM loose WHERE grp = ? AND key = ?", self._grp, key)

    def keep_loose(self, loose: Loose, /) -> None:
        """Enter an object that no proven manifest lists."""
        self._any_loose = True
        entry = loose.entry
        values = (self._grp, loose.key, entry.id, entry.version, entry.sha256, loose.author, loose.place)
        self._state.run("INSERT OR REPLACE INTO loose VALUES (?, ?, ?, ?, ?, ?, ?)", *values)

    def loose(self, keys: Sequence[bytes] | None = None, /) -> Iterator[Loose]:
        """The loose objects, all or those of the keys given."""
        columns = "key, id, version, sha256, author, place"
        rows: Iterable[tuple[Any, ...]]
        if not self._any_loose:
            return
        if keys is None:
            rows = self._state.rows(f"SELECT {columns} FROM loose WHERE grp = ?", self._grp)  # noqa: S608 - fixed names
        else:
            rows = self._among("loose", columns, keys)
        for key, stix_id, version, sha256, author, place in rows:
            yield Loose(key, Entry(stix_id, version, sha256), author, place)

    def missing(self) -> Iterator[tuple[Entry, str]]:
        """Entries of proven manifests, due by now, that have not arrived; each with the id of the manifest."""
        entries: tuple[Entry, ...] = ()
        before = None
        for number, place in self._state.stream(
            "SELECT min(manifest), entry FROM awaited WHERE grp = ? AND manifest IN"
            " (SELECT no FROM manifests WHERE grp = ? AND verdict = ? AND NOT late) GROUP BY key ORDER BY 1, 2",
            self._grp,
            self._grp,
            PROVEN,
        ):
            if number != before:
                name, body = self._state.row("SELECT id, body FROM manifests WHERE no = ?", number)
                entries, before = read_manifest(read_item(body), any_op=True).entries, number
            yield entries[place], name

    def due(self) -> None:
        """What was late when it was entered is due from now on."""
        self._state.run("UPDATE manifests SET late = 0 WHERE grp = ? AND late", self._grp)

    def judge_again(self, footing: Footing, reader: Reader) -> None:
        """Judge anew the manifests whose key, or agreement, was not known when they came; it may be now."""
        unproven = self._state.rows("SELECT no, body FROM manifests WHERE grp = ? AND verdict <> ?", self._grp, PROVEN)
        for number, body in unproven:
            judged = judge_manifest(read_item(body), footing)
            if judged.proven:
                self._state.run(
                    "UPDATE manifests SET verdict = ?, fault = NULL, expires = ? WHERE no = ?",
                    PROVEN,
                    judged.expires,
                    number,
                )
                self._sources.pop(number, None)
                reader.listed(number, judged)

    def faulty(self) -> list[tuple[str, str | None, str, str, str]]:
        """(id, version, verdict, fault, place) of every manifest that proves nothing."""
        return self._state.rows(
            "SELECT id, iat, verdict, fault, place FROM manifests WHERE grp = ? AND verdict <> ? ORDER BY no",
            self._grp,
            PROVEN,
        )

    def streams(self, origins: Streams, *known: Streams) -> list[Stream]:
        """The judgement on each stream, from all proven manifests.

        Args:
            origins: the heads after which everything is owed.
            known: heads seen earlier, or told by the baseline, which the streams must hold.
        """
        names = self._state.rows(
            "SELECT DISTINCT publisher, label FROM manifests WHERE grp = ? AND verdict = ? AND publisher IS NOT NULL",
            self._grp,
            PROVEN,
        )
        every: set[tuple[str, str]] = {*map(tuple, names), *(stream for heads in known for stream in heads)}
        judged = (
            judge_stream(
                *stream,
                self._links(*stream),
                since=origins.get(stream),
                opened=origins.get((ANYONE, stream[1])),
                known=[heads[stream] for heads in known if stream in heads],
            )
            for stream in sorted(every)
        )
        return [self._explained(stream) for stream in judged]

    def heads(self) -> dict[tuple[str, str], Head]:
        """The last proven manifest of each stream."""
        rows = self._state.rows(
            "SELECT publisher, label, max(seq), digest FROM manifests WHERE grp = ? AND verdict = ?"
            " GROUP BY publisher, label",
            self._grp,
            PROVEN,
        )
        return {(publisher, label): Head(seq, digest) for publisher, label, seq, digest in rows}

    def last_seen(self) -> dict[str, str]:
        """Publisher to the `iat` of its last proven manifest."""
        rows = self._state.rows(
            "SELECT publisher, max(iat) FROM manifests WHERE grp = ? AND verdict = ? GROUP BY publisher",
            self._grp,
            PROVEN,
        )
        return dict(rows)

    def _explained(self, stream: Stream) -> Stream:
        """The judgement, and the likely cause of its faults: what an unknown key signed is here, but proves nothing."""
        doubted = self._state.row(
            "SELECT 1 FROM manifests WHERE grp = ? AND publisher = ? AND label = ? AND verdict = ?",
            self._grp,
            stream.publisher,
            stream.label,
            UNKNOWN,
        )
        return replace(stream, faults=(*stream.faults, _DOUBTED)) if stream.faults and doubted else stream

    def _links(self, publisher: str, label: str) -> Iterator[Link]:
        rows = self._state.stream(
            "SELECT seq, prev, digest, iat FROM manifests"
            " WHERE grp = ? AND publisher = ? AND label = ? AND verdict = ?",
            self._grp,
            publisher,
            label,
            PROVEN,
        )
        return (Link(*row) for row in rows)

    def _source(self, number: int) -> Source:
        known = self._sources.get(number)
        if known is None:
            publisher, verdict, expires = self._state.row(
                "SELECT publisher, verdict, expires FROM manifests WHERE no = ?", number
            )
            known = self._sources[number] = Source(publisher or "", verdict == PROVEN, expires)
        return known

    def _among(self, table: str, columns: str, keys: Sequence[bytes]) -> set[tuple[Any, ...]]:
        found: set[tuple[Any, ...]] = set()
        for start in range(0, len(keys), _PIECE):
            piece = keys[start : start + _PIECE]
            marks = ", ".join("?" * len(piece))
            statement = f"SELECT {columns} FROM {table} WHERE grp = ? AND key IN ({marks})"  # noqa: S608 - fixed names
            found.update(self._state.rows(statement, self._grp, *piece))
        return found
