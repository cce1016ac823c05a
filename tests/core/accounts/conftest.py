"""Fixtures for tests of accounts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from examhall.core.db import Database, open_database
from examhall.core.platform import Platform, open_platform
from examhall.core.settings import Settings, load_settings


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings whose passwords are cheap to check."""
    return load_settings(
        {},
        data_dir=tmp_path / "data",
        database_url=database_url,
        password_memory_kib=1024,
        password_rounds=1,
    )


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.database_url)
    yield database
    database.dispose()


@pytest.fixture
def platform(settings: Settings) -> Iterator[Platform]:
    platform = open_platform(settings)
    yield platform
    platform.close()
