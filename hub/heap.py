"""How many heaps has a server process? One for all its threads: the interpreter lets one run at a time anyway."""

import ctypes
from typing import Final

#: glibc's malloc.h: the parameter of `mallopt` for the number of heaps.
M_ARENA_MAX: Final = -8


def share_one_heap() -> None:
    """Let all threads of this process, and of those it forks, share one heap, where the C library is glibc.

    Each thread that ever read a large body else keeps a heap of its own: with 18 threads a worker grew to twice the
    memory. To be called before the first thread is made: glibc asks once, when a second heap would be needed.
    """
    try:
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
    except (AttributeError, OSError):
        return  # another C library, without that parameter
