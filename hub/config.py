"""Settings: what may an operator set, and what is it when nothing is set?

The only file that reads the environment. `HUB_*` variables win over one TOML file (`HUB_CONFIG`, else `hub.toml` in
the data directory); an unknown key is an error; secrets are given by file path, never by value.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_DATABASE: Final = re.compile(r"sqlite(\+\w+)?:///.+|postgresql(\+\w+)?://.+")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_BIND: Final = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(?!0)[0-9]{1,5}")
#: Which requests may have a line of the log each.
LOGGED: Final = ("all", "failed", "none")
MOST_PORT: Final = 65_535


class BadSetting(Exception):
    """A setting that is unknown or malformed; the sentence names it and what to write instead."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator may set. Each field is `HUB_` + its upper-case name in the environment."""

    data_dir: Path = field(default=Path("var"), metadata={"help": "Directory of the database, keys and locks."})
    database_url: str = field(
        default="", metadata={"help": "SQLAlchemy URL; empty: a SQLite file `hub.db` in the data directory."}
    )
    replica_url: str = field(
        default="", metadata={"help": "SQLAlchemy URL of a PostgreSQL standby that pages are read from; empty: none."}
    )
    public_url: str = field(
        default="http://127.0.0.1:8480", metadata={"help": "Address members use; every link is made from it."}
    )
    proxy: str = field(
        default="",
        metadata={"help": "Addresses or networks of the proxy, whose word about callers counts; empty: nobody's."},
    )
    title: str = field(default="Incident information-sharing hub", metadata={"help": "Title shown in discovery."})
    contact: str = field(default="", metadata={"help": "How to reach the operator; shown in discovery."})
    max_content_length: int = field(
        default=10 * 1024 * 1024, metadata={"help": "Largest request body, bytes.", "least": 2 * 1024 * 1024}
    )
    page_objects: int = field(default=1000, metadata={"help": "Most objects on a page.", "least": 1})
    page_bytes: int = field(default=10 * 1024 * 1024, metadata={"help": "About the most bytes on a page.", "least": 1})
    status_days: int = field(default=30, metadata={"help": "Days a status resource is kept.", "least": 1})
    approvals: int = field(default=2, metadata={"help": "Operators who must approve a document: 1 or 2."})
    log_format: str = field(default="json", metadata={"help": "`json` or `text`.", "one_of": ("json", "text")})
    log_requests: str = field(
        default="failed",
        metadata={"help": "Requests with a line in the log: `all`, `failed` or `none`.", "one_of": LOGGED},
    )
    metrics_bind: str = field(
        default="", metadata={"help": "Address of the metrics page, such as 127.0.0.1:9480; empty: there is none."}
    )
    rate_account: int = field(
        default=1000, metadata={"help": "Requests a second of one token, in one process; 0: any number."}
    )
    rate_source: int = field(
        default=5000, metadata={"help": "Requests a second from one address, in one process; 0: any number."}
    )
    rate_failures: int = field(
        default=600, metadata={"help": "Bad credentials a minute from one address, in one process; 0: any number."}
    )
    workers: int = field(default=0, metadata={"help": "Server processes; 0: one a processor, at most four."})
    secret_file: str = field(default="", metadata={"help": "File of the cursor and token secret; empty: in data_dir."})
    receipt_key_file: str = field(default="", metadata={"help": "Receipt key (PKCS#8 PEM); empty: in data_dir."})
    postgresql_bin: str = field(
        default="", metadata={"help": "Folder of pg_dump and pg_restore; empty: the newest installed."}
    )

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in use."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'hub.db').absolute()}"

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Where the metrics page is (host, port); None where there is none."""
        host, _, port = self.metrics_bind.rpartition(":")
        return (host.removeprefix("[").removesuffix("]"), int(port)) if self.metrics_bind else None

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of the proxy. Raises `ValueError` for text that names none."""
        return tuple(ipaddress.ip_network(each.strip()) for each in self.proxy.split(",") if each.strip())

    @property
    def secret_path(self) -> Path:
        """Where the secret for cursors and token digests lies."""
        return Path(self.secret_file) if self.secret_file else self.data_dir / "secret"

    @property
    def receipt_key_path(self) -> Path:
        """Where the receipt key lies."""
        return Path(self.receipt_key_file) if self.receipt_key_file else self.data_dir / "receipt.pem"


