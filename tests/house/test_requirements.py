"""Is what gets installed pinned, hashed, free of addresses, and no more than each installation needs?"""

import re
import shutil
import subprocess
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ("build", "cirt", "server", "dev", "peers-medallion", "peers-opentaxii")
SERVER_ONLY = {"alembic", "flask", "granian", "psycopg", "psycopg-binary", "sqlalchemy", "structlog", "werkzeug"}


def pins(name: str) -> dict[str, str]:
    """Return version by package of requirements/`name`.txt."""
    text = ROOT.joinpath("requirements", f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def declared(requirements: list[str]) -> set[str]:
    """Return the package names of pyproject-style requirements."""
    return {re.split(r"[\[<>=~; ]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_has_hashes_and_no_address(name: str) -> None:
    """Red if `--generate-hashes` is left out of `make lock`, or an index address gets into the file."""
    text = ROOT.joinpath("requirements", f"{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?! )", text.strip())
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index" not in text


def test_the_makefile_names_no_registry() -> None:
    """Red if an address is written into the Makefile: installing must obey the machine's own settings."""
    assert "://" not in ROOT.joinpath("Makefile").read_text(encoding="utf-8")


def test_members_install_no_server() -> None:
    """Red if a server library slips into the dependencies of `cirt`."""
    assert pins("cirt").keys() & SERVER_ONLY == set()
    assert pins("server").keys() >= SERVER_ONLY


def test_the_layers_agree() -> None:
    """Red if one file is compiled without the other as constraint: two installations would run different versions."""
    assert pins("cirt").items() <= pins("server").items() <= pins("dev").items()
    assert pins("build").items() <= pins("dev").items()


def test_the_files_hold_what_pyproject_declares() -> None:
    """Red if a dependency is added to pyproject.toml without `make lock`."""
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert declared(project["dependencies"]) <= pins("cirt").keys()
    assert declared(project["optional-dependencies"]["server"]) <= pins("server").keys()


@pytest.mark.long
def test_cirt_installs_and_starts_without_the_server(tmp_path: Path) -> None:
    """Red if `hub.cirt` imports Flask or SQLAlchemy by any way round, or package data leaves the samples behind."""
    source = tmp_path / "source"
    for package in ("keys", "feeds", "policies", "hub"):
        shutil.copytree(ROOT / package, source / package)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    for what in (
        ("--require-hashes", "-r", ROOT / "requirements" / "build.txt"),
        ("--require-hashes", "-r", ROOT / "requirements" / "cirt.txt"),
        ("--no-deps", source),
    ):
        command = (python, "-m", "pip", "install", "--quiet", "--no-build-isolation", *what)
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, cwd=tmp_path)
    done = subprocess.run([python.with_name("cirt"), "--help"], check=True, capture_output=True, cwd=tmp_path)
    assert b"publish" in done.stdout
    hub = subprocess.run([python.with_name("cirt-hub"), "--help"], check=False, capture_output=True, cwd=tmp_path)
    assert (hub.returncode, b"Traceback" in hub.stderr, b"cirt-hub[server]" in hub.stderr) == (1, False, True)
    installed = {path.name for path in tmp_path.joinpath("venv").glob("lib/*/site-packages/*")}
    assert installed & SERVER_ONLY == set()
    wanted = {path.relative_to(ROOT) for path in ROOT.glob("*/samples/**/*") if path.suffix in {".toml", ".json"}}
    lost = [path for path in wanted if not [*tmp_path.joinpath("venv").glob(f"lib/*/site-packages/{path}")]]
    assert lost == []
