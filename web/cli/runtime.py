"""What commands share: the platform of the settings, opened and closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from examhall.core.logs import configure_logs
from examhall.core.platform import Platform, open_platform
from examhall.core.schema import get_schema_state
from examhall.core.settings import load_settings


def open_from_settings(*, check_schema: bool = True) -> Platform:
    """Return the platform that the environment describes.

    With `check_schema`, a database that is not up to date ends the command and says what to do.
    """
    settings = load_settings()
    configure_logs(settings.log_level)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    platform = open_platform(settings)
    if check_schema:
        require_schema(platform)
    return platform


@contextmanager
def opened_platform(*, check_schema: bool = True) -> Iterator[Platform]:
    """Open the platform of the environment for one command."""
    platform = open_from_settings(check_schema=check_schema)
    try:
        yield platform
    finally:
        platform.close()


def require_schema(platform: Platform) -> None:
    """End the command where the database's schema is not the one needed."""
    state = get_schema_state(platform.db)
    if not state.is_current:
        found = f"at {state.found}" if state.found else "empty"
        raise click.ClickException(
            f"The database is {found}, this version needs {state.needed}. "
            "Nothing was changed. Run: examhall db upgrade"
        )
