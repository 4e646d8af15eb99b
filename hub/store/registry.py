"""The registry: members, credentials and agreements as one immutable snapshot, obeyed by every worker at once.

Each change raises `hub.revision` in its own transaction; each request reads that number in the transaction it works in,
and a worker whose snapshot is older reads anew. So a revoked token or a suspended agreement binds on the next request.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from keys.jwk import load_jwk
from keys.ring import KeyState, Ring, RingKey
from policies.agreement import read_agreement
from policies.group import Group, Version
from policies.labels import Label
from policies.life import State

from .engine import Tx
from .errors import Busy, NotInitialised

#: How often the registry is read anew because it changed while it was read.
MOST_READINGS = 5


@dataclass(frozen=True, slots=True)
class Member:
    """An administration's team, in whatever state its review is."""

    no: int
    id: str
    alias: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks: a member by one of its tokens or certificates, told by `token`, the public id of either.

    `pending`: the key enrolled with the token is not confirmed yet.
    """

    member: str
    member_no: int
    token: str
    redistributes: bool
    pending: bool


@dataclass(frozen=True, slots=True)
class Certified:
    """An account by a client certificate, and how long that is good: microseconds since the epoch."""

    account: Account
    valid_from: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A TAXII collection: a group's data or its proofs."""

    id: str
    no: int
    group: Group
    kind: Literal["data", "proofs"]


@dataclass(frozen=True, slots=True)
class Registry:
    """One revision of everything that decides who may do what."""

    revision: int
    epoch: str
    members: Mapping[str, Member]
    member_aliases: Mapping[str, Member]
    member_numbers: Mapping[int, Member]
    ring: Ring
    groups: Mapping[str, Group]
    collections: Mapping[str, Collection]  # by id and by alias
    accounts: Mapping[str, Account]  # by token digest
    certificates: Mapping[str, Certified]  # by fingerprint
    tokens: Mapping[str, Account]  # by the id of token or certificate

    def member(self, name: str) -> Member | None:
        """The member with this id or alias, whatever its state."""
        return self.members.get(name) or self.member_aliases.get(name)


def bump(tx: Tx) -> None:
    """Make every worker read the registry anew: part of each change to it."""
    tx.run("UPDATE hub SET revision = revision + 1 WHERE id = 1")


def hold(tx: Tx) -> None:
    """Let nothing of the registry change until the transaction ends; whoever changes it waits (SQLite: one writer)."""
    if tx.postgresql:
        tx.rows("SELECT 1 FROM hub WHERE id = 1 FOR UPDATE")


class Registries:
    """Hands out the registry of a transaction, read once a revision."""

    def __init__(self) -> None:
        self._latest: Registry | None = None

    def of(self, tx: Tx) -> Registry:
        """The registry as this transaction sees it.

        A writing transaction of PostgreSQL sees what is committed between its statements (READ COMMITTED): what was
        read counts only if the revision did not move meanwhile. Raises `NotInitialised` without a hub row, `Busy`
        where it moves all the time.
        """
        revision, epoch = revision_of(tx)
        for _ in range(MOST_READINGS):
            latest = self._latest
            if latest is not None and (latest.revision, latest.epoch) == (revision, epoch):
                return latest
            latest = read(tx, revision=revision, epoch=epoch)
            before, (revision, epoch) = (revision, epoch), revision_of(tx)
            if before == (revision, epoch):
                self._latest = latest
                return latest
        raise Busy("members or agreements kept changing while they were read; nothing was changed; try again")


def revision_of(tx: Tx) -> tuple[int, str]:
    """Revision and epoch as the transaction sees them. Raises `NotInitialised`."""
    row = tx.row("SELECT revision, epoch FROM hub WHERE id = 1")
    if row is None:
        raise NotInitialised("the database holds no hub; make one with `cirt-hub init`")
    return row[0], row[1]


