"""What do the teams do? Each runs the members' own command on a profile of its own, over HTTP, as it would at home."""

import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.cirt.main import execute
from hub.cirt.profile import load_profile
from keys.jwk import fingerprint

from . import cast
from .ground import PRIVATE, DemoFailed, Ground

SHOWN = 600
"""Characters of what a command said that are told when it failed."""


@dataclass(frozen=True, slots=True)
class Team:
    """A team at its own desk.

    Attributes:
        alias: its short name.
        ground: where its profile lies.
    """

    alias: str
    ground: Ground

    @property
    def home(self) -> Path:
        """Its profile's folder."""
        return self.ground.home(self.alias)

    def has_joined(self) -> bool:
        """Whether there is a profile."""
        return (self.home / "config.toml").exists()

    def join(self, invitation: str) -> None:
        """Make a key and enrol it."""
        if not self.home.exists():
            self.home.mkdir(mode=PRIVATE, parents=True)
        self._cirt("join", invitation)

    def fingerprint(self) -> str:
        """What it reads out over another channel: the fingerprint of the key on its own disk."""
        return fingerprint(load_profile(self.home).signer(None).kid)

    def accepts(self, group: str) -> bool:
        """Accept the agreement; False if it was accepted before."""
        said = self._cirt("agreements", group)
        if said["accepted_here"] == said["agreement"]:
            return False
        self._cirt("accept", group)
        return True

    def publish(self, publication: cast.Publication) -> dict[str, int]:
        """Publish an incident; label to how many objects."""
        told = self._cirt("publish", str(publication.path), "--group", publication.group)
        return {each["tlp"]: each["objects"] for each in told["publications"]}

    def poll(self, group: str) -> int:
        """Fetch and verify what is new; how many objects came."""
        told = self._cirt("poll", "--group", group, "--ndjson", str(self.ground.received(self.alias, group)))
        return int(told["objects"])

    def verify(self, group: str) -> Mapping[str, Any]:
        """The verdicts on all that it holds, by itself and offline."""
        found: Mapping[str, Any] = self._cirt("verify", "--group", group)
        return found

    def holds(self, group: str) -> frozenset[str]:
        """Digests of the objects that it has received."""
        path = self.ground.received(self.alias, group)
        if not path.exists():
            return frozenset()
        return frozenset(hashlib.sha256(line).hexdigest() for line in path.read_bytes().splitlines())

    def _cirt(self, *arguments: str) -> Any:
        """What `cirt ARGUMENTS --json` answers. Raises `DemoFailed` with what it said."""
        answer, said = io.StringIO(), io.StringIO()
        with _nobody_to_ask(), redirect_stdout(answer), redirect_stderr(said):
            code = execute(["--home", str(self.home), *arguments, "--json"])
        if code:
            raise DemoFailed(
                f"`cirt {arguments[0]}` of {self.alias} ended with {code}: {said.getvalue().strip()[-SHOWN:]}"
            )
        return json.loads(answer.getvalue())


@contextmanager
def _nobody_to_ask() -> Iterator[None]:
    """An empty standard input: the teams' keys stand without passphrases, and none is asked for."""
    before = sys.stdin
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        sys.stdin = nothing
        try:
            yield
        finally:
            sys.stdin = before
