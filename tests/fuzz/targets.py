"""What must hold for any bytes from outside? One function a reader: it returns, or raises what it found broken.

A refusal by the reader's own error is right; any other exception, and any answer that breaks a rule, is a finding.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import cast
from urllib.parse import parse_qsl

from feeds.cursor import Scope, resume, seal
from feeds.errors import BadQuery
from feeds.taxii_query import Query, parse_query
from keys.envelope import open_envelope
from keys.errors import KeysError
from keys.jws import header_bytes, read_compact
from keys.strict_json import Json, canonical, parse, parse_checked

SECRET = b"a secret of the fuzzer, not of a hub"
EPOCH = "3f0f3a52-5a2b-4d43-a3a5-0b9c5f7f3a10"
SCOPE = Scope("identity--7e0cd3f6-5a56-4a0c-9d55-5f4bb53b4a33", "0d2fe6a4-1f9c-4f5b-9be2-21a9d0d3a7c1", "objects")
SEALED = seal(SECRET, SCOPE, position=1_763_632_800_123_456, epoch=EPOCH, query=Query(match_type=("tool",)))
MATCHES = frozenset({"id", "type", "version", "spec_version"})
MOST = 2**53 - 1


class Finding(AssertionError):
    """A rule was broken."""


def strict_parser(raw: bytes) -> None:
    """The quick and the careful reading agree, and what is read has one spelling that reads back as itself."""
    value = _read(parse, raw)
    if value != _read(parse_checked, raw):
        raise Finding("the two readings differ")
    if not isinstance(value, _Refusal):
        spelled = canonical(cast("Json", value))
        if canonical(parse(spelled)) != spelled:
            raise Finding("the canonical bytes do not read back")


def envelope(raw: bytes) -> None:
    """An envelope's objects have canonical bytes of their own."""
    with suppress(KeysError):
        opened = open_envelope(raw)
        for item in (*opened.manifests, *opened.objects):
            if canonical(parse(item.canonical)) != item.canonical:
                raise Finding("an object's canonical bytes do not read back")


def cursor(raw: bytes) -> None:
    """No token is taken but the one that was given out."""
    text = raw.decode("latin-1")
    with suppress(BadQuery):
        resume(SECRET, SCOPE, Query(next=text), epoch=EPOCH)
        if text != SEALED:
            raise Finding("a forged token was taken")


def query(raw: bytes) -> None:
    """A query is understood within its bounds, or refused."""
    with suppress(BadQuery):
        read = parse_query(parse_qsl(raw.decode("latin-1"), keep_blank_values=True), MATCHES)
        if read.limit is not None and read.limit < 1:
            raise Finding("a limit below one")
        if read.match_id is not None and not read.match_id:
            raise Finding("an empty filter")


def jws(raw: bytes) -> None:
    """What is taken apart has the one header that its parts give, and joins to the very text."""
    with suppress(KeysError):
        text = raw.decode("latin-1")
        compact = read_compact(text, "receipt+jws")
        if not text.encode("ascii").startswith(compact.signing_input + b"."):
            raise Finding("other bytes are checked than were read")
        header_bytes(compact.kid, compact.alg, "receipt+jws")


class _Refusal:
    """All refusals are equal; only whether there was one is compared."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Refusal)

    def __hash__(self) -> int:
        return 0


def _read(reader: Callable[[bytes], object], raw: bytes) -> object:
    try:
        return reader(raw)
    except KeysError:
        return _Refusal()


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (strict_parser, envelope, cursor, query, jws)
}