def _converted(name: str, value: object, default: object, metadata: Mapping[str, object]) -> object:
    if isinstance(default, Path):
        return Path(str(value))
    if isinstance(default, int):
        try:
            number = int(str(value))
        except ValueError as error:
            raise BadSetting(f"{name} must be a whole number, not {value!r}") from error
        least = metadata.get("least", 0)
        if isinstance(least, int) and number < least:
            raise BadSetting(f"{name} must be at least {least}, not {number}")
        return number
    if not isinstance(value, str):
        raise BadSetting(f"{name} must be text, not {value!r}")
    choices = metadata.get("one_of")
    if isinstance(choices, tuple) and value not in choices:
        raise BadSetting(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value


def _checked(settings: Settings) -> Settings:
    if not _is_address(settings.public_url):
        raise BadSetting(f"HUB_PUBLIC_URL must be like https://hub.example.org (no path), not {settings.public_url!r}")
    if settings.database_url and not _is_database(settings.database_url):
        raise BadSetting("HUB_DATABASE_URL must be like sqlite:////var/lib/cirt-hub/hub.db or postgresql://user@/name")
    if settings.replica_url and not (
        settings.database.startswith("postgresql") and settings.replica_url.startswith("postgresql")
    ):
        raise BadSetting("HUB_REPLICA_URL is for PostgreSQL: set HUB_DATABASE_URL to the primary of that standby first")
    if settings.replica_url and not _is_database(settings.replica_url):
        raise BadSetting("HUB_REPLICA_URL must be like postgresql://user@/name?host=standby.example.org")
    _check_proxy(settings)
    if settings.approvals not in {1, 2}:
        raise BadSetting(f"HUB_APPROVALS must be 1 or 2, not {settings.approvals}")
    if settings.metrics_bind and not _is_bind(settings.metrics_bind):
        raise BadSetting(f"HUB_METRICS_BIND must be like 127.0.0.1:9480 or [::1]:9480, not {settings.metrics_bind!r}")
    return replace(settings, public_url=settings.public_url.rstrip("/"))


def _check_proxy(settings: Settings) -> None:
    """See that the setting names networks, and not everybody."""
    try:
        everybody = any(network.prefixlen == 0 for network in settings.proxies)
    except ValueError as error:
        raise BadSetting(f"HUB_PROXY must be addresses or networks, such as 127.0.0.1, 10.1.0.0/24: {error}") from error
    if everybody:
        raise BadSetting("HUB_PROXY must not be everybody: whoever it names can call in any member's name")


def _is_address(url: str) -> bool:
    """Whether the URL is a scheme, a host and perhaps a port."""
    try:
        parts = urlsplit(url)
        rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not rest
    except ValueError:  # a port or an IPv6 address that is none
        return False


def _is_bind(text: str) -> bool:
    """Whether the text is a host and a port to listen on."""
    return _BIND.fullmatch(text) is not None and int(text.rpartition(":")[2]) <= MOST_PORT


def _is_database(url: str) -> bool:
    """Whether the URL names one of the two engines, and a port that is one."""
    try:
        return _DATABASE.fullmatch(url) is not None and urlsplit(url).port != 0
    except ValueError:
        return False


def load_settings(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings from the environment (or `environ`) over the TOML file; `given` wins over both.

    Raises `BadSetting` on an unknown key, a malformed value, or an unreadable file.
    """
    environ = os.environ if environ is None else environ
    known = {entry.name: entry for entry in fields(Settings)}
    values: dict[str, object] = {}
    path = environ.get("HUB_CONFIG") or str(Path(environ.get("HUB_DATA_DIR", "var")) / "hub.toml")
    if environ.get("HUB_CONFIG") or Path(path).exists():
        try:
            document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadSetting(f"{path} cannot be read as TOML: {error}") from error
        for key, value in document.items():
            name = key.lower().removeprefix("hub_")
            if name not in known:
                raise BadSetting(f"{path}: unknown key {key!r}; known keys: {', '.join(sorted(known))}")
            values[name] = value
    for key, text in environ.items():
        if not key.startswith("HUB_") or key == "HUB_CONFIG":
            continue
        name = key[4:].lower()
        if name not in known:
            wanted = ", ".join(f"HUB_{entry.upper()}" for entry in sorted(known))
            raise BadSetting(f"unknown setting {key}; known settings: {wanted}")
        values[name] = text
    values |= {key: value for key, value in given.items() if value is not None}
    typed = {
        name: _converted(f"HUB_{name.upper()}", value, known[name].default, known[name].metadata)
        for name, value in values.items()
    }
    return _checked(Settings(**typed))  # type: ignore[arg-type]  # each value was converted to its field's type