def read(tx: Tx, revision: int, epoch: str) -> Registry:
    """Read the whole registry."""
    members = [Member(*row) for row in tx.rows("SELECT no, id, alias, name, state FROM members ORDER BY no")]
    by_id = {member.id: member for member in members}
    accounts, certificates = _accounts(tx, by_id), _certificates(tx, by_id)
    every = [*accounts.values(), *(each.account for each in certificates.values())]
    groups = groups_of(tx)
    collections: dict[str, Collection] = {}
    for no, identity, proofs, alias in tx.rows("SELECT no, id, proofs, alias FROM groups ORDER BY id"):
        group = groups.get(identity)
        if group is None:
            continue
        data = Collection(identity, no, group, "data")
        companion = Collection(proofs, no, group, "proofs")
        collections |= {identity: data, alias: data, proofs: companion, f"{alias}-proofs": companion}
    return Registry(
        revision=revision,
        epoch=epoch,
        members=by_id,
        member_aliases={member.alias: member for member in members},
        member_numbers={member.no: member for member in members},
        ring=ring(tx),
        groups=groups,
        collections=collections,
        accounts=accounts,
        certificates=certificates,
        tokens={account.token: account for account in every},
    )


def ring(tx: Tx) -> Ring:
    """Every key on record, whatever its state."""
    held = {}
    for kid, member, jwk, state, valid_from, valid_until, revoked_at in tx.rows(
        "SELECT kid, member, jwk, state, valid_from, valid_until, revoked_at FROM keys"
    ):
        held[kid] = RingKey(
            key=load_jwk(json.loads(jwk)),
            member=member,
            valid_from=valid_from,
            valid_until=valid_until,
            revoked_at=revoked_at,
            state=state,
        )
    return Ring(held)


def _accounts(tx: Tx, members: Mapping[str, Member]) -> Mapping[str, Account]:
    accounts = {}
    for identity, digest, member, redistributes, key_state in tx.rows(
        "SELECT t.id, t.digest, t.member, t.redistributes, CASE WHEN t.kid IS NULL THEN 'confirmed' ELSE k.state END"
        " FROM tokens t LEFT JOIN keys k ON k.kid = t.kid WHERE t.revoked_at IS NULL"
    ):
        owner = members.get(member)
        if owner is not None and owner.state == State.APPROVED:
            accounts[digest] = Account(member, owner.no, identity, bool(redistributes), key_state != KeyState.CONFIRMED)
    return accounts


def _certificates(tx: Tx, members: Mapping[str, Member]) -> Mapping[str, Certified]:
    certified = {}
    for identity, fingerprint, member, redistributes, valid_from, valid_until in tx.rows(
        "SELECT id, fingerprint, member, redistributes, valid_from, valid_until FROM certificates"
        " WHERE revoked_at IS NULL"
    ):
        owner = members.get(member)
        if owner is not None and owner.state == State.APPROVED:
            account = Account(member, owner.no, identity, bool(redistributes), pending=False)
            certified[fingerprint] = Certified(account, valid_from, valid_until)
    return certified


def groups_of(tx: Tx) -> Mapping[str, Group]:
    """Every group by its id, those under review as well, with all versions, acceptances and starts."""
    versions: dict[str, list[Version]] = {}
    for identity, document, *life in tx.rows(
        "SELECT group_id, document, state, approved_at, ended_at FROM agreements ORDER BY group_id, version"
    ):
        version = Version(read_agreement(bytes(document)), State(life[0]), approved_at=life[1], ended_at=life[2])
        versions.setdefault(identity, []).append(version)
    acceptances: dict[str, dict[str, dict[str, int]]] = {}
    for identity, member, action, digest, at in tx.rows(
        "SELECT group_id, member, action, digest, at FROM acceptances ORDER BY group_id, member, n"
    ):
        accepted = acceptances.setdefault(identity, {}).setdefault(member, {})
        if action == "accept":
            accepted.setdefault(digest, at)
        else:
            accepted.clear()
    starts: dict[str, dict[str, dict[Label, int]]] = {}
    for identity, member, rank, position in tx.rows("SELECT group_id, member, rank, position FROM starts"):
        starts.setdefault(identity, {}).setdefault(member, {})[Label(rank)] = position
    return {
        identity: Group(
            id=identity,
            proofs=known[-1].agreement.proofs,
            alias=known[-1].agreement.alias,
            versions=tuple(known),
            acceptances=acceptances.get(identity, {}),
            starts=starts.get(identity, {}),
        )
        for identity, known in versions.items()
    }
