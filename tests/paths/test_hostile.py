"""What does the door do with hostile bodies? Says what is wrong, and writes nothing but the status (T-36 to T-49)."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from hub.store import keyring
from hub.store.registry import bump
from keys import base64url
from keys.envelope import Item, item_of
from keys.errors import Malformed
from support.clock import DAY
from support.dump import dump
from support.signing import signer_of
from support.stage import Stage, indicator, told
from support.stix_objects import observable
from support.world import Cirt, envelope_of

NUMBERS = count(1)
"""Objects that no other test has."""
BIG = "[ipv4-addr:value = '192.0.2.1']"


def altered(insert: str, old: str = '"name":"') -> Callable[[Stage], bytes]:
    """A good envelope in whose object something is put before its name."""

    def make(stage: Stage) -> bytes:
        raw = stage.envelope("alpha", [indicator(next(NUMBERS))])
        assert raw.count(old.encode()) == 1
        return raw.replace(old.encode(), insert.encode("utf-8", "surrogatepass") + old.encode())

    return make


def encoded(codec: str) -> Callable[[Stage], bytes]:
    """A good envelope in another encoding."""
    return lambda stage: stage.envelope("alpha", [indicator(next(NUMBERS))]).decode().encode(codec)


def plain(body: bytes) -> Callable[[Stage], bytes]:
    """A body as it is."""
    return lambda _: body


def with_object(**changes: Any) -> Callable[[Stage], bytes]:
    """A properly signed envelope with an object that is wrong in itself.

    What no manifest can name, since its id or version is wrong, stands beside a good one that is named.
    """

    def make(stage: Stage) -> bytes:
        value, good = indicator(next(NUMBERS)) | changes, indicator(next(NUMBERS))
        try:
            return stage.envelope("alpha", [value])
        except Malformed:
            manifest, items = stage.world.cirts["alpha"].manifest(stage.first, [good])
            return envelope_of([manifest, *items, item_of(value)])

    return make


DEEP = "[" * 100_000 + "]" * 100_000
UNREADABLE: list[tuple[str, Callable[[Stage], bytes], int]] = [
    ("T-37 key twice in an object", altered('"name":"x",'), 400),
    ("T-37 key twice, escaped once", altered('"n\\u0061me":"x",'), 400),
    ("T-37 key twice, deep", altered('"x_a":[{"b":1,"b":2}],'), 400),
    ("T-37 key twice around it", plain(b'{"objects":[],"objects":[{"type":"tool","id":"tool--1"}]}'), 400),
    ("T-38 NaN", altered('"x_a":NaN,'), 400),
    ("T-38 Infinity", altered('"x_a":[-Infinity],'), 400),
    ("T-38 1e400", altered('"x_a":1e400,'), 400),
    ("T-39 5,000 digits", altered(f'"x_a":{"9" * 5000},'), 400),
    ("T-39 2^53", altered('"x_a":9007199254740992,'), 400),
    ("T-39 2^64", altered('"x_a":18446744073709551616,'), 400),
    ("T-39 1e16", altered('"x_a":1e16,'), 400),
    ("T-49 minus zero", altered('"x_a":-0.0,'), 400),
    ("T-40 nested 100,000 deep", altered(f'"x_a":{DEEP},'), 400),
    ("T-40 nested 600 deep", altered(f'"x_a":{"[" * 600}{"]" * 600},'), 400),
    ("T-40 nothing but brackets", plain(b"[" * 1_000_000), 400),
    ("T-41 lone surrogate, escaped", altered('"x_a":"\\ud800",'), 400),
    ("T-41 lone surrogate, as bytes", altered('"x_a":"\ud800",'), 400),
    ("T-41 NUL", altered('"x_a":"\\u0000",'), 400),
    ("T-41 U+FFFE", altered('"x_a":"\ufffe",'), 400),
    ("T-41 overlong", plain(b'{"objects":["\xc0\xaf"]}'), 400),
    ("T-41 UTF-16", encoded("utf-16"), 400),
    ("T-41 UTF-32", encoded("utf-32-le"), 400),
    ("T-41 byte order mark", encoded("utf-8-sig"), 400),
    ("T-42 null", plain(b"null"), 400),
    ("T-42 list", plain(b"[]"), 400),
    ("T-42 text", plain(b'"objects"'), 400),
    ("T-42 number", plain(b"1"), 400),
    ("T-42 nothing", plain(b""), 400),
    ("T-42 objects null", plain(b'{"objects":null}'), 422),
    ("T-42 objects an object", plain(b'{"objects":{}}'), 422),
    ("T-42 objects a text", plain(b'{"objects":"x"}'), 422),
    ("T-42 objects absent", plain(b"{}"), 422),
    ("T-42 objects empty", plain(b'{"objects":[]}'), 422),
    ("T-42 an object that is none", plain(b'{"objects":[1]}'), 422),
    ("T-42 cut off", plain(b'{"objects":[{"type":"tool"'), 400),
]
UUID = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
FAULTY: list[tuple[str, Callable[[Stage], bytes], str]] = [
    ("T-50 an object beyond 1 MiB", with_object(description="x" * (1 << 20)), "too-large"),
    ("T-42 type a list", with_object(type=["indicator"]), "not-stix"),
    ("T-42 extensions a text", with_object(extensions="x"), "not-stix"),
    ("T-42 extensions of nothing", with_object(extensions={"extension-definition--x": 1}), "not-stix"),
    ("T-44 upper case", with_object(id=f"indicator--{UUID.upper()}"), "malformed"),
    ("T-44 braces", with_object(id=f"indicator--{{{UUID}}}"), "malformed"),
    ("T-44 line end", with_object(id=f"indicator--{UUID}\n"), "malformed"),
    ("T-44 another prefix", with_object(id=f"malware--{UUID}"), "malformed"),
    ("T-44 path", with_object(id=f"indicator--../../{UUID}"), "malformed"),
    ("T-44 reference in upper case", with_object(created_by_ref=f"identity--{UUID.upper()}"), "malformed"),
    ("T-44 no id", with_object(id=None), "malformed"),
    ("T-45 modified before created", with_object(modified="2026-11-18T00:00:00.000Z"), "malformed"),
    ("T-45 year 0000", with_object(created="0000-01-01T00:00:00.000Z"), "malformed"),
    ("T-45 year 99999", with_object(modified="99999-01-01T00:00:00.000Z"), "malformed"),
    ("T-45 leap second", with_object(modified="2026-11-19T23:59:60.000Z"), "malformed"),
    ("T-45 offset", with_object(modified="2026-11-20T09:58:11.120+00:00"), "malformed"),
    ("T-45 ten digits", with_object(modified="2026-11-20T09:58:11.1234567890Z"), "malformed"),
    ("T-45 created a list", with_object(created=[]), "malformed"),
    ("T-45 the day after tomorrow", with_object(modified="2026-11-22T09:58:11.120Z"), "future"),
    ("T-46 400 nested parentheses", with_object(pattern=f"{'(' * 400}{BIG}{')' * 400}"), "not-stix"),
    ("T-46 a pattern of 200 kB", with_object(pattern=" OR ".join([BIG] * 6000)), "too-large"),
    ("T-46 garbage", with_object(pattern="x" * 60_000), "not-stix"),
    ("T-36 no STIX type", with_object(pattern_type=1), "not-stix"),
]
PASSED: list[tuple[str, Callable[[Stage], bytes]]] = [
    ("T-45 nine digits", with_object(modified="2026-11-20T09:58:11.123456789Z")),
    ("T-46 a legitimate 1,000-term OR", with_object(pattern=" OR ".join([BIG] * 1000))),
    ("T-47 YARA", with_object(pattern_type="yara", pattern="rule x { condition: ((((( true }")),
    ("T-47 unknown", with_object(pattern_type="x-own", pattern="[ipv4-addr:value = ")),
    ("T-36 what a terminal or a log could take for a command", with_object(name="a\r\nb\x1b[2J\u202e{}\"'</script>")),
    ("T-54 what a page could take for one", with_object(description="<img src=x onerror=alert(1)>{{7*7}}")),
    ("T-34 what SQL could take for one", with_object(name="'; DROP TABLE objects; -- %(a)s :grp %s")),
    ("S28 beyond the BMP", with_object(name="\U0001f4a9 e\u0301 \u00e9")),
]


@pytest.mark.parametrize(("_case", "make", "status"), UNREADABLE, ids=[case[0] for case in UNREADABLE])
def test_unreadable(lasting: Stage, _case: str, make: Callable[[Stage], bytes], status: int) -> None:
    """Red if a reader is laxer than the verifier's, or an exception escapes as a 500, or a status is kept."""
    before = dump(lasting.world.hub.database)
    answer = lasting.post(lasting.objects(), make(lasting))
    assert answer.status_code == status, answer.data
    assert told(answer)["title"]
    assert dump(lasting.world.hub.database) == before


