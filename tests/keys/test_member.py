"""Member documents: what an organisation may call itself, and errors that name key and line."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import BadDocument
from keys.member import read_member, unshowable

ID = "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
MINIMAL = f'kind = "member"\nid = "{ID}"\nalias = "cirt-kenya"\nname = "CIRT Kenya"\n'


def refusal(text: str | bytes) -> BadDocument:
    with pytest.raises(BadDocument) as caught:
        read_member(text if isinstance(text, bytes) else text.encode())
    return caught.value


def test_a_whole_document_is_read() -> None:
    """Red if a key is dropped, or the digest is not over the exact bytes."""
    raw = (
        MINIMAL
        + 'contact = "soc@cirt.example, +254 700 000 000"\nlanguages = ["en", "sw", "pt-BR"]\n'
        + 'region = "Africa"\nconstituency = "government networks"\n'
    ).encode()
    member = read_member(raw)
    assert (member.id, member.alias, member.name) == (ID, "cirt-kenya", "CIRT Kenya")
    assert (member.contact, member.languages) == ("soc@cirt.example, +254 700 000 000", ("en", "sw", "pt-BR"))
    assert (member.region, member.constituency) == ("Africa", "government networks")
    assert (member.raw, member.digest) == (raw, hashlib.sha256(raw).hexdigest())


def test_optional_keys_may_be_absent() -> None:
    """Red if an optional key is asked for."""
    member = read_member(MINIMAL.encode())
    assert (member.contact, member.languages, member.region, member.constituency) == ("", (), "", "")


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        (MINIMAL + "colour = 1\n", "colour", 5),
        (MINIMAL + '"colour" = 1\n', "colour", 5),
        (MINIMAL + "\n# one\n[keys]\nkid = 1\n", "keys", 7),
        (MINIMAL + "[[keys]]\n", "keys", 5),
        (MINIMAL + "colour.red = 1\n", "colour", 5),
        (MINIMAL + 'region = """a\ncolour = 1\n"""\ncolour = 1\n', "colour", 8),
        (MINIMAL.replace("cirt-kenya", "CIRT"), "alias", 3),
        (MINIMAL.replace("member", "agreement"), "kind", 1),
        (MINIMAL + "languages = 5\n", "languages", 5),
        (MINIMAL + "\nname_ = 5\n", "name_", 6),
    ],
)
def test_errors_name_the_key_and_its_line(text: str, key: str, line: int) -> None:
    """Red if the line is that of another key, or of a look-alike inside a text of several lines."""
    error = refusal(text)
    assert error.details == {"key": key, "line": line}
    assert error.path == f"line {line}, {key}"


def test_a_misspelt_key_is_told_with_the_one_that_was_meant() -> None:
    """Red if the key that was meant is told as missing, or the nearest known name is not told."""
    error = refusal(MINIMAL.replace("alias", "alais"))
    assert error.path == "line 3, alais"
    assert error.sentence == "unknown key; did you mean `alias`?"


@pytest.mark.parametrize("key", ["kind", "id", "alias", "name"])
def test_a_missing_key_is_named(key: str) -> None:
    """Red if a required key has a default."""
    error = refusal("".join(line for line in MINIMAL.splitlines(keepends=True) if not line.startswith(key)))
    assert error.details == {"key": key, "line": None}
    assert f"`{key}` is missing" in str(error)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (MINIMAL.encode() + b"= 5\n", 5),
        (MINIMAL.encode() + b'name = "again"\n', 5),
        (MINIMAL.encode() + b'region = "\xff"\n', 5),
        (b"\xef\xbb\xbf" + MINIMAL.encode(), 1),
        (MINIMAL.encode("utf-16"), 1),
        (MINIMAL.encode() + b'region = """', None),
        (MINIMAL.encode() + b"region = " + b"[" * 20_000, None),
        (MINIMAL.encode() + b"region = " + b"9" * 20_000, None),
        (MINIMAL.encode() + b"region" + b".a" * 3_000 + b" = 1", 5),
    ],
    ids=["no key", "key twice", "not UTF-8", "BOM", "UTF-16", "end", "deep", "digits", "dots"],
)
def test_what_is_no_toml_names_its_line(raw: bytes, line: int | None) -> None:
    """T-40: red if a parser's own error, a RecursionError, or the ValueError of a number too long, comes through."""
    error = refusal(raw)
    assert error.details == {"line": line}
    assert error.path == (f"line {line}" if line else "")


