"""`examhall db`: the schema of the database."""

from __future__ import annotations

import click

from examhall.core.db import upgrade as upgrade_schema
from examhall.core.schema import get_schema_state, upgrade_branch
from examhall.web.cli.runtime import opened_database, opened_platform, read_settings


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date; safe to repeat."""
    settings = read_settings()
    with opened_database(settings, check_schema=False) as database:
        before = get_schema_state(database)
        if not before.is_known:
            raise click.ClickException(f"The database is at {before.found}. {before.advice}")
        upgrade_schema(settings.database_url)
        after = get_schema_state(database)
    failed = _upgrade_plugins()
    if before.is_current:
        click.echo(f"The database was up to date: {after.found}.")
    else:
        click.echo(f"The database is now at {after.found}, it was {before.found or 'empty'}.")
    if failed:
        raise click.ClickException("Not up to date: " + ", ".join(failed))


def _upgrade_plugins() -> list[str]:
    """Bring the plugins' own tables up to date; return the names of those that failed."""
    failed = []
    with opened_platform() as platform:
        for name, folder in platform.plugins.migrations():
            try:
                upgrade_branch(platform.settings.database_url, name, folder)
            except Exception as error:  # noqa: BLE001 - a plugin's migrations are a plugin call
                click.echo(f"The tables of plugin {name}: {error}", err=True)
                failed.append(name)
    return failed


@db.command()
def current() -> None:
    """Say which revision the database has; the exit status is 1 where it is not the newest."""
    with opened_database(read_settings(), check_schema=False) as database:
        state = get_schema_state(database)
    click.echo(f"{state.found or 'empty'} (needed: {state.needed})")
    if not state.is_current:
        raise SystemExit(1)
