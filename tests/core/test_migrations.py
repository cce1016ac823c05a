"""Migrations: they make exactly the tables that the models describe."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, UniqueConstraint, inspect

from examhall.core.db import alembic_config, open_database, upgrade
from examhall.core.models import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return request.getfixturevalue("empty_postgres_url")


def differences(url: str) -> list:
    database = open_database(url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
    database.dispose()
    return found


def test_the_migrated_schema_is_the_models_schema(empty_url):
    upgrade(empty_url)
    assert differences(empty_url) == []


def test_upgrading_twice_changes_nothing(empty_url):
    upgrade(empty_url)
    upgrade(empty_url)
    assert differences(empty_url) == []


def test_the_way_back_leaves_nothing_behind(empty_url):
    upgrade(empty_url)
    command.downgrade(alembic_config(empty_url), "base")
    database = open_database(empty_url)
    left = set(inspect(database.engine).get_table_names())
    database.dispose()
    assert left <= {"alembic_version"}


def test_every_constraint_has_a_name():
    nameless = [
        (table.name, constraint)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint | UniqueConstraint) and not constraint.name
    ]
    assert nameless == []
