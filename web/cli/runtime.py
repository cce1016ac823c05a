"""What commands share: the platform or the database of the settings, opened and closed again.

Commands that only need the database do not wait for plugins to load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from examhall.core.db import Database, open_database
from examhall.core.errors import SettingsError
from examhall.core.logs import configure_logs
from examhall.core.schema import get_schema_state
from examhall.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from examhall.core.platform import Platform


def read_settings() -> Settings:
    """Return the settings of the environment, with logs set up and the data folder made."""
    settings = load_settings()
    configure_logs(settings.log_level)
    make_data_folder(settings)
    return settings


def make_data_folder(settings: Settings) -> None:
    """Make the data folder where there is none; SettingsError where it cannot be made."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(
            f"The data folder {settings.data_dir} cannot be made ({reason}). "
            "Set EXAMHALL_DATA_DIR to a folder of yours."
        ) from error


def open_from_settings(*, check_schema: bool = True) -> Platform:
    """Return the platform that the environment describes.

    With `check_schema`, a database that is not up to date ends the command and says what to do.
    """
    # It brings all that examhall has, which takes a second.
    from examhall.core.platform import open_platform  # noqa: PLC0415

    settings = read_settings()
    if check_schema:
        with opened_database(settings):
            pass
    return open_platform(settings)


@contextmanager
def opened_platform(*, check_schema: bool = True) -> Iterator[Platform]:
    """Open the platform of the environment for one command."""
    platform = open_from_settings(check_schema=check_schema)
    try:
        yield platform
    finally:
        platform.close()


@contextmanager
def opened_database(settings: Settings, *, check_schema: bool = True) -> Iterator[Database]:
    """Open the database alone; with `check_schema` as in `open_from_settings`."""
    database = open_database(settings.database_url)
    try:
        if check_schema:
            _require_schema(database)
        yield database
    finally:
        database.dispose()


def _require_schema(database: Database) -> None:
    state = get_schema_state(database)
    if not state.is_current:
        found = f"at {state.found}" if state.found else "empty"
        raise click.ClickException(
            f"The database is {found}, this version needs {state.needed}. "
            f"Nothing was changed. {state.advice}"
        )
