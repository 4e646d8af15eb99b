"""Do the Containerfile's own commands make a hub that works? Run by hand, in a folder instead of an image."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lines(word: str) -> list[str]:
    """What follows an instruction of the Containerfile."""
    text = ROOT.joinpath("deploy", "Containerfile").read_text(encoding="utf-8")
    return re.findall(rf"(?m)^{word} (.+)$", text)


@pytest.mark.long
def test_the_build_stage_installs_the_hub(tmp_path: Path) -> None:
    """The COPY and RUN lines of the first stage, in order; then the image's way in and its sign of life.

    Red if a package the hub needs is missing from requirements/server.txt, a folder is not copied, or the health
    check cannot tell a hub that answers from none.
    """
    place, source = tmp_path / "cirt-hub", tmp_path / "src"
    source.mkdir()
    text = ROOT.joinpath("deploy", "Containerfile").read_text(encoding="utf-8")
    stage = text.split("\nFROM ")[1]
    for word, rest in re.findall(r"(?m)^(COPY|RUN) (.+)$", stage):
        if word == "RUN":
            command = rest.replace("/opt/cirt-hub", str(place)).replace("python -m venv", f"{sys.executable} -m venv")
            subprocess.run(["/bin/sh", "-ec", command], check=True, cwd=source, stdin=subprocess.DEVNULL)
            continue
        *files, target = rest.split()
        for name in files:
            if ROOT.joinpath(name).is_dir():
                shutil.copytree(ROOT / name, source / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                source.joinpath(target).mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, source / target)
    environ = {"PATH": f"{place}/bin:{os.defpath}", "HUB_DATA_DIR": str(tmp_path / "data")}
    entry = json.loads(lines("ENTRYPOINT")[-1])
    made = subprocess.run([*entry, "init"], env=environ, check=True, capture_output=True, cwd=tmp_path)
    assert b"receipt key" in made.stdout
    health = json.loads(re.search(r"CMD (\[.+\])", lines("HEALTHCHECK")[-1])[1])  # type: ignore[index]
    serving = ["serve", "--port", "0"]  # any port: the image's own might be taken here
    with subprocess.Popen([*entry, *serving], env=environ, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as server:
        assert server.stderr is not None
        port = next(match[1] for line in server.stderr if (match := re.match(r"ready http://127\.0\.0\.1:(\d+)", line)))
        alive = [word.replace(":8480", f":{port}") for word in health]
        assert subprocess.run(alive, env=environ, check=False, cwd=tmp_path).returncode == 0
        server.terminate()
        server.stderr.read()
    dead = subprocess.run(alive, env=environ, check=False, cwd=tmp_path, capture_output=True)
    assert dead.returncode != 0
