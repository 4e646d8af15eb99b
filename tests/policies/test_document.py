"""TOML documents: what cannot be read is refused with a sentence, and every fault names its key and line."""

import tomllib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.agreement import read_agreement
from policies.document import MAX_DOCUMENT
from policies.reasons import BadDocument
from policies.toml_lines import key_lines
from support.agreements import FROM, A, B, agreement_toml


@pytest.mark.parametrize(
    ("key", "overrides", "marker"),
    [
        ("terms.celing", {"terms": {"celing": "x"}}, "celing"),
        ("party[2].rol", {"parties": [{"member": A}, {"member": B, "rol": "x"}]}, "rol ="),
        ("party[2].role", {"parties": [{"member": A}, {"member": B, "role": "chief"}]}, '"chief"'),
        ("validity.until", {"validity": {"until": FROM}}, "until ="),
        ("celing", {"celing": "amber"}, "celing"),
    ],
)
def test_faults_name_the_line(key: str, overrides: dict[str, Any], marker: str) -> None:
    """Red if the line of a key is counted from 0, or keys of the second party are found in the first."""
    raw = agreement_toml(**overrides).replace(b'"To warn each other early."', b'"""\n[terms]\nceling = 1\n"""', 1)
    expected = max(number for number, line in enumerate(raw.decode().split("\n"), 1) if marker in line)
    with pytest.raises(BadDocument) as bad:
        read_agreement(raw)
    assert (bad.value.key, bad.value.line) == (key, expected)
    assert str(bad.value).startswith(f"line {expected}, `{key}`: ")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (agreement_toml().replace(b"\n", b"\r\n"), "line 1: a carriage return; the digest is over LF line ends"),
        (agreement_toml().replace(b"early", b"e\rarly"), "line 7: a carriage return"),
        (b"\xef\xbb\xbf" + agreement_toml(), "byte order mark"),
        (agreement_toml().replace(b"early", b"\xe9arly"), "line 7: not UTF-8"),
        (agreement_toml() + b"x = \n", "no TOML"),
        (agreement_toml(version=None) + b"\n", "`version`: missing"),
        (b"version = 1\n" + agreement_toml(), "no TOML"),
        (b"a = " + b"[" * 20_000, "nested too deep"),
        (b"a = " + b"9" * 20_000, "number too long"),
        (b"\na" + b".a" * 3_000 + b" = 1\n" + agreement_toml(), "line 2: more than 1,000 dots"),
        (b"a" + b".a" * 900 + b" = 1\n" + agreement_toml(), "line 1, `a`: unknown key"),
        (b"#" * (MAX_DOCUMENT + 1), "are the most"),
        (b"", "`kind`: missing"),
        (agreement_toml().replace(b"[validity]", b"[validty]"), "`validty`: unknown key; did you mean `validity`?"),
        (
            b"retention_days = 30\n" + agreement_toml(),
            "line 1, `retention_days`: unknown key; known here are: kind, id",
        ),
        (b'party = ["x"]\n' + b"\n".join(line for line in agreement_toml(parties=[]).split(b"\n")), "[[party]]"),
    ],
    ids=[
        "crlf",
        "lone cr",
        "bom",
        "latin-1",
        "syntax",
        "missing",
        "twice",
        "nesting",
        "digits",
        "dots",
        "dots that are read",
        "size",
        "empty",
        "table misspelt",
        "key of another table",
        "list",
    ],
)
def test_unreadable_documents(raw: bytes, said: str) -> None:
    """Red if a document that cannot be taken is taken, or fails with anything but a sentence."""
    with pytest.raises(BadDocument) as bad:
        read_agreement(raw)
    assert said in str(bad.value)


def test_lines_of_inline_and_quoted_keys() -> None:
    """Red if keys of inline tables, dotted or quoted keys, or lists over several lines lose their line."""
    text = 'a.b = 1\n"c d" = [\n  1,\n  {x = 2},\n]\n[t]\nk = """\n[no]\n"""\n[[t.u]]\nv = 1\n[[t.u]]\n[t.u.w]\nz = 1\n'
    tomllib.loads(text)
    lines = key_lines(text)
    assert lines["a", "b"] == 1
    assert lines["c d", 1, "x"] == 2
    assert lines["t", "k"] == 7
    assert lines["t", "u", 0, "v"] == 11
    assert lines["t", "u", 1] == 12
    assert lines["t", "u", 1, "w", "z"] == 14
    assert ("no",) not in lines


def test_a_document_made_to_take_long_is_given_up() -> None:
    """Red if the search for lines is not bounded (it then takes minutes, not a timed half second)."""
    raw = agreement_toml(purpose="x", alias="NO").replace(b'"x"', b'"""\n' + b"]]\n" * 60_000 + b'"""')
    with pytest.raises(BadDocument, match="alias"):
        read_agreement(raw)


@given(st.binary(max_size=200), st.integers(0, 1500))
def test_any_bytes_are_read_or_refused(junk: bytes, place: int) -> None:
    """Red if some bytes bring up another error than `BadDocument`."""
    raw = agreement_toml()
    with suppress(BadDocument):
        assert read_agreement(raw[:place] + junk + raw[place:]).digest
