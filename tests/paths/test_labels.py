"""Which label does an object have, and does the door keep to it? Through POST and poll, whole (T-14 to T-16).

ALPHA publishes and receives up to amber+strict, ROMEO receives up to amber, BRAVO up to green.
"""

import json
from itertools import count
from typing import Any

import pytest

from keys.envelope import item_of
from policies.labels import TLP2_MARKINGS
from support.stage import Stage, indicator, told

CLEAR, GREEN, AMBER, STRICT = (TLP2_MARKINGS[label] for label in ("clear", "green", "amber", "amber+strict"))
RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
WHITE_1 = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"
AMBER_1 = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
RED_1 = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
OPENCTI_STRICT = "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37"
SOMEBODYS = "marking-definition--00000000-0000-4000-8000-000000000001"
NOBODYS = "marking-definition--00000000-0000-4000-8000-000000000000"
READERS = ("alpha", "romeo", "bravo")
NUMBERS = count(100)
"""Objects that no other test has."""


def granular(*refs: str) -> dict[str, Any]:
    """Markings of the name alone."""
    return {"granular_markings": [{"marking_ref": ref, "selectors": ["name"]} for ref in refs]}


def definition(stix_id: str, tlp: str = "white", kind: str = "tlp") -> dict[str, Any]:
    """A marking-definition as anybody could write one."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": stix_id,
        "created": "2026-11-19T00:00:00.000Z",
        "definition_type": kind,
        "definition": {"tlp": tlp},
    }


def readers(stage: Stage, value: dict[str, Any]) -> list[str]:
    """Who is sent the object, and sent it unchanged."""
    bodies = {who: stage.world.cirts[who].poll(stage.first.id) for who in READERS}
    body = item_of(value).canonical
    return [who for who in READERS if body in bodies[who]]


ALL, TO_AMBER, TO_STRICT = ["alpha", "romeo", "bravo"], ["alpha", "romeo"], ["alpha"]
TAKEN: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("unmarked, T-15", "green", {}, ALL),
    ("unmarked, T-15", "amber", {}, TO_AMBER),
    ("unmarked, T-15", "amber+strict", {}, TO_STRICT),
    ("the manifest is the stricter", "amber", {"object_marking_refs": [CLEAR]}, TO_AMBER),
    ("two markings", "amber", {"object_marking_refs": [CLEAR, AMBER]}, TO_AMBER),
    ("two markings, turned round", "amber", {"object_marking_refs": [AMBER, CLEAR]}, TO_AMBER),
    ("TLP 1 and 2", "amber+strict", {"object_marking_refs": [WHITE_1, OPENCTI_STRICT]}, TO_STRICT),
    ("TLP 1 white", "green", {"object_marking_refs": [WHITE_1]}, ALL),
    ("TLP 1 amber", "amber", {"object_marking_refs": [AMBER_1]}, TO_AMBER),
    ("granular is the strictest", "amber", {"object_marking_refs": [CLEAR], **granular(GREEN, AMBER)}, TO_AMBER),
    ("a label", "amber", {"labels": ["phishing", "TLP:Amber"]}, TO_AMBER),
]
REFUSED: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("clear and red", "amber+strict", {"object_marking_refs": [CLEAR, RED]}, {"red", "stricter-than-manifest"}),
    ("TLP 1 red", "amber+strict", {"object_marking_refs": [RED_1]}, {"red", "stricter-than-manifest"}),
    ("granular red", "amber+strict", granular(RED), {"red", "stricter-than-manifest"}),
    ("label red", "amber+strict", {"labels": ["tlp:red"]}, {"red", "stricter-than-manifest"}),
    ("clear and amber above it", "green", {"object_marking_refs": [CLEAR, AMBER]}, {"stricter-than-manifest"}),
    ("amber and clear above it", "green", {"object_marking_refs": [AMBER, CLEAR]}, {"stricter-than-manifest"}),
    ("amber beside a clear label", "green", granular(AMBER) | {"labels": ["tlp:clear"]}, {"stricter-than-manifest"}),
    ("above the manifest", "green", {"object_marking_refs": [AMBER]}, {"stricter-than-manifest"}),
    ("granular above it", "green", granular(STRICT), {"stricter-than-manifest"}),
    ("OpenCTI's strict above it", "amber", {"object_marking_refs": [OPENCTI_STRICT]}, {"stricter-than-manifest"}),
    ("nobody's marking", "green", {"object_marking_refs": [NOBODYS]}, {"unknown-marking"}),
    ("nobody's granular marking", "green", granular(NOBODYS), {"unknown-marking"}),
    ("a label nobody knows", "green", {"labels": ["tlp:pink"]}, {"unknown-marking"}),
    ("bare string, T-16", "green", {"object_marking_refs": RED}, {"not-stix", "malformed"}),
    ("null, T-16", "green", {"object_marking_refs": None}, {"not-stix", "malformed"}),
    ("nothing in it, T-16", "green", {"object_marking_refs": []}, {"not-stix", "malformed"}),
    ("nested, T-16", "green", {"object_marking_refs": [[RED]]}, {"not-stix", "malformed"}),
    ("number, T-16", "green", {"object_marking_refs": [1]}, {"not-stix", "malformed"}),
    ("of another type, T-16", "green", {"object_marking_refs": [indicator(9)["id"]]}, {"not-stix", "malformed"}),
    ("another case, T-16", "green", {"object_marking_refs": [RED.upper()]}, {"not-stix", "malformed"}),
    ("granular ref a list, T-16", "green", granular([RED]), {"not-stix", "malformed"}),  # type: ignore[arg-type]  # a lie
]


@pytest.mark.parametrize(("_case", "label", "changes", "expected"), TAKEN, ids=[case[0] for case in TAKEN])
def test_t14_t15_the_strictest_marking_decides(
    lasting: Stage, _case: str, label: str, changes: dict[str, Any], expected: list[str]
) -> None:
    """S19, S21, S30. Red if one marking is looked at alone, a definition's text believed, or the unmarked are clear."""
    value = indicator(next(NUMBERS), **changes)
    lasting.publish("alpha", [value], label)
    assert readers(lasting, value) == expected


