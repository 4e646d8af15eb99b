"""Is what a proxy says believed from its own address alone? T-30, H-6; and a certificate, is it as good as a token?"""

import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from werkzeug.test import TestResponse

from hub.certificates import add_certificate, revoke_certificate
from hub.config import BadSetting, load_settings
from hub.web.forwarding import Proxies
from support.clock import SECOND
from support.papers import ALICE
from support.stage import Stage, indicator, kept_headers, open_stage, told
from support.x509 import Shown, make_for

PROXY, STRANGER = "10.9.8.7", "192.0.2.66"
TRUSTED = [ipaddress.ip_network(each) for each in ("10.9.8.0/24", "2001:db8::1/128")]
LINES = {
    (PROXY, None): PROXY,
    (PROXY, "198.51.100.1"): "198.51.100.1",
    (PROXY, "203.0.113.9, 198.51.100.1"): "198.51.100.1",  # the first was written by the second
    (PROXY, "203.0.113.9, 198.51.100.1, 10.9.8.6"): "198.51.100.1",
    (PROXY, "10.9.8.5, 10.9.8.6"): "10.9.8.5",
    (PROXY, "::ffff:198.51.100.1"): "198.51.100.1",
    (PROXY, "2001:DB8::2"): "2001:db8::2",
    (PROXY, "198.51.100.1, evil"): PROXY,
    (PROXY, "evil, 10.9.8.6"): "10.9.8.6",
    (PROXY, "198.51.100.1:443"): PROXY,
    (PROXY, ""): PROXY,
    (PROXY, "198.51.100.1,"): PROXY,
    (PROXY, "\u0661.1.1.1"): PROXY,
    ("::ffff:10.9.8.7", "198.51.100.1"): "198.51.100.1",
    ("::ffff:a09:807", "198.51.100.1"): "198.51.100.1",
    ("2001:db8::1", "198.51.100.1"): "198.51.100.1",
    ("2001:db8::3", "198.51.100.1"): "2001:db8::3",
    (STRANGER, "198.51.100.1"): STRANGER,
    (STRANGER, PROXY): STRANGER,
    ("", "198.51.100.1"): "",
}


@pytest.mark.parametrize(("peer", "sent"), LINES, ids=repr)
def test_t30_the_callers_address_is_the_proxys_word(peer: str, sent: str | None) -> None:
    """Red if a stranger names its own address, or the part of the list that a client wrote is believed."""
    environ = {"REMOTE_ADDR": peer} | ({} if sent is None else {"HTTP_X_FORWARDED_FOR": sent})
    Proxies(TRUSTED).admit(environ)
    assert environ == {"REMOTE_ADDR": LINES[peer, sent]}


def test_t30_nobody_is_trusted_unless_told() -> None:
    """Red if 127.0.0.1 is a proxy by itself, as it is to some servers."""
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1", "HTTP_X_SSL_CLIENT_CERT": "x"}
    Proxies(load_settings({}).proxies).admit(environ)
    assert environ == {"REMOTE_ADDR": "127.0.0.1"}


def test_t30_an_empty_certificate_is_none() -> None:
    """Red if a caller without any counts as one with a bad credential: some proxies always send the header."""
    environ = {"REMOTE_ADDR": PROXY, "HTTP_X_SSL_CLIENT_CERT": ""}
    Proxies(TRUSTED).admit(environ)
    assert environ == {"REMOTE_ADDR": PROXY}