@pytest.mark.parametrize(("_case", "make", "code"), FAULTY, ids=[case[0] for case in FAULTY])
def test_faulty_objects(lasting: Stage, _case: str, make: Callable[[Stage], bytes], code: str) -> None:
    """Red if the object is taken, or its fault kills the request; one status is kept and nothing else."""
    before = dump(lasting.world.hub.database, "statuses")
    answer = lasting.post(lasting.objects(), make(lasting))
    body = told(answer)
    messages = [each["message"] for each in body.get("failures", ())]
    assert (answer.status_code, body.get("success_count")) == (202, 0), body
    assert any(f"{code}: " in message for message in messages), messages
    assert dump(lasting.world.hub.database, "statuses") == before


@pytest.mark.parametrize(("_case", "make"), PASSED, ids=[case[0] for case in PASSED])
def test_odd_but_good(lasting: Stage, _case: str, make: Callable[[Stage], bytes]) -> None:
    """Red if what is legitimate is refused, or comes back changed by one byte."""
    raw = make(lasting)
    answer = told(lasting.post(lasting.objects(), raw))
    assert answer["failure_count"] == 0, answer
    lasting.world.cirts["alpha"].remember(lasting.first)
    body = lasting.world.cirts["bravo"].poll(lasting.first.id)[-1]
    assert body in raw


