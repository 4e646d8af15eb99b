"""Does the tree keep the house rules, and would each check find a tree that does not?"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import house_rules
from support.house_tree import ROOMS, Tree

ROOT = Path(__file__).resolve().parents[2]
Rule = Callable[[Tree], Iterator[str]]

LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 60
BAD: list[tuple[Rule, dict[str, str], str]] = [
    (house_rules.file_sizes, {"hub/a.py": "x = 1\n" * 401}, "hub/a.py: 401 lines (most 400)"),
    (house_rules.file_sizes, {f"hub/{n}.py": "x = 1\n" * 301 for n in range(3)}, "95th percentile file has 301 lines"),
    (house_rules.file_sizes, {f"hub/{n}.py": "x = 1\n" * 101 for n in range(3)}, "median file has 101 lines"),
    (house_rules.function_sizes, {"hub/a.py": LONG_FUNCTION}, "hub/a.py:1: f has 61 lines (most 60)"),
    (
        house_rules.function_sizes,
        {f"hub/{n}.py": "def f():\n" + "    x = 1\n" * 35 for n in range(3)},
        "95th percentile function has 36 lines",
    ),
    (house_rules.names, {"hub/web/helpers.py": ""}, "a drawer's name"),
    (house_rules.names, {"hub/common/__init__.py": "'''It.'''"}, "a drawer's name"),
    (house_rules.names, {"hub/a.py": "class KeyManager: ..."}, "class KeyManager has a vague name"),
    (house_rules.packages, {"keys/__init__.py": "'''It.'''\nx = 1"}, "keys/__init__.py: not a docstring"),
    (house_rules.packages, {"keys/__init__.py": ""}, "keys/__init__.py: not a docstring"),
    (house_rules.imports_in_functions, {"keys/a.py": "def f():\n    import json"}, "keys/a.py:2: import of json"),
    (
        house_rules.imports_in_functions,
        {"keys/a.py": "class A:\n    def f(self):\n        from . import b"},
        "keys/a.py:3",
    ),
    (house_rules.owners, {"hub/publish.py": "import sqlalchemy as sa"}, "sqlalchemy belongs to hub/store/"),
    (house_rules.owners, {"hub/cli/a.py": "from flask import Flask"}, "flask belongs to hub/web/ hub/app.py"),
    (house_rules.owners, {"policies/a.py": "from cryptography.x509 import load"}, "cryptography belongs to keys/"),
    (house_rules.rooms, {"keys/a.py": "from feeds import bundle"}, "keys/a.py:1: keys knows feeds"),
    (house_rules.rooms, {"feeds/a.py": "import hub.poll"}, "feeds/a.py:1: feeds knows hub"),
    (house_rules.rooms, {"policies/a.py": "import orjson"}, "policies/a.py:1: policies imports orjson"),
    (
        house_rules.cycles,
        {"hub/a.py": "from hub import b", "hub/b.py": "import hub.a"},
        "import cycle among hub.a hub.b",
    ),
    (
        house_rules.cycles,
        {"keys/a.py": "from . import b", "keys/b.py": "from .c import x", "keys/c.py": "from keys.a import y"},
        "import cycle among keys.a keys.b keys.c",
    ),
    (house_rules.one_commit, {"hub/a.py": "tx.commit()", "hub/b.py": "self.tx.commit()"}, "hub/a.py hub/b.py"),
    (
        house_rules.one_environment,
        {"hub/a.py": "import os\nos.environ['A']", "hub/b.py": "from os import getenv"},
        "a.py hub/b.py",
    ),
    (
        house_rules.sealed,
        {"keys/a.py": "class Signed: ...", "hub/b.py": "Signed()"},
        "hub/b.py:1: Signed( is called away",
    ),
    (
        house_rules.sealed,
        {"policies/a.py": "class Permit: ...", "hub/b.py": "policies.a.Permit(1)"},
        "hub/b.py:1: Permit(",
    ),
    (house_rules.sealed, {"hub/b.py": "Entitlement()"}, "hub/b.py:1: Entitlement("),
]
TYPED = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from keys import ring\nclass Signed: ...\n"
GOOD = {
    "keys/__init__.py": "'''Who said it?'''",
    "keys/verify.py": TYPED + 'def verify():\n    """One.\n' + "\n" * 60 + '    """\n    return Signed()\n',
    "keys/ring.py": "from cryptography import x509\nfrom . import verify",
    "policies/labels.py": "import enum",
    "hub/store/engine.py": "import sqlalchemy\nfrom keys import ring\ndef f(tx):\n    tx.commit()",
    "hub/config.py": "import os\nos.environ",
}


@pytest.mark.parametrize("rule", house_rules.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    """Red if any file of the rooms breaks the rule, for instance an import moved into a function."""
    assert list(rule(Tree.read(ROOT))) == []


@pytest.mark.parametrize(
    ("rule", "texts", "sentence"), BAD, ids=[f"{rule.__name__}-{n}" for n, (rule, _, _) in enumerate(BAD)]
)
def test_a_bad_tree_is_found(rule: Rule, texts: dict[str, str], sentence: str) -> None:
    """Red if the rule's loop yields nothing: a check that cannot fail checks nothing."""
    assert [found for found in rule(Tree.of(texts)) if sentence in found]


@pytest.mark.parametrize("rule", house_rules.RULES, ids=lambda rule: rule.__name__)
def test_a_good_tree_passes(rule: Rule) -> None:
    """Red if a rule accuses what is allowed: typing-only imports, docstring lines, a library in its own room."""
    assert list(rule(Tree.of(GOOD))) == []


def test_every_rule_has_a_bad_tree() -> None:
    """Red if a rule is added without a tree that breaks it."""
    assert {rule for rule, _, _ in BAD} == set(house_rules.RULES)


def test_the_tests_are_not_packages() -> None:
    """Red if an `__init__.py` appears under tests/: tests/keys would then shadow the package keys."""
    assert [*ROOT.joinpath("tests").rglob("__init__.py")] == []


def test_the_tests_replace_nothing_by_mocks() -> None:
    """Red if a test imports unittest.mock: it would prove what was mocked, not what runs."""
    tests = Tree.read(ROOT, ("tests",)).modules.values()
    assert [module.path for module in tests for found in module.imports() if "unittest.mock" in found.target] == []


def test_the_tests_forge_no_proof() -> None:
    """Red if a test calls `Signed(`, `Permit(` or `Entitlement(`: it would pass with the check it stands for gone."""
    assert list(house_rules.sealed(Tree.read(ROOT, (*ROOMS, "tests")))) == []


def test_samples_hold_no_private_key() -> None:
    """Red if a PEM private key or a JWK with its secret `d` lies among the samples."""
    samples = [path for room in ("keys", "feeds", "policies") for path in ROOT.joinpath(room, "samples").rglob("*")]
    texts = {path: path.read_bytes() for path in samples if path.is_file()}
    assert [
        path for path, text in texts.items() if b"PRIVATE KEY-----" in text or b'"d":' in text.replace(b" ", b"")
    ] == []
