"""Is what the documents name really there? Paths, functions, make targets, and every command line shown."""

import importlib
import re
import tomllib
from pathlib import Path

import click
import pytest

from support import documents

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MAIN = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
BAD = """
`keys/nowhere.py`, `pyproject.toml:nothing`, `docs/*.none`, `make nonsense`, not `/live/` nor `a/b`; see `ABSENT.md`.

```console
$ cirt-hub nonsense
$ cirt publish --nonsense x
# HUB_DATA_DIR=var sudo -u hub .venv/bin/cirt-hub import member.toml | cirt \\
    nonsense
$ make worse
```
"""


def programs() -> dict[str, click.Group]:
    """Return the programs pyproject.toml declares, as click knows them."""
    scripts = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    modules = {name: importlib.import_module(place.partition(":")[0]) for name, place in scripts.items()}
    groups = {
        name: [v for v in vars(module).values() if isinstance(v, click.Group)] for name, module in modules.items()
    }
    return {name: max(found, key=lambda each: len(each.commands)) for name, found in groups.items()}


def unknown(command: click.Command, words: list[str]) -> str | None:
    """Return the first word the program would not know: a subcommand or an option."""
    value_follows = False
    for word in words:
        if word.startswith("-") and word != "-":
            option, equals, _ = word.partition("=")
            known = [each for each in command.params if option in {*each.opts, *each.secondary_opts}]
            if not known and option not in {"--help", "--version"}:
                return word
            value_follows = not equals and any(isinstance(each, click.Option) and not each.is_flag for each in known)
        elif isinstance(command, click.Group) and not value_follows:
            if word not in command.commands:
                return word
            command = command.commands[word]
        else:
            value_follows = False
    return None


def wrong_commands(text: str) -> list[str]:
    """Return every command line of the document that names an unknown subcommand or option."""
    known = programs()
    shown = (words for words in documents.command_lines(text) if words[0] in known)
    return [" ".join(words) for words in shown if unknown(known[words[0]], words[1:]) is not None]


def targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"(?m)^([a-z][a-z-]*):", ROOT.joinpath("Makefile").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", MAIN)
def test_the_main_documents_are_there(name: str) -> None:
    """Red if one of them is removed or renamed."""
    assert ROOT.joinpath(name).is_file()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_named_paths_and_functions_exist(path: Path) -> None:
    """Red if a file or function is renamed and a document still names the old one."""
    assert documents.missing(ROOT, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_named_make_targets_exist(path: Path) -> None:
    """Red if a target is renamed in the Makefile and not in a document."""
    assert documents.make_targets(path.read_text(encoding="utf-8")) - targets() == set()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_shown_commands_are_known(path: Path) -> None:
    """Red if a subcommand or option is renamed and a document still shows the old one."""
    assert wrong_commands(path.read_text(encoding="utf-8")) == []


def test_architecture_names_the_functions_of_the_walks() -> None:
    """Red if the walks in ARCHITECTURE.md no longer say in which function each step is."""
    text = ROOT.joinpath("ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len([path for path, function in documents.named_paths(text) if function]) >= 12


def mapped(text: str) -> dict[str, set[str]]:
    """Return what each row of ARCHITECTURE.md's map names: folder to words."""
    rows = re.findall(r"(?m)^\| `([a-z_/]+/)` \| (.*) \|$", text)
    return {folder: set(re.findall(r"[\w.-]*\w", what)) for folder, what in rows}


def unmapped(text: str) -> list[str]:
    """Return the files that a reader of the map would not find, row by row."""
    rows, found = mapped(text), []
    for room in ("keys", "feeds", "policies", "hub"):
        for path in sorted(ROOT.joinpath(room).rglob("*.py")):
            folder = f"{path.parent.relative_to(ROOT).as_posix()}/"
            alone = path.name == "__init__.py" or "migrations" in path.parts or folder == "hub/cirt/commands/"
            if not alone and path.stem not in rows.get(folder, ()):
                found.append(f"{folder}{path.name}")
    deployed = (path for path in sorted(ROOT.glob("deploy/*")) if path.is_file())
    return found + [f"deploy/{path.name}" for path in deployed if path.name not in rows.get("deploy/", ())]


def test_every_file_is_on_the_map() -> None:
    """Red if a file is added, or renamed, and nobody who reads ARCHITECTURE.md learns where to look for it."""
    text = ROOT.joinpath("ARCHITECTURE.md").read_text(encoding="utf-8")
    assert unmapped(text) == []
    assert unmapped(text.replace("shelves, streams", "streams")) == ["hub/store/shelves.py"]
    assert unmapped(text.replace("secrets.sh", "")) == ["deploy/secrets.sh"]


def test_a_bad_document_is_found() -> None:
    """Red if one of the finders returns nothing: a check that cannot fail checks nothing."""
    assert documents.missing(ROOT, BAD) == ["keys/nowhere.py", "pyproject.toml:nothing", "docs/*.none", "ABSENT.md"]
    assert documents.make_targets(BAD) - targets() == {"nonsense", "worse"}
    assert wrong_commands(BAD) == ["cirt-hub nonsense", "cirt publish --nonsense x", "cirt nonsense"]


def test_the_makefile_has_the_promised_targets() -> None:
    """Red if a target that documents and CI rely on is removed."""
    promised = "help dev run test test-long check lint fix bench vectors migrate"
    assert set(promised.split()) <= targets()
