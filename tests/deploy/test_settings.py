"""Do the shipped example of the settings and the shipped unit fit the hub?"""

import re
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from hub.config import BadSetting, Settings, load_settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
YES = (
    *("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateUsers", "ProtectClock", "RemoveIPC"),
    *("ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectControlGroups"),
    *("RestrictSUIDSGID", "RestrictNamespaces", "RestrictRealtime", "LockPersonality", "MemoryDenyWriteExecute"),
)
HARDENED = {
    **{key: ["yes"] for key in YES},
    "User": ["cirt-hub"],
    "Group": ["cirt-hub"],
    "ProtectSystem": ["strict"],
    "ProtectProc": ["invisible"],
    "ProcSubset": ["pid"],
    "DevicePolicy": ["closed"],
    "KeyringMode": ["private"],
    "CapabilityBoundingSet": [""],
    "AmbientCapabilities": [""],
    "StateDirectory": ["cirt-hub"],
    "StateDirectoryMode": ["0700"],
    "UMask": ["0077"],
    "RestrictAddressFamilies": ["AF_INET AF_INET6 AF_UNIX"],
    "SystemCallArchitectures": ["native"],
    "SystemCallFilter": ["@system-service", "~@privileged @resources"],
}


def example() -> dict[str, object]:
    """Return the settings of the example with every commented line taken as written."""
    text = DEPLOY.joinpath("hub.toml").read_text(encoding="utf-8")
    return tomllib.loads(re.sub(r"(?m)^#(?=[a-z_]+ = )", "", text))


def unit() -> list[tuple[str, str]]:
    """Return the directives of the systemd unit, in order."""
    lines = DEPLOY.joinpath("cirt-hub.service").read_text(encoding="utf-8").splitlines()
    return [(key, value) for key, sign, value in (line.partition("=") for line in lines) if sign and key.isalpha()]


def test_the_example_shows_every_setting_with_its_default() -> None:
    """Red if a setting is added to hub/config.py, or its default changed, without the example."""
    defaults = {entry.name: getattr(Settings(), entry.name) for entry in fields(Settings)}
    assert example() == {name: str(value) if isinstance(value, Path) else value for name, value in defaults.items()}


def test_the_guide_lists_every_setting_and_no_other() -> None:
    """Red if a setting is added or taken away in hub/config.py alone."""
    guide = DEPLOY.with_name("docs").joinpath("operate.md").read_text(encoding="utf-8")
    known = {f"HUB_{entry.name.upper()}" for entry in fields(Settings)}
    assert set(re.findall(r"HUB_[A-Z_]+[A-Z]", guide)) == known | {"HUB_CONFIG"}


def test_the_hub_takes_the_example_as_it_is(tmp_path: Path) -> None:
    """Red if the example does not parse: an operator's first start would fail."""
    copy = tmp_path / "hub.toml"
    copy.write_bytes(DEPLOY.joinpath("hub.toml").read_bytes())
    assert load_settings({"HUB_CONFIG": str(copy)}) == Settings()
    copy.write_text("page_object = 1\n", encoding="utf-8")
    with pytest.raises(BadSetting, match="page_object"):
        load_settings({"HUB_CONFIG": str(copy)})


def test_the_proxy_lets_through_what_the_hub_takes() -> None:
    """Red if the hub's default limit is raised above nginx's: a legitimate publication would end at the proxy."""
    sizes = re.findall(r"client_max_body_size (\d+)m;", DEPLOY.joinpath("nginx.conf").read_text(encoding="utf-8"))
    assert [int(size) - Settings().max_content_length // 1024**2 for size in sizes] == [1]


def test_the_unit_is_hardened() -> None:
    """Red if a directive of the sandbox is struck, loosened, or said again with another value further down."""
    assert {name: [value for key, value in unit() if key == name] for name in HARDENED} == HARDENED


def test_the_unit_names_settings_the_hub_knows() -> None:
    """Red if the unit sets a variable the hub does not know: the hub would refuse to start."""
    environment = dict(value.split("=", 1) for key, value in unit() if key == "Environment")
    environment["HUB_CONFIG"] = str(DEPLOY / "hub.toml")
    assert load_settings(environment).data_dir == Path("/var/lib/cirt-hub")


def test_the_unit_is_one_systemd_understands(tmp_path: Path) -> None:
    """Red if a directive is misspelt. Judged by systemd where it is installed; the spelling of keys anywhere."""
    text = DEPLOY.joinpath("cirt-hub.service").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^(?!#|\[\w+\]$|[A-Z][A-Za-z]+=|$).*", text) == []
    copy = tmp_path / "cirt-hub.service"
    copy.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text), encoding="utf-8")
    if Path("/usr/bin/systemd-analyze").exists():
        done = subprocess.run(["systemd-analyze", "verify", copy], check=False, capture_output=True)
        assert b"cirt-hub.service" not in done.stderr