def test_a_document_has_a_size() -> None:
    """Red if a megabyte of text is parsed."""
    assert "larger" in str(refusal(MINIMAL + "#" * 70_000))


@pytest.mark.parametrize(
    "bad",
    [
        ID.upper(),
        ID.removeprefix("identity--"),
        ID.replace("identity", "indicator"),
        ID.replace("identity", "Identity"),
        "identity--{8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f}",
        "identity--8e2e2d2b17d44cbf938f98ee46b3cd3f",
        ID + "0",
        ID + " ",
        "",
    ],
)
def test_an_id_has_one_spelling(bad: str) -> None:
    """T-44: red if an id may be written in two ways: two spellings would be two members."""
    error = refusal(MINIMAL.replace(ID, bad))
    assert error.details == {"key": "id", "line": 2}


@pytest.mark.parametrize(
    "bad",
    [
        "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "8e2e2d2b17d44cbf938f98ee46b3cd3f",
        "8e2e2d2b-17d4-kenya",
        ID,
        "a/b",
        "..",
        "Kenya",
        "kénya",
        "ke nya",
        "-kenya",
        "kenya-",
        "ke--nya",
        "ke_nya",
        "k" * 65,
        "",
    ],
)
def test_an_alias_is_never_taken_for_an_id_or_a_path(bad: str) -> None:
    """Red if an alias could name another member by id, or leave its place in an address."""
    error = refusal(MINIMAL.replace("cirt-kenya", bad))
    assert error.details == {"key": "alias", "line": 3}


@pytest.mark.parametrize("key", ["name", "contact", "region", "constituency"])
@pytest.mark.parametrize(
    "character",
    [
        "\n",
        "\r",
        "\t",
        "\x00",
        "\x1b",
        "\x7f",
        "\x85",
        "\u2028",
        "\u202e",
        "\u2066",
        "\u200f",
        "\u200b",
        "\ufeff",
        "\U000e0041",
    ],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_t36_no_text_moves_the_cursor(key: str, character: str) -> None:
    """T-36: red if a control, direction or invisible character reaches an operator's terminal."""
    text = "".join(line for line in MINIMAL.splitlines(keepends=True) if not line.startswith(key))
    escaped = f"\\U{ord(character):08X}"
    error = refusal(f'{text}{key} = "CIRT{escaped}Kenya"\n')
    assert error.details == {"key": key, "line": 5 if key != "name" else 4}
    assert f"U+{ord(character):04X}" in str(error)
    assert character not in str(error)


@pytest.mark.parametrize(
    "name",
    [
        "CERT-FR",
        "Équipe d'intervention",
        "\u0627\u0644\u0641\u0631\u064a\u0642",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "क्\u200dष",
        "国家互联网应急中心",
        "CIRT 🇰🇪",
    ],
)
def test_names_in_any_script_are_welcome(name: str) -> None:
    """Red if the rule against control characters forbids joiners, marks or scripts."""
    assert read_member(MINIMAL.replace("CIRT Kenya", name).encode()).name == name


@pytest.mark.parametrize("bad", ["", " ", " CIRT", "CIRT ", "C" * 201])
def test_a_name_is_one_line_of_sensible_length(bad: str) -> None:
    """Red if a blank or endless name can be shown beside others."""
    assert refusal(MINIMAL.replace("CIRT Kenya", bad)).details == {"key": "name", "line": 4}


@pytest.mark.parametrize(
    "value", ["5", "true", '["a"]', "{}", "1979-05-27", '[["en"]]', '["en", "en"]', '["e n"]', '[""]']
)
def test_values_have_their_type(value: str) -> None:
    """Red if a wrong type is made to fit, or ends in a TypeError."""
    assert refusal(MINIMAL + f"languages = {value}\n").details == {"key": "languages", "line": 5}
    if not value.startswith('["e'):
        assert refusal(MINIMAL + f"contact = {value}\n").details == {"key": "contact", "line": 5}


@given(st.text())
def test_what_may_be_shown_stays_on_its_line(text: str) -> None:
    """T-36: red if any text that is let pass has a character a terminal acts on."""
    if unshowable(text) is None:
        assert len(text.splitlines()) == 1
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)
