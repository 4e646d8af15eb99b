"""What do the documents promise? Paths, functions, make targets and command lines, found by how they are written."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("keys", "feeds", "policies", "hub", "tests", "deploy", "docs", "requirements", ".ci")
SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(rf"(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*-]*")
TOP = re.compile(r"[A-Z]+\.md|Makefile|LICENSE|pyproject\.toml")


def prose(text: str) -> str:
    """Return the document without its fenced blocks."""
    return FENCE.sub("", text)


def named_paths(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield (path, function or None) of every `path` and `path.py:function` in the prose."""
    for span in SPAN.findall(prose(text)):
        path, _, function = span.partition(":")
        if PATH.fullmatch(path) or TOP.fullmatch(path):
            yield path, function.removesuffix("()") or None


def missing(root: Path, text: str) -> list[str]:
    """Return every named path that does not exist under `root`, and every function its file does not define."""
    gone = []
    for path, function in named_paths(text):
        files = [*root.glob(path)] if "*" in path else [root / path]
        if not files or not all(file.exists() for file in files):
            gone.append(path)
        elif function and not all(defines(files[0], name) for name in function.split(".")):
            gone.append(f"{path}:{function}")
    return gone


def defines(path: Path, name: str) -> bool:
    """Tell whether the file defines a function, method, class or constant of this name."""
    definition = rf"^\s*(?:async def|def|class) {re.escape(name)}\b|^{re.escape(name)}\b.* = "
    return re.search(definition, path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def command_lines(text: str) -> Iterator[list[str]]:
    """Yield the words of every command typed in a ```console block: lines that begin with `$ ` or `# `.

    Continued lines are joined, `sudo -u NAME`, variables set in front and the path of the command are dropped, and each
    part of a pipe or chain counts.
    """
    for language, block in FENCE.findall(text):
        if language != "console":
            continue
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith(("$ ", "# ")):
                lexer = shlex.shlex(line[2:], posix=True, punctuation_chars="|&;<>()")
                lexer.whitespace_split = True
                yield from _commands(list(lexer))


def _commands(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in [*words, ";"]:
        if word and set(word) <= set("|&;<>()"):
            yield from ([_plain(command)] if _plain(command) else [])
            command = []
        else:
            command.append(word)


def _plain(command: list[str]) -> list[str]:
    while command and (re.match(r"[A-Z_]+=", command[0]) or command[0] in {"sudo", "-u", "exec"}):
        command = command[2 if command[0] == "-u" else 1 :]
    return [command[0].rpartition("/")[2], *command[1:]] if command else []


def make_targets(text: str) -> set[str]:
    """Return the targets of every `make …` in the document: in backticks, and in console blocks."""
    spans = {target for span in SPAN.findall(prose(text)) if span.startswith("make ") for target in span.split()[1:]}
    typed = {target for command in command_lines(text) if command[0] == "make" for target in command[1:]}
    return {target for target in spans | typed if re.fullmatch(r"[a-z][a-z-]*", target)}
