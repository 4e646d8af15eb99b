"""A disk that fills up: a small tmpfs, mounted for a test. Needs root, as in a container or CI."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHUNK = 16 * 1024


@contextmanager
def small_disk(folder: Path, megabytes: int, owner: int = -1) -> Iterator[Path]:
    """Mount an empty disk of so many megabytes on a folder, which is made; `owner` may write to it."""
    if os.geteuid() != 0:
        sys.exit("this test mounts a small disk, which only root may: run it in a container, or as root")
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", folder], check=True)
    try:
        os.chown(folder, owner, owner)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Write a file that takes all the space there is; whoever removes it frees it."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (_CHUNK, 512):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return path
