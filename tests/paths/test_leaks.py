"""What may BRAVO learn of what it may not see? Nothing: not by polling, not by publishing, not by what the hub does.

ALPHA (up to amber+strict), BRAVO (up to green) share the first group; ALPHA and CHARLIE the second.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.store.engine import Database, Tx
from keys.envelope import item_of
from policies.agreement import Agreement
from policies.labels import TLP2_MARKINGS
from support.signing import NamedSigner
from support.stage import NOWHERE, Stage, indicator, kept_headers, told
from support.stix_objects import observable
from support.world import envelope_of

HIDDEN, UNKNOWN = indicator(1), indicator(0xFFFF)
STATEMENT = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--6f5b3b0c-0f0e-4b53-8f0a-5d1c4e5b6a70",
    "created": "2026-11-19T00:00:00.000Z",
    "definition_type": "statement",
    "definition": {"statement": "For the members' own use."},
}


def answer_of(answer: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer that could tell it from another."""
    return answer.status_code, kept_headers(answer), answer.data


def everything(stage: Stage) -> list[tuple[int, list[tuple[str, str]], bytes]]:
    """Every answer that BRAVO can get without writing."""
    paths = ["/taxii2/", "/live/", "/live/collections/", "/api/v1/me", "/api/v1/agreements", "/api/v1/keys"]
    for name in (stage.first.id, stage.first.proofs, stage.second.id, NOWHERE):
        here = f"/live/collections/{name}/"
        paths += [here, f"/api/v1/streams/{name}", f"/api/v1/agreements/{name}"]
        for end in ("objects/", "manifest/"):
            paths += [
                f"{here}{end}?{query}" for query in ("", "limit=2", "match[version]=all", "match[type]=indicator")
            ]
        for stix_id in (HIDDEN["id"], indicator(10)["id"]):
            paths += [f"{here}objects/{stix_id}/", f"{here}objects/{stix_id}/versions/"]
            paths += [f"{here}manifest/?match[id]={stix_id}", f"/api/v1/explain/{name}/{stix_id}"]
    answers = [answer_of(stage.call(path, "bravo", method)) for path in paths for method in ("GET", "HEAD")]
    token = told(stage.call(stage.objects(path="objects/?limit=2"), "bravo"))["next"]
    return [*answers, answer_of(stage.call(stage.objects(path=f"objects/?next={token}&limit=1"), "bravo"))]


def test_t04_a_thousand_objects_elsewhere_change_no_answer(stage: Stage) -> None:
    """Red if any count, cursor, header, length or sequence that BRAVO is shown moves with what it may not see."""
    stage.publish("alpha", [indicator(number) for number in range(10, 14)])
    before = everything(stage)
    stage.publish("alpha", [indicator(number) for number in range(100, 1100)], group=stage.second)
    stage.publish("charlie", [HIDDEN], group=stage.second)
    stage.publish("alpha", [HIDDEN, *(indicator(number) for number in range(20, 30))], "amber+strict")
    assert everything(stage) == before


def test_t05_a_page_of_three_among_five_hundred(stage: Stage) -> None:
    """Red if LIMIT is applied before the entitlement: empty pages, or `more` for what never comes."""
    stage.publish("alpha", [indicator(number) for number in range(497)], "amber+strict")
    stage.publish("alpha", [indicator(number) for number in range(500, 503)])
    stage.publish("alpha", [indicator(number) for number in range(600, 620)], "amber")
    for path in ("objects/?limit=10", "manifest/?limit=10", "objects/?limit=3", "objects/?limit=10&match[version]=all"):
        answer = stage.call(stage.objects(path=path), "bravo")
        assert (len(told(answer)["objects"]), told(answer)["more"], "next" in told(answer)) == (3, False, False), path


def probes(stage: Stage) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """What BRAVO might publish to find something out: objects, and the label."""
    alpha = stage.world.cirts["alpha"].id
    newer = {"modified": "2026-11-20T08:00:00.000Z"}
    yield [HIDDEN | {"name": "other content under the same version"}], "green"
    yield [HIDDEN], "green"
    yield [HIDDEN | newer], "green"
    yield [HIDDEN | newer | {"revoked": True}], "green"
    yield [HIDDEN | {"created": "2026-11-18T00:00:00.000Z"}], "green"
    yield [HIDDEN | {"created_by_ref": alpha}], "green"
    yield [HIDDEN | newer | {"created_by_ref": alpha}], "green"
    yield [indicator(2, description=f"see {HIDDEN['id']}")], "clear"
    yield [indicator(3, object_marking_refs=[STATEMENT["id"]])], "green"
    yield [observable(value="198.51.100.1")], "green"
    yield [indicator(4, object_marking_refs=[TLP2_MARKINGS["amber"]])], "green"


