"""Which tests keep which row of the list of leaks and faults? By the number in a name, a docstring or a case's id."""

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_IN_NAME = re.compile(r"(?<=_)([tfh])_?(\d{1,2})(?=_|$)")
_IN_TEXT = re.compile(r"\b([TFH])-(\d{1,2})\b(?: to [TFH]-(\d{1,2})\b)?")


def rows(kind: str, *numbers: int) -> tuple[str, ...]:
    """The names of rows: T-05, F-07, H-1."""
    return tuple(row_name(kind, number) for number in numbers)


def row_name(kind: str, number: int) -> str:
    """A row's name: two digits for T and F, one for H."""
    return f"H-{number}" if kind == "H" else f"{kind}-{number:02}"


#: Every row that the parts built so far must keep.
REQUIRED = (
    *rows("T", *range(1, 28), 30, *range(33, 54), *range(59, 67)),
    *rows("H", *range(1, 7)),
    *rows("F", *range(1, 21), 22, 23, 24),
)


def kept(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Row → the tests that carry its number, `file::test`, in order.

    Args:
        sources: path → text of each test file.
    """
    found: dict[str, list[str]] = {}
    for path, text in sources.items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                numbers, name = _of_test(node), node.name
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                numbers, name = _of_table(node), "cases"
            else:
                continue
            for row in sorted(numbers):
                found.setdefault(row, []).append(f"{path}::{name}")
    return dict(sorted(found.items()))


def missing(found: Iterable[str]) -> list[str]:
    """The required rows that no test carries."""
    return sorted(set(REQUIRED) - set(found))


def texts(root: Path) -> dict[str, str]:
    """Path → text of every test file under a folder."""
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("test_*.py"))}


def _of_test(test: ast.FunctionDef) -> set[str]:
    named = {row_name(kind.upper(), int(number)) for kind, number in _IN_NAME.findall(test.name)}
    return named | _told(ast.get_docstring(test) or "")


def _of_table(table: ast.Assign | ast.AnnAssign) -> set[str]:
    """Of cases with ids such as `T-39 2^64`."""
    texts = [node.value for node in ast.walk(table) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {row for text in texts if _IN_TEXT.match(text) for row in _told(text)}


def _told(text: str) -> set[str]:
    """Rows named in a text; `T-37 to T-41` names five."""
    return {
        row_name(kind, number)
        for kind, first, last in _IN_TEXT.findall(text)
        for number in range(int(first), int(last or first) + 1)
    }