@pytest.mark.parametrize(("_case", "label", "changes", "codes"), REFUSED, ids=[case[0] for case in REFUSED])
def test_t14_t16_refused(lasting: Stage, _case: str, label: str, changes: dict[str, Any], codes: set[str]) -> None:
    """Red if red enters a collection, an unknown marking is guessed at, or what is no list is read as no marking."""
    value = indicator(next(NUMBERS), **changes)
    answer = lasting.post(lasting.objects(), lasting.envelope("alpha", [value], label))
    failed = {each.get("id"): each["message"].partition(":")[0] for each in told(answer)["failures"]}
    assert answer.status_code == 202
    assert failed[value["id"]] in codes, failed
    assert readers(lasting, value) == []


@pytest.mark.parametrize("stix_id", [RED, GREEN, NOBODYS])
def test_t14_a_definition_is_never_believed(lasting: Stage, stix_id: str) -> None:
    """S18. Red if a definition in the envelope, with a pinned id or claiming a TLP, changes what a marking means."""
    marked = indicator(next(NUMBERS), object_marking_refs=[stix_id])
    answer = told(lasting.post(lasting.objects(), lasting.envelope("alpha", [definition(stix_id), marked], "green")))
    failed = {each.get("id"): each["message"].partition(":")[0] for each in answer["failures"]}
    assert failed[stix_id] == "forged-marking", failed
    assert readers(lasting, marked) == []


