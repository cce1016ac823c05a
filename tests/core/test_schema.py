"""The schema says whether it is current, and plugins' own tables come and go without it."""

from pathlib import Path

from sqlalchemy import inspect

from examhall.core.db import open_database, upgrade
from examhall.core.schema import get_schema_state, upgrade_branch

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = {before!r}

def upgrade():
    op.create_table("acme_{number}", sa.Column("id", sa.Integer, primary_key=True))
"""


def write(folder: Path, number: str, before: str | None) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{number}_x.py").write_text(REVISION.format(number=number, before=before))


def tables(url: str) -> set[str]:
    database = open_database(url)
    try:
        return set(inspect(database.engine).get_table_names())
    finally:
        database.dispose()


def test_state_is_known(empty_database_url):
    database = open_database(empty_database_url)
    before = get_schema_state(database)
    upgrade(empty_database_url)
    after = get_schema_state(database)
    database.dispose()
    assert (before.found, before.is_current) == ("", False)
    assert after.is_current
    assert after.found == before.needed


def test_plugins_have_branches_of_their_own(database_url, tmp_path):
    folder = tmp_path / "it's 100%"
    write(folder, "a1", None)
    upgrade_branch(database_url, "provider.acme", folder)
    upgrade_branch(database_url, "provider.acme", folder)
    write(folder, "a2", "a1")
    upgrade_branch(database_url, "provider.acme", folder)
    assert {"acme_a1", "acme_a2", "alembic_provider_acme"} <= tables(database_url)

    upgrade(database_url)
    database = open_database(database_url)
    assert get_schema_state(database).is_current
    database.dispose()
