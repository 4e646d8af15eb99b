"""Members who work with `cirt`: a hub with open doors in this process, profiles on disk, real commands over HTTP."""

import io
import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from werkzeug.serving import WSGIRequestHandler, make_server

from hub.app import create_app
from hub.cirt.main import execute
from hub.cirt.profile import KEY, Profile
from hub.cirt.run import Run
from keys.jwk import load_jwk
from keys.signer import generate_key_file
from policies.agreement import Agreement
from support.clock import Clock
from support.stix_objects import AT
from support.world import Cirt, World

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own word
        del type, message, args


class Doors:
    """An HTTP server in a thread whose application can be replaced: `between` may look at, or spoil, every request."""

    def __init__(self) -> None:
        self.app: Wsgi | None = None
        self.between: Callable[[Wsgi, dict[str, Any], Callable[..., Any]], Iterable[bytes]] | None = None
        self._server = make_server("127.0.0.1", 0, self._call, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = False  # type: ignore[attr-defined]  # `close` waits for answers under way
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _call(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        assert self.app is not None
        if self.between is not None:
            return self.between(self.app, environ, start)
        return self.app(environ, start)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer as a value."""
        return json.loads(self.out)


@dataclass(slots=True)
class Team:
    """A member with a profile of its own."""

    cirt: Cirt
    home: Path
    clock: Clock

    def run(self, *words: str, code: int | None = 0) -> Said:
        """Run `cirt` with these words; it must end with that code, None for any."""
        return run_cirt(self.home, self.clock, *words, code=code)

    def json(self, *words: str, code: int | None = 0) -> Any:
        """The same with `--json`; the answer."""
        return self.run(*words, "--json", code=code).json


def run_cirt(home: Path, clock: Clock, *words: str, code: int | None = 0) -> Said:
    """Run `cirt` in a profile's folder."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        ended = execute(["--home", str(home), *words], Run(home, clock=clock))
    said = Said(ended, out.getvalue(), err.getvalue())
    assert code is None or ended == code, said
    assert "Traceback" not in said.err
    return said


@dataclass(slots=True)
class Neighbourhood:
    """A hub behind doors, and its members."""

    world: World
    doors: Doors
    folder: Path
    teams: dict[str, Team] = field(default_factory=dict)

    def team(self, name: str) -> Team:
        """A member of this name, enrolled and confirmed, with its profile."""
        home = self.folder / name
        home.mkdir(mode=0o700, parents=True)
        cirt = self.world.cirt(name, signer=generate_key_file(home / KEY, None))
        key = load_jwk(dict(self.world.hub.receipts.jwk))
        uri = f"file:{home / KEY}"
        profile = Profile(home, self.doors.url, cirt.id, name, f"CIRT {name}", uri, token=cirt.token, receipt_key=key)
        profile.save()
        profile.keep_ring(profile.own_key_in(profile.ring(), cirt.signer))
        self.teams[name] = Team(cirt, home, self.world.clock)
        return self.teams[name]

    def group(self, *parties: tuple[Team, str, str], alias: str, **changes: Any) -> Agreement:
        """An agreement that every party has accepted by its own command."""
        listed = [(team.cirt, role, clearance) for team, role, clearance in parties]
        agreement = self.world.agreement(listed, accepted=False, alias=alias, **changes)
        for team, _, _ in parties:
            team.run("accept", alias)
        return agreement

    def pair(self, **changes: Any) -> tuple[Team, Team]:
        """A publisher and a reader, ALPHA and BRAVO, of the group `first`."""
        a, b = self.team("alpha"), self.team("bravo")
        self.group((a, "both", "amber"), (b, "both", "amber"), alias="first", **changes)
        return a, b


@contextmanager
def neighbourhood(folder: Path, database_url: str, at: int = AT, **settings: Any) -> Iterator[Neighbourhood]:
    """A hub that is served in this process until the end of the block."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # stdout is the members'
    doors = Doors()
    try:
        world = World(folder / "hub", database_url, Clock(at), public_url=doors.url, **settings)
        doors.app = create_app(world.hub)
        try:
            yield Neighbourhood(world, doors, folder)
        finally:
            doors.close()  # first: an answer under way holds a connection to the database
            world.close()
    finally:
        structlog.reset_defaults()


def bundle(folder: Path, name: str, objects: Iterable[Mapping[str, Any]]) -> Path:
    """A STIX bundle on disk, as a tool would export it."""
    path = folder / name
    value = {"type": "bundle", "id": "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "objects": list(objects)}
    path.write_text(json.dumps(value, indent=2), "utf-8")
    return path


def indicators(number: int, *, first: int = 0, author: str | None = None, **changes: Any) -> list[dict[str, Any]]:
    """So many indicators, unmarked."""
    return [
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--8e2e2d2b-17d4-4cbf-938f-{index:012x}",
            "created": "2026-10-20T09:58:11.120Z",
            "modified": "2026-10-20T09:58:11.120Z",
            "name": f"Lure {index}",
            "pattern": f"[ipv4-addr:value = '192.0.2.{index % 256}']",
            "pattern_type": "stix",
            "valid_from": "2026-10-20T00:00:00Z",
            **({"created_by_ref": author} if author else {}),
            **changes,
        }
        for index in range(first, first + number)
    ]