def signed_by(cirt: Cirt, stage: Stage, **changes: Any) -> tuple[Item, list[Item]]:
    """A manifest of one object, and the object."""
    return cirt.manifest(stage.first, [indicator(next(NUMBERS))], **changes)


def _jws(
    item: Item, *, header: dict[str, Any] | None = None, payload: bytes | None = None, sign: bytes | None = None
) -> Item:
    """The manifest with parts of its JWS replaced."""
    parts = item.value["jws"].split(".")  # type: ignore[union-attr]  # it is a text
    parts[0] = base64url.encode(json.dumps(header, separators=(",", ":")).encode()) if header else parts[0]
    parts[1] = base64url.encode(payload) if payload is not None else parts[1]
    parts[2] = base64url.encode(sign) if sign is not None else parts[2]
    return item_of(item.value | {"jws": ".".join(parts)})


def _header(cirt: Cirt, **changes: str) -> dict[str, str]:
    return {"alg": "Ed25519", "kid": cirt.signer.kid, "typ": "publication-manifest+jws"} | changes


def _signatures(stage: Stage) -> dict[str, tuple[list[Item], str]]:
    """What stands in the envelope, and the code it must be refused with."""
    alpha, bravo = stage.world.cirts["alpha"], stage.world.cirts["bravo"]
    good, items = signed_by(alpha, stage)
    other, _ = signed_by(alpha, stage)
    swapped = base64url.decode(str(other.value["jws"]).split(".")[2])
    payload = base64url.decode(str(good.value["jws"]).split(".")[1])
    changed = item_of(items[0].value | {"name": "changed after signing"})
    return {
        "no manifest": (items, "unsigned"),
        "algorithm none": ([_jws(good, header=_header(alpha, alg="none"), sign=b""), *items], "malformed"),
        "HMAC with the public key": ([_jws(good, header=_header(alpha, alg="HS256")), *items], "malformed"),
        "another typ": ([_jws(good, header=_header(alpha, typ="accept+jws")), *items], "malformed"),
        "signature of another manifest": ([_jws(good, sign=swapped), *items], "bad-signature"),
        "payload for a laxer label": (
            [_jws(good, payload=payload.replace(b"green", b"clear")), *items],
            "bad-signature",
        ),
        "key of another member": ([_jws(good, header=_header(alpha, kid=bravo.signer.kid)), *items], "unknown-key"),
        "key nobody knows": ([signed_by(alpha, stage, signer=signer_of("nobody"))[0], *items], "unknown-key"),
        "object changed after signing": ([good, changed], "unlisted-object"),
        "object left out": ([good], "missing-object"),
        "object put in": ([good, *items, item_of(observable())], "unlisted-object"),
        "place in the stream taken": ([signed_by(alpha, stage, seq=7)[0], *items], "stream-position"),
        "another agreement": (
            [alpha.manifest(replace(stage.first, digest="0" * 64), items)[0], *items],
            "agreement-changed",
        ),
    }


