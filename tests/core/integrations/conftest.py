"""A platform with a partner's server on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings
from tests.partner import LOOPBACK


@pytest.fixture
def platform(database_url: str, tmp_path: Path) -> Iterator[Platform]:
    """A platform on each database that may call this machine."""
    settings = load_settings(
        {},
        data_dir=tmp_path,
        database_url=database_url,
        outbound_networks=[LOOPBACK],
        allow_plain_http=True,
    )
    platform = open_platform(settings)
    yield platform
    platform.close()
