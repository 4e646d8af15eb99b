"""What does the small API answer? Every route of `/api/v1/`, as a member's own program would call it."""

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.acts import Actor
from hub.credentials import invite
from keys.acceptance import Action, sign_acceptance
from keys.baseline import read_baseline
from keys.enrolment import sign_enrolment
from keys.invitation import read_invitation
from keys.jwk import load_jwk
from policies.labels import TLP2_MARKINGS
from support.signing import signer_of
from support.stage import PUBLIC, Stage, indicator, open_stage, told

OLIVIA = Actor("olivia", "test")


def post(stage: Stage, path: str, value: object, who: str | None = "alpha") -> tuple[int, dict[str, Any]]:
    """Post JSON; status and answer."""
    answer = stage.post(path, orjson.dumps(value), who, "application/json")
    return answer.status_code, told(answer)


def invited(stage: Stage, member: str = "alpha") -> tuple[str, str]:
    """An invitation for a member, and its nonce."""
    hub = stage.world.hub
    with hub.database.writing() as tx:
        made = invite(tx, hub.secret, PUBLIC, member, OLIVIA, at=stage.world.clock())
    text = str(made["invitation"])
    return text, read_invitation(text).nonce


def test_the_hub_tells_who_it_is_without_a_token(stage: Stage) -> None:
    """H-6. Red if the receipt key is not its public half alone, or an address comes from the request."""
    body = told(stage.call("/api/v1/hub", None, headers={"Host": "evil.example"}))
    key = body["receipt_key"]
    assert load_jwk({name: key[name] for name in ("kty", "crv", "x")}).kid == key["kid"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg"}
    assert body["taxii"]["discovery"] == f"{PUBLIC}/taxii2/"
    assert body["limits"]["max_content_length"] == stage.world.settings.max_content_length


def test_joining_gives_a_token_once(fresh: Stage) -> None:
    """Red if an invitation is good twice, the proof is not checked, or the new token works before its confirmation."""
    text, nonce = invited(fresh)
    signer, alpha = signer_of("a new key"), fresh.world.cirts["alpha"]
    at = fresh.world.clock()
    good = sign_enrolment(hub=PUBLIC, iss=alpha.id, nonce=nonce, iat=at, signer=signer)
    other = sign_enrolment(hub="https://other.example", iss=alpha.id, nonce=nonce, iat=at, signer=signer)
    assert post(fresh, "/api/v1/join", {"invitation": text, "enrolment": other}, None)[0] == 422
    status, welcome = post(fresh, "/api/v1/join", {"invitation": text, "enrolment": good}, None)
    assert (status, welcome["member"], welcome["state"]) == (201, alpha.id, "pending")
    again = post(fresh, "/api/v1/join", {"invitation": text, "enrolment": good}, None)
    assert (again[0], again[1]["error_code"]) == (403, "bad-invitation")
    fresh.credentials["new"] = str(welcome["token"])
    me = told(fresh.call("/api/v1/me", "new"))
    assert me["account"]["pending"] is True
    assert str(welcome["token"]) not in orjson.dumps(me).decode()


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/json", b"{}", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"invitation":1,"enrolment":null}', 400),
        ("application/json", b'{"invitation":"x","enrolment":"y"}', 400),
        ("application/json", b'{"invitation":"x","invitation":"x","enrolment":"y"}', 400),
        ("application/json", b" " * 70_000, 413),
    ],
    ids=str,
)
def test_joining_with_nonsense(stage: Stage, content_type: str, body: bytes, status: int) -> None:
    """Red if what anybody may post is parsed loosely, without limit, or answered with a 500."""
    answer = stage.post("/api/v1/join", body, None, content_type)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")


def test_me_tells_keys_agreements_and_how_far_behind(fresh: Stage) -> None:
    """Red if the caller's own standing is somebody else's."""
    fresh.publish("alpha", [indicator(1), indicator(2)])
    body = told(fresh.call("/api/v1/me", "bravo"))
    bravo = fresh.world.cirts["bravo"]
    assert body["member"]["id"] == bravo.id
    assert [key["kid"] for key in body["keys"]] == [bravo.signer.kid]
    (agreement,) = body["agreements"]
    assert (agreement["alias"], agreement["behind"]) == ("first-group", 2)
    assert (agreement["versions"][0]["role"], agreement["versions"][0]["clearance"]) == ("both", "green")


def test_the_document_comes_byte_for_byte(stage: Stage) -> None:
    """Red if the text whose digest is signed is decoded, parsed or made anew on its way."""
    for name in (stage.first.id, "first-group"):
        answer = stage.call(f"/api/v1/agreements/{name}/document", "bravo")
        assert hashlib.sha256(answer.data).hexdigest() == stage.first.digest
        assert answer.headers["Content-Type"].startswith("application/toml")
    assert stage.call(f"/api/v1/agreements/first-group/document?digest={stage.first.digest}").status_code == 200
    assert stage.call(f"/api/v1/agreements/first-group/document?digest={'0' * 64}").status_code == 404


