"""What if the line is cut after the request and before the answer? A proxy that does just that, when armed."""

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

CHUNK = 65_536
Connect = Callable[[], socket.socket]


class Cutter:
    """Passes connections on; once `arm`ed with some bytes, it swallows the first answer after they went by, and cuts.

    The other side has done what it was asked by then: it has answered.
    """

    def __init__(self, listener: socket.socket, connect: Connect) -> None:
        self.cuts = 0
        self._listener, self._connect = listener, connect
        self._marker: bytes | None = None
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def arm(self, marker: bytes) -> None:
        """Cut the first connection on which a client sends these bytes, at its answer."""
        self._marker = marker

    def close(self) -> None:
        """Take no further connections, and wait until those that are open have ended."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        while self._threads:
            self._threads.pop().join()

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._start(self._pass, client)

    def _pass(self, client: socket.socket) -> None:
        marked = threading.Event()
        with client, self._connect() as server:
            back = self._start(self._answers, server, client, marked)
            self._asks(client, server, marked)
            back.join()

    def _asks(self, client: socket.socket, server: socket.socket, marked: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK):
                if self._marker is not None and self._marker in data:
                    self._marker = None
                    marked.set()
                server.sendall(data)
        _end(client, server)

    def _answers(self, server: socket.socket, client: socket.socket, marked: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(CHUNK):
                if marked.is_set():
                    self.cuts += 1
                    break
                client.sendall(data)
        _end(client, server)


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def before_http(url: str) -> tuple[Cutter, str]:
    """A cutter before a server at http://host:port, and the address to use instead."""
    host, _, port = url.removeprefix("http://").partition(":")
    listener = socket.create_server(("127.0.0.1", 0))
    cutter = Cutter(listener, lambda: socket.create_connection((host, int(port))))
    return cutter, f"http://127.0.0.1:{listener.getsockname()[1]}"


def before_postgres(home: Path, folder: Path) -> Cutter:
    """A cutter before the server whose socket is in `home`; its own socket is in `folder`, for the url to name."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / ".s.PGSQL.5432"))
    listener.listen()

    def connect() -> socket.socket:
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(home / ".s.PGSQL.5432"))
        return server

    return Cutter(listener, connect)
