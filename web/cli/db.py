"""`examhall db`: the schema of the database."""

from __future__ import annotations

import click

from examhall.core.db import upgrade as upgrade_schema
from examhall.core.schema import get_schema_state
from examhall.web.cli.runtime import opened_platform


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date; safe to repeat."""
    with opened_platform(check_schema=False) as platform:
        before = get_schema_state(platform.db)
        upgrade_schema(platform.settings.database_url)
        after = get_schema_state(platform.db)
    if before.is_current:
        click.echo(f"The database was up to date: {after.found}.")
    else:
        click.echo(f"The database is now at {after.found}, it was {before.found or 'empty'}.")


@db.command()
def current() -> None:
    """Say which revision the database has; the exit status is 1 where it is not the newest."""
    with opened_platform(check_schema=False) as platform:
        state = get_schema_state(platform.db)
    click.echo(f"{state.found or 'empty'} (needed: {state.needed})")
    if not state.is_current:
        raise SystemExit(1)
