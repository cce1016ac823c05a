"""A platform whose sinks are the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings


@pytest.fixture
def platform(database_url: str, tmp_path: Path) -> Iterator[Platform]:
    """A platform on each database."""
    platform = open_platform(load_settings({}, data_dir=tmp_path, database_url=database_url))
    yield platform
    platform.close()
