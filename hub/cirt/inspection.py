"""From files to verdicts: pages that `poll` wrote, NDJSON, bundles and envelopes, read line by line."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from keys.envelope import MANIFEST_TYPE, Item, read_item
from keys.errors import KeysError
from keys.verdicts import Finding, Reader, Verdict

from . import show
from .destinations import SUFFIX, in_order
from .faults import Failure
from .reading import objects_of


def inspect(reader: Reader, paths: Iterable[Path]) -> Iterator[Finding]:
    """Have every object and manifest of the files judged; what is wrong with the files themselves comes back."""
    with show.progress("verifying") as steps:
        for path in paths:
            for each in _read(path):
                if isinstance(each, Finding):
                    yield each
                    continue
                item, place = each
                if item.type == MANIFEST_TYPE:
                    reader.manifest(item, place)
                else:
                    reader.object(item, place)
                    steps.on()


def _read(path: Path) -> Iterator[tuple[Item, str] | Finding]:
    if path.is_dir():
        inside = in_order(path.glob(f"*{SUFFIX}"))
        for file in inside:
            yield from _read(file)
        if not inside:
            yield Finding(Verdict.MISSING, "", None, f"the folder has no {SUFFIX} file", str(path))
    elif not path.exists():
        yield Finding(Verdict.MISSING, "", None, "the file is not there", str(path))
    elif path.suffix == SUFFIX:
        yield from _lines(path)
    else:
        yield from _whole(path)


def _lines(path: Path) -> Iterator[tuple[Item, str] | Finding]:
    """NDJSON as `poll` writes it: each line is the canonical bytes of an object, and nothing else."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            place = f"{path.name}:{number}"
            try:
                item = read_item(line.removesuffix(b"\n"))
            except KeysError as fault:
                yield Finding(Verdict.ALTERED, "", None, f"cannot be read: {fault}", place)
                continue
            if item.canonical == line.removesuffix(b"\n"):
                yield item, place
            else:
                yield Finding(
                    Verdict.ALTERED, item.id, item.version, "not in the canonical form it was signed in", place
                )


def _whole(path: Path) -> Iterator[tuple[Item, str] | Finding]:
    """A bundle, an envelope or an object, as other clients store them: however spelled."""
    for each in objects_of(str(path), path.read_bytes()):
        if isinstance(each, Failure):
            yield Finding(Verdict.ALTERED, each.id or "", each.version, each.message, str(path))
        else:
            yield each.item, each.place
