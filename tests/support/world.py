"""A world in memory: hubs, CIRTs with their keys, agreements, and a clock; everything real but the network.

Used by the tests of paths and doors: `World` opens hubs over a database, `Cirt` signs and posts as a member would.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feeds.taxii_query import Query
from hub import publish
from hub.access import find
from hub.config import Settings
from hub.poll import objects
from hub.running import Hub, make_secret, open_hub
from hub.store import acceptances, agreements, founding, keyring, members, schema, streams, tokens
from hub.store.acceptances import Said
from hub.store.engine import Database
from hub.store.registry import Account, bump
from keys.acceptance import Action
from keys.envelope import Item, item_of
from keys.head import Head
from keys.manifest import build_manifest
from keys.member import MemberDocument
from keys.signer import Signer, generate_key_file
from policies.agreement import Agreement, read_agreement
from policies.entitlement import open_from, starts_on_acceptance
from policies.labels import TLP2_MARKINGS, Label
from policies.life import State
from support.agreements import agreement_toml
from support.clock import Clock
from support.signing import body, signer_of

TAXII = "application/taxii+json;version=2.1"


@dataclass(slots=True)
class Cirt:
    """A member team: its identity, key, token, and what it remembers of its streams."""

    world: "World"
    name: str
    id: str
    signer: Signer
    token: str
    account: Account
    heads: dict[tuple[str, str], Head] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """What its TAXII client sends."""
        return {"Authorization": f"Bearer {self.token}", "Accept": TAXII}

    def manifest(
        self, agreement: Agreement, values: Iterable[Mapping[str, Any] | Item], tlp: str = "green", **changes: Any
    ) -> tuple[Item, list[Item]]:
        """The next manifest of the stream over these objects, and their items; `changes` are `build_manifest`'s."""
        items = [value if isinstance(value, Item) else item_of(dict(value)) for value in values]
        head = self.heads.get((agreement.id, tlp))
        given: dict[str, Any] = {
            "iss": self.id,
            "group": agreement.id,
            "tlp": tlp,
            "marking_ref": TLP2_MARKINGS[tlp],
            "seq": head.seq + 1 if head else 1,
            "prev": head.digest if head else None,
            "iat_us": self.world.clock() // 1000 * 1000,
            "agreement": agreement.digest,
            "items": items,
            "signer": self.signer,
        }
        return build_manifest(**(given | changes)), items

    def envelope(
        self, agreement: Agreement, values: Iterable[Mapping[str, Any] | Item], tlp: str = "green", **changes: Any
    ) -> bytes:
        """The bytes to post: objects and their signed manifest."""
        manifest, items = self.manifest(agreement, values, tlp, **changes)
        return envelope_of([*items, manifest])

    def publish(
        self, agreement: Agreement, values: Iterable[Mapping[str, Any] | Item], tlp: str = "green", **changes: Any
    ) -> dict[str, Any]:
        """Sign and post; the status resource. The stream's head moves only if it was accepted."""
        return self.post(agreement, self.envelope(agreement, values, tlp, **changes))

    def post(self, agreement: Agreement, raw: bytes) -> dict[str, Any]:
        """Post bytes as they are; remember the streams as the hub then has them."""
        status = publish.accept(self.world.hub, self.account, agreement.id, raw)
        self.remember(agreement)
        return status

    def remember(self, agreement: Agreement) -> None:
        """Take the stream heads from the hub."""
        with self.world.hub.database.reading() as tx:
            number = self.world.hub.registries.of(tx).collections[agreement.id].no
            for rank, head in streams.heads(tx, number, self.account.member_no).items():
                self.heads[agreement.id, Label(rank).text] = head

    def poll(self, collection: str, **query: Any) -> list[bytes]:
        """Drain a collection page by page, in process; the canonical bytes in order."""
        hub, found, token = self.world.hub, [], None
        while True:
            with hub.database.reading() as tx:
                registry = hub.registries.of(tx)
                seen = find(registry, self.account, collection, hub.clock())
                answer = objects(hub, tx, registry, self.account, seen, Query(**{**query, "next": token}))
            found += [bytes(row[1]) for row in answer.rows]
            if not answer.more:
                return found
            token = answer.next

    def ids(self, collection: str, **query: Any) -> list[str]:
        """The ids of what it receives, in order."""
        return [json.loads(body)["id"] for body in self.poll(collection, **query)]


