"""Why does a member receive an object, or not? The account that a poll would give, rule by rule.

A member may ask about itself for what it may read or has published, and about another party for what it has published;
everything else answers as an unknown id, and for a token that redistributes everything above what it may read.
"""

from typing import Any

from hub.access import Absent, Seen, find
from hub.explaining import Asked, Copy
from hub.running import Hub
from hub.store.engine import Tx
from hub.store.registry import Account, Registry
from hub.store.traces import traces
from hub.web.answers import Answer, Environ, json
from hub.web.authentication import account_of
from hub.web.negotiation import pairs
from policies.explain import Explanation
from policies.explain import explain as judge
from policies.group import in_force
from policies.labels import Label


def explain(hub: Hub, environ: Environ, name: str, stix_id: str) -> Answer:
    """The account of each row of the object that the caller may ask about."""
    at = hub.clock()
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        seen = find(registry, account, name, at)
        copies = _askable(tx, registry, account, seen, stix_id)
    named = next((value for key, value in pairs(environ) if key == "member"), None)
    asked = _asked(registry, account, seen, named, at)
    if asked.member != account.member:
        copies = [each for each in copies if each.publisher == account.member]
    if not copies:
        raise Absent("no such object")
    group = seen.collection.group
    told = [(copy, judge(group, asked, copy, at)) for copy in copies]
    received = [pair for pair in told if pair[1].received]
    return json(
        {
            "group": group.id,
            "object": stix_id,
            "member": asked.member,
            "received": bool(received),
            "reasons": _reasons((received or told)[-1][1]),
            "rows": [_row(*pair) for pair in told],
        }
    )


def _askable(tx: Tx, registry: Registry, account: Account, seen: Seen, stix_id: str) -> list[Copy]:
    """The rows of the id that the account may read, or its member has published if it keeps them to itself."""
    granted = seen.entitlement
    rows = traces(tx, seen.collection.no, stix_id) if stix_id.isprintable() else ()
    copies = [Copy(registry.member_numbers[row.publisher].id, row.rank, row.position, row.version) for row in rows]
    return [
        copy
        for copy in copies
        if (copy.publisher == account.member and not account.redistributes)
        or (granted is not None and granted.sees(copy.rank, copy.position))
    ]


def _asked(registry: Registry, account: Account, seen: Seen, name: str | None, at: int) -> Asked:
    """Whose receiving is asked about: the calling account's, or a party's by a token that passes nothing on."""
    if name is None:
        return Asked(account.member, account.redistributes)
    member = registry.members.get(name) or registry.member_aliases.get(name)
    if member is None or in_force(seen.collection.group, at).party(member.id) is None:
        raise Absent("no such party")
    return Asked(member.id, account.redistributes and member.id == account.member)


def _row(copy: Copy, said: Explanation) -> dict[str, Any]:
    return {
        "version": copy.version,
        "publisher": copy.publisher,
        "label": Label(copy.rank).text,
        "position": copy.position,
        "received": said.received,
        "reasons": _reasons(said),
    }


def _reasons(said: Explanation) -> list[dict[str, Any]]:
    return [
        {"code": reason.code, "sentence": reason.sentence}
        | ({"details": dict(reason.details)} if reason.details else {})
        for reason in said.reasons
    ]