CASES = (
    "no manifest", "algorithm none", "HMAC with the public key", "another typ", "signature of another manifest",
    "payload for a laxer label", "key of another member", "key nobody knows", "object changed after signing",
    "object left out", "object put in", "place in the stream taken", "another agreement",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_t48_signatures(lasting: Stage, case: str) -> None:
    """Red if anything that the signature, the key ring, the stream or the list should stop is stored."""
    items, code = _signatures(lasting)[case]
    before = dump(lasting.world.hub.database, "statuses")
    answer = told(lasting.post(lasting.objects(), envelope_of(items)))
    messages = [each["message"] for each in answer["failures"]]
    assert answer["success_count"] == 0
    assert any(message.startswith(f"{code}: ") or f"; also {code}: " in message for message in messages), messages
    assert dump(lasting.world.hub.database, "statuses") == before


def test_t48_a_key_is_good_in_its_time_only(stage: Stage) -> None:
    """Red if a pending, not yet valid, expired or revoked key signs."""
    alpha, database = stage.world.cirts["alpha"], stage.world.hub.database
    states = {
        "pending": "state = 'pending'",
        "not yet": f"valid_from = {stage.world.clock() + DAY}",
        "expired": f"valid_until = {stage.world.clock() - 1}",
    }
    for case, change in states.items():
        with database.writing() as tx:
            tx.run(
                "UPDATE keys SET state = 'confirmed', valid_from = 0, valid_until = NULL WHERE kid = :k",
                k=alpha.signer.kid,
            )
            tx.run(f"UPDATE keys SET {change} WHERE kid = :k", k=alpha.signer.kid)
            bump(tx)
        assert alpha.publish(stage.first, [indicator(1)])["success_count"] == 0, case
    with database.writing() as tx:
        tx.run(
            "UPDATE keys SET state = 'confirmed', valid_from = 0, valid_until = NULL WHERE kid = :k", k=alpha.signer.kid
        )
        bump(tx)
    assert alpha.publish(stage.first, [indicator(1)])["success_count"] == 2
    with database.writing() as tx:
        keyring.revoke(tx, alpha.signer.kid, "lost", stage.world.clock())
        bump(tx)
    assert alpha.publish(stage.first, [indicator(2)])["success_count"] == 0
    assert stage.world.cirts["bravo"].ids(stage.first.id) == [indicator(1)["id"]]


def test_t48_spelling_is_not_content(lasting: Stage) -> None:
    """Order of keys, blanks, escapes and 1.0 for 1 are the same JSON: taken, and relayed in the one spelling.

    Red if the bytes of the request are stored as they came, so that a partner could not verify what it is sent.
    """
    alpha = lasting.world.cirts["alpha"]
    value = indicator(next(NUMBERS), name="A", x_count=1)
    manifest, items = alpha.manifest(lasting.first, [value])
    text = json.dumps(dict(reversed(value.items())), indent=1).replace('"A"', '"\\u0041"').replace(": 1,", ": 1.0,")
    raw = b' {"objects" : [' + text.encode() + b"," + json.dumps(manifest.value).encode() + b"]}\n"
    assert told(lasting.post(lasting.objects(), raw))["failure_count"] == 0
    alpha.remember(lasting.first)
    assert lasting.world.cirts["bravo"].poll(lasting.first.id)[-1] == items[0].canonical
    assert lasting.world.cirts["bravo"].poll(lasting.first.proofs)[-1] == manifest.canonical