@pytest.mark.parametrize("value", ["nginx", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1 10.0.0.1", "0.0.0.0/0", "::/0"])
def test_t30_a_proxy_is_an_address_and_not_everybody(value: str) -> None:
    """Red if a misspelt network trusts nobody in silence, or one setting lets everybody speak for everybody."""
    with pytest.raises(BadSetting, match="HUB_PROXY must"):
        load_settings({"HUB_PROXY": value})


@pytest.fixture
def behind(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """Give a stage that stands behind a proxy."""
    stage = open_stage(tmp_path / "hub", database_url, proxy="127.0.0.1, 10.9.8.0/24")
    yield stage
    stage.world.close()


def made(folder: Path, name: str) -> Shown:
    """A certificate that is good for two days on either side of the stage's noon."""
    return make_for(folder, "20261118000000Z", "20261122000000Z", name)


def bound(stage: Stage, folder: Path, who: str = "bravo", *, redistributes: bool = False) -> tuple[str, str]:
    """A new certificate of this member: its public id, and what nginx says of it."""
    shown = made(folder, f"{who}{redistributes:d}")
    with stage.world.hub.database.writing() as tx:
        row = add_certificate(tx, who, shown.pem, ALICE, at=stage.world.clock(), redistributes=redistributes)
    return str(row["certificate"]), quote(shown.pem.decode(), safe="")


def call(stage: Stage, path: str, pem: str | None, peer: str = PROXY, **headers: str) -> TestResponse:
    """A request through the proxy, without a token unless given."""
    sent: Mapping[str, Any] = headers | ({} if pem is None else {"X-SSL-Client-Cert": pem})
    return stage.call(path, None, headers=sent, environ_base={"REMOTE_ADDR": peer})


def test_t30_a_certificate_is_as_good_as_a_token_from_the_proxy_alone(behind: Stage, tmp_path: Path) -> None:
    """Red if a stranger's header opens a door, or a certificate sees anything else than a token of its member."""
    behind.publish("alpha", [indicator(number) for number in range(3)])
    behind.publish("alpha", [indicator(10)], "amber")
    _, pem = bound(behind, tmp_path)
    for path in (
        "/live/collections/",
        behind.objects(path=""),
        behind.objects(),
        behind.objects(path="objects/?limit=2"),
    ):
        own, token = call(behind, path, pem), behind.call(path, "bravo")
        assert (own.status_code, own.data) == (200, token.data)
        assert own.headers["ETag"] != token.headers["ETag"]
        stranger, nobody = call(behind, path, pem, STRANGER), call(behind, path, None, STRANGER)
        assert (stranger.status_code, stranger.data, kept_headers(stranger)) == (401, nobody.data, kept_headers(nobody))
    raw = behind.envelope("bravo", [indicator(20)])
    headers = {"X-SSL-Client-Cert": pem, "Content-Type": "application/taxii+json;version=2.1"}
    posted = behind.call(behind.objects(), None, "POST", data=raw, headers=headers, environ_base={"REMOTE_ADDR": PROXY})
    assert (posted.status_code, told(posted)["success_count"]) == (202, 2)


def test_t30_an_unknown_or_unreadable_certificate_is_401(behind: Stage, tmp_path: Path) -> None:
    """Red if a certificate opens a door by its name, its issuer or a part of it, or what is none is a 500."""
    _, pem = bound(behind, tmp_path)
    other = quote(made(tmp_path, "bravo0").pem.decode(), safe="")  # the same name, another key
    for bad in (
        other,
        "",
        "x",
        pem[:-30],
        pem + pem,
        f"{pem},{pem}",
        pem.replace("%0A", "", 3) + "%00",
        "%ff",
        "-----",
    ):
        assert call(behind, "/live/", bad).status_code == 401, bad[:40]
    assert call(behind, "/live/", pem).status_code == 200
    assert call(behind, "/live/?token=x", pem).status_code == 401


def test_a_token_beside_a_certificate_decides(behind: Stage, tmp_path: Path) -> None:
    """Red if the certificate makes good a wrong token, or lends a token its rights."""
    _, pem = bound(behind, tmp_path)
    good, wrong = (f"Bearer {behind.credentials[who]}" for who in ("charlie", "wrong"))
    assert call(behind, "/live/", pem, Authorization=wrong).status_code == 401
    assert call(behind, "/live/", pem, Authorization="").status_code == 401
    assert call(behind, behind.objects(), pem, Authorization=good).status_code == 404
    assert call(behind, behind.objects(), pem).status_code == 200


def test_t12_a_certificate_ends_with_the_next_request(behind: Stage, tmp_path: Path) -> None:
    """T-32. Red if a revoked certificate, one that has expired or is not good yet, is let in; or gets a 304."""
    clock = behind.world.clock
    identity, pem = bound(behind, tmp_path)
    _, second = bound(behind, tmp_path, redistributes=True)
    known = call(behind, behind.objects(), pem).headers["ETag"]
    assert call(behind, behind.objects(), pem, **{"If-None-Match": known}).status_code == 304
    with behind.world.hub.database.writing() as tx:
        revoke_certificate(tx, identity, ALICE, at=clock())
    assert call(behind, behind.objects(), pem, **{"If-None-Match": known}).status_code == 401
    for days, expected in ((0, 200), (-3, 401), (3, 200), (3, 401)):
        clock.advance(days * 86_400 * SECOND)
        assert call(behind, "/live/", second).status_code == expected


def test_a_certificate_that_redistributes_only_polls(behind: Stage, tmp_path: Path) -> None:
    """Red if `redistributes` of the certificate is not that of its account."""
    _, pem = bound(behind, tmp_path, "alpha", redistributes=True)
    assert call(behind, f"/api/v1/streams/{behind.first.id}", pem).status_code in {403, 404}
    assert told(call(behind, behind.objects(path=""), pem))["can_write"] is False


def test_t27_refusals_are_logged_with_the_callers_own_address(behind: Stage) -> None:
    """Red if the log names the proxy for every caller, or what a stranger claims to be."""
    with structlog.testing.capture_logs() as lines:
        call(behind, "/live/", None, PROXY, **{"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
        call(behind, "/live/", None, STRANGER, **{"X-Forwarded-For": "198.51.100.7"})
    refused = [line["peer"] for line in lines if line["event"] == "refused"]
    assert refused == ["198.51.100.7", STRANGER]
