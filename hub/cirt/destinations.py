"""Where does what was received go? A folder of page files, one growing NDJSON file, or standard output.

Whatever it is, a page is on disk before the cursor moves; what a stopped run left behind is written over, or cut off.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from hub.durable import OWNER_ONLY, make_folder, sync_folder, write_whole

from .faults import CirtError
from .state import State

STANDARD_OUTPUT = "-"
SUFFIX = ".ndjson"


@dataclass(frozen=True, slots=True)
class Written:
    """A page on disk.

    Attributes:
        place: file name, for people.
        path: the file; None for standard output.
        size: bytes that the file has now.
        whole: whether the file is this page alone.
    """

    place: str
    path: Path | None
    size: int
    whole: bool


class Destination(Protocol):
    """Takes pages."""

    def page(self, kind: str, first: int, bodies: Sequence[bytes]) -> Written:
        """Write a page, and return when it is on disk.

        Args:
            kind: `objects` or `manifests`.
            first: position of its first row.
            bodies: canonical bytes of each object.
        """


@dataclass(frozen=True, slots=True)
class Folder:
    """A file a page, named after the position of its first row: the same page again is the same file again."""

    folder: Path

    def page(self, kind: str, first: int, bodies: Sequence[bytes]) -> Written:
        """Write the page's file, whole."""
        path = self.folder / f"{kind}-{first:016d}{SUFFIX}"
        content = b"\n".join(bodies) + b"\n"
        write_whole(path, content)
        return Written(path.name, path, len(content), whole=True)


@dataclass(slots=True)
class GrowingFile:
    """One NDJSON file that grows by a page at a time."""

    path: Path
    file: IO[bytes]

    def page(self, kind: str, first: int, bodies: Sequence[bytes]) -> Written:
        """Append the page."""
        del kind, first
        self.file.write(b"\n".join(bodies) + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        return Written(self.path.name, self.path, self.file.tell(), whole=False)


@dataclass(frozen=True, slots=True)
class StandardOutput:
    """Lines for another program; it must have taken them before the cursor moves, as far as that can be known."""

    def page(self, kind: str, first: int, bodies: Sequence[bytes]) -> Written:
        """Write the page and flush it; unbuffered (PYTHONUNBUFFERED), a write that a signal cuts short takes a part."""
        del kind, first
        left = memoryview(b"\n".join(bodies) + b"\n")
        while left:
            taken = sys.stdout.buffer.write(left)
            if not taken:
                raise CirtError("standard output takes nothing now; give `cirt` a pipe that waits (not O_NONBLOCK)")
            left = left[taken:]
        sys.stdout.buffer.flush()
        return Written("standard output", None, 0, whole=False)


@contextmanager
def open_destination(state: State, grp: int, out: Path, ndjson: str | None) -> Iterator[Destination]:
    """The destination asked for, ready for its next page.

    Args:
        state: which bytes of a growing file are whole pages.
        grp: number of the group.
        out: folder for page files.
        ndjson: a growing file instead, or `-` for standard output.

    Raises:
        CirtError: a file that others wrote, or cut.
    """
    if ndjson == STANDARD_OUTPUT:
        yield StandardOutput()
    elif ndjson is None:
        yield Folder(make_folder(out.absolute()))
    else:
        path = Path(ndjson).absolute()
        size = _recorded(state, grp, path)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY), "r+b") as file:
            sync_folder(path.parent)
            file.truncate(size)
            file.seek(size)
            yield GrowingFile(path, file)


def _recorded(state: State, grp: int, path: Path) -> int:
    """Bytes of the file that are whole pages; what follows is the torn tail of a run that was stopped."""
    row = state.row("SELECT size FROM files WHERE grp = ? AND path = ?", grp, str(path))
    there = path.stat().st_size if path.exists() else 0
    if row is None and there:
        raise CirtError(f"{path} is there already and was not written by this profile; name another file")
    if row is None or (there == 0 and row[0]):  # new, or moved away by its owner
        with state.change():
            state.run("INSERT OR REPLACE INTO files (grp, path, size, whole) VALUES (?, ?, 0, 0)", grp, str(path))
        return 0
    if there < row[0]:
        raise CirtError(f"{path} has {there} bytes, but {row[0]} were written to it; put it back, or move it away")
    return int(row[0])


def record(state: State, grp: int, written: Written) -> None:
    """Remember a page that is on disk; part of the transaction that moves the cursor."""
    if written.path is not None:
        state.run(
            "INSERT OR REPLACE INTO files (grp, path, size, whole) VALUES (?, ?, ?, ?)",
            grp,
            str(written.path),
            written.size,
            written.whole,
        )


def recorded_files(state: State, grp: int) -> list[Path]:
    """The files that pages of a group were written to, manifests before objects."""
    rows = state.rows("SELECT path FROM files WHERE grp = ? AND size > 0", grp)
    return in_order(Path(path) for (path,) in rows)


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Page files as they are best read: manifests before objects, each by its first position."""
    return sorted(paths, key=lambda path: (path.name.startswith("objects"), path))
