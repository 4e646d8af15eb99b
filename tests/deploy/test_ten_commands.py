"""Can a stranger deploy the hub from docs/operate.md alone? Its ten commands are run as they are written."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.documents import FENCE
from support.proxy import MAIN, ROOT, free_port
from support.tools import need

NAME = "localhost"
TITLE = "## Behind TLS with two members, in ten commands"
INVITED = re.compile(r"^invitation: (\S+)", re.MULTILINE)
FINGERPRINT = re.compile(r"((?:[a-z2-7]{4} ){12}[a-z2-7]{4})")


def blocks() -> list[list[str]]:
    """The commands of the section, a list a block."""
    text = ROOT.joinpath("docs", "operate.md").read_text(encoding="utf-8")
    section = text.partition(TITLE)[2].partition("\n## ")[0]
    return [[line.removeprefix("$ ") for line in block.splitlines()] for kind, block in FENCE.findall(section)]


@dataclass(slots=True)
class Machine:
    """A machine that has ports and folders of its own, and a shell whose variables last."""

    home: Path
    port: int
    https: int
    variables: str = ""

    def prepare(self) -> None:
        """Lay out what the section takes for granted: a clone, nginx, the certificate."""
        for name in ("keys", "feeds", "policies"):
            self.home.joinpath(name).symlink_to(ROOT / name)
        self.home.joinpath("deploy").mkdir()
        text = ROOT.joinpath("deploy", "nginx.conf").read_text(encoding="utf-8")
        text = re.sub(r"listen \[::\]:\d+( ssl)?;", "", text).replace("/etc/cirt-hub/tls/", f"{self.home}/")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};").replace(":8480", f":{self.port}")
        text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{self.https} ssl;")
        self.home.joinpath("deploy", "nginx.conf").write_text(text, encoding="utf-8")
        runs_as = "user root;" if os.geteuid() == 0 else ""
        main = runs_as + MAIN.format(home=self.home).replace("daemon off;", "")
        self.home.joinpath("nginx.conf").write_text(main, encoding="utf-8")
        made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
        files = ["-keyout", str(self.home / "privkey.pem"), "-out", str(self.home / "fullchain.pem")]
        subprocess.run(
            [need("openssl"), *made, "-addext", f"subjectAltName=DNS:{NAME}", *files], check=True, capture_output=True
        )

    def here(self, command: str) -> str:
        """The command as it is on this machine: other folders, ports and name, an installation that is there."""
        for written, here in (
            ("make dev", "true"),
            ("$PWD/.venv/bin", str(Path(sys.executable).parent)),
            ("/var/lib/cirt-hub", f"{self.home}/data"),
            ("/var/log/", f"{self.home}/"),
            ("/etc/nginx/conf.d/", f"{self.home}/"),
            ("nginx -s reload", f"{need('nginx')} -p {self.home} -c {self.home}/nginx.conf"),
            ("https://hub.example.org", f"https://{NAME}:{self.https}"),
            ("${HUB_PUBLIC_URL#https://}", NAME),
            ("cirt-hub serve", f"cirt-hub serve --workers 1 --port {self.port}"),
            ("cirt-hub.log 2>&1 &", f"cirt-hub.log 2>&1 & echo $! > {self.home}/hub.pid"),  # to end it again
            ("cirt join", f"cirt join --ca {self.home}/fullchain.pem"),
        ):
            command = command.replace(written, here)
        return command

    def run(self, command: str, **environ: str) -> str:
        """Run a command in a shell; what it said on stdout."""
        script = f"set -e\n{self.variables}\n{self.here(command)}"
        if command.startswith("export"):
            self.variables = self.here(command)
        log = self.home / "stderr"
        with log.open("wb") as stderr:
            done = subprocess.run(
                ["/bin/sh", "-c", script], env={"PATH": os.defpath, "HOME": str(self.home), **environ}, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 0, (command, done.stdout, log.read_text(encoding="utf-8"))
        return done.stdout

    def stop(self) -> None:
        """End what the commands left running: nginx and the hub."""
        for pid in (self.home / "pid", self.home / "hub.pid"):
            if pid.exists():
                os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.mark.long
def test_the_ten_commands_deploy_a_hub_with_two_members(tmp_path: Path) -> None:
    """Done-when 5. Red if a command of the section is wrong, in the wrong order, or there are more than ten."""
    operator, member = blocks()
    assert len(operator) == 10
    machine = Machine(tmp_path, free_port(), free_port())
    machine.prepare()
    try:
        said = [machine.run(command) for command in operator[:8]]
        norvandia, quelmar = INVITED.findall(said[7])
        homes = {name: {"CIRT_HOME": str(tmp_path / name)} for name in ("norvandia", "quelmar")}
        read = {
            name: machine.run(member[0], INVITATION=given, **homes[name])
            for name, given in (("norvandia", norvandia), ("quelmar", quelmar))
        }
        spoken = {name.upper(): FINGERPRINT.findall(text)[0] for name, text in read.items()}
        for command in operator[8:]:
            machine.run(command, **spoken)
        for home in homes.values():
            machine.run(member[1], **home)
        machine.run(member[2], **homes["quelmar"])
        assert "verified" in machine.run(member[3], **homes["norvandia"])
    finally:
        machine.stop()
