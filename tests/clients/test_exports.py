"""What MISP and OpenCTI export, published by `cirt`: the samples have the quirks of such files, written by us."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from policies.labels import PINNED, TLP2_MARKINGS
from support.clients.wire import basic
from support.clock import SECOND
from support.members import Neighbourhood, Team, bundle

EXPORTS = Path(__file__).resolve().parents[2] / "feeds" / "samples" / "exports"
NORVANDIA = "identity--6d1f7f5c-3f3c-4b0a-9d2e-0c6f5d1c8a01"
TAXII = "application/taxii+json;version=2.1"
NAMES = ["misp-event.json", "opencti-report.json"]


def scene(hood: Neighbourhood) -> tuple[Team, Team, Team]:
    """NORVANDIA, who exports and publishes; a reader up to amber+strict, and one up to GREEN."""
    a, strict, green = (hood.team(name) for name in ("norvandia", "strict", "green"))
    parties = ((a, "both", "amber+strict"), (strict, "receiver", "amber+strict"), (green, "receiver", "green"))
    hood.group(*parties, alias="africa-rapid", terms={"ceiling": "amber+strict"})
    return a, strict, green


def group_id(hood: Neighbourhood) -> str:
    """The id of the one group there is."""
    with hood.world.hub.database.reading() as tx:
        return next(iter(hood.world.hub.registries.of(tx).groups))


def exported(folder: Path, name: str, team: Team) -> Path:
    """The sample, exported by the team of this test."""
    path = folder / name
    path.write_text((EXPORTS / name).read_text("utf-8").replace(NORVANDIA, team.cirt.id), "utf-8")
    return path


def objects_of(path: Path) -> dict[str, dict[str, Any]]:
    """Id → object, of a bundle or an envelope."""
    return {each["id"]: each for each in json.loads(path.read_bytes())["objects"]}


@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_published_and_verified(hood: Neighbourhood, tmp_path: Path, name: str) -> None:
    """Red if a quirk is refused: ids of any version, TLP definitions of other shapes, custom types and properties.

    Every object arrives as it was exported, but for the marking of the exporter's own unmarked ones.
    """
    a, strict, _ = scene(hood)
    path = exported(tmp_path, name, a)
    words = ("publish", str(path), "--group", "africa-rapid", "--tlp", "amber")
    a.json(*words, "--dry-run")
    said = a.json(*words)
    assert said["failures"] == []
    given = objects_of(path)
    assert {each["id"] for each in said["left_out"]} == set(given) & set(PINNED)
    polled = strict.json("poll", "--group", "africa-rapid")
    assert set(polled["verdicts"]) <= {"verified", "relayed"}
    received = {json.loads(body)["id"]: json.loads(body) for body in strict.cirt.poll(group_id(hood))}
    assert set(received) == set(given) - set(PINNED)
    marked = set(said["marked"])
    for stix_id, value in received.items():
        changed = {key for key in value if value[key] != given[stix_id].get(key)}
        assert changed <= ({"object_marking_refs", "modified"} if stix_id in marked else set()), stix_id


def test_labels_of_an_export_decide_who_gets_what(hood: Neighbourhood, tmp_path: Path) -> None:
    """Red if a `tlp:` label, TLP 1, or the strictest of several, is not obeyed: GREEN readers see GREEN alone."""
    a, strict, green = scene(hood)
    for name in NAMES:
        a.run("publish", str(exported(tmp_path, name, a)), "--group", "africa-rapid", "--tlp", "amber")
        hood.world.clock.advance(SECOND)  # both bring the team's identity, each in its own form
    seen = [json.loads(body) for body in green.cirt.poll(group_id(hood))]
    assert {each["name"] for each in seen if each["type"] == "identity"} >= {"Vendor of examples"}
    assert [each["pattern"] for each in seen if each["type"] == "indicator"] == [
        "[domain-name:value = 'parcel.example.net']"
    ]
    assert "Painted Heron" not in json.dumps(seen)
    assert len(seen) < len(strict.cirt.poll(group_id(hood)))


@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_signed_and_posted_by_another_client(hood: Neighbourhood, tmp_path: Path, name: str) -> None:
    """Red if the envelope of `cirt sign` cannot be posted as the document says, with Basic as MISP spells it."""
    a, strict, _ = scene(hood)
    out = tmp_path / "envelope.json"
    words = ("--group", "africa-rapid", "--tlp", "amber", "--out", str(out))
    a.run("sign", str(exported(tmp_path, name, a)), *words)
    address = f"{hood.doors.url}/live/collections/{group_id(hood)}/objects/"
    headers = dict([("Accept", TAXII), ("Content-Type", TAXII), basic("misp", a.cirt.token, "basic")])
    answer = requests.post(address, out.read_bytes(), headers=headers, timeout=40)
    assert (answer.status_code, answer.json()["failure_count"]) == (202, 0)
    polled = strict.json("poll", "--group", "africa-rapid")
    assert set(polled["verdicts"]) <= {"verified", "relayed"}
    again = a.json("publish", str(exported(tmp_path, name, a)), "--group", "africa-rapid", "--tlp", "amber")
    assert again["failures"] == []


@pytest.mark.parametrize(
    "said",
    [
        {"definition": {"statement": "tlp:red"}},
        {"definition": {"statement": "TLP: ULTRAVIOLET"}},
        {"definition": {"statement": "custom"}, "x_opencti_definition": "TLP:AMBER+STRICT"},
    ],
    ids=["red", "unknown", "OpenCTI's form"],
)
def test_a_label_in_words_is_not_undercut(quick: Neighbourhood, tmp_path: Path, said: dict[str, Any]) -> None:
    """Red if `cirt` signs under AMBER what a statement calls stricter: no software would have obeyed the statement."""
    a, _, _ = scene(quick)
    objects = objects_of(exported(tmp_path, "misp-event.json", a))
    words = next(each for each in objects.values() if each.get("definition") == {"statement": "tlp:amber"})
    changed = [{**each, **said} if each is words else each for each in objects.values()]
    path = str(bundle(tmp_path, "x.json", changed))
    told = a.json("publish", path, "--group", "africa-rapid", "--tlp", "amber", code=4)
    assert [failure["code"] for failure in told["failures"]] == ["unknown-marking"]
    assert "in words" in told["failures"][0]["message"]
    assert a.cirt.poll(group_id(quick)) == []


def test_unmarked_organisations_stop_an_event_where_unmarked_objects_are_refused(
    quick: Neighbourhood, tmp_path: Path
) -> None:
    """What the document says. Red if they were marked in their author's name, or published unmarked."""
    a = quick.team("norvandia")
    quick.group((a, "both", "amber"), alias="africa-rapid", terms={"unmarked": "refuse"})
    path = exported(tmp_path, "misp-event.json", a)
    told = a.json("publish", str(path), "--group", "africa-rapid", "--tlp", "amber", code=4)
    assert {(each["code"], each["id"]) for each in told["failures"]} == {
        ("unmarked", "identity--0f6b1d52-6a4c-4e0e-9b7e-5f1c2d3e4a10")
    }


def test_the_samples_have_the_quirks() -> None:
    """Red if a sample loses what it is there for."""
    misp, opencti = (objects_of(EXPORTS / name) for name in NAMES)
    for export in (misp, opencti):
        authors = {each.get("created_by_ref") for each in export.values()}
        assert len(authors) >= 3, "its own, another's, nobody's"
        assert any("tlp:" in label.lower() for each in export.values() for label in each.get("labels", ()))
        statements = [each for each in export.values() if each.get("definition_type") == "statement"]
        assert "tlp:amber" in json.dumps(statements).lower()
        assert not TLP2_MARKINGS.values() & export.keys(), "TLP 1, as these tools write it"
    assert any(each["type"].startswith("x-misp-") for each in misp.values())
    assert sum(stix_id.partition("--")[2][14] == "5" for stix_id in opencti) >= 10, "deterministic ids"
