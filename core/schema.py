"""The database's schema: which revision it has, and which this version of examhall needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from examhall.core.db import Database, alembic_config


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The revision found (empty for an empty database) and the one needed."""

    found: str
    needed: str
    is_known: bool = True
    """Whether this version has the revision found, or one that comes after it."""

    @property
    def is_current(self) -> bool:
        """Whether the program can work with the database."""
        return self.found == self.needed

    @property
    def advice(self) -> str:
        """What to do where the schema is not current."""
        if self.is_known:
            return "Run: examhall db upgrade"
        return "A newer version of examhall made it: install that one, or restore a backup."


def get_schema_state(db: Database) -> SchemaState:
    """Return what the database has and what this version needs."""
    scripts = ScriptDirectory.from_config(alembic_config("sqlite://"))
    needed = scripts.get_current_head()
    with db.reading() as session:
        found = MigrationContext.configure(session.connection()).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    return SchemaState(found or "", needed or "", is_known=not found or found in known)


def upgrade_branch(url: str, name: str, folder: Path) -> None:
    """Bring a plugin's own tables up to date: `folder` holds its migrations.

    Its revisions are counted in a table of its own, so that the plugin can be removed again.
    """
    config = alembic_config(url)
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(folder).replace("%", "%%"))
    config.set_main_option("version_table", "alembic_" + re.sub(r"\W", "_", name)[:50])
    command.upgrade(config, "heads")
