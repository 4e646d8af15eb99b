"""Are filters and pages what they must be? Rows on what a query may ask, and on going on from page to page."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from feeds.conformance.contents import NO_PAGE, dates, ids, keys_of
from feeds.conformance.exchanges import Exchange, Notes
from feeds.conformance.rows import (
    Judge,
    Judgement,
    Level,
    Row,
    broken,
    judge_each,
    named,
    ok,
    status_in,
    unseen,
)
from feeds.errors import shown

_BAD: Final = 400


def matching(name: str, field: str) -> Judge:
    """Row 177: a filter selects what it names, and something."""

    def judge(notes: Notes) -> Judgement:
        found = notes.get(name)
        if found is None:
            return unseen(NO_PAGE)
        if not found.ok or not found.listed("objects"):
            return broken(found, f"{found.came}; the object that was asked for is not there")
        wanted = _wanted(found, field)
        wrong = [each.get(field) for each in found.dicts("objects") if each.get(field) not in wanted]
        return broken(found, f"{shown(wrong[0])} does not match") if wrong else ok(found)

    return judge


def _wanted(exchange: Exchange, field: str) -> set[str]:
    """The values that the query named."""
    query = parse_qs(exchange.target.partition("?")[2])
    return set(query[f"match[{field}]"][0].split(","))


def both(first: Judge, second: Judge) -> Judge:
    """The first of two judgements that is not fine, else the second."""

    def judge(notes: Notes) -> Judgement:
        found = first(notes)
        return found if found.verdict == "broken" else second(notes)

    return judge


def strictly_later(notes: Notes) -> Judgement:
    """Row 173."""
    manifest, after = notes.get("manifest"), notes.get("after first")
    if manifest is None or after is None or not dates(manifest):
        return unseen(NO_PAGE)
    if not after.ok:
        return broken(after, f"{after.came}; 200 belongs there")
    early = [each for each in dates(after) if each <= dates(manifest)[0]]
    return broken(after, f"{shown(early[0])} is not later than what was asked") if early else ok(after)


def no_more_than(notes: Notes) -> Judgement:
    """Row 176: never more than asked for, and a limit that is none is 400."""
    found = [notes.exchanges.get(name) for name in ("limit 1", "walk 1", "limit 0", "limit -1", "limit many")]
    return judge_each(found, _limit_fault, NO_PAGE)


def _limit_fault(exchange: Exchange) -> str | None:
    text = exchange.target.rpartition("limit=")[2]
    if not text.isdigit() or int(text) == 0:
        return status_in(_BAD)(exchange)
    count = len(exchange.listed("objects"))
    return f"{count} objects where at most {text} were asked for" if count > int(text) else status_in(200)(exchange)


def spec_versions(notes: Notes) -> Judgement:
    """Row 181."""
    return judge_each([notes.exchanges.get("spec 2.1"), notes.exchanges.get("spec 2.0")], _other_spec, NO_PAGE)


def _other_spec(exchange: Exchange) -> str | None:
    wanted = "2.0" if "2.0" in exchange.target else "2.1"
    wrong = [each["spec_version"] for each in exchange.dicts("objects") if each.get("spec_version", wanted) != wanted]
    return f"{shown(wrong[0])} where {wanted} alone was asked for" if wrong else status_in(200)(exchange)


def version_words(notes: Notes) -> Judgement:
    """Rows 182 and 185."""
    page = notes.get("objects")
    if page is None or not ids(page):
        return unseen(NO_PAGE)
    names = ("version all", "version first", "version last", "version first,last")
    told = judge_each((notes.exchanges.get(name) for name in names), _versions_fault, NO_PAGE)
    whole, last = notes.get("version all"), notes.get("version last")
    if told.verdict != "ok" or whole is None or last is None or whole.more:
        return told
    lost = [each for each in keys_of(last) if each not in keys_of(whole)]
    return broken(last, f"{shown(lost[0][0])} is a last version, yet not among all") if lost else told


def _versions_fault(exchange: Exchange) -> str | None:
    if (wrong := status_in(200)(exchange)) is not None:
        return wrong
    return None if keys_of(exchange) else "nothing is there though the collection has objects"


def exact_version(notes: Notes) -> Judgement:
    """Row 182, a version by its own text."""
    found = notes.get("version exact")
    if found is None:
        return unseen("no object of the page has `modified`")
    return ok(found) if found.ok and ids(found) else broken(found, f"{found.came}; that version is there")


def refused(*names: str) -> Judge:
    """Queries that are none, each refused with 400."""
    return named(names, status_in(_BAD), NO_PAGE)


def served(*names: str) -> Judge:
    """Queries that are served."""
    return named(names, status_in(200), NO_PAGE)


_MUST, _SHOULD, _TRAP = Level.MUST, Level.SHOULD, Level.TRAP
ROWS: Final = (
    Row(
        172,
        _MUST,
        "TAXII 2.1 §3.4",
        "a malformed filter is 400",
        "Check `added_after` and `match[version]` before they are used, and answer 400.",
        refused("after word", "version word"),
    ),
    Row(
        173,
        _MUST,
        "TAXII 2.1 §3.4",
        "added_after means strictly later",
        "Compare by `>`, at microseconds, with the date added.",
        strictly_later,
    ),
    Row(
        174,
        _TRAP,
        "TAXII 2.1 §3.4",
        "added_after with fewer digits is served",
        "Accept none to six digits after the second: taxii2-client and Elastic send fewer.",
        served("after seconds", "after millis"),
    ),
    Row(
        176,
        _MUST,
        "TAXII 2.1 §3.4",
        "limit is obeyed, and 400 where it is none",
        "Never send more than asked for; answer 400 to 0, negative numbers and words.",
        no_more_than,
    ),
    Row(
        177,
        _MUST,
        "TAXII 2.1 §3.4",
        "match selects what it names",
        "Apply every match filter; values between commas are alternatives.",
        both(both(matching("id one", "id"), matching("type one", "type")), matching("type two", "type")),
    ),
    Row(
        178,
        _SHOULD,
        "TAXII 2.1 §3.4",
        "a parameter twice is 400",
        "Refuse a repeated parameter: taking one of the two silently gives what was not asked for.",
        refused("after twice", "type twice"),
    ),
    Row(
        180,
        _MUST,
        "TAXII 2.1 §3.4.1",
        "a type that is not there is no error",
        "Answer an empty envelope for STIX types of which there is nothing.",
        served("type absent"),
    ),
    Row(
        181,
        _MUST,
        "TAXII 2.1 §3.4.1",
        "match[spec_version] is obeyed",
        "Send nothing outside the versions of STIX asked for.",
        spec_versions,
    ),
    Row(
        182,
        _MUST,
        "TAXII 2.1 §3.4.1",
        "match[version] takes its words and a timestamp",
        "Serve `first`, `last`, `all`, their lists, and a version by its own text.",
        both(version_words, exact_version),
    ),
)
