"""The registry: one revision's members, keys and tokens together, and no token awake whose key nobody vouches for."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from hub.store import keyring, members, tokens
from hub.store.engine import Row, Tx
from hub.store.errors import Busy
from hub.store.registry import MOST_READINGS, Registries, bump, revision_of
from policies.life import State
from support.clock import Clock
from support.postgres import Cluster
from support.signing import signer_of
from support.world import World


@pytest.mark.parametrize("revoked", [False, True])
def test_only_a_confirmed_key_wakes_its_token(tmp_path: Path, database_url: str, *, revoked: bool) -> None:
    """Red if a revoked key counts as one that is not pending: the token that slept until then would wake."""
    with closing(World(tmp_path / "hub", database_url, Clock())) as world:
        a, signer = world.cirt("a"), signer_of("second machine")
        with world.hub.database.writing() as tx:
            keyring.add(tx, kid=signer.kid, member=a.id, jwk=dict(signer.jwk), at=0)
            tokens.add(tx, digest="sleeping", member=a.id, label="", redistributes=False, kid=signer.kid, at=0)
            if revoked:
                keyring.revoke(tx, signer.kid, "lost", world.clock())
            bump(tx)
        with world.hub.database.reading() as tx:
            assert world.hub.registries.of(tx).accounts["sleeping"].pending


class _Overtaken:
    """A transaction in which, so often, somebody else's change is committed once the members have been read."""

    def __init__(self, tx: Tx, world: World, times: int) -> None:
        self._tx, self._world, self._left = tx, world, times

    def row(self, statement: str, **parameters: Any) -> Row | None:
        return self._tx.row(statement, **parameters)

    def rows(self, statement: str, **parameters: Any) -> Sequence[Row]:
        found = self._tx.rows(statement, **parameters)
        if "FROM members" in statement and self._left:
            self._left -= 1
            self._world.cirt(f"newcomer {self._left}")
        return found


def test_a_registry_is_of_one_revision(tmp_path: Path, postgres: Cluster) -> None:
    """Red if the revision is not read again: keys of a later one would stand beside the members of an earlier."""
    with closing(World(tmp_path / "hub", postgres.create_database(), Clock())) as world:
        with world.hub.database.writing() as tx:
            found = Registries().of(cast("Tx", _Overtaken(tx, world, 2)))
            assert found.revision == revision_of(tx)[0]
        assert {key.member for key in found.ring.keys.values()} == set(found.members)
        assert [member.state for member in found.members.values()] == [State.APPROVED, State.APPROVED]
        with pytest.raises(Busy), world.hub.database.writing() as tx:
            Registries().of(cast("Tx", _Overtaken(tx, world, 99)))
        with world.hub.database.reading() as tx:
            assert len(members.every(tx)) == 2 + MOST_READINGS
