"""The schema's versions: made, brought forward and told, by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from .engine import Database, Tx
from .errors import NotInitialised

#: Any number will do, as long as every hub process uses the same: one of them migrates, the others wait.
_MIGRATION_LOCK = 4_521_087


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def head() -> str:
    """The schema version this code was written for."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(tx: Tx) -> str | None:
    """The schema version of the database, or None when it has no tables of the hub."""
    return MigrationContext.configure(tx.connection).get_current_revision()


def upgrade(database: Database) -> None:
    """Bring the schema to `head()` in one transaction; nothing to do is not an error."""
    with database.writing() as tx:
        if tx.postgresql:
            tx.rows(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        _refuse_newer(tx)
        config = _config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")


def check(tx: Tx) -> None:
    """Raises `NotInitialised` unless the database is at this code's schema."""
    found = current(tx)
    if found != head():
        raise NotInitialised(
            f"the database is at schema {found or 'none'}, this program needs {head()}: run `cirt-hub init --exist-ok`"
        )


def _refuse_newer(tx: Tx) -> None:
    found = current(tx)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise NotInitialised(
            f"the database was made by a later version of this program (schema {found}); install that version, or"
            " restore a backup made before the upgrade"
        )
