"""`cirt-hub serve`: run the hub's server processes until a signal, and say when they answer."""

import errno
import os
import resource
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.errors import ConfigurationError
from granian.log import LogLevels
from granian.server.mp import MPServer

from hub.config import Settings, load_settings
from hub.exposition import Page
from hub.heap import share_one_heap
from hub.running import open_hub

from .errors import CommandFailed

TARGET: Final = "hub.app:worker"
#: A worker that has not drained by then is stopped, seconds.
DRAIN_SECONDS: Final = 30
PROBE_SECONDS: Final = 0.05
MOST_WORKERS: Final = 4
#: Connections of one process, idle ones too: whoever comes when they are taken waits for one to end. A poller may keep
#: its connection between two polls.
CONNECTIONS: Final = 4096
#: Requests that one process answers at once. One whose body does not come holds a thread as long as that lasts.
THREADS: Final = 256
#: Files of one process besides its connections: the database's, the log, those of the server itself.
_FILES: Final = 256

_TO_STDERR: Final = MappingProxyType(
    {
        "formatters": {
            "generic": {"()": "logging.Formatter", "fmt": "%(message)s"},
            "access": {"()": "logging.Formatter", "fmt": "%(message)s"},
        },
        "handlers": {
            name: {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
            for name in ("console", "access")
        },
    }
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8480, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--workers", type=click.IntRange(1), help="Server processes; default: HUB_WORKERS.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key, PEM.")
def serve(host: str, port: int, workers: int | None, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Run the hub until SIGTERM or SIGINT; requests that were begun are finished first."""
    settings = load_settings(workers=workers)
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    with closing(open_hub(settings)) as hub:  # whatever is wrong is told here, in one sentence, and not by every worker
        if fault := hub.receipts.fault():
            click.echo(f"polls are served, but publications and acceptances are refused for now: {fault}", err=True)
    port = free_port(host, port)
    server = _server(settings, host, port, tls_cert, tls_key)
    server.on_startup(_announcing(host, port, tls_cert))
    os.register_at_fork(after_in_child=_end_at_once)
    try:
        with _metrics(settings):
            server.serve()
    except SystemExit as end:
        raise CommandFailed("a server process ended unexpectedly; the reason stands above") from end


@contextmanager
def _metrics(settings: Settings) -> Iterator[None]:
    """The page of metrics, if it is set, as long as the server runs. Raises `CommandFailed`."""
    address = settings.metrics_address
    if address is None:
        yield
        return
    try:
        page = Page(settings.data_dir, *address)
    except OSError as error:
        sentence = f"the metrics page cannot be opened on HUB_METRICS_BIND={settings.metrics_bind}: {error.strerror}"
        raise CommandFailed(
            f"{sentence}; choose another address, or see that {settings.data_dir} can be written"
        ) from (error)
    click.echo(f"metrics http://{settings.metrics_bind}/metrics", err=True)
    try:
        yield
    finally:
        page.close()


def _end_at_once() -> None:
    """Let a signal end a server process that has not begun to answer.

    It would else have the handlers of the process that made it, which do nothing here, and be waited for in vain, for
    as long as one that drains. The server sets the handlers that drain once the process is ready.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def workers_of(settings: Settings) -> int:
    """How many server processes: as set; else one a core, up to `MOST_WORKERS`: readers need no other's leave."""
    return settings.workers or min(MOST_WORKERS, os.cpu_count() or 1)


def free_port(host: str, port: int) -> int:
    """The port, if nobody listens there; any free one for 0.

    The server shares its port among its processes, so a second hub would be let in beside the first and get every
    other request: hence this look beforehand. Raises `CommandFailed`.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sentence = f"port {port} of {host} is taken: stop what listens there, or choose another with --port"
        elif error.errno == errno.EACCES:
            sentence = f"port {port} is for privileged users: choose one above 1023 and put the proxy before it"
        else:
            sentence = f"cannot listen on {host} port {port}: {error.strerror}"
        raise CommandFailed(sentence) from error


def _connections() -> int:
    """How many connections a process may hold, of `CONNECTIONS`, by what the system lets it open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)  # granian has raised the soft limit to the hard one
    return CONNECTIONS if files == resource.RLIM_INFINITY else max(min(CONNECTIONS, files - _FILES), 1)


def _server(settings: Settings, host: str, port: int, cert: Path | None, key: Path | None) -> MPServer:
    share_one_heap()
    try:
        return MPServer(
            TARGET,
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            factory=True,
            workers=workers_of(settings),
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.error,
            log_dictconfig=dict(_TO_STDERR),
            ssl_cert=cert,
            ssl_key=key,
            ssl_protocol_min=SSLProtocols.tls12,
            respawn_failed_workers=True,
            workers_kill_timeout=DRAIN_SECONDS,
            backpressure=_connections(),
            blocking_threads=THREADS,
        )
    except (ConfigurationError, ssl.SSLError, OSError) as error:
        raise CommandFailed(f"the TLS certificate or key cannot be used ({cert}, {key}): {error}") from error


def _announcing(host: str, port: int, cert: Path | None) -> Callable[[], None]:
    """What the server calls before it starts its processes: a thread that looks until one of them answers."""

    def announce() -> None:
        while not answers(host, port, cert):
            time.sleep(PROBE_SECONDS)
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"ready {'http' if cert is None else 'https'}://{shown}:{port}", err=True)

    return lambda: threading.Thread(target=announce, name="announce", daemon=True).start()


def answers(host: str, port: int, cert: Path | None) -> bool:
    """Whether the hub on this port says that it is alive."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a look-up, nothing is bound here
    if cert is None:
        connection = HTTPConnection(near, port, timeout=2)
    else:
        connection = HTTPSConnection(near, port, timeout=2, context=_trusting(cert))
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200  # noqa: PLR2004 - RFC 9110 §15.3.1
    except ssl.SSLCertVerificationError:
        return True  # the handshake reached our certificate: whether clients trust it is theirs to say
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _trusting(cert: Path) -> ssl.SSLContext:
    """Trust exactly the certificate that was given to the server; its name may be any."""
    context = ssl.create_default_context(cafile=str(cert))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