def test_t14_a_statement_is_no_tlp(lasting: Stage) -> None:
    """Red if a marking that comes along, or lies on the shelf, is refused; or if somebody else's counts."""
    statement = definition(SOMEBODYS, kind="statement") | {"definition": {"statement": "TLP:RED, says the text"}}
    lasting.publish("alpha", [statement, indicator(1, object_marking_refs=[SOMEBODYS])])
    lasting.publish("alpha", [indicator(2, object_marking_refs=[SOMEBODYS, AMBER])], "amber")
    assert readers(lasting, indicator(1, object_marking_refs=[SOMEBODYS])) == ALL
    answer = told(
        lasting.post(
            lasting.objects(), lasting.envelope("bravo", [indicator(3, object_marking_refs=[SOMEBODYS])]), "bravo"
        )
    )
    assert any(each["message"].startswith("unknown-marking") for each in answer["failures"]), answer


def test_t15_refused_where_the_agreement_says_so(lasting: Stage) -> None:
    """Red if `unmarked = "refuse"` is not asked, or a granular marking of one property counts as marking the object."""
    alpha = lasting.world.cirts["alpha"]
    strict = lasting.world.agreement([(alpha, "both", "amber")], terms={"unmarked": "refuse"})
    for value in (indicator(1), indicator(2, labels=["phishing"])):
        assert alpha.publish(strict, [value])["failures"][0]["message"].startswith("unmarked"), value
    assert alpha.publish(strict, [indicator(3, object_marking_refs=[GREEN])])["failure_count"] == 0


NAME = '"object_marking_refs"'
SPELLINGS: list[tuple[str, str, int]] = [
    ("red, then clear", f'"object_marking_refs":["{RED}"],"object_marking_refs":["{CLEAR}"]', 400),
    ("clear, then red", f'"object_marking_refs":["{CLEAR}"],"object_marking_refs":["{RED}"]', 400),
    ("clear, then red in another spelling", f'{NAME}:["{CLEAR}"],"object_marking_ref\\u0073":["{RED}"]', 400),
    ("zero width in the key", f'"object_marking_refs\\u200b":["{RED}"]', 400),
    ("byte order mark in the key", f'"\\ufeffobject_marking_refs":["{RED}"]', 400),
    ("Cyrillic e in the key", f'"obj\\u0435ct_marking_refs":["{RED}"]', 400),
]


@pytest.mark.parametrize(("_case", "spelling", "status"), SPELLINGS, ids=[case[0] for case in SPELLINGS])
def test_t16_one_spelling_of_a_key(lasting: Stage, _case: str, spelling: str, status: int) -> None:
    """Red if one reader keeps the first of two equal keys and another the last, or keys only look alike."""
    alpha = lasting.world.cirts["alpha"]
    value = indicator(next(NUMBERS))
    manifest, _ = alpha.manifest(lasting.first, [value])
    text = json.dumps(value).removesuffix("}") + f",{spelling}}}"
    raw = b'{"objects":[' + manifest.canonical + b"," + text.encode() + b"]}"
    assert lasting.post(lasting.objects(), raw).status_code == status
    assert readers(lasting, value) == []


def test_t16_an_escaped_key_is_the_key(lasting: Stage) -> None:
    """Red if the decision and the relayed bytes disagree about a key that is written with escapes."""
    alpha = lasting.world.cirts["alpha"]
    value = indicator(next(NUMBERS), object_marking_refs=[AMBER])
    manifest, items = alpha.manifest(lasting.first, [value], "amber")
    text = json.dumps(value).replace(NAME, '"object_marking_ref\\u0073"').encode()
    assert text != items[0].canonical
    answer = lasting.post(lasting.objects(), b'{"objects":[' + manifest.canonical + b"," + text + b"]}")
    assert told(answer)["failure_count"] == 0
    alpha.remember(lasting.first)
    assert readers(lasting, value) == TO_AMBER
    manifest, items = alpha.manifest(lasting.first, [indicator(next(NUMBERS), object_marking_refs=[RED])])
    red = json.dumps(items[0].value).replace(NAME, '"object_marking_ref\\u0073"').encode()
    answer = lasting.post(lasting.objects(), b'{"objects":[' + manifest.canonical + b"," + red + b"]}")
    assert told(answer)["failures"][0]["message"].startswith(("red", "stricter-than-manifest"))
