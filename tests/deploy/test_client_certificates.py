"""Does a member get in by its TLS certificate, through nginx as shipped, and nobody by what it merely says? T-30."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from hub.certificates import add_certificate
from support.papers import ALICE
from support.proxy import NAME, Answer, Proxy
from support.served import Server, Serving
from support.stix_objects import indicator
from support.world import TAXII
from support.x509 import Shown, expired, make

HEADER = "X-SSL-Client-Cert"


@pytest.fixture(scope="module")
def hub(served: Serving) -> Iterator[Server]:
    """Give a server of the hub that trusts nginx on this machine."""
    with served.start(proxy="127.0.0.1") as server:
        yield server


@pytest.fixture(scope="module")
def proxy(hub: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Give nginx in front of it."""
    server = Proxy(tmp_path_factory.mktemp("nginx"), hub.url.removeprefix("http://"))
    yield server
    server.stop()


def ask(proxy: Proxy, path: str, shown: Shown | None, *fields: str) -> Answer:
    """A GET without a token, by the holder of this certificate."""
    head = [f"GET {path} HTTP/1.1", f"Host: {NAME}", f"Accept: {TAXII}", "Connection: close", *fields]
    return proxy.answer("\r\n".join([*head, "", ""]).encode(), shown=shown)


def escaped(shown: Shown) -> str:
    """The certificate as nginx would pass it on."""
    return quote(shown.pem.decode(), safe="")


def test_a_member_polls_by_its_certificate_until_it_is_revoked(served: Serving, proxy: Proxy, tmp_path: Path) -> None:
    """T-12, T-32. Red if nginx passes no certificate on, the hub does not know it, or revoking waits for anything."""
    a, b, agreement = served.pair()
    a.publish(agreement, [indicator()])
    path = f"/live/collections/{agreement.id}/objects/"
    shown = make(tmp_path, key=("-newkey", "rsa:2048"))
    assert ask(proxy, path, shown).status == 401
    done = served.command("cert", "add", b.name, str(shown.certificate), "--label", "sensor", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["member"], told["redistributes"]) == (b.name, False)
    for _ in range(2):
        answer = ask(proxy, path, shown)
        assert (answer.status, len(json.loads(answer.body)["objects"])) == (200, 1)
    done = served.command("cert", "revoke", told["certificate"])
    assert done.returncode == 0, done.stderr
    assert ask(proxy, path, shown).status == 401


def test_an_expired_certificate_is_refused_by_nginx_in_taxii(proxy: Proxy, tmp_path: Path) -> None:
    """Row 9. Red if error_page 495 is left out: nginx would answer 400 in HTML."""
    answer = ask(proxy, "/live/", expired(tmp_path))
    assert (answer.status, answer.headers["Content-Type"]) == (401, TAXII)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert json.loads(answer.body)["http_status"] == "401"


def test_t30_what_a_client_says_of_its_certificate_is_not_believed(
    served: Serving, hub: Server, proxy: Proxy, tmp_path: Path
) -> None:
    """Red if nginx hands on the client's own header, in either spelling, or a hub without HUB_PROXY takes one.

    With `underscores_in_headers on`, the second spelling reaches the hub, whose server makes one name of both.
    """
    _, b, _ = served.pair()
    shown, own = make(tmp_path), make(tmp_path, "own")
    with served.world.hub.database.writing() as tx:
        add_certificate(tx, b.name, shown.pem, ALICE, at=served.world.clock())
    for name in (HEADER, HEADER.replace("-", "_"), HEADER.lower(), "SSL_CLIENT_CERT", "X-SSL-Client-Verify"):
        for mine in (None, own):
            assert ask(proxy, "/live/", mine, f"{name}: {escaped(shown)}").status == 401, name
    for name in (HEADER, HEADER.replace("-", "_")):
        direct = requests.get(f"{served.url}/live/", headers={name: escaped(shown)}, timeout=30)
        assert direct.status_code == 401
    trusted = requests.get(f"{hub.url}/live/", headers={HEADER: escaped(shown)}, timeout=30)
    assert trusted.status_code == 200  # from the proxy's own address it is the proxy's word


def test_the_log_names_the_caller_behind_the_proxy(served: Serving, hub: Server, proxy: Proxy) -> None:
    """T-27. Red if a client may write its own address into the log, through nginx or past it."""
    ask(proxy, "/live/seen/", None, "X-Forwarded-For: 203.0.113.9", "X_Forwarded_For: 203.0.113.10")
    requests.get(f"{served.url}/live/seen/", headers={"X-Forwarded-For": "203.0.113.11"}, timeout=30)
    requests.get(f"{hub.url}/live/seen/", headers={"X-Forwarded-For": "203.0.113.12"}, timeout=30)
    said = hub.log.read_text(encoding="utf-8") + served.first.log.read_text(encoding="utf-8")
    assert set(re.findall(r'"peer": "([^"]+)"', said)) >= {"127.0.0.1", "203.0.113.12"}
    assert not re.search(r"203\.0\.113\.(9|10|11)\b", said)
