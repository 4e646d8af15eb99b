"""From the hub to disk: proofs, then data with every version, then proofs again, from the stored cursors.

Each page: parsed strictly, written and synced, then judged, and the cursor moved, in one transaction.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from feeds.errors import BadAnswer
from feeds.page_guard import RawPage
from keys.envelope import Item, item_of
from keys.errors import KeysError
from keys.verdicts import Reader

from . import show
from .destinations import Destination, Written, record
from .ledger import StoredLedger
from .link import Link
from .state import State
from .terms import Place

ALL_VERSIONS = {"version": "all"}
DATA, PROOFS = "data_after", "proofs_after"


@dataclass(slots=True)
class Drain:
    """One run of a poll.

    Attributes:
        link: the way to the hub.
        state: where the cursors and the book lie.
        place: the group.
        ledger: the book.
        reader: who judges.
        destination: where pages go.
        shield: entered around each page, from its first byte on disk until its cursor is moved.
        objects: objects received so far.
    """

    link: Link
    state: State
    place: Place
    ledger: StoredLedger
    reader: Reader
    destination: Destination
    shield: Callable[[], AbstractContextManager[None]] = nullcontext
    objects: int = 0

    def all(self) -> None:
        """Drain proofs, data, proofs. What the last of these lists may not be in the data yet: it is due next time."""
        with self.state.change():
            self.ledger.due()
        self._proofs()
        self._data()
        self.ledger.late = True
        self._proofs()

    def _proofs(self) -> None:
        pages = self.link.collection(self.place.proofs).pages(added_after=self._cursor(PROOFS), match=ALL_VERSIONS)
        for page in pages:
            items = self._items(page)
            if items:
                with self.shield():
                    self._manifests(page, items)

    def _manifests(self, page: RawPage, items: Sequence[Item]) -> None:
        written = self.destination.page("manifests", _position(page.first), [item.canonical for item in items])
        with self.state.change():
            for number, item in enumerate(items, start=1):
                self.reader.manifest(item, _place(written, number))
            self._move(PROOFS, _position(page.last), written)

    def _data(self) -> None:
        pages = self.link.collection(self.place.id).pages(added_after=self._cursor(DATA), match=ALL_VERSIONS)
        with show.progress("receiving") as steps:
            for page in pages:
                items = self._items(page)
                if items:
                    with self.shield():
                        self._objects(page, items)
                    steps.on(len(items))

    def _objects(self, page: RawPage, items: Sequence[Item]) -> None:
        written = self.destination.page("objects", _position(page.first), [item.canonical for item in items])
        with self.state.change():
            for number, item in enumerate(items, start=1):
                self.reader.object(item, _place(written, number))
            self._move(DATA, _position(page.last), written)
        self.objects += len(items)

    def _items(self, page: RawPage) -> Sequence[Item]:
        values: list[Any] = page.objects
        if not all(isinstance(value, dict) for value in values):
            raise BadAnswer(f"{page.url} sends something that is no object.")
        try:
            return [item_of(value) for value in values]
        except KeysError as error:
            raise BadAnswer(f"{page.url} sends an object that cannot be taken: {error}") from error

    def _cursor(self, name: str) -> int | None:
        position: int | None = self.state.row(f"SELECT {name} FROM groups WHERE no = ?", self.place.no)[0]  # noqa: S608 - fixed names
        return position

    def _move(self, name: str, position: int, written: Written) -> None:
        record(self.state, self.place.no, written)
        self.state.run(f"UPDATE groups SET {name} = ? WHERE no = ?", position, self.place.no)  # noqa: S608 - fixed names


def _position(position: int | None) -> int:
    if position is None:
        raise BadAnswer("The hub sends a page without its dates (X-TAXII-Date-Added-First, -Last, TAXII 2.1 §5.4).")
    return position


def _place(written: Written, number: int) -> str:
    return f"{written.place}:{number}" if written.whole else written.place
