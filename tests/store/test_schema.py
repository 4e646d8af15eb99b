"""Do the migrations make what the tables describe, on both engines?"""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from hub.store import schema
from hub.store.engine import Database
from hub.store.errors import NotInitialised
from hub.store.tables import metadata


def test_an_upgraded_database_is_as_the_tables_say(database_url: str) -> None:
    """Red if a column, index or constraint is added to hub/store/tables.py without a migration."""
    database = Database(database_url, create=True)
    schema.upgrade(database)
    with database.migrating() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()
    assert found == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    """Red if `upgrade` is not harmless where there is nothing to do."""
    database = Database(database_url, create=True)
    schema.upgrade(database)
    schema.upgrade(database)
    with database.reading() as tx:
        schema.check(tx)
        assert schema.made(tx)
    database.close()


def test_a_later_schema_is_refused(database_url: str) -> None:
    """T-66: a database from the future is left alone. Red if `_refuse_newer` is not called."""
    database = Database(database_url, create=True)
    schema.upgrade(database)
    with database.writing() as tx:
        tx.run("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NotInitialised, match="later version"):
        schema.upgrade(database)
    with database.reading() as tx, pytest.raises(NotInitialised, match="schema 9999"):
        schema.check(tx)
    database.close()


def test_a_missing_file_is_not_made_by_opening_it(tmp_path: Path) -> None:
    """Red if opening a hub without `init` makes an empty database in passing."""
    with pytest.raises(NotInitialised, match="cirt-hub init"):
        Database(f"sqlite:///{tmp_path / 'none.db'}")
    assert not list(tmp_path.iterdir())
