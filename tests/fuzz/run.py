"""Try a reader with bytes that coverage leads: `tests/fuzz/run.py TARGET -runs=N [options of libFuzzer] [FOLDER]`.

Begins with the kept cases. A finding ends it with the case in a file; keep it under `tests/fuzz/cases/TARGET/`.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import atheris  # noqa: E402 - the path must be set first

with atheris.instrument_imports(include=["keys", "feeds"]):
    from fuzz.targets import TARGETS

if __name__ == "__main__":
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options, str(HERE / "cases" / name)], TARGETS[name])
    atheris.Fuzz()
