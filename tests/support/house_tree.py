"""What does a source tree import, define and call? Read as text and syntax only; nothing of it is run."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOMS = ("keys", "feeds", "policies", "hub")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: absolute, with where it stands and what for."""

    target: str
    line: int
    in_function: bool
    typing_only: bool

    @property
    def top(self) -> str:
        """Return the package it begins with."""
        return self.target.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Module:
    """One file: its path from the root of the tree, its text, its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Return the dotted name it is imported by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """Return the top-level package it lies in."""
        return self.path.partition("/")[0]

    @property
    def is_package(self) -> bool:
        """Tell whether it is an `__init__.py`."""
        return self.path.endswith("/__init__.py")

    def functions(self) -> Iterator[Function]:
        """Yield every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def calls(self) -> Iterator[tuple[str, bool, int]]:
        """Yield (name, whether it is a method or attribute, line) of every call."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, False, node.lineno
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node.func.attr, True, node.lineno

    def imports(self) -> Iterator[Import]:
        """Yield every import, relative ones made absolute; `from a import b` yields `a` and `a.b`."""
        return self._imports_under(self.tree, in_function=False, typing_only=False)

    def _imports_under(self, node: ast.AST, *, in_function: bool, typing_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for target in self._targets(child):
                yield Import(target, getattr(child, "lineno", 0), in_function, typing_only)
            guard = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            yield from self._imports_under(
                child, in_function=in_function or isinstance(child, Function), typing_only=typing_only or guard
            )

    def _targets(self, node: ast.AST) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if not isinstance(node, ast.ImportFrom):
            return []
        package = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
        above = package[: len(package) - node.level + 1] if node.level else []
        origin = ".".join([*above, *([node.module] if node.module else [])])
        return [origin, *(f"{origin}.{alias.name}" for alias in node.names)]


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of the rooms, by dotted name."""

    modules: Mapping[str, Module]

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "Tree":
        """Make a tree from file texts by path."""
        found = (Module(path, text, ast.parse(text)) for path, text in texts.items())
        return cls({module.name: module for module in found})

    @classmethod
    def read(cls, root: Path, folders: tuple[str, ...] = ROOMS) -> "Tree":
        """Read every Python file of `folders`; migrations are history, and left out."""
        files = (path for folder in folders for path in sorted(root.joinpath(folder).rglob("*.py")))
        texts = {path.relative_to(root).as_posix(): path for path in files if "migrations/versions" not in str(path)}
        return cls.of({name: path.read_text(encoding="utf-8") for name, path in texts.items()})

    def graph(self) -> dict[str, set[str]]:
        """Return which module loads which at import time, packages' own files apart."""
        return {name: {*self._loaded_by(module)} - {name} for name, module in self.modules.items()}

    def _loaded_by(self, module: Module) -> Iterator[str]:
        for found in module.imports():
            target = found.target
            while target and target not in self.modules:
                target = target.rpartition(".")[0]
            if target and not found.typing_only and not self.modules[target].is_package:
                yield target
