"""Which house rules does a tree break? One function a rule: a tree in, a sentence for each breach out."""

import ast
import re
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence

from support.house_tree import ROOMS, Function, Module, Tree

FILE_MOST, FILE_P95, FILE_MEDIAN = 400, 300, 100  # lines
FUNCTION_MOST, FUNCTION_P95 = 60, 35  # lines, docstring apart
DRAWERS = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
VAGUE_CLASS = re.compile(r"\w(Manager|Handler|Service|Helper|Util|Utils)$")
SEALED = ("Signed", "Permit", "Entitlement")  # made only by the function that has checked what they promise
OWNERS = {  # a library outside the standard one -> where it may be imported
    "flask": ("hub/web/", "hub/app.py"),
    "werkzeug": ("hub/web/", "hub/app.py"),
    "cryptography": ("keys/",),
    "rfc8785": ("keys/",),
    "stix2": ("feeds/",),
    "stix2patterns": ("feeds/",),
    "stix2validator": ("feeds/",),
    "jsonschema_rs": ("feeds/",),
    "taxii2client": ("feeds/",),
    "requests": ("feeds/",),
    "sqlalchemy": ("hub/store/",),
    "alembic": ("hub/store/",),
    "psycopg": ("hub/store/",),
}


def p95(values: Sequence[int]) -> int:
    """Return the 95th percentile of `values`, 0 for none."""
    return sorted(values)[max(0, int(len(values) * 0.95) - 1)] if values else 0


def file_sizes(tree: Tree) -> Iterator[str]:
    """Files: none over 400 lines, 95 % within 300, half within 100."""
    sizes = {module.path: len(module.text.splitlines()) for module in tree.modules.values()}
    yield from (f"{path}: {size} lines (most {FILE_MOST})" for path, size in sizes.items() if size > FILE_MOST)
    written = [size for size in sizes.values() if size > 3]
    if p95(written) > FILE_P95:
        yield f"95th percentile file has {p95(written)} lines (most {FILE_P95})"
    if written and statistics.median(written) > FILE_MEDIAN:
        yield f"median file has {statistics.median(written):.0f} lines (most {FILE_MEDIAN})"


def function_sizes(tree: Tree) -> Iterator[str]:
    """Functions: none over 60 lines, 95 % within 35, the docstring not counted."""
    sizes = []
    for module in tree.modules.values():
        for function in module.functions():
            sizes.append(_lines(function))
            if sizes[-1] > FUNCTION_MOST:
                yield f"{module.path}:{function.lineno}: {function.name} has {sizes[-1]} lines (most {FUNCTION_MOST})"
    if p95(sizes) > FUNCTION_P95:
        yield f"95th percentile function has {p95(sizes)} lines (most {FUNCTION_P95})"


def _lines(function: Function) -> int:
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    apart = _span(docstring) if docstring else 0
    return _span(function) - apart


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def names(tree: Tree) -> Iterator[str]:
    """Nothing is named like a drawer, and no class like nothing in particular."""
    for module in tree.modules.values():
        if DRAWERS & set(module.name.split(".")):
            yield f"{module.path}: a drawer's name"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name):
                yield f"{module.path}:{node.lineno}: class {node.name} has a vague name"


def packages(tree: Tree) -> Iterator[str]:
    """An `__init__.py` is a docstring, and there is one in each package."""
    for module in tree.modules.values():
        if module.is_package and (len(module.tree.body) != 1 or ast.get_docstring(module.tree) is None):
            yield f"{module.path}: not a docstring and nothing else"


def imports_in_functions(tree: Tree) -> Iterator[str]:
    """Imports stand at the top of the file."""
    for module in tree.modules.values():
        yield from (
            f"{module.path}:{i.line}: import of {i.target} inside a function" for i in module.imports() if i.in_function
        )


def owners(tree: Tree) -> Iterator[str]:
    """A library is imported only where it belongs."""
    for module in tree.modules.values():
        for found in module.imports():
            allowed = OWNERS.get(found.top)
            if allowed and not module.path.startswith(allowed):
                yield f"{module.path}:{found.line}: {found.top} belongs to {' '.join(allowed)}"


def rooms(tree: Tree) -> Iterator[str]:
    """The three rooms know neither each other nor the hub; `policies` knows the standard library alone."""
    for module in tree.modules.values():
        for found in module.imports():
            if module.room != "hub" and found.top in ROOMS and found.top != module.room:
                yield f"{module.path}:{found.line}: {module.room} knows {found.top}"
            if module.room == "policies" and found.top not in {*sys.stdlib_module_names, *ROOMS}:
                yield f"{module.path}:{found.line}: policies imports {found.top}"


def cycles(tree: Tree) -> Iterator[str]:
    """No import leads back to where it started."""
    graph = tree.graph()
    while graph:
        free = [name for name, targets in graph.items() if not targets & graph.keys()]
        if not free:
            yield f"import cycle among {' '.join(sorted(_knot(graph)))}"
            return
        graph = {name: targets for name, targets in graph.items() if name not in free}


def _knot(graph: dict[str, set[str]]) -> set[str]:
    """Drop what nothing imports, so that only the modules in and between cycles remain."""
    while idle := graph.keys() - set[str]().union(*graph.values()):
        graph = {name: targets for name, targets in graph.items() if name not in idle}
    return set(graph)


def one_commit(tree: Tree) -> Iterator[str]:
    """`commit()` stands in one file."""
    found = {m.path for m in tree.modules.values() for name, method, _ in m.calls() if method and name == "commit"}
    if len(found) > 1:
        yield f"commit() in more than one file: {' '.join(sorted(found))}"


def one_environment(tree: Tree) -> Iterator[str]:
    """The process's environment is read in one file."""
    found = {module.path for module in tree.modules.values() if _reads_environment(module)}
    if len(found) > 1:
        yield f"environment read in more than one file: {' '.join(sorted(found))}"


def _reads_environment(module: Module) -> bool:
    spelt = any(
        isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.environb", "os.getenv"}
        for node in ast.walk(module.tree)
    )
    return spelt or any(found.target in {"os.environ", "os.environb", "os.getenv"} for found in module.imports())


def sealed(tree: Tree) -> Iterator[str]:
    """A value that proves a check is made only in the file that defines it."""
    homes = {
        node.name: module.path
        for module in tree.modules.values()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and node.name in SEALED
    }
    for module in tree.modules.values():
        for name, _, line in module.calls():
            if name in SEALED and homes.get(name) != module.path:
                yield f"{module.path}:{line}: {name}( is called away from {homes.get(name, 'a file that defines it')}"


RULES: tuple[Callable[[Tree], Iterator[str]], ...] = (
    file_sizes,
    function_sizes,
    names,
    packages,
    imports_in_functions,
    owners,
    rooms,
    cycles,
    one_commit,
    one_environment,
    sealed,
)
