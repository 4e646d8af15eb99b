"""LogRhythm, as its manual says: it shows a certificate through the proxy of `deploy/`, made as the document has it."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import pytest

from support import client_settings
from support.client_settings import Settings
from support.clients.aims import at_scene
from support.clients.pollers import LogRhythm
from support.clients.scene import Scene
from support.clients.wire import Failed, Wire
from support.proxy import NAME, Proxy
from support.served import Serving
from support.tools import need
from support.x509 import Shown, openssl

SECTION = "LogRhythm: Threat Intelligence Service"
URL = f"https://{NAME}"


@pytest.fixture(scope="module")
def proxy(served: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Give nginx in front of a server of the hub that trusts it, and gives five objects a page."""
    with served.start(proxy="127.0.0.1", page_objects="5") as server:
        nginx = Proxy(tmp_path_factory.mktemp("nginx"), server.url.removeprefix("http://"))
        yield nginx
        nginx.stop()


def commands(program: str) -> list[list[str]]:
    """The lines of the section that begin with this program, without it, in order."""
    lines = re.findall(rf"^\$ {program} (.+)$", client_settings.sections()[SECTION], re.MULTILINE)
    return [shlex.split(line) for line in lines]


@dataclass(frozen=True, slots=True)
class Store:
    """The folder in which a team made its certificate, by the commands of the document."""

    folder: Path

    @classmethod
    def made(cls, folder: Path, settings: Settings) -> "Store":
        """Run them; the password is the one that the settings name."""
        for words in commands("openssl"):
            answer = ["-passout", f"pass:{settings['Certificate Password']}"] if words[0] == "pkcs12" else []
            subprocess.run([need("openssl"), *words, *answer], check=True, capture_output=True, cwd=folder)
        return cls(folder)

    def bound(self, served: Serving, member: str) -> str:
        """Let the operator bind it to the member, by the document's command; its public id."""
        (words,) = commands("cirt-hub")
        places = {"example-cert": member, "logrhythm.pem": str(self.folder / "logrhythm.pem")}
        done = served.command(*[places.get(word, word) for word in words], "--json")
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["certificate"])

    def shown(self, settings: Settings) -> Shown:
        """What the service finds in the file of its settings, opened by their password."""
        file = self.folder / PureWindowsPath(settings["Certificate Path"]).name
        opened = ("-in", file, "-passin", f"pass:{settings['Certificate Password']}", "-nodes")
        found = Shown(self.folder / "shown.pem", self.folder / "shown.key")
        found.certificate.write_bytes(openssl("pkcs12", *opened, "-nokeys"))
        found.key.write_bytes(openssl("pkcs12", *opened, "-nocerts"))
        return found


@pytest.mark.parametrize("who", ["green", "amber"])
def test_it_gets_everything_once_by_its_certificate(served: Serving, proxy: Proxy, tmp_path: Path, who: str) -> None:
    """Red if a command of the document makes a certificate that cannot be bound or shown, or the proxy drops it.

    Or if what it opens is not what its member may read, or its end is not the next request.
    """
    scene = Scene.make(served)
    settings = at_scene(SECTION, scene, who, url=URL)
    store = Store.made(tmp_path, settings)
    shown = store.shown(settings)
    client = LogRhythm(settings, Wire(URL, opened=lambda: proxy.connect(shown)))
    with pytest.raises(Failed, match="401"):
        client.run()
    identity = store.bound(served, scene.readers[who].name)
    scene.follow(client.run)
    assert client.received == scene.owed[who]
    assert {name for _, headers in client.wire.sent for name, _ in headers} == {"Accept", "Accept-Encoding"}
    assert served.command("cert", "revoke", identity).returncode == 0
    with pytest.raises(Failed, match="401"):
        client.run()


def test_it_gets_everything_once_by_a_token(served: Serving, proxy: Proxy) -> None:
    """Red if the address of a collection is not enough, or a password beside no certificate is refused."""
    scene = Scene.make(served)
    client = LogRhythm(at_scene(SECTION, scene, "green", 1, url=URL), Wire(URL, opened=proxy.connect))
    scene.follow(client.run)
    assert client.received == scene.owed["green"]


def test_without_its_certificate_it_is_a_stranger(served: Serving, proxy: Proxy, tmp_path: Path) -> None:
    """Trap of a client that is told to show one and does not. Red if the stand-in signs in by anything else."""
    scene = Scene.make(served)
    settings = at_scene(SECTION, scene, "green", url=URL)
    Store.made(tmp_path, settings).bound(served, scene.readers["green"].name)
    with pytest.raises(Failed, match="401"):
        LogRhythm(settings, Wire(URL, opened=proxy.connect)).run()


@pytest.mark.parametrize("block", [0, 1])
def test_the_name_is_one_that_it_takes(block: int) -> None:
    """Its manual: at most 23 characters, no others than these. Red if the document shows one that it refuses."""
    name = client_settings.blocks(SECTION)[block]["Threat Provider Name"]
    assert re.fullmatch(r"[A-Za-z0-9_ -]{1,23}", name)
