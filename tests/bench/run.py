"""`make bench`: how fast are publish and poll, and how far from what this machine can do? Starts `bench.main`.

The project's tests and packages are put on the path here, so that the file runs from anywhere; client processes import
it again and need no more than that.
"""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(TESTS), str(TESTS.parent)]

if __name__ == "__main__":
    from bench.main import main

    main()
