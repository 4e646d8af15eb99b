"""ES256 from the invitation to the verdict: keys of both algorithms in one group, at one hub, on both engines."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.cirt.profile import KEY
from hub.config import Settings
from keys import base64url
from keys.jws import header_bytes
from keys.manifest import TYP
from keys.signer import generate_key_file
from support.es256 import twin
from support.joining import invitation, joined
from support.members import Neighbourhood, Team, bundle, indicators, neighbourhood, run_cirt
from support.world import TAXII


def post(hood: Neighbourhood, team: Team, group: str, envelope: dict[str, Any]) -> Any:
    """The status of an envelope that another client posts."""
    headers = {**team.cirt.headers, "Content-Type": TAXII}
    url = f"{hood.doors.url}/live/collections/{group}/objects/"
    return requests.post(url, json.dumps(envelope).encode(), headers=headers, timeout=20).json()


def test_a_member_with_an_es256_key_publishes_and_is_verified(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if enrolment, acceptance, manifest, ring or receipt stops at the second algorithm."""
    a, b = joined(hood, "alpha", "--alg", "ES256"), joined(hood, "bravo")
    assert (a.cirt.signer.alg, b.cirt.signer.alg) == ("ES256", "Ed25519")
    hood.group((a, "both", "amber"), (b, "both", "amber"), alias="first")
    for team, number in ((a, 0), (b, 5)):
        path = str(bundle(tmp_path, "a.json", indicators(2, first=number)))
        answer = team.json("publish", path, "--group", "first", "--tlp", "green")
        assert [each["objects"] for each in answer["publications"]] == [2]
    for team in (a, b):
        answer = team.json("poll", "--group", "first")
        assert (answer["verdicts"], set(answer["streams"].values())) == ({"verified": 4}, {"complete"})
        assert team.json("verify", "--group", "first")["good"] is True
    b.run("keys", "pin", a.cirt.id, next(k["fingerprint"] for k in b.json("keys", "list") if k["member"] == a.cirt.id))
    assert b.json("poll", "--group", "first", "--require-confirmed")["good"] is True


def test_a_hub_may_sign_its_receipts_by_es256(tmp_path: Path, database_url: str) -> None:
    """Red if receipts, baselines or the pinned receipt key take Ed25519 only."""
    settings = Settings(data_dir=tmp_path / "hub", database_url=database_url)
    settings.data_dir.mkdir()
    generate_key_file(settings.receipt_key_path, None, "ES256")
    with neighbourhood(tmp_path, database_url) as hood:
        assert hood.world.hub.receipts.alg == "ES256"
        a = joined(hood, "alpha")
        hood.group((a, "both", "amber"), alias="first")
        path = str(bundle(tmp_path, "a.json", indicators(1)))
        answer = a.json("publish", path, "--group", "first", "--tlp", "green")
        header = answer["publications"][0]["receipt"].split(".")[0]
        assert json.loads(base64url.decode(header))["alg"] == "ES256"
        assert a.json("poll", "--group", "first")["good"] is True


def test_a_twin_is_answered_as_what_it_is_and_stored_once(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if the hub knows a manifest by its bytes: one payload would be published twice."""
    a, b = joined(hood, "alpha", "--alg", "ES256"), joined(hood, "bravo")
    group = hood.group((a, "both", "amber"), (b, "both", "amber"), alias="first").id
    out = tmp_path / "envelope.json"
    path = str(bundle(tmp_path, "a.json", indicators(2)))
    a.run("sign", path, "--group", "first", "--tlp", "green", "--out", str(out))
    envelope = json.loads(out.read_bytes())
    assert post(hood, a, group, envelope)["success_count"] == 3
    start, _, signature = envelope["objects"][-1]["jws"].rpartition(".")
    envelope["objects"][-1]["jws"] = f"{start}.{base64url.encode(twin(base64url.decode(signature)))}"
    assert post(hood, a, group, envelope)["failure_count"] == 0
    answer = b.json("poll", "--group", "first")
    assert (answer["objects"], set(answer["streams"].values())) == (2, {"complete"})


@pytest.mark.parametrize("alg", ["Ed25519", "ES256"])
def test_the_message_does_not_choose_its_algorithm(hood: Neighbourhood, tmp_path: Path, alg: str) -> None:
    """T-48. Red if hub or reader verifies by the header's `alg` instead of the enrolled key's (RFC 8725 §3.1)."""
    a, b = joined(hood, "alpha", "--alg", alg), joined(hood, "bravo")
    group = hood.group((a, "both", "amber"), (b, "both", "amber"), alias="first").id
    out, other = tmp_path / "envelope.json", {"Ed25519": "ES256", "ES256": "Ed25519"}[alg]
    path = str(bundle(tmp_path, "a.json", indicators(1)))
    a.run("sign", path, "--group", "first", "--tlp", "green", "--out", str(out))
    envelope = json.loads(out.read_bytes())
    b.run("poll", "--group", "first")
    payload = envelope["objects"][-1]["jws"].split(".")[1]
    start = f"{base64url.encode(header_bytes(a.cirt.signer.kid, other, TYP))}.{payload}"
    for signer in (a.cirt.signer, b.cirt.signer):
        envelope["objects"][-1]["jws"] = f"{start}.{base64url.encode(signer.sign(start.encode()))}"
        failures = post(hood, a, group, envelope)["failures"]
        assert any(each["message"].startswith("bad-signature:") for each in failures)
        out.write_text(json.dumps(envelope), "utf-8")
        said = b.run("verify", "--group", "first", str(out), "--json", code=1).json
        assert [each["verdict"] for each in said["manifests"]] == ["altered"]


def test_join_does_not_swap_the_key_that_is_there(quick: Neighbourhood) -> None:
    """Red if `--alg` beside a key of another algorithm is passed over in silence."""
    a = joined(quick, "alpha")
    before = (a.home / KEY).read_bytes()
    said = run_cirt(a.home, a.clock, "join", invitation(quick.world, "alpha"), "--alg", "ES256", code=1)
    assert "is for Ed25519; move it away" in said.err
    assert (a.home / KEY).read_bytes() == before
