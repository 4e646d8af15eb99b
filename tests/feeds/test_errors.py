"""Sentences: fit for a log, a terminal and a TAXII status, whatever was received."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import MAX_SENTENCE, BadQuery, FeedsError, clipped, shown


@given(st.text())
def test_received_text_in_a_sentence(text: str) -> None:
    """Red if control characters are echoed, or a text is shown at any length."""
    assert shown(text).isprintable()
    assert len(shown(text)) < 600
    assert FeedsError(text).sentence.isprintable()


def test_bounds() -> None:
    """Red if a sentence may be as long as what was received."""
    assert len(clipped("x" * 10_000)) == MAX_SENTENCE == 500
    assert shown("x" * 10_000).endswith("…`")
    assert shown("\u001b[2J") == "`\\u001b[2J`"
    assert shown(["x"]) == "`list`"


def test_the_sentence_is_the_message() -> None:
    """Red if `str(error)` differs from what people are told."""
    assert str(BadQuery("`limit` must be a number")) == "`limit` must be a number"
