"""Will these pages end? Watches a run of TAXII pages (TAXII 2.1 §3.5) for a server that would keep us for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from feeds.errors import BadAnswer, EndlessPages, shown

MAX_PAGES: Final = 100_000
"""Most pages of one run: a hundred million objects at a thousand a page."""
_REMEDY: Final = "Nothing further is read; tell its operator."


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as received.

    Attributes:
        url: The address that answered.
        body: The bytes, exactly.
        parsed: The same, as the caller's parser reads them.
        first: X-TAXII-Date-Added-First in microseconds since the epoch; None where absent.
        last: X-TAXII-Date-Added-Last likewise.
    """

    url: str
    body: bytes
    parsed: Mapping[str, Any]
    first: int | None
    last: int | None

    @property
    def objects(self) -> list[Any]:
        """The objects or manifest records.

        Raises:
            BadAnswer: `objects` is no list.
        """
        value = self.parsed.get("objects", [])
        if not isinstance(value, list):
            raise BadAnswer(f"{shown(self.url)} sends `objects` that are no list.")
        return value

    @property
    def more(self) -> bool:
        """Whether the server says that more follows."""
        return self.parsed.get("more") is True

    @property
    def next(self) -> str | None:
        """The token of the following page, where there is one."""
        value = self.parsed.get("next")
        return value if isinstance(value, str) and value else None


class PageGuard:
    """Judges the pages of one run, in order: `admit` each before it is used, then ask what is `following`."""

    def __init__(self, url: str, max_pages: int) -> None:
        """For error sentences, the address; and the most pages of this run."""
        self._where = shown(url)
        self._left = max_pages
        self._tokens: set[bytes] = set()
        self._before: RawPage | None = None

    def admit(self, page: RawPage) -> None:
        """See that a page goes on from the one before.

        Raises:
            EndlessPages: it goes back, is the same again, or is one too many.
            BadAnswer: its `objects` are no list.
        """
        before, self._before = self._before, page
        self._left -= 1
        if self._left < 0:
            raise EndlessPages(f"{self._where} has more pages than are read in one run. Go on from the last one.")
        if before is None or not page.objects:
            return
        if page.objects == before.objects:
            raise EndlessPages(f"{self._where} sends the same page again and again. {_REMEDY}")
        if page.last is not None and before.last is not None and page.last < before.last:
            raise EndlessPages(f"{self._where} sends pages that go back in time. {_REMEDY}")

    def following(self, page: RawPage) -> str | None:
        """The token of the page after this one; None where this is the last.

        Raises:
            EndlessPages: more is promised without a way to it, after an empty page, or by a token used before.
        """
        if not page.more:
            return None
        if page.next is None:
            raise EndlessPages(f"{self._where} promises more without saying where (`more` without `next`). {_REMEDY}")
        if not page.objects:
            raise EndlessPages(f"{self._where} promises more after an empty page. {_REMEDY}")
        token = hashlib.sha256(page.next.encode(errors="surrogatepass")).digest()
        if token in self._tokens:
            raise EndlessPages(f"{self._where} gives the same `next` a second time. {_REMEDY}")
        self._tokens.add(token)
        return page.next
