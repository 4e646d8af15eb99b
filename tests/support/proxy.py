"""How does the shipped nginx configuration behave? It is run as shipped, but for ports, file names and upstream."""

import contextlib
import http.client
import os
import re
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from support.tools import need
from support.x509 import Shown

ROOT = Path(__file__).resolve().parents[2]
NAME = "hub.example.org"
PATIENCE = 10.0  # seconds until nginx accepts on a busy machine
MAIN = """
daemon off;
pid {home}/pid;
error_log {home}/error.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    include {home}/cirt-hub.conf;
}}
"""


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_certificate(home: Path) -> None:
    """Write a self-signed certificate for the name in the configuration; RSA, so that old suites could be agreed on."""
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"]
    key = ["-newkey", "rsa:2048", "-nodes"]
    files = ["-keyout", str(home / "privkey.pem"), "-out", str(home / "fullchain.pem")]
    subprocess.run([need("openssl"), "req", "-x509", *key, *subject, *files], check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers, body, and whether the server closes the connection after it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    closes: bool


class Proxy:
    """A running nginx: `https` and `http` are its ports on 127.0.0.1, `certificate` what to trust."""

    def __init__(self, home: Path, upstream: str) -> None:
        """Render deploy/nginx.conf into `home` for `upstream` ("127.0.0.1:port") and start it."""
        self.http, self.https = free_port(), free_port()
        self.certificate = home / "fullchain.pem"
        make_certificate(home)
        (home / "cirt-hub.conf").write_text(self._rendered(home, upstream), encoding="utf-8")
        runs_as = "user root;" if os.geteuid() == 0 else ""  # else its workers could not enter the temporary folder
        (home / "nginx.conf").write_text(runs_as + MAIN.format(home=home), encoding="utf-8")
        with (home / "stderr").open("wb") as stderr:
            self._server = subprocess.Popen([need("nginx"), "-p", home, "-c", home / "nginx.conf"], stderr=stderr)
        self._wait(home)

    def _rendered(self, home: Path, upstream: str) -> str:
        text = ROOT.joinpath("deploy", "nginx.conf").read_text(encoding="utf-8")
        for shipped, here in (
            (r"listen \[::\]:\d+( ssl)?;", ""),
            (r"listen 80;", f"listen 127.0.0.1:{self.http};"),
            (r"listen 443 ssl;", f"listen 127.0.0.1:{self.https} ssl;"),
            (r"/etc/cirt-hub/tls/", f"{home}/"),
            (r"server 127\.0\.0\.1:8480", f"server {upstream}"),
        ):
            text, times = re.subn(shipped, here, text)
            if not times:
                raise LookupError(f"deploy/nginx.conf no longer has {shipped!r}")
        return text

    def _wait(self, home: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.https), timeout=1):
                return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"nginx does not start: {(home / 'stderr').read_text(encoding='utf-8')}")

    def connect(self, shown: Shown | None = None) -> ssl.SSLSocket:
        """Open a TLS connection that trusts its certificate alone, and shows one if given."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if shown is not None:
            context.load_cert_chain(shown.certificate, shown.key)
        plain = socket.create_connection(("127.0.0.1", self.https), timeout=PATIENCE)
        return context.wrap_socket(plain, server_hostname=NAME)

    def answer(self, request: bytes, *, tls: bool = True, shown: Shown | None = None) -> Answer:
        """Send the bytes of a request over a connection of its own and read the answer."""
        with self.connect(shown) if tls else socket.create_connection(("127.0.0.1", self.http), PATIENCE) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return Answer(response.status, response.headers, response.read(), response.will_close)

    def stop(self) -> None:
        """Stop it and wait for its end."""
        self._server.terminate()
        self._server.wait(PATIENCE)