def masked(stage: Stage, group: Agreement, answer: TestResponse) -> tuple[int, str]:
    """An answer without what differs between any two publications, and without the group's name."""
    text = answer.get_data(as_text=True).replace(group.id, "GROUP")
    for what in (r'"x_cirt_hub_receipts":\[.*?\]', r'"id":"[0-9a-f-]{36}"', r"publication-manifest--[0-9a-f-]{36}"):
        text = re.sub(what, "", text)
    return answer.status_code, re.sub(r"2026-11-20T1\d:[0-9:.]+Z", "NOW", text)


def test_t08_no_publication_tells_what_others_hold(stage: Stage) -> None:
    """Each of BRAVO's probes gets the same answer where ALPHA holds what it asks for under amber+strict, and where not.

    Red if the shelf, the reference rule, the marking rule or the listing is judged by rows that BRAVO may not see.
    """
    bravo, alpha = stage.world.cirts["bravo"], stage.world.cirts["alpha"]
    parties = [(alpha, "both", "amber+strict"), (bravo, "both", "green")]
    empty = stage.world.agreement(parties, terms={"unmarked": "allow"})
    full = stage.world.agreement(parties, terms={"unmarked": "allow"})
    stage.publish("alpha", [HIDDEN, STATEMENT, observable()], "amber+strict", full)
    stage.publish(
        "alpha", [HIDDEN | {"created_by_ref": alpha.id, "created": "2026-11-18T00:00:00.000Z"}], group=stage.second
    )
    for values, label in probes(stage):
        answers = []
        for group in (empty, full):
            raw = bravo.envelope(group, values, label)
            rehearsed = stage.post(f"/api/v1/dry-run/{group.id}", raw, "bravo")
            posted = stage.post(stage.objects(group.id), raw, "bravo")
            bravo.remember(group)
            answers.append([masked(stage, group, rehearsed), masked(stage, group, posted)])
        assert answers[0] == answers[1], values


def test_t08_listing_what_another_holds_is_listing_nothing(stage: Stage) -> None:
    """Red if a manifest may list, without bringing it, an object of another publisher (readable or not)."""
    bravo = stage.world.cirts["bravo"]
    stage.publish("alpha", [HIDDEN], "amber+strict")
    stage.publish("alpha", [indicator(5)])
    messages = []
    for value in (HIDDEN, UNKNOWN, indicator(5)):
        manifest, _ = bravo.manifest(stage.first, [value])
        answer = told(stage.post(stage.objects(), envelope_of([manifest]), "bravo"))
        messages.append([each["message"].replace(value["id"], "ID") for each in answer["failures"]])
    assert messages[0] == messages[1] == messages[2]
    assert messages[0][0].startswith("missing-object")


def test_t09_the_author_alone_makes_new_versions(stage: Stage) -> None:
    """S2, S3. Red if a version of an object of another member's is taken, or an identity that is not one's own.

    Passing on bytes that one may read is another thing, and allowed.
    """
    alpha, bravo = stage.world.cirts["alpha"], stage.world.cirts["bravo"]
    own = indicator(1, created_by_ref=alpha.id)
    identity = {
        "type": "identity",
        "spec_version": "2.1",
        "id": alpha.id,
        "created": "2026-11-19T00:00:00.000Z",
        "modified": "2026-11-19T00:00:00.000Z",
        "name": "ALPHA, says BRAVO",
    }
    stage.publish("alpha", [own])
    for forged in (own | {"modified": "2026-11-20T08:00:00.000Z"}, identity):
        status = bravo.publish(stage.first, [forged])
        assert status["failures"][0]["message"].startswith("not-author: "), status
    stage.publish("bravo", [own])
    assert told(stage.call(stage.objects(path=f"objects/{own['id']}/"), "romeo"))["objects"] == [own, own]


def test_t10_nothing_is_deleted(stage: Stage) -> None:
    """Red if a DELETE by BRAVO is answered by whether the object is there, or takes it away."""
    stage.publish("alpha", [indicator(1)])
    stage.publish("charlie", [indicator(2)], group=stage.second)
    before = stage.call(stage.objects(), "romeo").data
    ids = [indicator(1)["id"], indicator(2)["id"], UNKNOWN["id"]]
    answers = [answer_of(stage.call(stage.objects(path=f"objects/{each}/"), "bravo", "DELETE")) for each in ids]
    assert answers[0] == answers[1] == answers[2]
    assert stage.call(stage.objects(), "romeo").data == before


class Noting:
    """A driver's connection that notes what it is asked."""

    def __init__(self, driver: Any, seen: list[tuple[str, Any]]) -> None:
        self._driver, self._seen = driver, seen

    def execute(self, statement: str, parameters: Any = (), **options: Any) -> Any:
        """Note it, and pass it on."""
        self._seen.append((statement, parameters))
        return self._driver.execute(statement, parameters, **options)


