"""Why does a member receive an object, or not? The account that a poll would give, rule by rule.

A member may ask about itself for what it may read or has published, and about another party for what it has published;
everything else answers as an unknown id, and for a token that redistributes everything above what it may read.
"""

from hub.access import Absent, Seen, find
from hub.explaining import Asked, Copy, copies_of, explained
from hub.running import Hub
from hub.store.engine import Tx
from hub.store.registry import Account, Registry
from hub.web.answers import Answer, Environ, json
from hub.web.authentication import account_of
from hub.web.negotiation import pairs
from policies.group import in_force


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
    return json(explained(seen.collection.group, stix_id, asked, copies, at))


def _askable(tx: Tx, registry: Registry, account: Account, seen: Seen, stix_id: str) -> list[Copy]:
    """The rows of the id that the caller may read, or its member has published if it keeps them to itself."""
    granted = seen.entitlement
    return [
        copy
        for copy in (copies_of(tx, registry, seen.collection, stix_id) if stix_id.isprintable() else ())
        if (copy.publisher == account.member and not account.redistributes)
        or (granted is not None and granted.sees(copy.rank, copy.position))
    ]


def _asked(registry: Registry, account: Account, seen: Seen, name: str | None, at: int) -> Asked:
    """Whose receiving is asked about: the calling account's, or a party's by a token that passes nothing on."""
    if name is None:
        return Asked(account.member, account.redistributes)
    member = registry.member(name)
    if member is None or in_force(seen.collection.group, at).party(member.id) is None:
        raise Absent("no such party")
    return Asked(member.id, account.redistributes and member.id == account.member)
