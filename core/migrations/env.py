"""How Alembic reaches the database."""

from typing import Any, Literal

from alembic import context

from examhall.core.db import JSONValue, open_database
from examhall.core.models import metadata


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our JSON type by its name: it differs between the databases."""
    if kind == "type" and repr(item) == repr(JSONValue):
        return "examhall.core.db.JSONValue"
    return False


def run() -> None:
    """Run the migrations that are due, in one transaction."""
    url = context.config.get_main_option("sqlalchemy.url")
    assert url is not None  # noqa: S101 - set by alembic_config
    database = open_database(url)
    with database.engine.begin() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=database.is_sqlite,
            compare_type=True,
            render_item=render_item,
            version_table=context.config.get_main_option("version_table", "alembic_version"),
        )
        context.run_migrations()
    database.dispose()


run()
