"""Labels: the four encodings, the strictest wins, nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.labels import (
    PINNED,
    PINNED_DEFINITIONS,
    TLP2_EXTENSION,
    TLP2_MARKINGS,
    TLP_LABELS,
    Label,
    UnknownLabel,
    own_label,
    read_markings,
)
from policies.reasons import Refusal
from support.marked import Thing, tlp

TLP1 = {
    "613f2e26-407d-48c7-9eca-b8e91df99dc9": Label.CLEAR,
    "34098fce-860f-48ae-8e50-ebd3cc5e41da": Label.GREEN,
    "f88d31f6-486f-44da-b317-01333bde0b82": Label.AMBER,
    "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Label.RED,
}
OPENCTI = "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37"
STATEMENT = "marking-definition--aaaaaaaa-0000-4000-8000-000000000000"

every_ref = st.sampled_from(sorted(PINNED))
every_text = st.sampled_from(sorted(TLP_LABELS))


def test_order() -> None:
    """Red if the order of the labels is not clear, green, amber, amber+strict, red."""
    assert [label.text for label in sorted(Label)] == ["clear", "green", "amber", "amber+strict", "red"]
    assert [int(label) for label in Label] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("text", ["", "white", "AMBER", "amber+Strict", "amber-strict", " red", "tlp:red"])
def test_other_spellings_are_no_label(text: str) -> None:
    """Red if a label in a manifest or agreement is guessed from another spelling."""
    with pytest.raises(UnknownLabel, match="amber\\+strict"):
        Label.of(text)


@given(st.sampled_from(Label))
def test_text_round_trip(label: Label) -> None:
    """Red if two labels share a text."""
    assert Label.of(label.text) is label


@pytest.mark.parametrize(
    ("markings", "texts", "expected"),
    [
        *(((identifier,), (), Label.of(text)) for text, identifier in TLP2_MARKINGS.items()),
        *(((f"marking-definition--{uuid}",), (), label) for uuid, label in TLP1.items()),
        ((OPENCTI,), (), Label.AMBER_STRICT),
        ((), ("tlp:white",), Label.CLEAR),
        *(((), (f"tlp:{label.text}",), label) for label in Label),
        (tlp("clear", "red"), (), Label.RED),
        ((*tlp("amber"), OPENCTI), ("tlp:green",), Label.AMBER_STRICT),
        (tlp("clear"), ("tlp:amber",), Label.AMBER),
        ((STATEMENT, *tlp("green")), (), Label.GREEN),
        ((STATEMENT,), (), None),
        ((), (), None),
    ],
)
def test_t14_own_label(markings: tuple[str, ...], texts: tuple[str, ...], expected: Label | None) -> None:
    """T-14. Red if one of the encodings is not read, or the laxest of several wins."""
    assert own_label(Thing(markings=markings, tlp_labels=texts)) == expected


@pytest.mark.parametrize("text", ["tlp:", "tlp:purple", "tlp: red", "tlp:amber strict", "tlp:ex:chr"])
def test_unlisted_tlp_label_is_refused(text: str) -> None:
    """Red if an unlisted ``tlp:`` label is ignored as if it were any other label."""
    with pytest.raises(Refusal) as refused:
        own_label(Thing(markings=tlp("clear"), tlp_labels=(text,)))
    assert [reason.code for reason in refused.value.reasons] == ["unknown-marking"]
    assert text in refused.value.reasons[0].sentence


@given(st.lists(every_ref), st.lists(every_text), st.lists(every_ref), st.lists(every_text))
def test_adding_a_marking_never_loosens(
    refs: list[str], texts: list[str], more_refs: list[str], more_texts: list[str]
) -> None:
    """Red if the own label is anything but a join: more markings, an equal or stricter label, in any order."""
    before = read_markings(tuple(refs), tuple(texts)).label
    after = read_markings(tuple(refs + more_refs), tuple(texts + more_texts)).label
    swapped = read_markings(tuple(reversed(refs + more_refs)), tuple(reversed(texts + more_texts))).label
    assert after == swapped
    assert before is None or (after is not None and after >= before)


@given(st.lists(every_ref, min_size=1), st.lists(every_text, min_size=1))
def test_encodings_join(refs: list[str], texts: list[str]) -> None:
    """Red if one encoding outranks another: together they say the stricter of what each says alone."""
    of_refs, of_texts = read_markings(tuple(refs), ()).label, read_markings((), tuple(texts)).label
    assert of_refs is not None
    assert of_texts is not None
    assert read_markings(tuple(refs), tuple(texts)).label == max(of_refs, of_texts)
    assert read_markings(tuple(refs * 2), ()) == read_markings(tuple(refs), ())


def test_pinned_definitions_are_the_five_constants() -> None:
    """Red if a shipped definition has another id, label or name than the OASIS one."""
    assert [definition["id"] for definition in PINNED_DEFINITIONS] == list(TLP2_MARKINGS.values())
    for definition, text in zip(PINNED_DEFINITIONS, TLP2_MARKINGS, strict=True):
        assert definition["name"] == f"TLP:{text.upper()}"
        assert definition["extensions"] == {
            TLP2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": text},
        }


def test_ids_are_pinned_once() -> None:
    """Red if two encodings are given the same id by a slip."""
    assert len(PINNED) == 10
    assert [list(PINNED.values()).count(label) for label in Label] == [2, 2, 2, 2, 2]
