"""What to type next? Command lines that can be pasted into another terminal at the same place."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from hub.config import Settings

from . import cast
from .ground import Ground


def advice(settings: Settings, ground: Ground) -> Iterator[str]:
    """The address, how to get a token, and three commands to try; a line each."""
    hub = _hub(ground)
    wide, wave = cast.PUBLICATIONS[0], cast.PUBLICATIONS[3]
    yield f"The hub serves at {settings.public_url} until Ctrl-C; TAXII 2.1 discovery: {settings.public_url}/taxii2/"
    anew = f"{demo_again(ground)} --reset"
    yield f"What it says of itself stands in {_shown(ground.log)}; to begin anew, end it and run: {anew}"
    yield ""
    yield "A token for any TAXII 2.1 client, shown once:"
    yield f"  {hub} token add quelmar --label try"
    yield "Three commands to try, in another terminal at this place:"
    yield f"  {_as(ground, 'quelmar')} verify --group {wave.group}"
    yield f"  {_as(ground, 'sahlira')} publish --dry-run --group {wide.group} {_shown(cast.PUBLICATIONS[1].path)}"
    yield f"  {hub} explain {wave.group} {_incident(wave)} lantern-sea"


def demo_again(ground: Ground) -> str:
    """The command that goes on with this demo, on the port it has."""
    return f"{_hub(ground)} demo"


def _hub(ground: Ground) -> str:
    return f"HUB_DATA_DIR={_shown(ground.data_dir)} {_program('cirt-hub')}"


def _as(ground: Ground, alias: str) -> str:
    return f"CIRT_HOME={_shown(ground.home(alias))} {_program('cirt')}"


def _incident(publication: cast.Publication) -> str:
    """The id of what happened: the strictest object of the bundle."""
    objects = json.loads(publication.path.read_bytes())["objects"]
    return next(str(value["id"]) for value in objects if value["type"] == "incident")


def _program(name: str) -> str:
    """The command as this very installation has it."""
    beside = Path(sys.executable).parent / name
    return _shown(beside) if beside.exists() else name


def _shown(path: Path) -> str:
    """The path as short as it can be from here, quoted for a shell."""
    here = Path.cwd()
    whole = path.absolute()
    return shlex.quote(str(whole.relative_to(here) if whole.is_relative_to(here) else whole))
