"""Whose directory is it? The demo stands only in a data directory that it made itself, since it may sweep it away."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hub.acts import ActError
from hub.config import Settings

PRIVATE: Final = 0o700
_OWNER_ONLY: Final = 0o600
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_ELSEWHERE: Final = ("database_url", "secret_file", "receipt_key_file")
_MADE: Final = ("hub.db*", "secret", "receipt.pem", "hub.toml")
"""What a hub puts into its data directory."""


class DemoFailed(ActError):
    """The demo cannot go on; the sentence says what to do."""

    code = "demo"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where everything of the demo lies.

    Attributes:
        data_dir: the hub's data directory; the demo's own folder, `demo`, is in it.
    """

    data_dir: Path

    @property
    def demo(self) -> Path:
        """The folder that says: a demo made this hub."""
        return self.data_dir / "demo"

    @property
    def log(self) -> Path:
        """Where the served hub writes what it has to say."""
        return self.demo / "hub.log"

    def home(self, alias: str) -> Path:
        """The profile of a team: its key, its token, its memory."""
        return self.demo / alias

    def received(self, alias: str, group: str) -> Path:
        """What a team has received in a group, an object a line."""
        return self.home(alias) / f"received-{group}.ndjson"

    def keep_secret(self, name: str, text: str) -> Path:
        """Write a secret that is shown once into a file for the owner alone."""
        path = self.demo / f"{name}.secret"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        return path

    def write_settings(self, public_url: str) -> None:
        """Tell every later command on this directory where the demo's hub is."""
        text = f'# written by `cirt-hub demo`\npublic_url = "{public_url}"\ntitle = "Lantern Sea demo hub"\n'
        (self.data_dir / "hub.toml").write_text(text, encoding="utf-8")


def check(settings: Settings) -> None:
    """See that these settings are a demo's. Raises `DemoFailed`."""
    elsewhere = [f"HUB_{name.upper()}" for name in _ELSEWHERE if getattr(settings, name)]
    if elsewhere:
        raise DemoFailed(f"the demo keeps everything in the data directory: unset {', '.join(elsewhere)}")
    parts = urlsplit(settings.public_url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.port is None:
        raise DemoFailed(
            f"the demo serves this machine only, not {settings.public_url}: unset HUB_PUBLIC_URL, or make it such as"
            " http://127.0.0.1:8480"
        )
    ground = Ground(settings.data_dir)
    if not ground.demo.exists() and any(found for name in _MADE for found in settings.data_dir.glob(name)):
        raise DemoFailed(
            f"{settings.data_dir} holds a hub that no demo made: leave it alone, and name another directory,"
            " such as HUB_DATA_DIR=var/try"
        )


@contextmanager
def claimed(settings: Settings, *, reset: bool) -> Iterator[Ground]:
    """Hold the directory for this process alone; swept first if it is to begin anew.

    Raises `DemoFailed` where it is not a demo's, or another demo runs in it.
    """
    check(settings)
    ground = Ground(settings.data_dir)
    for folder in (ground.data_dir, ground.demo):
        if not folder.exists():
            folder.mkdir(mode=PRIVATE, parents=True)
    descriptor = os.open(ground.demo / "running", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise DemoFailed(f"a demo runs in {ground.data_dir} already: end that one first, with Ctrl-C") from error
    try:
        if reset:
            _sweep(ground)
        yield ground
    finally:
        os.close(descriptor)


def _sweep(ground: Ground) -> None:
    for path in [found for name in _MADE for found in ground.data_dir.glob(name)]:
        path.unlink()
    for path in ground.demo.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "running":
            path.unlink()
