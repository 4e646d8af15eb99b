"""The schema's versions: made, brought forward and told, by Alembic."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from .engine import Database, Tx
from .errors import NotInitialised
from .tables import metadata

#: Any number will do, as long as every hub process uses the same: one of them migrates, the others wait.
_MIGRATION_LOCK = 4_521_087


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


@cache
def head() -> str:
    """The schema version this code was written for."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def upgrade(database: Database) -> None:
    """Bring the schema to `head()` in one transaction; nothing to do is not an error."""
    with database.migrating() as connection:
        if database.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        _refuse_newer(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def made(tx: Tx) -> bool:
    """Whether the database has tables of the hub at all."""
    tables = "information_schema.tables" if tx.postgresql else "(SELECT name AS table_name FROM sqlite_master)"
    return tx.row(f"SELECT 1 FROM {tables} AS t WHERE t.table_name = 'alembic_version'") is not None


def version(tx: Tx) -> str:
    """The schema version the database is at; `none` where it was never told."""
    row = tx.row("SELECT version_num FROM alembic_version")
    return str(row[0]) if row else "none"


def is_known(found: str) -> bool:
    """Whether this program can open a database of that version, or bring it forward."""
    return found in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def later(found: str) -> NotInitialised:
    """What to raise for a database of a version that this program does not know."""
    return NotInitialised(
        f"the database was made by a later version of this program (schema {found}); install that version, or"
        " restore a backup made before the upgrade"
    )


def check(tx: Tx) -> None:
    """Raises `NotInitialised` unless the database is at this code's schema."""
    found = version(tx)
    if found == head():
        return
    if found != "none" and not is_known(found):
        raise later(found)
    raise NotInitialised(
        f"the database is at schema {found}, this program needs {head()}: run `cirt-hub init --exist-ok`"
    )


def counts(tx: Tx) -> Mapping[str, int]:
    """Table -> rows, of every table this program knows."""
    return {name: int((tx.row(f"SELECT count(*) FROM {name}") or (0,))[0]) for name in sorted(metadata.tables)}


def _refuse_newer(connection: sa.Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and not is_known(found):
        raise later(found)
