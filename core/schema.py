"""The database's schema: which revision it has, and which this version of examhall needs."""

from __future__ import annotations

from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from examhall.core.db import Database, alembic_config


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The revision found (empty for an empty database) and the one needed."""

    found: str
    needed: str

    @property
    def is_current(self) -> bool:
        """Whether the program can work with the database."""
        return self.found == self.needed


def get_schema_state(db: Database) -> SchemaState:
    """Return what the database has and what this version needs."""
    needed = ScriptDirectory.from_config(alembic_config("sqlite://")).get_current_head()
    with db.reading() as session:
        found = MigrationContext.configure(session.connection()).get_current_revision()
    return SchemaState(found=found or "", needed=needed or "")
