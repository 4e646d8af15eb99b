"""Which server is measured? `cirt-hub serve`; or exactly that one with other threads, or with another application."""

import sys

import click

from hub.cli import serving
from hub.cli.main import main as cirt_hub
from hub.config import load_settings

HOST = "127.0.0.1"


@click.command()
@click.option("--target", default=serving.TARGET, help="What each server process calls for its application.")
@click.option("--workers", type=int, help="Server processes; as `cirt-hub serve` chooses unless given.")
@click.option(
    "--threads", type=int, help="Threads of a server process that run Python; the server's own choice unless given."
)
def serve(target: str, workers: int | None, threads: int | None) -> None:
    """Serve on a free port of 127.0.0.1 and say `ready` with the address on stderr."""
    if target == serving.TARGET and threads is None:
        chosen = [] if workers is None else ["--workers", str(workers)]
        sys.exit(cirt_hub(["serve", "--host", HOST, "--port", "0", *chosen]))
    port = serving.free_port(HOST, 0)
    server = serving._server(load_settings(workers=workers), HOST, port, None, None)
    server.target = target
    server.blocking_threads = threads or server.blocking_threads
    server.on_startup(serving._announcing(HOST, port, None))
    server.serve()


if __name__ == "__main__":
    serve()
