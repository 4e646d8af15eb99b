"""What has the caller published here? The heads of its own streams, and its own manifests since a place in each.

Not for a token that redistributes: its member's streams may be stricter than what may be passed on.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from feeds.errors import BadQuery
from hub.access import find, for_oneself
from hub.running import Hub
from hub.store import streams as store
from hub.web.answers import JSON_TYPE, Answer, Environ, document
from hub.web.authentication import account_of
from hub.web.negotiation import pairs
from policies.labels import Label, UnknownLabel

#: Most manifests of one answer, within the size of a page; the caller asks again from the last it got.
MOST: Final = 1000
_SINCE: Final = re.compile(r"([a-z+ ]+):([0-9]{1,15})", re.ASCII)


def streams(hub: Hub, environ: Environ, name: str) -> Answer:
    """Heads by label; with `since=label:seq` (once a label) the caller's manifests after that place, in order."""
    with hub.database.reading() as tx:
        registry, account = account_of(hub, tx, environ)
        collection = find(registry, for_oneself(account), name, hub.clock()).collection
        places = _places(value for key, value in pairs(environ) if key == "since")
        heads = store.heads(tx, collection.no, account.member_no)
        manifests: list[bytes] = []
        more, room = False, hub.settings.page_bytes
        for label, seq in places.items():
            if more or len(manifests) == MOST or room <= 0:
                more = True
                break
            own = (collection.no, account.member_no, int(label), seq)
            found, more = store.since(tx, *own, MOST - len(manifests), room)
            manifests += found
            room -= sum(map(len, found))
    told = {
        "group": collection.group.id,
        "member": account.member,
        "heads": [
            {"label": Label(rank).text, "seq": head.seq, "digest": head.digest} for rank, head in sorted(heads.items())
        ],
        "more": more,
    }
    # the manifests are signed: their bytes are joined in as they are
    return document(orjson.dumps(told)[:-1] + b',"manifests":[' + b",".join(manifests) + b"]}", JSON_TYPE)


def _places(values: Iterable[str]) -> Mapping[Label, int]:
    places: dict[Label, int] = {}
    for value in values:
        found = _SINCE.fullmatch(value)
        try:
            label = Label.of(found[1].replace(" ", "+")) if found else None  # `+` in a query arrives as a blank
        except UnknownLabel:
            label = None
        if found is None or label is None or label in places:
            raise BadQuery("`since` is `label:seq`, such as `amber:12`, once for each label.")
        places[label] = int(found[2])
    return places
