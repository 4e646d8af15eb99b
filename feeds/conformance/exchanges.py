"""What was asked of a server, and what came? One exchange at a time, its body read as I-JSON (RFC 7493)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from feeds.accept import media_ranges
from feeds.errors import shown

_SHOWN_PATH: Final = 160


class NotIJson(ValueError):
    """A body that is not I-JSON; the text says why."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it.

    Attributes:
        method: `GET` or `HEAD`.
        target: Path and query as asked, before the server's own redirects.
        status: The HTTP status; None where no answer came.
        headers: Of the answer, names in lower case.
        size: Bytes of the answer's body.
        value: The body as JSON; None where it is empty or not I-JSON.
        garbled: Why the body is not I-JSON; None where it is, or is empty.
        said: How the request differed from a plain one, such as a header; empty where it did not.
        failure: Why there is no answer; None where there is one.
        lost: Whether it may be the network's fault that there is none.
    """

    method: str
    target: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    value: Any = None
    garbled: str | None = None
    said: str = ""
    failure: str | None = None
    lost: bool = False

    @property
    def asked(self) -> str:
        """The request in a line."""
        cut = self.target if len(self.target) <= _SHOWN_PATH else self.target[:_SHOWN_PATH] + "…"
        return f"{self.method} {cut}" + (f" ({self.said})" if self.said else "")

    @property
    def came(self) -> str:
        """The answer in a few words, fit to be shown."""
        if self.status is None:
            return self.failure or "nothing"
        kind = self.headers.get("content-type")
        return f"{self.status}, {shown(kind) if kind else 'no Content-Type'}, {self.size} bytes"

    @property
    def ok(self) -> bool:
        """Whether it is a 200."""
        return self.status == 200  # noqa: PLR2004 - the one status of a successful GET (TAXII 2.1 §4, §5)

    @property
    def resource(self) -> Mapping[str, Any]:
        """The body as a JSON object; empty where it is none, or the status is not 200."""
        value = self.value if self.ok else None
        return value if isinstance(value, dict) else {}

    def listed(self, name: str) -> list[Any]:
        """A list of the resource; empty where there is none."""
        value = self.resource.get(name)
        return value if isinstance(value, list) else []

    def dicts(self, name: str) -> list[dict[str, Any]]:
        """The objects of a list of the resource."""
        return [each for each in self.listed(name) if isinstance(each, dict)]

    @property
    def more(self) -> bool:
        """Whether the page says that more follows."""
        return self.resource.get("more") is True

    @property
    def next(self) -> str | None:
        """The token of the next page."""
        value = self.resource.get("next")
        return value if isinstance(value, str) and value else None

    @property
    def is_taxii(self) -> bool:
        """Whether the media type is TAXII's, with version 2.1."""
        ranges = list(media_ranges(self.headers.get("content-type", "")))
        return len(ranges) == 1 and ranges[0].subtype == "taxii+json" and ranges[0].versions() == {"2.1"}


@dataclass(slots=True)
class Notes:
    """All that was asked of one server.

    Attributes:
        origin: Such as `https://hub.example`.
        local: Whether that is this machine's own loopback.
        given: Whether credentials were given.
        basic: Whether they are a user's name and password.
        exchanges: By the name of the question.
        subject: Id of the object that was looked at by itself; None for none.
        handshakes: By TLS version, `1.2` and `1.3`: why it failed, None where it went well.
    """

    origin: str
    local: bool
    given: bool
    basic: bool
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    subject: str | None = None
    handshakes: dict[str, str | None] = field(default_factory=dict)

    def get(self, name: str) -> Exchange | None:
        """The exchange of that name, if it took place and an answer came."""
        found = self.exchanges.get(name)
        return None if found is None or found.status is None else found

    def answered(self) -> dict[str, Exchange]:
        """All with an answer."""
        return {name: each for name, each in self.exchanges.items() if each.status is not None}

    @property
    def lost(self) -> bool:
        """Whether answers failed to come for reasons that may pass."""
        return any(each.lost for each in self.exchanges.values())


def read(raw: bytes) -> Any:
    """The value of an I-JSON text (RFC 7493, RFC 8259).

    Raises:
        NotIJson: a byte order mark, no UTF-8, a name twice, NaN or Infinity, a lone surrogate, or no JSON at all.
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        raise NotIJson("it begins with a byte order mark")
    try:
        text = raw.decode()
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise NotIJson("a string holds half a surrogate pair") from error
    except UnicodeDecodeError as error:
        raise NotIJson("it is not UTF-8") from error
    except RecursionError as error:
        raise NotIJson("it is nested too deeply") from error
    except NotIJson:
        raise
    except ValueError as error:
        raise NotIJson("it is not JSON") from error
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise NotIJson(f"the name {shown(next(each for each in names if names.count(each) > 1))} stands twice")
    return found


def _constant(text: str) -> Any:
    raise NotIJson(f"{text} is no JSON number")