class World:
    """One hub over one database, its clock, and its members."""

    def __init__(self, folder: Path, database_url: str, clock: Clock | None = None, **settings: Any) -> None:
        self.clock = clock or Clock()
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(data_dir=folder, database_url=database_url, **settings)
        make_secret(self.settings.secret_path)
        if not self.settings.receipt_key_path.exists():
            generate_key_file(self.settings.receipt_key_path, None)
        database = Database(database_url, create=True)
        schema.upgrade(database)
        with database.writing() as tx:
            founding.found(tx, self.clock())
        database.close()
        self.hub: Hub = open_hub(self.settings, clock=self.clock)
        self.cirts: dict[str, Cirt] = {}

    def close(self) -> None:
        """Let go of the database."""
        self.hub.close()

    def cirt(self, name: str, *, redistributes: bool = False, signer: Signer | None = None) -> Cirt:
        """A member of this name with a confirmed key and a token."""
        identity = f"identity--{uuid.uuid5(uuid.NAMESPACE_DNS, name)}"
        signer = signer or signer_of(name)
        with self.hub.database.writing() as tx:
            document = MemberDocument(identity, name, f"CIRT {name}", "", (), "", "", f"{len(self.cirts):064x}", b"")
            members.add(tx, document, state=State.APPROVED, at=self.clock())
            keyring.add(tx, kid=signer.kid, member=identity, jwk=dict(signer.jwk), at=0)
            keyring.confirm(tx, signer.kid, "olivia")
            bump(tx)
        token, account = self.token(identity, redistributes=redistributes)
        self.cirts[name] = Cirt(self, name, identity, signer, token, account)
        return self.cirts[name]

    def token(self, member: str, *, redistributes: bool = False) -> tuple[str, Account]:
        """A further token of a member, and its account."""
        token = tokens.new_token()
        digest = tokens.token_digest(self.hub.secret, token)
        with self.hub.database.writing() as tx:
            tokens.add(
                tx, digest=digest, member=member, label="test", redistributes=redistributes, kid=None, at=self.clock()
            )
            bump(tx)
        with self.hub.database.reading() as tx:
            return token, self.hub.registries.of(tx).accounts[digest]

    def agreement(
        self,
        parties: Sequence["tuple[Cirt, str, str]"] | Sequence[Mapping[str, Any]],
        *,
        accepted: bool = True,
        **changes: Any,
    ) -> Agreement:
        """An approved agreement of (cirt, role, clearance) parties, accepted by all of them unless told otherwise."""
        listed = [party if isinstance(party, Mapping) else _party(*party) for party in parties]
        names = {"id": str(uuid.uuid4()), "proofs": str(uuid.uuid4()), "alias": f"group-{uuid.uuid4().hex[:10]}"}
        agreement = read_agreement(agreement_toml(**(names | changes), parties=listed))
        self.approve(agreement)
        if accepted:
            for cirt in self.cirts.values():
                if agreement.party(cirt.id) is not None:
                    self.accept(cirt, agreement)
        return agreement

    def approve(self, agreement: Agreement) -> None:
        """Put an agreement's version in, approved now."""
        with self.hub.database.writing() as tx:
            agreements.open_group(tx, identity=agreement.id, proofs=agreement.proofs, alias=agreement.alias)
            agreements.add(tx, agreement, state=State.PROPOSED, at=self.clock())
            agreements.move(tx, agreement.digest, State.PROPOSED, State.APPROVED, self.clock())
            bump(tx)

    def accept(self, cirt: Cirt, agreement: Agreement, *, action: Action = Action.ACCEPT) -> None:
        """A party accepts (or withdraws from) a version, as it would through its door."""
        hub = self.hub
        with hub.database.writing() as tx:
            registry = hub.registries.of(tx)
            number, last = agreements.lock_group(tx, agreement.id) or (0, 0)
            before = acceptances.last(tx, agreement.id, cirt.id)
            said = Said(before.n + 1 if before else 1, action, agreement.digest, self.clock())
            acceptances.add(tx, group_id=agreement.id, member=cirt.id, said=said, jws="")
            group = registry.groups[agreement.id]
            starts = open_from(group, cirt.id, self.clock())
            if action is Action.ACCEPT:
                published = [registry.member_numbers[no].id for no in streams.published(tx, number)]
                starts = starts_on_acceptance(group, agreement, cirt.id, published, last, self.clock())
            acceptances.set_starts(tx, agreement.id, cirt.id, {int(k): v for k, v in starts.items()})
            bump(tx)


def _party(cirt: Cirt, role: str, clearance: str) -> Mapping[str, Any]:
    return {"member": cirt.id, "role": role, "clearance": clearance}


def envelope_of(items: Sequence[Item]) -> bytes:
    """An envelope of these items in canonical form."""
    return body(*items)
