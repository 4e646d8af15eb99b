"""`.venv/bin/python tests/bench/history.py --runs 10`: is anything lost on either engine? Starts `bench.recorded`."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(TESTS), str(TESTS.parent)]

if __name__ == "__main__":
    from bench.recorded import main

    main()