class Watched(Database):
    """A database whose readers' statements are noted."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.seen: list[tuple[str, Any]] = []

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """As of `Database`, noting."""
        with super().reading() as tx:
            yield Tx(Noting(tx._driver, self.seen), tx._dialect)


def plans(database: Watched, statements: list[tuple[str, Any]]) -> list[list[str]]:
    """How the engine would run each of these SELECTs."""
    explain = "EXPLAIN (COSTS OFF) " if database.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with Database.reading(database) as tx:
        return [
            [str(row[-1]) for row in tx._driver.execute(explain + statement, parameters)]
            for statement, parameters in statements
            if statement.lstrip().startswith("SELECT")
        ]


@pytest.mark.parametrize("path", ["objects/{id}/", "objects/{id}/versions/", "manifest/?match[id]={id}"])
def test_t11_forbidden_and_unknown_take_the_same_way(stage: Stage, path: str) -> None:
    """Red if a forbidden id is looked up by other statements, or by another plan, than one that never was."""
    stage.publish("alpha", [HIDDEN], "amber+strict")
    stage.publish("alpha", [indicator(number) for number in range(10, 30)])
    database = Watched(stage.world.hub.settings.database)
    client = create_app(replace(stage.world.hub, database=database)).test_client()
    ways = []
    for stix_id in (HIDDEN["id"], UNKNOWN["id"]):
        database.seen.clear()
        client.get(stage.objects(path=path.format(id=stix_id)), headers=stage.world.cirts["bravo"].headers)
        seen = list(database.seen)
        ways.append((seen, plans(database, seen)))
    database.close()
    (first, first_plans), (other, other_plans) = ways
    assert len(first_plans) > 1
    assert [statement for statement, _ in first] == [statement for statement, _ in other]
    assert [re.sub(r"'indicator--[^']*'", "ID", str(plan)) for plan in first_plans] == [
        re.sub(r"'indicator--[^']*'", "ID", str(plan)) for plan in other_plans
    ]


def test_t17_a_reference_stays_a_reference(stage: Stage) -> None:
    """Red if a mention of an object in another group is resolved, followed or found for who may not see it."""
    stage.publish("charlie", [HIDDEN], group=stage.second)
    seen = {
        "type": "relationship",
        "spec_version": "2.1",
        "id": "relationship--57b56a43-b8b0-4cba-9deb-34e3e1faed9e",
        "created": "2026-11-19T00:00:00.000Z",
        "modified": "2026-11-19T00:00:00.000Z",
        "relationship_type": "related-to",
        "source_ref": indicator(5)["id"],
        "target_ref": HIDDEN["id"],
    }
    stage.publish("alpha", [seen])
    assert told(stage.call(stage.objects(), "bravo"))["objects"] == [seen]
    assert stage.call(stage.objects(path=f"objects/{HIDDEN['id']}/"), "bravo").status_code == 404


def test_t23_answers_are_for_nobody_elses_cache(stage: Stage) -> None:
    """Red if an authenticated answer may be stored, or one member's validator fits another's view."""
    stage.publish("alpha", [HIDDEN], "amber+strict")
    stage.publish("alpha", [indicator(2)])
    status = stage.publish("bravo", [indicator(3)])
    here = f"/live/collections/{stage.first.id}/"
    for path in ("/taxii2/", "/live/", "/live/collections/", here, f"{here}objects/", f"{here}manifest/", "/api/v1/me"):
        foreign = stage.call(path, "romeo").headers["ETag"]
        since = {"If-None-Match": foreign, "If-Modified-Since": "Fri, 20 Nov 2026 23:00:00 GMT"}
        answer = stage.call(path, "bravo", headers=since)
        assert answer.status_code == 200, path
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Authorization" in answer.headers["Vary"]
        assert answer.headers["ETag"] != foreign
        assert not {"Last-Modified", "Expires", "Age"} & set(answer.headers.keys()), path
    assert stage.call(f"/live/status/{status['id']}/", "bravo").headers["Cache-Control"] == "no-store"


def test_a_signature_of_anothers_is_worth_nothing_here(stage: Stage) -> None:
    """T-48: BRAVO posts ALPHA's envelope, and ALPHA's to another group. Red if `iss` or `group` is not compared."""
    alpha = stage.world.cirts["alpha"]
    raw = stage.envelope("alpha", [indicator(1)])
    assert told(stage.post(stage.objects(), raw, "bravo"))["failures"][0]["message"].startswith("with-its-envelope")
    messages = [each["message"] for each in told(stage.post(stage.objects(), raw, "bravo"))["failures"]]
    assert any(message.startswith(("unknown-key", "wrong-issuer")) for message in messages), messages
    messages = [each["message"] for each in told(stage.post(stage.objects(stage.second.id), raw, "alpha"))["failures"]]
    assert any(message.startswith("wrong-group") for message in messages), messages
    assert isinstance(alpha.signer, NamedSigner)
    assert item_of(indicator(1)).canonical not in stage.call(stage.objects(), "romeo").data