@pytest.mark.parametrize("bare", [False, True])
def test_accepting_and_withdrawing(fresh: Stage, bare: bool) -> None:  # noqa: FBT001 - a table's column
    """Red if a signed word is not taken in, taken twice, or opens the group for another than its signer."""
    zulu = fresh.world.cirts["zulu"]
    path = f"/api/v1/agreements/{fresh.first.id}/acceptances"

    def said(action: Action, n: int) -> str:
        return sign_acceptance(
            group=fresh.first.id, agreement=fresh.first.digest, action=action, n=n, iss=zulu.id,
            iat=fresh.world.clock(), signer=zulu.signer,
        )  # fmt: skip

    def send(jws: str, who: str = "zulu") -> tuple[int, dict[str, Any]]:
        body, kind = (
            (jws.encode(), "application/jose") if bare else (orjson.dumps({"acceptance": jws}), "application/json")
        )
        answer = fresh.post(path, body, who, kind)
        return answer.status_code, told(answer)

    assert fresh.call(fresh.objects(), "zulu").status_code == 404
    assert send(said(Action.ACCEPT, 1), "bravo")[0] == 422
    status, body = send(said(Action.ACCEPT, 1))
    assert (status, read_baseline(body["baseline"])[0].member) == (200, zulu.id)
    assert fresh.call(fresh.objects(), "zulu").status_code == 200
    status, refused = send(said(Action.ACCEPT, 1))
    assert (status, refused["error_code"], refused["details"]) == (409, "replayed", {"n": 1})
    assert send(said(Action.WITHDRAW, 2))[0] == 200
    assert fresh.call(fresh.objects(), "zulu").status_code == 404
    assert send(said(Action.ACCEPT, 3), "charlie")[0] == 404


def test_keys_of_ones_own_groups_only(stage: Stage) -> None:
    """Red if the keys of a foreign group are told, or a key nobody confirmed is."""
    keys = told(stage.call("/api/v1/keys?group=first-group", "bravo"))["keys"]
    assert {key["member"] for key in keys} == {
        stage.world.cirts[name].id for name in ("alpha", "bravo", "papa", "romeo", "oscar", "zulu")
    }
    assert {key["state"] for key in keys} == {"confirmed"}
    assert stage.call("/api/v1/keys?group=second-group", "bravo").status_code == 404
    for query in ("", "?group=a&group=b"):
        assert stage.call(f"/api/v1/keys{query}", "bravo").status_code == 400


def test_streams_are_the_callers_own(fresh: Stage) -> None:
    """Red if a publisher is shown another's stream, or its own manifests not byte for byte and in order."""
    for number in range(3):
        fresh.publish("alpha", [indicator(number)])
    fresh.publish("alpha", [indicator(9)], "amber+strict")
    fresh.publish("bravo", [indicator(8)])
    path = f"/api/v1/streams/{fresh.first.id}"
    body = told(fresh.call(path))
    assert [(head["label"], head["seq"]) for head in body["heads"]] == [("green", 3), ("amber+strict", 1)]
    assert body["manifests"] == []
    answer = fresh.call(f"{path}?since=green:1&since=amber%2Bstrict:0")
    assert len(told(answer)["manifests"]) == 3
    proofs = told(fresh.call(fresh.objects(fresh.first.proofs)))["objects"]
    own = [each for each in proofs if each["created_by_ref"] == fresh.world.cirts["alpha"].id]
    assert told(answer)["manifests"] == own[1:]
    assert told(fresh.call(f"{path}?since=amber+strict:0"))["manifests"] == own[3:]
    assert [head["seq"] for head in told(fresh.call(path, "bravo"))["heads"]] == [1]
    assert told(fresh.call(path, "romeo"))["heads"] == []
    for bad in ("green", "green:", "green:x", "teal:1", "green:1&since=green:2", "green:-1", ":", "green:1%00"):
        assert fresh.call(f"{path}?since={bad}").status_code == 400


def test_own_streams_come_in_pieces(tmp_path: Path, database_url: str) -> None:
    """Red if an answer has no limit in bytes, `more` is not told, or a piece can be empty: nobody would get on."""
    stage = open_stage(tmp_path / "hub", database_url, page_bytes=2_000)
    with closing(stage.world):
        for number in range(9):
            stage.publish("alpha", [indicator(number)], ("green", "amber")[number % 2])
        proofs = told(stage.call(stage.objects(stage.first.proofs, "objects/?limit=1")))["objects"]
        size = len(orjson.dumps(proofs[0]))
        got: dict[str, list[dict[str, Any]]] = {"green": [], "amber": []}
        more = True
        while more:
            places = "&since=".join(f"{label}:{len(held)}" for label, held in got.items())
            answer = stage.call(f"/api/v1/streams/{stage.first.id}?since={places}")
            assert len(answer.data) < 2_000 + 2 * size
            assert told(answer)["manifests"]
            for each in told(answer)["manifests"]:
                got["green" if TLP2_MARKINGS["green"] in each["object_marking_refs"] else "amber"].append(each)
            more = told(answer)["more"]
        heads = {head["label"]: head["seq"] for head in told(answer)["heads"]}
        assert {label: len(held) for label, held in got.items()} == heads == {"green": 5, "amber": 4}


