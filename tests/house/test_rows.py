"""Does every row of the list of leaks and faults have a test, and would the count see one that has not?"""

from pathlib import Path

import pytest

from support import rows

TESTS = Path(__file__).resolve().parents[1]


def test_every_required_row_has_a_test() -> None:
    """Red if a row's last test is deleted or loses its number."""
    assert rows.missing(rows.kept(rows.texts(TESTS))) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def test_t06_it(): ...", ["T-06"]),
        ("def test_t_6_it(): ...", ["T-06"]),
        ("def test_it():\n    '''F-01 and H-2. Red if.'''", ["F-01", "H-2"]),
        ("def test_it():\n    '''T-37 to T-39.'''", ["T-37", "T-38", "T-39"]),
        ("CASES = [('T-40 deep', 1), ('as T-41', 2)]", ["T-40"]),
        ("def it():\n    '''T-01'''\ndef test_other(): 'T-02'", ["T-02"]),
        ("def test_it():\n    x = 'T-03'", []),
        ("def test_part06_it(): ...", []),
    ],
)
def test_what_counts_as_a_row(source: str, expected: list[str]) -> None:
    """Red if a number is overlooked, or one that merely stands in the code counts."""
    assert list(rows.kept({"test_a.py": source})) == expected
