"""Do Containerfile and compose.yaml name what there is? No container engine runs here: what can be checked without one.

The scripts that the containers run are run as they are, by test_cluster.py; nginx by test_proxy_script.py.
"""

import json
import re
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.cli.main import commands
from hub.cli.serving import DRAIN_SECONDS
from hub.config import load_settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
NAME = "hub.example.org"
SCRIPTS = ("proxy.sh", "secrets.sh", "postgres/primary.sh", "postgres/standby.sh")


def compose() -> dict[str, Any]:
    """compose.yaml, with the one variable it asks for."""
    text = DEPLOY.joinpath("compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == {"PUBLIC_NAME"}
    found: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{PUBLIC_NAME:\?[^}]*\}", NAME, text))
    return found


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, in order."""
    lines = DEPLOY.joinpath("Containerfile").read_text(encoding="utf-8").splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word and word != "#"]


def words(instruction: str) -> list[str]:
    """The words of the last instruction of this name, given as a list."""
    (rest,) = [rest for word, rest in instructions() if word == instruction][-1:]
    found: list[str] = json.loads(rest[rest.index("[") :])
    return found


SERVICES: dict[str, Any] = compose()["services"]


def test_the_services_promised() -> None:
    """Two hubs, PostgreSQL with a standby, a proxy. Red if one is dropped or renamed."""
    assert set(SERVICES) == {"primary", "standby", "init", "hub1", "hub2", "proxy"}
    assert SERVICES["primary"]["image"] == SERVICES["standby"]["image"]
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"], "nothing else is reachable"


@pytest.mark.parametrize("name", ["init", "hub1", "hub2"])
def test_the_hub_takes_its_settings(name: str) -> None:
    """Red if compose.yaml sets a variable the hub does not know, or one it refuses: the hub would not start."""
    settings = load_settings(SERVICES[name]["environment"])
    assert settings.public_url == f"https://{NAME}"
    assert settings.proxy == SERVICES["proxy"]["networks"]["inside"]["ipv4_address"], "its word counts, nobody else's"
    assert [re.findall(r"@(\w+)/", url) for url in (settings.database_url, settings.replica_url)] == [
        ["primary"],
        ["standby"],
    ]
    assert all("passfile=/run/secrets/hub.pgpass" in url for url in (settings.database_url, settings.replica_url))


@pytest.mark.parametrize("name", ["init", "hub1", "hub2"])
def test_the_hub_is_confined_and_keeps_its_data(name: str) -> None:
    """Red if a hub may write its image, gain rights, is reached from outside, or its data go with the container."""
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert set(service["networks"]) == {"inside"}
    assert [volume.split(":")[1] for volume in service["volumes"]] == [dict(environment())["HUB_DATA_DIR"]]


def environment() -> list[tuple[str, str]]:
    """The variables that the image sets."""
    return [(name, value) for word, rest in instructions() if word == "ENV" for name, _, value in [rest.partition("=")]]


def test_only_the_proxy_stands_between_inside_and_outside() -> None:
    """Red if the network of hubs and databases is no longer internal, another joins it, or one may gain rights."""
    assert compose()["networks"]["inside"]["internal"] is True
    assert {name for name, each in SERVICES.items() if "outside" in each["networks"]} == {"proxy"}
    for name, service in SERVICES.items():
        assert name == "proxy" or "no-new-privileges:true" in service["security_opt"], name


@pytest.mark.parametrize("name", ["hub1", "hub2"])
def test_a_hub_begins_after_its_tables_and_ends_in_its_own_time(name: str) -> None:
    """Red if a hub is started before `init` has ended well, or is killed while it still drains."""
    assert SERVICES[name]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
    assert SERVICES["init"]["depends_on"] == {"primary": {"condition": "service_healthy"}}
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > DRAIN_SECONDS
    assert ("STOPSIGNAL", "SIGTERM") in instructions()


def test_the_hub_runs_commands_there_are() -> None:
    """Red if a command or option is renamed and the image still uses the old one."""
    given = [words("CMD"), *[each["command"] for name, each in SERVICES.items() if name == "init"]]
    assert [line[0] for line in given] == ["serve", "init"]
    for line in given:
        command = commands.commands[line[0]]
        known = {option for each in command.params for option in each.opts}
        assert {word for word in line if word.startswith("--")} <= known
    assert words("ENTRYPOINT") == ["cirt-hub"]


def test_no_secret_stands_in_a_file_that_is_shipped() -> None:
    """T-65: no default credentials. Red if a password is written into compose.yaml or the Containerfile."""
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            assert "PASSWORD" not in key or key.endswith("_FILE"), key
            assert re.search(r"//[^/@]*:[^/@]*@", str(value)) is None, value
    declared = compose()["secrets"]
    used = {each for service in SERVICES.values() for each in service.get("secrets", ())}
    assert used == set(declared)
    made = set(re.findall(r"> secrets\.new/(\S+)", DEPLOY.joinpath("secrets.sh").read_text(encoding="utf-8")))
    assert {each["file"] for each in declared.values()} == {f"./secrets/{name}" for name in made}
    assert not DEPLOY.joinpath("secrets").exists()
    ignored = ROOT.joinpath(".gitignore").read_text(encoding="utf-8").split()
    assert {"deploy/secrets/", "deploy/tls/"} <= set(ignored)


def test_every_file_that_is_mounted_or_built_from_is_there() -> None:
    """Red if a script or configuration is renamed: the engine would mount an empty folder in its place."""
    volumes = set(compose()["volumes"])
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source, target, *_ = volume.split(":")
            assert target.startswith("/")
            assert source in volumes or source == "./tls" or DEPLOY.joinpath(source).is_file(), source
        for place in service["entrypoint"][1:] if "entrypoint" in service else ():
            assert any(volume.split(":")[1] == place for volume in service["volumes"]), place
        if "build" in service:
            assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
            assert ROOT.joinpath(service["build"]["dockerfile"]).is_file()
    for script in SCRIPTS:
        path = DEPLOY / script
        assert path.stat().st_mode & stat.S_IXUSR, script
        assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")


def test_the_proxy_knows_where_the_hubs_are() -> None:
    """Red if an address of a hub is changed in one place only."""
    hubs = [SERVICES[name]["networks"]["inside"]["ipv4_address"] for name in ("hub1", "hub2")]
    port = words("CMD")[words("CMD").index("--port") + 1]
    assert SERVICES["proxy"]["environment"]["HUBS"].split() == [f"{address}:{port}" for address in hubs]
    assert ("EXPOSE", port) in instructions()


def test_the_image_is_made_from_checked_packages_and_runs_as_nobody_special() -> None:
    """Red if a pip line loses its hashes, the image runs as root, or its sign of life is no longer /readyz."""
    found = instructions()
    pip = [shlex.split(rest) for word, rest in found if word == "RUN" and "pip install" in rest]
    assert len(pip) == 3
    assert all("--require-hashes" in line or "--no-deps" in line for line in pip)
    assert [rest for word, rest in found if word == "USER"] == ["10001:10001"]
    assert found.index(("USER", "10001:10001")) > max(i for i, (word, _) in enumerate(found) if word == "FROM")
    assert [word for word, _ in found].count("FROM") == 2
    assert "http://127.0.0.1:8480/readyz" in words("HEALTHCHECK")[-1]
    kept = {line[1:] for line in ROOT.joinpath(".dockerignore").read_text("utf-8").split() if line.startswith("!")}
    for word, rest in found:
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert ROOT.joinpath(source).exists(), source
                assert source.partition("/")[0] in kept, source
