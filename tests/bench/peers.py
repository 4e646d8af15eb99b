"""`make bench-peers`: how does the hub do beside other TAXII servers, on the same data in the same run?

The project's tests and packages are put on the path here, as in `run.py`.
"""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(TESTS), str(TESTS.parent)]

if __name__ == "__main__":
    from bench.peers_main import main

    main()
