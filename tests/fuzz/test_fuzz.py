"""Do the readers of bytes from outside stand whatever comes? The kept cases each time, new ones in the long run."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz import targets
from fuzz.targets import TARGETS

HERE = Path(__file__).resolve().parent
CASES = [(name, path) for name in TARGETS for path in sorted((HERE / "cases" / name).iterdir())]
RUNS = 300_000
SECONDS = 60


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES])
def test_a_kept_case_breaks_nothing(name: str, path: Path) -> None:
    """T-37 to T-42, T-06, T-48. Red if a reader answers any of these with another error than its own."""
    TARGETS[name](path.read_bytes())


@pytest.mark.parametrize(
    ("name", "broken", "raw"),
    [
        ("strict_parser", "parse", b"1"),
        ("cursor", "resume", b"anything"),
        ("jws", "read_compact", (HERE / "cases" / "jws" / "receipt").read_bytes()),
    ],
)
def test_a_broken_reader_is_found(monkeypatch: pytest.MonkeyPatch, name: str, broken: str, raw: bytes) -> None:
    """Red if a target cannot fail: here its reader takes everything, or says something else than was read."""
    real = getattr(targets, broken)
    answer = replace(real(raw.decode(), "receipt+jws"), signing_input=b"other") if name == "jws" else None
    monkeypatch.setattr(targets, broken, lambda *_, **__: answer)
    with pytest.raises(targets.Finding):
        TARGETS[name](raw)


if sys.platform == "linux" and sys.version_info < (3, 14):  # atheris has no wheels beyond

    @pytest.mark.long
    @pytest.mark.parametrize("name", TARGETS)
    def test_new_bytes_break_nothing(name: str, tmp_path: Path) -> None:
        """Red if coverage-led bytes find an exception or a broken rule; the case lies in the folder that is told."""
        run = [
            sys.executable,
            str(HERE / "run.py"),
            name,
            f"-runs={RUNS}",
            f"-max_total_time={SECONDS}",
            "-max_len=4096",
        ]
        done = subprocess.run(
            [*run, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{tmp_path}: {done.stderr[-3000:]}"
        assert "Done " in done.stderr
