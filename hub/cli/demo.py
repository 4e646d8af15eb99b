"""`cirt-hub demo`: a hub with three invented national CIRTs and a regional partner, played and then served."""

import json
import signal
import sys
from types import FrameType
from urllib.parse import urlsplit

import click
from rich.console import Console

from hub.config import Settings, load_settings
from hub.demo.advice import advice, demo_again
from hub.demo.ground import DemoFailed, Ground, check, claimed
from hub.demo.telling import as_data, show_lines, show_verdicts
from hub.demo.walk import Outcome, walk
from hub.founding import make_hub
from hub.running import open_hub

from .demo_server import Server, serving
from .serving import free_port
from .shell import actor_of, os_user

HOST = "127.0.0.1"


@click.command()
@click.option("--reset", is_flag=True, help="Begin anew: sweep away what an earlier demo left in the data directory.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve on, 0 for any that is free; default: 8480.")
@click.option("--serve/--no-serve", default=True, help="Go on serving until a signal, or end after the table.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as data.")
def demo(*, reset: bool, port: int | None, serve: bool, as_json: bool) -> None:
    """Play a sharing hub in HUB_DATA_DIR: teams join, publish and receive; then serve it.

    A second run goes on where the first left off. All teams, countries and incidents are invented.
    """
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _stop)
    settings = load_settings()
    check(settings)
    with claimed(settings, reset=reset) as ground:
        settings = _placed(ground, port)
        told = Console(file=sys.stderr, highlight=False)  # this one, whatever a step redirects
        make_hub(settings, actor_of(), exist_ok=True)
        with serving(ground.log, HOST, urlsplit(settings.public_url).port or 0) as server:
            outcome = _played(settings, ground, told)
            out = Console(highlight=False)
            _show(out, outcome, as_json=as_json)
            if serve:
                _go_on(told if as_json else out, settings, ground, server)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """A signal to end is told like Ctrl-C."""
    raise KeyboardInterrupt


def _placed(ground: Ground, port: int | None) -> Settings:
    """The settings with the port that this demo serves on, which stays the same from the first run on."""
    settings = load_settings()
    kept = (ground.data_dir / "hub.toml").exists()
    known = urlsplit(settings.public_url).port
    if port is None or port == known or (port == 0 and kept):
        port = free_port(HOST, known or 0)
    elif kept:
        raise DemoFailed(
            f"the teams of this demo know it at {settings.public_url}: run it there again (make run PORT={known}), or"
            f" begin anew: {demo_again(ground)} --reset --port {port}"
        )
    else:
        port = free_port(HOST, port)
    if not kept:
        ground.write_settings(f"http://{HOST}:{port}")
        settings = load_settings()
    if urlsplit(settings.public_url).port != port:
        raise DemoFailed(f"HUB_PUBLIC_URL says {settings.public_url}: unset it, or leave --port out")
    return settings


def _played(settings: Settings, ground: Ground, told: Console) -> Outcome:
    """Everything up to the table, each step told when it is done."""
    hub = open_hub(settings)
    try:
        with told.status("playing the demo") as status:

            def say(text: str) -> None:
                told.print(f"✓ {text}", markup=False, soft_wrap=True)
                status.update("playing the demo")

            say(f"a hub on SQLite in {settings.data_dir}, serving at {settings.public_url}")
            return walk(hub, ground, os_user(), say)
    except KeyboardInterrupt:
        told.print("stopped half-way; what is done stays done, and the next run goes on from there")
        raise
    finally:
        hub.close()


def _show(out: Console, outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        verdicts = [
            {"member": member, "group": group, "verdicts": report["verdicts"], "streams": report["streams"]}
            for (member, group), report in outcome.verdicts.items()
        ]
        told = {"published": outcome.published, "received": as_data(outcome.lines), "verified": verdicts}
        click.echo(json.dumps(told, indent=2))
        return
    if not outcome.published:
        out.print("Nothing was published this time: this run goes on where an earlier one left off.")
    show_lines(out, outcome.lines)
    show_verdicts(out, outcome.verdicts)


def _go_on(out: Console, settings: Settings, ground: Ground, server: Server) -> None:
    """Serve in the foreground until a signal; raises `DemoFailed` if the hub ends by itself."""
    for line in advice(settings, ground):
        out.print(line, markup=False, soft_wrap=True)
    try:
        server.wait()
    except KeyboardInterrupt:
        out.print(f"ended; this goes on from here: {demo_again(ground)}", markup=False, soft_wrap=True)
