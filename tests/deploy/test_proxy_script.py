"""Does deploy/proxy.sh make nginx serve two hubs? A real nginx, started by the script as the container starts it."""

import contextlib
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from support.proxy import MAIN, PATIENCE, ROOT, free_port, make_certificate
from support.tools import need
from support.upstream import Upstream

NAME = "cirt.example.net"
SCRIPT = ROOT / "deploy" / "proxy.sh"


def prepared(home: Path, http: int, https: int) -> dict[str, str]:
    """Files as the container has them, but for ports and folders; the environment that names them."""
    make_certificate(home)
    text = ROOT.joinpath("deploy", "nginx.conf").read_text(encoding="utf-8")
    text = re.sub(r"listen \[::\]:\d+( ssl)?;", "", text).replace("/etc/cirt-hub/tls/", f"{home}/")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{http};")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{https} ssl;")
    (home / "shipped.conf").write_text(text, encoding="utf-8")
    runs_as = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(runs_as + MAIN.format(home=home).replace("daemon off;", ""), encoding="utf-8")
    path = f"{Path(need('nginx')).parent}:{os.defpath}"
    return {"PATH": path, "CONFIG": f"{home}/shipped.conf", "RENDERED": f"{home}/cirt-hub.conf", "PUBLIC_NAME": NAME}


@pytest.fixture
def hubs() -> Iterator[list[Upstream]]:
    """Give two servers to stand behind it."""
    both = [Upstream(), Upstream()]
    yield both
    for each in both:
        with contextlib.suppress(OSError, ValueError):
            each.stop()


def status(https: int, home: Path) -> int:
    """Ask once over TLS; the status."""
    context = ssl.create_default_context(cafile=str(home / "fullchain.pem"))
    context.check_hostname = False  # the certificate of the tests bears another name
    connection = HTTPSConnection("127.0.0.1", https, timeout=PATIENCE, context=context)
    connection.request("GET", "/live/")
    answered = connection.getresponse().status
    connection.close()
    return answered


def test_it_serves_both_hubs_and_goes_on_without_one(hubs: list[Upstream], tmp_path: Path) -> None:
    """Red if the script loses a server of the list, or a hub that is away costs a request."""
    http, https = free_port(), free_port()
    environ = prepared(tmp_path, http, https) | {"HUBS": " ".join(each.address for each in hubs)}
    words = ["/bin/sh", str(SCRIPT), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    with subprocess.Popen(words, env=environ, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline and server.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", https), timeout=1):
                    break
                time.sleep(0.02)
            assert [status(https, tmp_path) for _ in range(6)] == [200] * 6
            assert [len(each.seen) for each in hubs] == [3, 3]
            hubs[0].stop()
            assert [status(https, tmp_path) for _ in range(6)] == [200] * 6
        finally:
            server.terminate()
    rendered = (tmp_path / "cirt-hub.conf").read_text(encoding="utf-8")
    assert NAME in rendered
    assert "hub.example.org" not in rendered
    assert rendered.count("max_fails=0;") == len(hubs), "else a hub that was away once is not asked for ten seconds"


@pytest.mark.parametrize("missing", ["PUBLIC_NAME", "HUBS"])
def test_what_is_not_set_is_told(tmp_path: Path, missing: str) -> None:
    """Red if nginx is started for a name or for hubs that nobody gave."""
    environ = prepared(tmp_path, free_port(), free_port()) | {"HUBS": "127.0.0.1:1"}
    del environ[missing]
    words = ["/bin/sh", str(SCRIPT), "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(words, env=environ, check=False, capture_output=True)
    assert done.returncode != 0
    assert missing.encode() in done.stderr


def test_a_configuration_without_the_place_for_the_hubs_is_not_served(tmp_path: Path) -> None:
    """Red if the hub's address is changed in nginx.conf alone, and all is sent to where no hub is."""
    environ = prepared(tmp_path, free_port(), free_port()) | {"HUBS": "127.0.0.1:1"}
    shipped = tmp_path / "shipped.conf"
    shipped.write_text(shipped.read_text(encoding="utf-8").replace(":8480 max_fails", ":8481 max_fails"), "utf-8")
    words = ["/bin/sh", str(SCRIPT), "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    assert subprocess.run(words, env=environ, check=False, capture_output=True).returncode != 0
    assert not (tmp_path / "cirt-hub.conf").exists()