def test_nobody_waits_for_an_enrolment_that_is_wrong(fresh: Stage) -> None:
    """Red if a stranger's body is parsed and proven under the writer's lock: this would end as busy on SQLite."""
    text, nonce = invited(fresh)
    alpha = fresh.world.cirts["alpha"]
    wrong = sign_enrolment(
        hub="https://other.example", iss=alpha.id, nonce=nonce, iat=fresh.world.clock(), signer=signer_of("a new key")
    )
    with fresh.world.hub.database.writing():
        assert post(fresh, "/api/v1/join", {"invitation": text, "enrolment": wrong}, None)[0] == 422


def test_a_dry_run_judges_and_stores_nothing(fresh: Stage) -> None:
    """Red if a rehearsal is stored, or says otherwise than the real walk."""
    path = f"/api/v1/dry-run/{fresh.first.id}"
    status, body = post(fresh, path, {"objects": [indicator(1)]})
    assert (status, body["accepted"]) == (200, True)
    assert post(fresh, f"{path}?tlp=amber%2Bstrict", {"objects": [indicator(1)]})[0] == 200
    received = told(fresh.post(f"{path}?tlp=amber", orjson.dumps({"objects": [indicator(1)]})))["recipients"]["amber"]
    by_name = {fresh.world.cirts[name].id: name for name in fresh.world.cirts}
    assert {by_name[each["member"]] for each in received if each["received"]} == {"alpha", "romeo"}
    red = indicator(2, object_marking_refs=[TLP2_MARKINGS["red"]])
    assert post(fresh, path, {"objects": [red]})[1]["accepted"] is False
    assert post(fresh, f"{path}?tlp=teal", {"objects": []})[0] == 400
    assert told(fresh.call(fresh.objects())) == {"more": False}
    assert fresh.post(path, fresh.envelope("alpha", [indicator(1)])).status_code == 200
    assert post(fresh, path, {"objects": [indicator(1)]}, "romeo")[0] == 403


def test_explaining_says_what_a_poll_does(fresh: Stage) -> None:
    """Red if the account differs from the poll, or a publisher cannot see whom its own object reaches."""
    fresh.publish("alpha", [indicator(1)], "amber")
    stix_id = indicator(1)["id"]
    path = f"/api/v1/explain/first-group/{stix_id}"
    for who in fresh.world.cirts:
        asked = fresh.call(f"{path}?member={who}")
        polled = fresh.call(fresh.objects(path=f"objects/{stix_id}/"), who).status_code == 200
        if who == "charlie":
            assert asked.status_code == 404
        else:
            assert told(asked)["received"] is polled
            assert told(asked)["reasons"]
        own = fresh.call(path, who)
        assert own.status_code == (200 if polled else 404)
    assert fresh.call(f"{path}?member=alpha", "romeo").status_code == 404
    assert fresh.call(f"/api/v1/explain/{fresh.first.id}/%00").status_code == 404


def test_health_says_little_and_truly(fresh: Stage) -> None:
    """F-13, F-24. Red if a sequencer ahead of the clock is not told, hides another fault, or sends pollers away."""
    assert told(fresh.call("/healthz", None)) == {"status": "alive"}
    assert told(fresh.call("/readyz", None)) == {"status": "ready"}
    fresh.publish("alpha", [indicator(1)])
    fresh.world.clock.advance(-3_600_000_000)
    answer = fresh.call("/readyz", None)
    assert (answer.status_code, told(answer)) == (200, {"status": "degraded", "failing": ["sequencer"]})
    fresh.world.settings.receipt_key_path.unlink()
    fresh.reopen()
    answer = fresh.call("/readyz", None)
    assert (answer.status_code, told(answer)["failing"]) == (200, ["sequencer", "receipt-key"])


def test_a_hub_of_another_schema_is_not_ready(fresh: Stage) -> None:
    """Red if readiness does not ask: a process of the old version would go on after an upgrade."""
    with fresh.world.hub.database.writing() as tx:
        tx.run("UPDATE alembic_version SET version_num = '9999'")
    answer = fresh.call("/readyz", None)
    assert (answer.status_code, told(answer)) == (503, {"status": "not ready", "failing": ["schema"]})
