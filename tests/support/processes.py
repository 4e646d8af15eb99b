"""`cirt` as it is run: in processes of its own, against a hub in processes of its own."""

import os
import subprocess
import sys
from pathlib import Path

from hub.cirt.profile import KEY, Profile
from keys.jwk import load_jwk
from keys.signer import generate_key_file
from support.served import PATIENCE, ROOT, Serving
from support.world import Cirt

CIRT = (sys.executable, "-c", "from hub.cirt.main import main; main()")


def profiled(hub: Serving, name: str) -> tuple[Cirt, Path]:
    """A member with a profile on disk, and the profile's folder."""
    home = hub.folder / name
    home.mkdir(mode=0o700)
    cirt = hub.world.cirt(name, signer=generate_key_file(home / KEY, None))
    key = load_jwk(dict(hub.world.hub.receipts.jwk))
    uri = f"file:{home / KEY}"
    profile = Profile(home, hub.url, cirt.id, name, f"CIRT {name}", uri, token=cirt.token, receipt_key=key)
    profile.save()
    profile.keep_ring(profile.own_key_in(profile.ring(), cirt.signer))
    return cirt, home


def started(home: Path, *words: str, **variables: str) -> subprocess.Popen[bytes]:
    """`cirt` with these words and variables of the environment, running; the caller ends it."""
    environ = {**os.environ, "CIRT_HOME": str(home), **variables}
    pipe = subprocess.PIPE
    return subprocess.Popen([*CIRT, *words], env=environ, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)


def ran(home: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """`cirt` with these words, run to its end."""
    with started(home, *words) as process:
        out, err = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(words, process.returncode, out, err)
